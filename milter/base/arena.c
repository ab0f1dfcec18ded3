/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is given back as a whole. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"

/*
 * Most arenas hold little: their first block, with its head, is one that malloc
 * keeps for the thread. The next ones are larger.
 */
enum { FIRST_BYTES = 992, BLOCK_BYTES = 8192, GROWTH = 4 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

void
arena_init(struct arena *mem)
{
	mem->blocks = NULL;
	mem->used_bytes = 0;
}

void
arena_done(struct arena *mem)
{
	struct arena_block *block = mem->blocks;

	while (block != NULL) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena_init(mem);
}

/* The room of the block behind those that are there. */
static size_t
arena_next_room(const struct arena *mem)
{
	if (mem->blocks == NULL)
		return FIRST_BYTES;
	return mem->blocks->size < BLOCK_BYTES / GROWTH ?
	    mem->blocks->size * GROWTH :
	    BLOCK_BYTES;
}

void *
arena_alloc(struct arena *mem, size_t size)
{
	const size_t align = sizeof(max_align_t);
	struct arena_block *block = mem->blocks;
	char *p;

	ENSURE(size <= SIZE_MAX / 2);
	size = (size + align - 1) / align * align;
	if (block == NULL || block->size - block->used < size) {
		size_t room = arena_next_room(mem);

		if (room < size)
			room = size;
		block = malloc(sizeof(*block) + room);
		ENSURE(block != NULL);
		block->size = room;
		block->used = 0;
		/*
		 * A large block goes second, so that the current one fills up.
		 */
		if (size > BLOCK_BYTES && mem->blocks != NULL) {
			block->next = mem->blocks->next;
			mem->blocks->next = block;
		} else {
			block->next = mem->blocks;
			mem->blocks = block;
		}
	}
	p = (char *)block->data + block->used;
	block->used += size;
	mem->used_bytes += size;
	memset(p, 0, size);
	return p;
}

void *
arena_array(struct arena *mem, size_t count, size_t size)
{
	ENSURE(size == 0 || count <= SIZE_MAX / 2 / size);
	return arena_alloc(mem, count * size);
}

void *
arena_grow(struct arena *mem, const void *old, size_t old_count,
    size_t new_count, size_t size)
{
	void *p;

	ENSURE(new_count >= old_count);
	p = arena_array(mem, new_count, size);
	if (old_count != 0)
		memcpy(p, old, old_count * size);
	return p;
}

void
arena_reserve_one(
    struct arena *mem, void **array, size_t *cap, size_t count, size_t size)
{
	size_t want;

	if (count < *cap)
		return;
	ENSURE(*cap <= SIZE_MAX / 4);
	want = *cap == 0 ? 8 : *cap * 2;
	*array = arena_grow(mem, *array, count, want, size);
	*cap = want;
}
