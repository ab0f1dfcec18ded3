/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TABLE_SET_H
#define SUBMILTER_TABLE_TABLE_SET_H

#include "table/table.h"

/*
 * The tables of a configuration, open. A table that several options name is
 * there once. Each table is counted, so that sets share it; a set itself is
 * immutable and has one owner. NULL is a set without tables.
 */
struct table_set;

/* Which tables, and how they are opened. */
struct table_set_options {
	const struct table_use *uses;
	size_t count;
	const struct table_set *before; /* the set in force; may be NULL */
	const struct report *report;	/* as for table_open() */
	struct table_world *world;	/* as for table_open() */
};

/*
 * Opens all of the tables; each one is tried, so that the faults of all are
 * reported. A table of the set in force that is still as its file has it is
 * taken over: one that was just written to is read again. Without a set in
 * force, and where it was down already, a table that may work later is down.
 * *ret_set is there on failure, too: it lacks what could not be opened, and is
 * good for naming more faults only. -1: *err is one of the faults. Blocks on
 * the file system.
 */
MUST_USE int table_set_open(const struct table_set_options *options,
    struct table_set **ret_set, struct err *err);
/*
 * The same specs with these tables, opened by the caller in the order of
 * table_set_at(); NULL: those of the set. Takes a reference on each.
 */
struct table_set *table_set_with(
    const struct table_set *set, struct table *const *tables);
void table_set_free(struct table_set *set);

/* The table of a spec; NULL if the set has none, and for an empty spec. */
struct table *table_set_find(const struct table_set *set, struct slice spec);

/* All of them, by an index from 0. */
size_t table_set_count(const struct table_set *set);
struct table *table_set_at(const struct table_set *set, size_t index);

#endif
