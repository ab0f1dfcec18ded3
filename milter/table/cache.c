/* SPDX-License-Identifier: BSD-2-Clause */
/* What a table has answered is not asked again for a while, or meanwhile. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/map.h"
#include "cache_store_priv.h"
#include "outage_priv.h"
#include "table/server.h"
#include "world_priv.h"

enum { LEAST_TIME_US = 1000000 };

/* A key that a thread asks for, and who waits for that. */
struct flight {
	struct flight *next;
	uint64_t hash;
	uint64_t until_us; /* how long the asking thread waits */
	size_t holders;
	bool is_done;
	bool has_failed;    /* err says why, */
	bool is_sure;	    /* and no other key can have been the reason */
	struct slice value; /* data NULL: absent */
	uint64_t stale_us;  /* a table within gave an answer of that age */
	struct err err;
	struct slice key;
	char text[];
};

struct cache {
	struct table_world *world;
	struct cache *next; /* in the world, whose lock has this and users */
	size_t users;
	struct slice identity, spec;
	struct arena mem; /* of both */
	pthread_mutex_t lock;
	pthread_cond_t landed; /* a flight is done */
	uint64_t seed;
	struct flight *flights;
	struct store store;
	struct outage outage;
};

static struct cache *
cache_new(struct table_world *world, struct slice identity, struct slice spec)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	pthread_condattr_t attributes;

	ENSURE(cache != NULL);
	arena_init(&cache->mem);
	cache->world = world;
	cache->identity = slice_dup(&cache->mem, identity);
	cache->spec = slice_dup(&cache->mem, spec);
	cache->seed = map_seed();
	ENSURE(pthread_mutex_init(&cache->lock, NULL) == 0);
	ENSURE(pthread_condattr_init(&attributes) == 0);
	ENSURE(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ENSURE(pthread_cond_init(&cache->landed, &attributes) == 0);
	ENSURE(pthread_condattr_destroy(&attributes) == 0);
	return cache;
}

static void
cache_free(struct cache *cache)
{
	ENSURE(cache->flights == NULL);
	store_free(&cache->store);
	ENSURE(pthread_cond_destroy(&cache->landed) == 0);
	ENSURE(pthread_mutex_destroy(&cache->lock) == 0);
	arena_done(&cache->mem);
	free(cache);
}

struct cache *
cache_acquire(
    struct table_world *world, struct slice identity, struct slice spec)
{
	struct cache *cache;

	ENSURE(pthread_mutex_lock(&world->lock) == 0);
	cache = world->caches;
	while (cache != NULL && !slice_eq(cache->identity, identity))
		cache = cache->next;
	if (cache == NULL) {
		cache = cache_new(world, identity, spec);
		cache->next = world->caches;
		world->caches = cache;
	}
	cache->users++;
	ENSURE(pthread_mutex_unlock(&world->lock) == 0);
	return cache;
}

void
cache_release(struct cache *cache)
{
	struct table_world *world;
	struct cache **place;
	bool is_last;

	if (cache == NULL)
		return;
	world = cache->world;
	ENSURE(pthread_mutex_lock(&world->lock) == 0);
	is_last = --cache->users == 0;
	if (is_last) {
		place = &world->caches;
		while (*place != cache)
			place = &(*place)->next;
		*place = cache->next;
	}
	ENSURE(pthread_mutex_unlock(&world->lock) == 0);
	if (is_last)
		cache_free(cache);
}

void
table_world_tell_outages(
    struct table_world *world, const struct outage_listener *listener)
{
	ENSURE(pthread_mutex_lock(&world->lock) == 0);
	for (struct cache *cache = world->caches; cache != NULL;
	     cache = cache->next) {
		enum outage_news news;
		struct err why;

		ENSURE(pthread_mutex_lock(&cache->lock) == 0);
		news = outage_news(&cache->outage, clock_monotonic_us());
		why = cache->outage.why;
		ENSURE(pthread_mutex_unlock(&cache->lock) == 0);
		if (news != OUTAGE_SAME)
			listener->tell(listener->arg, cache->spec,
			    news == OUTAGE_BEGINS ? &why : NULL);
	}
	ENSURE(pthread_mutex_unlock(&world->lock) == 0);
}

static void
cache_lock(struct cache *cache)
{
	ENSURE(pthread_mutex_lock(&cache->lock) == 0);
}

static void
cache_unlock(struct cache *cache)
{
	ENSURE(pthread_mutex_unlock(&cache->lock) == 0);
}

/* One key of a look-up. */
struct wanted {
	struct slice key;
	uint64_t hash;
	bool is_known; /* its value is there */
	bool is_ours;  /* the flight is one that we make */
	bool has_old;  /* an answer that would do if there is no other */
	struct flight *flight; /* NULL: none yet */
};

/* A look-up, and what it needs on the way. */
struct query {
	struct cache *cache;
	const struct cache_source *source;
	const struct table_context *context;
	struct cache_ages ages;
	uint64_t deadline_us;
	struct wanted *wanted;
	size_t count;
	struct slice *values;
	uint64_t stale_us; /* age of the oldest answer that is stale, or 0 */
};

static bool
is_within(const struct store_entry *entry, uint64_t now_us, unsigned int age_s)
{
	/* It may have come since we looked at the clock. */
	return now_us < entry->time_us + age_s * 1000000ULL;
}

/* Takes a value over, into memory that lasts. */
static void
query_take(struct query *query, size_t index, struct slice value)
{
	query->wanted[index].is_known = true;
	query->values[index] =
	    value.data == NULL ? value : slice_dup(query->context->mem, value);
}

/* Takes what is kept and young enough. The cache is locked. */
static void
query_recall(struct query *query, size_t index, uint64_t now_us)
{
	struct wanted *wanted = &query->wanted[index];
	const struct store_entry *entry =
	    store_find(&query->cache->store, wanted->hash, wanted->key);

	if (entry == NULL)
		return;
	if (is_within(entry, now_us,
		entry->is_absent ? query->ages.absent_s : query->ages.found_s))
		query_take(query, index, store_value(entry));
	wanted->has_old = is_within(entry, now_us, query->ages.stale_s);
}

/* The flight of a key, of another thread or a new one. The cache is locked. */
static void
query_board(struct query *query, struct wanted *wanted)
{
	struct cache *cache = query->cache;
	struct flight *flight = cache->flights;

	while (flight != NULL &&
	    (flight->hash != wanted->hash ||
		!slice_eq(flight->key, wanted->key)))
		flight = flight->next;
	wanted->is_ours = flight == NULL;
	if (flight == NULL) {
		flight = calloc(1, sizeof(*flight) + wanted->key.len + 1);
		ENSURE(flight != NULL);
		if (wanted->key.len != 0)
			memcpy(flight->text, wanted->key.data, wanted->key.len);
		flight->key = (struct slice){ flight->text, wanted->key.len };
		flight->hash = wanted->hash;
		flight->next = cache->flights;
		cache->flights = flight;
	}
	flight->holders++;
	wanted->flight = flight;
}

/* The cache is locked. */
static void
query_leave(struct wanted *wanted)
{
	struct flight *flight = wanted->flight;

	wanted->flight = NULL;
	if (--flight->holders != 0)
		return;
	if (flight->value.data != NULL)
		free((void *)(uintptr_t)flight->value.data);
	free(flight);
}

/* Looks at each key: known, asked for by others, or to be asked for by us. */
static size_t
query_sort(struct query *query)
{
	uint64_t now_us = clock_monotonic_us();
	size_t ours = 0;

	cache_lock(query->cache);
	for (size_t i = 0; i < query->count; i++) {
		struct wanted *wanted = &query->wanted[i];

		if (wanted->is_known)
			continue;
		query_recall(query, i, now_us);
		if (wanted->is_known)
			continue;
		query_board(query, wanted);
		ours += wanted->is_ours;
	}
	cache_unlock(query->cache);
	return ours;
}

/*
 * How long to wait for an answer: where old ones would do, a server that hangs
 * leaves half of the time for the rest of the message.
 */
static uint64_t
query_until(const struct query *query)
{
	uint64_t now = clock_monotonic_us();

	for (size_t i = 0; i < query->count; i++) {
		if (!query->wanted[i].is_known && !query->wanted[i].has_old)
			return query->deadline_us;
	}
	return query->deadline_us <= now ? query->deadline_us :
					   now + (query->deadline_us - now) / 2;
}

static void
query_note_stale(struct query *query, uint64_t age_us)
{
	if (age_us > query->stale_us)
		query->stale_us = age_us;
}

/*
 * Tells an answer to all who wait for it, and keeps it, unless it was made of an
 * old one: that would be young again.
 */
static void
query_land(struct query *query, struct wanted *wanted, struct slice value,
    uint64_t time_us)
{
	struct cache *cache = query->cache;
	struct flight *flight = wanted->flight, **place = &cache->flights;

	while (*place != flight)
		place = &(*place)->next;
	*place = flight->next;
	flight->is_done = true;
	if (value.data != NULL && flight->holders > 1) {
		char *copy = malloc(value.len + 1);

		ENSURE(copy != NULL);
		memcpy(copy, value.data, value.len);
		flight->value = (struct slice){ copy, value.len };
	}
	if (!flight->has_failed && flight->stale_us == 0)
		store_put(&cache->store,
		    &(struct store_answer){
			wanted->hash, time_us, wanted->key, value },
		    query->ages.bytes);
	query_leave(wanted);
}

/* A message that had hardly any time left says nothing of the table. */
static void
query_note_outage(struct query *query, uint64_t begin_us,
    const struct table_context *asked, enum table_answer answer)
{
	struct outage *outage = &query->cache->outage;

	if (answer != TABLE_FAILED)
		outage_note(outage, NULL, 0);
	else if (asked->err->kind == ERR_TEMP &&
	    asked->deadline_us > begin_us + LEAST_TIME_US)
		outage_note(outage, asked->err, clock_monotonic_us());
}

/* The age of the oldest answer that stands there; 0: none does. */
static uint64_t
notes_age_us(const struct table_notes *notes)
{
	uint64_t age_s = 0;

	for (size_t i = 0; i < notes->stale_count; i++) {
		if (notes->stale[i].age_s > age_s)
			age_s = notes->stale[i].age_s;
	}
	/* It may be less than a second. */
	return notes->stale_count == 0 ? 0 : age_s * 1000000 + 1;
}

/* Asks for the keys that are ours. */
static void
query_ask(struct query *query, size_t ours)
{
	struct arena *mem = query->context->mem;
	struct table_context context = *query->context;
	struct slice *items = arena_array(mem, ours, sizeof(*items));
	struct slice *values = arena_array(mem, ours, sizeof(*values));
	uint64_t begin_us = clock_monotonic_us();
	struct table_notes notes = { .stale_count = 0 };
	enum table_answer answer;
	size_t n = 0;

	for (size_t i = 0; i < query->count; i++) {
		if (query->wanted[i].flight != NULL && query->wanted[i].is_ours)
			items[n++] = query->wanted[i].key;
	}
	context.deadline_us = query_until(query);
	context.notes = &notes;
	answer = query->source->lookup(query->source->handle,
	    &(struct table_keys){ items, ours }, &context, values);
	table_stats_asked(query->source->stats, begin_us, answer);
	table_notes_add(query->context->notes, &notes);
	n = 0;
	cache_lock(query->cache);
	query_note_outage(query, begin_us, &context, answer);
	for (size_t i = 0; i < query->count; i++) {
		struct wanted *wanted = &query->wanted[i];

		if (wanted->flight == NULL || !wanted->is_ours)
			continue;
		wanted->flight->until_us = context.deadline_us;
		wanted->flight->has_failed = answer == TABLE_FAILED;
		wanted->flight->is_sure = ours == 1;
		wanted->flight->stale_us = notes_age_us(&notes);
		if (answer == TABLE_FAILED)
			wanted->flight->err = *context.err;
		else
			query_take(query, i, values[n]);
		query_land(query, wanted,
		    answer == TABLE_FOUND ? values[n] :
					    (struct slice){ NULL, 0 },
		    begin_us);
		n++;
	}
	ENSURE(pthread_cond_broadcast(&query->cache->landed) == 0);
	cache_unlock(query->cache);
}

/*
 * Waits for an answer that another thread asks for. False: there is none, but we
 * may ask: that thread had no time left, or asked for other keys, too, which may
 * be the reason why there is none.
 */
static bool
query_wait(struct query *query, size_t index, bool *ret_failed)
{
	struct wanted *wanted = &query->wanted[index];
	struct flight *flight = wanted->flight;
	uint64_t until_us = query_until(query);
	const struct timespec until = { .tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000 * 1000) };
	bool may_ask_again = false;
	int status = 0;

	cache_lock(query->cache);
	while (!flight->is_done && status == 0)
		status = pthread_cond_timedwait(
		    &query->cache->landed, &query->cache->lock, &until);
	if (!flight->is_done) {
		*ret_failed = true;
		err_set(
		    query->context->err, ERR_TEMP, "no answer within the time");
	} else if (!flight->has_failed) {
		query_take(query, index, flight->value);
		query_note_stale(query, flight->stale_us);
	} else {
		uint64_t now = clock_monotonic_us();

		may_ask_again = now < until_us &&
		    (now >= flight->until_us || !flight->is_sure);
		*ret_failed = *ret_failed || !may_ask_again;
		*query->context->err = flight->err;
	}
	query_leave(wanted);
	cache_unlock(query->cache);
	return !may_ask_again;
}

/* One round: false if it has to begin anew for some key. */
static bool
query_round(struct query *query, bool *ret_failed)
{
	size_t ours = query_sort(query);
	bool is_done = true;

	if (ours != 0)
		query_ask(query, ours);
	for (size_t i = 0; i < query->count; i++) {
		struct wanted *wanted = &query->wanted[i];

		if (wanted->flight != NULL)
			is_done = query_wait(query, i, ret_failed) && is_done;
		else if (!wanted->is_known)
			*ret_failed = true;
	}
	return is_done || *ret_failed;
}

/* What is old takes the place of answers that there are none of. */
static bool
query_fall_back(struct query *query)
{
	uint64_t now_us;
	bool is_known = true;

	if (query->context->err->kind != ERR_TEMP)
		return false;
	cache_lock(query->cache);
	/* No entry is younger than that: ages count. */
	now_us = clock_monotonic_us();
	for (size_t i = 0; i < query->count && is_known; i++) {
		struct wanted *wanted = &query->wanted[i];
		const struct store_entry *entry;

		if (wanted->is_known)
			continue;
		entry =
		    store_find(&query->cache->store, wanted->hash, wanted->key);
		is_known = entry != NULL &&
		    is_within(entry, now_us, query->ages.stale_s);
		if (!is_known)
			break;
		query_take(query, i, store_value(entry));
		query_note_stale(query, now_us - entry->time_us);
	}
	cache_unlock(query->cache);
	return is_known;
}

static enum table_answer
query_answer(const struct query *query)
{
	for (size_t i = 0; i < query->count; i++) {
		if (query->values[i].data != NULL)
			return TABLE_FOUND;
	}
	return TABLE_ABSENT;
}

enum table_answer
cache_lookup(struct cache *cache, const struct cache_source *source,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_values, bool *ret_stale)
{
	uint64_t limit_us = clock_monotonic_us() + SERVER_SECONDS * 1000000ULL;
	struct query query = { .cache = cache,
		.source = source,
		.context = context,
		.ages = table_world_ages(cache->world),
		.deadline_us = context->deadline_us,
		.count = keys->count,
		.values = ret_values };
	bool has_failed = false;

	if (query.deadline_us == 0 || query.deadline_us > limit_us)
		query.deadline_us = limit_us;
	query.wanted =
	    arena_array(context->mem, keys->count, sizeof(*query.wanted));
	for (size_t i = 0; i < keys->count; i++)
		query.wanted[i] = (struct wanted){ .key = keys->items[i],
			.hash = map_hash(cache->seed, keys->items[i]) };
	while (!query_round(&query, &has_failed))
		;
	if (has_failed && !query_fall_back(&query))
		return TABLE_FAILED;
	*ret_stale = query.stale_us != 0;
	if (query.stale_us != 0 && context->notes != NULL)
		table_note_stale(context->notes,
		    &(struct stale_note){
			source->spec, query.stale_us / 1000000 });
	return query_answer(&query);
}
