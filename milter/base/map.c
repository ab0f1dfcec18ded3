/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table in an arena. */
#include "base/map.h"

#include <pthread.h>
#include <sys/random.h>

/* There may be very many entries: small ones mean fewer misses of the cache. */
#define MAX_ENTRIES ((size_t)1 << 30)

struct entry {
	const char *key;
	void *value;
	uint32_t key_len;
};

/*
 * The hash stands here, so that an entry is looked at, which is elsewhere, only
 * where the key is most likely to be its own.
 */
struct slot {
	uint32_t hash;
	uint32_t number; /* of the entry, from 1; 0: free */
};

struct map {
	struct arena *mem;
	struct entry *entries; /* in order of addition */
	size_t count;
	size_t cap;
	struct slot *slots;
	size_t slot_count; /* a power of two, of which 4/5 are cap or more */
	uint64_t seed;
};

uint64_t
map_seed(void)
{
	uint64_t seed = 0x9e3779b97f4a7c15;

	/* A predictable seed only costs speed, so a failure is not an error. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed ^= (uint64_t)(uintptr_t)&seed;
	return seed;
}

/* A message makes some maps: one question to the kernel is enough for all. */
static uint64_t process_seed;
static pthread_once_t process_seed_once = PTHREAD_ONCE_INIT;

static void
process_seed_set(void)
{
	process_seed = map_seed();
}

/* FNV-1a over the seed, with a final mix so that all bits reach the mask. */
uint64_t
map_hash(uint64_t seed, struct slice key)
{
	uint64_t hash = 0xcbf29ce484222325 ^ seed;

	for (size_t i = 0; i < key.len; i++) {
		hash ^= (unsigned char)key.data[i];
		hash *= 0x100000001b3;
	}
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93;
	return hash ^ (hash >> 32);
}

struct map *
map_new(struct arena *mem)
{
	struct map *map = arena_alloc(mem, sizeof(*map));

	ENSURE(pthread_once(&process_seed_once, process_seed_set) == 0);
	map->mem = mem;
	map->seed = process_seed;
	return map;
}

static struct slice
key_of(const struct entry *entry)
{
	return (struct slice){ entry->key, entry->key_len };
}

/* The slot of a key, or the free one where it would be. */
static struct slot *
find_slot(const struct map *map, struct slice key, uint32_t hash)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = &map->slots[i];

		if (slot->number == 0 ||
		    (slot->hash == hash &&
			slice_eq(key_of(&map->entries[slot->number - 1]), key)))
			return slot;
	}
}

/* Where no key of these slots is there yet. */
static void
put_slot(const struct map *map, struct slot slot)
{
	size_t mask = map->slot_count - 1;
	size_t i = slot.hash & mask;

	while (map->slots[i].number != 0)
		i = (i + 1) & mask;
	map->slots[i] = slot;
}

static void
resize(struct map *map, size_t cap)
{
	const struct slot *old = map->slots;
	size_t old_count = map->slot_count;

	map->entries = arena_grow(
	    map->mem, map->entries, map->count, cap, sizeof(*map->entries));
	map->cap = cap;
	map->slot_count = 16;
	while (map->slot_count / 5 * 4 < cap)
		map->slot_count *= 2;
	map->slots =
	    arena_array(map->mem, map->slot_count, sizeof(*map->slots));
	for (size_t i = 0; i < old_count; i++) {
		if (old[i].number != 0)
			put_slot(map, old[i]);
	}
}

void
map_expect(struct map *map, size_t count)
{
	size_t cap = map->count == 0 ? 0 : map->cap + map->cap / 4;

	ENSURE(count <= MAX_ENTRIES);
	/* One more, again and again, leaves no table behind each time. */
	if (count > map->cap)
		resize(map, count > cap ? count : cap);
}

static void
grow(struct map *map)
{
	ENSURE(map->cap <= MAX_ENTRIES / 2);
	resize(map, map->cap == 0 ? 8 : 2 * map->cap);
}

static uint32_t
hash_of(const struct map *map, struct slice key)
{
	return (uint32_t)map_hash(map->seed, key);
}

/* The entry of a key, and whether it was there before. */
static struct entry *
find_or_add(struct map *map, struct slice key, bool *ret_found)
{
	uint32_t hash = hash_of(map, key);
	struct entry *entry;
	struct slot *slot;

	ENSURE(key.len <= UINT32_MAX);
	if (map->count == map->cap)
		grow(map);
	slot = find_slot(map, key, hash);
	*ret_found = slot->number != 0;
	if (*ret_found)
		return &map->entries[slot->number - 1];
	entry = &map->entries[map->count];
	*entry = (struct entry){ .key = slice_dup(map->mem, key).data,
		.key_len = (uint32_t)key.len };
	*slot = (struct slot){ hash, (uint32_t)++map->count };
	return entry;
}

bool
map_add(struct map *map, struct slice key, void *value)
{
	bool found;
	struct entry *entry = find_or_add(map, key, &found);

	if (!found)
		entry->value = value;
	return !found;
}

void **
map_place(struct map *map, struct slice key)
{
	bool found;

	return &find_or_add(map, key, &found)->value;
}

size_t
map_index(const struct map *map, struct slice key)
{
	size_t number;

	if (map->count == 0)
		return 0;
	number = find_slot(map, key, hash_of(map, key))->number;
	return number == 0 ? map->count : number - 1;
}

void *
map_get(const struct map *map, struct slice key)
{
	size_t index = map_index(map, key);

	return index == map->count ? NULL : map->entries[index].value;
}

size_t
map_count(const struct map *map)
{
	return map->count;
}

void *
map_entry(const struct map *map, size_t index, struct slice *ret_key)
{
	ENSURE(index < map->count);
	if (ret_key != NULL)
		*ret_key = key_of(&map->entries[index]);
	return map->entries[index].value;
}
