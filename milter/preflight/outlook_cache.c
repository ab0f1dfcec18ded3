/* SPDX-License-Identifier: BSD-2-Clause */
/* Results of checks that are shared by messages. */
#include "outlook_cache_priv.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"

/* The size of a generation; the one before it is kept, too. */
enum { GENERATION_ADDITIONS = 10000, GENERATION_BYTES = 16 * 1024 * 1024 };

struct entry {
	struct outlook outlook;
	uint64_t until_us;
};

struct generation {
	struct arena mem;
	struct map *entries;
	size_t additions;
};

struct outlook_cache {
	pthread_mutex_t lock;
	struct generation *young;
	struct generation *old;
};

static struct generation *
generation_new(void)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	ENSURE(generation != NULL);
	arena_init(&generation->mem);
	generation->entries = map_new(&generation->mem);
	return generation;
}

static void
generation_free(struct generation *generation)
{
	arena_done(&generation->mem);
	free(generation);
}

struct outlook_cache *
outlook_cache_new(void)
{
	struct outlook_cache *cache = calloc(1, sizeof(*cache));

	ENSURE(cache != NULL);
	ENSURE(pthread_mutex_init(&cache->lock, NULL) == 0);
	cache->young = generation_new();
	cache->old = generation_new();
	return cache;
}

void
outlook_cache_free(struct outlook_cache *cache)
{
	if (cache == NULL)
		return;
	generation_free(cache->young);
	generation_free(cache->old);
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct outlook
copy_of(const struct outlook *outlook, struct arena *mem)
{
	return (struct outlook){ outlook->state,
		slice_dup(mem, outlook->result),
		slice_dup(mem, outlook->text) };
}

bool
outlook_cache_get(struct outlook_cache *cache, struct slice key,
    struct arena *mem, struct outlook *ret_outlook)
{
	const struct entry *entry;
	bool found;

	ENSURE(pthread_mutex_lock(&cache->lock) == 0);
	entry = map_get(cache->young->entries, key);
	if (entry == NULL)
		entry = map_get(cache->old->entries, key);
	found = entry != NULL && entry->until_us > clock_monotonic_us();
	if (found)
		*ret_outlook = copy_of(&entry->outlook, mem);
	ENSURE(pthread_mutex_unlock(&cache->lock) == 0);
	return found;
}

void
outlook_cache_put(struct outlook_cache *cache, struct slice key,
    const struct outlook *outlook, unsigned long seconds)
{
	struct generation *young;
	struct entry *entry;

	if (seconds == 0)
		return;
	ENSURE(pthread_mutex_lock(&cache->lock) == 0);
	if (cache->young->additions == GENERATION_ADDITIONS ||
	    cache->young->mem.used_bytes >= GENERATION_BYTES) {
		generation_free(cache->old);
		cache->old = cache->young;
		cache->young = generation_new();
	}
	young = cache->young;
	young->additions++;
	entry = map_get(young->entries, key);
	if (entry == NULL) {
		entry = arena_alloc(&young->mem, sizeof(*entry));
		ENSURE(map_add(young->entries, key, entry));
	}
	*entry = (struct entry){ copy_of(outlook, &young->mem),
		clock_monotonic_us() + seconds * UINT64_C(1000000) };
	ENSURE(pthread_mutex_unlock(&cache->lock) == 0);
}
