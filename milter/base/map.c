/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table in an arena. */
#include "base/map.h"

#include <pthread.h>
#include <sys/random.h>

/* Slots of 32 bits halve what is touched to find a key among very many. */
#define MAX_ENTRIES ((size_t)1 << 30)

struct entry {
	struct slice key;
	void *value;
	uint64_t hash;
};

struct map {
	struct arena *mem;
	struct entry *entries; /* in order of addition */
	size_t count;
	size_t cap;
	uint32_t *slots;   /* index into entries plus one; 0 is free */
	size_t slot_count; /* a power of two, twice of cap or more */
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

static uint32_t *
find_slot(const struct map *map, struct slice key, uint64_t hash)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		const struct entry *entry;

		if (map->slots[i] == 0)
			return &map->slots[i];
		entry = &map->entries[map->slots[i] - 1];
		if (entry->hash == hash && slice_eq(entry->key, key))
			return &map->slots[i];
	}
}

static void
resize(struct map *map, size_t cap)
{
	map->entries = arena_grow(
	    map->mem, map->entries, map->count, cap, sizeof(*map->entries));
	map->cap = cap;
	map->slot_count = 16;
	while (map->slot_count / 2 < cap)
		map->slot_count *= 2;
	map->slots =
	    arena_array(map->mem, map->slot_count, sizeof(*map->slots));
	for (size_t i = 0; i < map->count; i++)
		*find_slot(map, map->entries[i].key, map->entries[i].hash) =
		    (uint32_t)i + 1;
}

void
map_expect(struct map *map, size_t count)
{
	ENSURE(count <= MAX_ENTRIES);
	if (count > map->cap)
		resize(map, count);
}

static void
grow(struct map *map)
{
	ENSURE(map->cap <= MAX_ENTRIES / 2);
	resize(map, map->cap == 0 ? 8 : 2 * map->cap);
}

/* The entry of a key, and whether it was there before. */
static struct entry *
find_or_add(struct map *map, struct slice key, bool *ret_found)
{
	uint64_t hash = map_hash(map->seed, key);
	struct entry *entry;
	uint32_t *slot;

	if (map->count == map->cap)
		grow(map);
	slot = find_slot(map, key, hash);
	*ret_found = *slot != 0;
	if (*ret_found)
		return &map->entries[*slot - 1];
	entry = &map->entries[map->count];
	*entry = (struct entry){ slice_dup(map->mem, key), NULL, hash };
	*slot = (uint32_t)++map->count;
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
	uint32_t slot;

	if (map->count == 0)
		return 0;
	slot = *find_slot(map, key, map_hash(map->seed, key));
	return slot == 0 ? map->count : slot - 1;
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
		*ret_key = map->entries[index].key;
	return map->entries[index].value;
}
