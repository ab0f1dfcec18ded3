/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PATTERNS_PRIV_H
#define SUBMILTER_TABLE_PATTERNS_PRIV_H

#include "table_file_priv.h"
#include "table_priv.h"

enum {
	MAX_PATTERN_BYTES = 4096,
	MAX_PATTERN_ROWS = 10000,
	MAX_GROUPS = 32,	/* group 0, which is the whole match, included */
	MAX_LOOKUP_US = 1000000,
};

/* Where a group of a pattern matched; begin > end: it did not. */
struct group {
	size_t begin, end;
};

enum match { MATCH_NO, MATCH_YES, MATCH_FAILED };

/* A library for patterns. */
struct pattern_ops {
	/*
	 * flags: the letters behind the pattern; *ret_groups: without group 0.
	 * want_groups: whether match() will have to fill any.
	 */
	int (*compile)(const char *pattern, struct slice flags,
	    bool want_groups, void **ret_code, size_t *ret_groups,
	    struct err *err);
	void (*free)(void *code);	/* takes NULL */
	/* What a lookup needs for all its matches; may be NULL. */
	void *(*begin)(void);
	void (*end)(void *state);
	/*
	 * Fills groups[0 .. MAX_GROUPS - 1], or none where groups is NULL.
	 * MATCH_FAILED: a bound was hit. Thread-safe.
	 */
	enum match (*match)(const void *code, void *state, const char *key,
	    size_t key_len, struct group *groups, struct err *err);
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
MUST_USE enum table_answer patterns_lookup(const struct patterns *patterns,
    struct slice key, struct arena *mem, struct slice *ret_value,
    struct err *err);
void patterns_free(struct patterns *patterns);

#endif
