/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PATTERNS_PRIV_H
#define SUBMILTER_TABLE_PATTERNS_PRIV_H

#include "table_text_priv.h"

enum {
	MAX_PATTERN_BYTES = 4096,
	MAX_PATTERN_ROWS = 10000,
	MAX_GROUPS = 32, /* group 0, which is the whole match, included */
	MAX_LOOKUP_US = 1000000,
};

/* A pattern as a row has it, and what the library made of it. */
struct pattern {
	const char *text;
	struct slice flags;  /* the letters behind it */
	bool has_references; /* the value of its row uses groups */
	size_t groups;	     /* that it has, without group 0 */
	void *code;
};

/* Where a group of a pattern matched; begin > end: it did not. */
struct group {
	size_t begin, end;
};

/* A key while it is matched with one pattern after the other. */
struct matching {
	const char *key; /* with a NUL behind it */
	size_t key_len;
	void *state; /* of the library: see begin() */
	struct group groups[MAX_GROUPS];
	struct err *err;
};

enum match { MATCH_NO, MATCH_YES, MATCH_FAILED };

/* A library for patterns. */
struct pattern_ops {
	/* Fills code and groups. */
	int (*compile)(struct pattern *pattern, struct err *err);
	void (*free)(void *code); /* takes NULL */
	/* What a lookup needs for all its matches; may be NULL. */
	void *(*begin)(void);
	void (*end)(void *state);
	/*
	 * Fills all groups of the matching if the pattern has references.
	 * MATCH_FAILED: a bound was hit. Thread-safe.
	 */
	enum match (*match)(
	    const struct pattern *pattern, struct matching *matching);
};

/*
 * A table of patterns, in the format of Postfix's regexp_table(5) and
 * pcre_table(5): "/pattern/flags value", "!/pattern/flags value", "if" and
 * "endif". The first row that matches gives the value, with $1, ${1} and
 * $(1) replaced by what the groups matched.
 */
struct patterns;

/* Faults go to the file. */
struct patterns *patterns_read(const struct pattern_ops *ops,
    struct table_file *file, struct arena *mem, size_t *ret_rows);
/*
 * TABLE_FAILED when a match hit a bound or all of them took longer than
 * MAX_LOOKUP_US, and when the key would put something into the value that has
 * a meaning in a list of logins: white space, a control character, or one of
 * , ; and !: the key is a stranger's.
 */
MUST_USE enum table_answer patterns_find(const void *patterns, struct slice key,
    const struct table_context *context, struct slice *ret_value);
bool patterns_row(
    const void *patterns, size_t index, struct table_row *ret_row);
void patterns_free(void *patterns);

#endif
