/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TRACE_H
#define SUBMILTER_TABLE_TRACE_H

#include "table/table.h"

/* What one table was asked, and what it said. */
struct table_asked {
	const struct table *table; /* may be closed by now, see `spec` */
	struct slice spec;	   /* that of the table */
	unsigned int depth; /* 1: a part of the table before it, and so on */
	struct slice key;
	enum table_answer answer;
	struct slice value; /* of TABLE_FOUND */
	size_t line;	    /* of the row with the key; 0: not known */
	struct err why;	    /* of TABLE_FAILED */
	struct slice hosts; /* that were asked, "a, b"; empty: none was */
	uint64_t micros;
};

/*
 * All that look-ups ask while it stands in their context, in order: a record of
 * each key of each table, and of each part of a table behind it. Keys are asked
 * for one by one then, and past caches. For one thread; what is noted lasts as long
 * as mem, also where a table is closed before.
 */
struct table_trace {
	struct arena *mem;
	struct table_asked *items;
	size_t count;
	size_t cap;
	unsigned int depth;
	struct slice hosts; /* while a key is asked for ... */
	struct slice host;  /* ... the last of them */
};

/* This host is asked now, or connected to. trace may be NULL. */
void table_trace_host(struct table_trace *trace, struct slice host);

#endif
