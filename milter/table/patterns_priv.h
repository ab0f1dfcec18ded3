/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PATTERNS_PRIV_H
#define SUBMILTER_TABLE_PATTERNS_PRIV_H

#include "table_priv.h"

enum { MAX_GROUPS = 32 };

/* Where a group of a pattern matched; begin > end: it did not. */
struct group {
	size_t begin, end;
};

enum match { MATCH_NO, MATCH_YES, MATCH_FAILED };

/* A library for patterns. */
struct pattern_ops {
	/* flags: the letters behind the pattern. *ret_groups without group 0. */
	int (*compile)(const char *pattern, struct slice flags, void **ret_code,
	    size_t *ret_groups, struct err *err);
	/* Fills groups[0 .. MAX_GROUPS - 1]. Thread-safe. */
	enum match (*match)(const void *code, const char *key, size_t key_len,
	    struct group *groups, struct err *err);
	void (*free)(void *code);
};

/*
 * A table file of patterns, in the format of Postfix's regexp_table(5) and
 * pcre_table(5): "/pattern/flags value", "!/pattern/flags value", "if" and
 * "endif". The first row that matches gives the value, with $1, ${1} and
 * $(1) replaced by what the groups matched.
 */
struct patterns;

MUST_USE int patterns_open(const struct pattern_ops *ops, struct slice path,
    struct arena *mem, struct patterns **ret_patterns, size_t *ret_rows,
    struct err *err);
/* The same for text in memory; path stands for it in faults. */
MUST_USE int patterns_open_text(const struct pattern_ops *ops,
    struct slice path, struct slice text, struct arena *mem,
    struct patterns **ret_patterns, size_t *ret_rows, struct err *err);
/*
 * TABLE_FAILED when a match hit a bound, and when what the key puts into the
 * value has white space, a comma or a control character: the value is a list,
 * and the key is a stranger's.
 */
MUST_USE enum table_answer patterns_lookup(const struct patterns *patterns,
    struct slice key, struct arena *mem, struct slice *ret_value,
    struct err *err);
void patterns_close(struct patterns *patterns);

#endif
