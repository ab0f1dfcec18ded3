/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_IMPORT_UCL_PRIV_H
#define SUBMILTER_IMPORT_UCL_PRIV_H

#include "base/err.h"
#include "base/str.h"

enum { UCL_MAX_DEPTH = 8 };

/*
 * A value of a file in the format of rspamd (UCL), by the keys that lead to it;
 * an item of a list has its number as key, "0" first. Without keys it is a line
 * like ".include", as a whole.
 */
struct ucl_value {
	struct slice keys[UCL_MAX_DEPTH];
	size_t depth;
	struct slice text; /* without quotes; "$name" stays */
	unsigned int line;
};

typedef void ucl_visit(void *arg, const struct ucl_value *value);

/*
 * Tells of each value, in order. Comments, quotes, blocks and lists are read,
 * "<<END" texts too; variables and included files are not. -1 (ERR_DATA,
 * ERR_LIMIT) with the line in *err: what came before it was told. Texts point
 * into the file, or are in mem. Pure.
 */
MUST_USE int ucl_read(struct slice text, struct arena *mem, ucl_visit *visit,
    void *arg, struct err *err);

#endif
