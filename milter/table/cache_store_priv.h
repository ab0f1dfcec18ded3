/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_CACHE_STORE_PRIV_H
#define SUBMILTER_TABLE_CACHE_STORE_PRIV_H

#include <stdint.h>

#include "base/str.h"

/*
 * Answers by their keys, in bounded memory. "No such key" has half of it at
 * most: strangers can ask for any number of keys that nobody has, and what was
 * found stays. What was not used for the longest time goes first. Not
 * thread-safe.
 */
struct store_entry {
	struct store_entry *next;	   /* of the same bucket */
	struct store_entry *newer, *older; /* used later, or before */
	uint64_t hash;
	uint64_t time_us; /* when it was asked for */
	size_t key_bytes, value_bytes;
	bool is_absent;
	char text[]; /* the key, then the value */
};

struct store_list {
	struct store_entry *newest, *oldest;
	size_t bytes;
};

struct store {
	struct store_entry **buckets;
	size_t bucket_count; /* a power of two, or 0 */
	size_t count;
	struct store_list found, absent;
};

/* One with data NULL is absent. */
struct store_answer {
	uint64_t hash;
	uint64_t time_us;
	struct slice key;
	struct slice value;
};

/* NULL: none. One that is found counts as used. */
const struct store_entry *store_find(
    struct store *store, uint64_t hash, struct slice key);
struct slice store_value(const struct store_entry *entry);
/* In the place of what is there of its key. It is not kept if it is too long. */
void store_put(
    struct store *store, const struct store_answer *answer, size_t max_bytes);
void store_free(struct store *store);

#endif
