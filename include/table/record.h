/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_RECORD_H
#define SUBMILTER_TABLE_RECORD_H

#include <time.h>

#include "table/table.h"

/* What the server of a table can be told of a message that was accepted. */
struct table_record {
	struct slice login;   /* empty: nobody logged in */
	struct slice client;  /* its address as text; may be empty */
	struct slice session; /* no other one has this name */
	struct slice message; /* the MTA's queue identifier; may be empty */
	uint64_t octets;
	unsigned long recipients;
	time_t when;
};

/* Whether its type takes records. */
bool table_takes_records(const struct table *table);
/*
 * Tells the server, and waits until it says that it has the record, or for the
 * deadline of the context. -1: ERR_TEMP, or another error where it never will;
 * *err is the context's. The table takes records. Thread-safe.
 */
MUST_USE int table_tell(const struct table *table,
    const struct table_record *record, const struct table_context *context);

#endif
