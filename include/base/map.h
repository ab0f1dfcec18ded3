/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_MAP_H
#define SUBMILTER_BASE_MAP_H

#include <stdint.h>

#include "base/str.h"

/*
 * Text to pointer: a hash table in an arena. Filled by one thread, then read
 * by any number. Keys are compared octet by octet: fold them first. The hash is
 * seeded per process, so that no input can be made to collide.
 */
struct map;

/* The hash of a key for other tables like this one, each with a seed. */
uint64_t map_seed(void);
uint64_t map_hash(uint64_t seed, struct slice key);

struct map *map_new(struct arena *mem);
/*
 * Makes room for so many keys at once. A map that grows step by step leaves as
 * much again in its arena.
 */
void map_expect(struct map *map, size_t count);
/* False, and nothing changed, when the key is there already. Copies the key. */
MUST_USE bool map_add(struct map *map, struct slice key, void *value);
/*
 * Where the value of a key stands, NULL for a key that was not there and is
 * now, for the caller to set. Holds until the next key is added.
 */
void **map_place(struct map *map, struct slice key);
/* NULL when the key is not there. */
void *map_get(const struct map *map, struct slice key);
size_t map_count(const struct map *map);
/* The index of a key for map_entry(); map_count() when the key is not there. */
size_t map_index(const struct map *map, struct slice key);
/* The entries in the order in which they were added, index below map_count. */
void *map_entry(const struct map *map, size_t index, struct slice *ret_key);

#endif
