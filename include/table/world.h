/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_WORLD_H
#define SUBMILTER_TABLE_WORLD_H

#include "base/err.h"
#include "base/str.h"

/*
 * What tables have in common that ask a server: how long answers are kept, the
 * caches of them, and the DNS that has SRV records. Counted; each table that
 * is opened with one holds it. It goes from one configuration to the next, so
 * that a reload keeps what the caches know. Thread-safe.
 */
struct table_world;
struct resolver;

/* How long an answer counts that a table has given. */
struct cache_ages {
	unsigned int found_s;  /* it is not asked again for as long */
	unsigned int absent_s; /* the same for "no such key" */
	unsigned int stale_s;  /* either, while the table cannot answer */
	size_t bytes;	       /* for the answers of one table */
};

/* One reference. Nothing is kept, and there is no DNS. */
struct table_world *table_world_new(void);
struct table_world *table_world_ref(struct table_world *world);
/* NULL is fine. */
void table_world_unref(struct table_world *world);

/* From now on, also for tables that are open. Takes a reference on resolver. */
void table_world_set(struct table_world *world, const struct cache_ages *ages,
    struct resolver *resolver);
struct cache_ages table_world_ages(struct table_world *world);
/* A reference; NULL: none was set. */
struct resolver *table_world_resolver(struct table_world *world);

/* Gets the spec of a table, and why it fails; NULL: it answers again. */
struct outage_listener {
	void (*tell)(void *arg, struct slice spec, const struct err *why);
	void *arg;
};
/*
 * Tells of each table of a server that has begun to fail, or to answer again,
 * since the last call. Only what look-ups have found out: nobody is asked. The
 * listener opens and closes no table.
 */
void table_world_tell_outages(
    struct table_world *world, const struct outage_listener *listener);

#endif
