/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_ARENA_H
#define SUBMILTER_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that lives as long as its owner (a message, a configuration) and is
 * given back as a whole. Pointers go from short-lived arenas to long-lived
 * ones only. One thread at a time.
 */
struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used_bytes; /* handed out since the start */
	bool is_large;
};

void arena_init(struct arena *mem);

/*
 * For what lasts and may take many megabytes, as a configuration or a table
 * does. Beyond its first kilobytes it takes memory from the system, and gives it
 * back at once: the heap that messages use is neither locked nor left with
 * holes.
 */
void arena_init_large(struct arena *mem);

/*
 * Frees all that was handed out; the arena is then empty and usable, and large
 * if it was.
 */
void arena_done(struct arena *mem);

/*
 * size bytes, zeroed, aligned for any type; never NULL (out of memory aborts).
 */
void *arena_alloc(struct arena *mem, size_t size);

/* count * size bytes with the product checked; zeroed. */
void *arena_array(struct arena *mem, size_t count, size_t size);

/*
 * A copy of old_count elements in room for new_count (not less). The old array
 * is left to the arena.
 */
void *arena_grow(struct arena *mem, const void *old, size_t old_count,
    size_t new_count, size_t size);

/*
 * Grows *array (of *cap elements of size bytes, count in use) so that one
 * more fits, by doubling.
 */
void arena_reserve_one(
    struct arena *mem, void **array, size_t *cap, size_t count, size_t size);

#endif
