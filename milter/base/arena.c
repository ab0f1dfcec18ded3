/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is given back as a whole. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ensure.h"
#include "base/pace.h"

/*
 * Most arenas hold little: their first block, with its head, is one that malloc
 * keeps for the thread. The next ones are larger.
 */
enum { FIRST_BYTES = 992, BLOCK_BYTES = 8192, GROWTH = 4 };

/*
 * A large arena maps its blocks, once it holds more than LARGE_FROM_BYTES. What
 * is not used of them takes no memory. The leak checker of sanitizers does not
 * look into mapped memory.
 */
enum { LARGE_FROM_BYTES = 65536, LARGE_BLOCK_BYTES = 1024 * 1024 };

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ARENA_NEVER_MAPS 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ARENA_NEVER_MAPS 1
#endif

#ifdef ARENA_NEVER_MAPS
static const bool may_map = false;
#else
static const bool may_map = true;
#endif

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	bool is_mapped;
	max_align_t data[];
};

void
arena_init(struct arena *mem)
{
	*mem = (struct arena){ .blocks = NULL };
}

void
arena_init_large(struct arena *mem)
{
	*mem = (struct arena){ .is_large = true };
}

static void
block_free(struct arena_block *block)
{
	if (!block->is_mapped) {
		free(block);
		return;
	}
	ENSURE(munmap(block, sizeof(*block) + block->size) == 0);
	pace();
}

void
arena_done(struct arena *mem)
{
	struct arena_block *block = mem->blocks;

	while (block != NULL) {
		struct arena_block *next = block->next;

		block_free(block);
		block = next;
	}
	*mem = (struct arena){ .is_large = mem->is_large };
}

static struct arena_block *
block_new(size_t room)
{
	struct arena_block *block = malloc(sizeof(*block) + room);

	ENSURE(block != NULL);
	block->size = room;
	block->used = 0;
	block->is_mapped = false;
	return block;
}

/* All octets of it are 0. */
static struct arena_block *
block_map(size_t room)
{
	size_t bytes = sizeof(struct arena_block) + room;
	struct arena_block *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ENSURE(block != MAP_FAILED);
	block->size = room;
	block->is_mapped = true;
	return block;
}

/* The room of the block behind those that are there. */
static size_t
arena_next_room(const struct arena *mem)
{
	if (mem->is_large && mem->used_bytes >= LARGE_FROM_BYTES)
		return LARGE_BLOCK_BYTES - sizeof(struct arena_block);
	if (mem->blocks == NULL)
		return FIRST_BYTES;
	return mem->blocks->size < BLOCK_BYTES / GROWTH ?
	    mem->blocks->size * GROWTH :
	    BLOCK_BYTES;
}

void *
arena_alloc(struct arena *mem, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = mem->blocks;
	char *p;

	ENSURE(size <= SIZE_MAX / 2);
	size = (size + align - 1) / align * align;
	if (block == NULL || block->size - block->used < size) {
		size_t room = arena_next_room(mem);

		if (room < size)
			room = size;
		block = mem->is_large && may_map && room > LARGE_FROM_BYTES ?
		    block_map(room) :
		    block_new(room);
		/*
		 * One that this fills goes second, so that the current one
		 * fills up, too.
		 */
		if (room == size && size > BLOCK_BYTES && mem->blocks != NULL) {
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
	if (!block->is_mapped)
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
