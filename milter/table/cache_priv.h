/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_CACHE_PRIV_H
#define SUBMILTER_TABLE_CACHE_PRIV_H

#include "table/table.h"
#include "table/table_stats.h"
#include "table/world.h"

/*
 * What a table has answered, kept for a while. Tables of the same identity in
 * one world share a cache: it lives as long as one of them is open.
 */
struct cache;

/*
 * The one of this identity, new or there already; one more user. The spec of its
 * tables is for table_world_tell_outages().
 */
struct cache *cache_acquire(
    struct table_world *world, struct slice identity, struct slice spec);
void cache_release(struct cache *cache);

/* The table behind a cache: asks it, as lookup() of struct table_ops does. */
struct cache_source {
	enum table_answer (*lookup)(void *handle, const struct table_keys *keys,
	    const struct table_context *context, struct slice *ret_values);
	void *handle;
	struct slice spec;	   /* for notes, see struct table_notes */
	struct table_stats *stats; /* gets how long it took */
};

/*
 * As table_lookup() promises, with values in memory of the context. A key is
 * asked for once at a time: whoever needs it meanwhile waits for that answer,
 * until their own deadline. After a failure that may pass (ERR_TEMP), answers
 * that are not too old take its place, and the context's notes and *ret_stale say
 * so.
 */
enum table_answer cache_lookup(struct cache *cache,
    const struct cache_source *source, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values,
    bool *ret_stale);

#endif
