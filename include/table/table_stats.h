/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TABLE_STATS_H
#define SUBMILTER_TABLE_TABLE_STATS_H

#include "base/metrics.h"
#include "table/table.h"

/* What an answer was, beside what it says. */
enum table_kind {
	TABLE_KIND_FOUND,
	TABLE_KIND_ABSENT,
	TABLE_KIND_FAILED,
	TABLE_KIND_STALE, /* it could not answer, and a former answer counted */
	TABLE_KINDS
};

/*
 * What look-ups in a table were like. Tables of the same label share it, and it
 * goes on when a table is opened anew before it is closed: by a reload, or
 * because its file has changed. Its numbers are atomic.
 */
struct table_stats {
	struct table_stats *next; /* these three: by the module alone */
	size_t users;
	char *label;
	atomic_ulong answers[TABLE_KINDS];
	struct metric_histogram
	    seconds; /* that it took when it was asked itself */
	_Atomic uint64_t answered_us; /* when that was: the last answer, and */
	_Atomic uint64_t failed_us;   /* the last one that did not come */
};

/*
 * The spec of a table in a form that may be shown to anybody, in memory of mem:
 * "inline:..." and so on where the spec itself has rows, which name people.
 */
struct slice table_label(struct slice spec, struct arena *mem);

/* One more user of what is counted for the label of a spec; one less. */
struct table_stats *table_stats_acquire(struct slice spec);
void table_stats_release(struct table_stats *stats);
/* Those of an open table. */
struct table_stats *table_stats_of(const struct table *table);

/* The table itself was asked, from begin_us on. */
void table_stats_asked(
    struct table_stats *stats, uint64_t begin_us, enum table_answer answer);
/* A look-up has its answer, from wherever. */
void table_stats_answered(
    struct table_stats *stats, enum table_answer answer, bool is_stale);

/*
 * Tells of all of them, in no order; nothing of tables is called meanwhile.
 * Thread-safe.
 */
void table_stats_each(
    void (*tell)(void *arg, const struct table_stats *stats), void *arg);

#endif
