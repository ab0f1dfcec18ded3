/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CHECK_TABLES_PRIV_H
#define SUBMILTER_CHECK_TABLES_PRIV_H

#include "check/check.h"
#include "pipeline/snapshot.h"
#include "table/trace.h"

/* One table, for the option that names it. */
struct checked_table {
	struct findings *found;
	const struct snapshot *snapshot;
	const struct table *table;
	const char *option;
	uint64_t deadline_us; /* for all that it is asked */
};

/*
 * Asks for a key, and traces it. The trace, the value and the reason are in the
 * memory of the findings.
 */
enum table_answer check_ask(const struct checked_table *checked,
    struct slice key, struct table_trace *trace, struct slice *ret_value,
    struct err *err);

/* A user that nobody has. */
extern const char check_nobody[];
/* Domains that are ours, by an index from 0; empty: there is no further one. */
struct slice check_own_domain(
    const struct checked_table *checked, size_t index);

/*
 * Reports keys with other letters than ASCII that cannot be answered, and keys
 * that give a stranger the row of somebody else: keys that look
 * like one that the table is known to have. Says nothing where no such key is
 * known, or where the table has an answer for whoever nobody is.
 */
void check_lookalikes(const struct checked_table *checked);

#endif
