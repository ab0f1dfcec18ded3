/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PARTS_PRIV_H
#define SUBMILTER_TABLE_PARTS_PRIV_H

#include "table_priv.h"

enum { TABLE_MAX_PARTS = 64 };

/* A table that is made of others: unionmap and pipemap. */
struct table_parts {
	struct table *items[TABLE_MAX_PARTS];
	size_t rows[TABLE_MAX_PARTS]; /* that can be listed */
	size_t count;
};

/* See struct table_ops. */
MUST_USE int table_parts_open(
    struct table_opening *opening, void **ret_handle, struct err *err);
void table_parts_close(void *handle);
/* The source of such a table is the sources of all of its parts. */
extern const struct table_source_ops table_parts_source;

/*
 * What can be asked for of a table of these parts. *ret_all: what all of them
 * know, *ret_first: what the first one knows; both have TABLE_CAP_PATTERNS if
 * all parts have it, as in Postfix: one part of another kind is asked for the
 * parts of an address, and then all are. -1 (ERR_CONFIG).
 */
MUST_USE int table_parts_caps(struct slice name, unsigned int *ret_all,
    unsigned int *ret_first, struct err *err);

#endif
