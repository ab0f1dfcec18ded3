/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <malloc.h>

#include "base/arena.h"

enum { MIB = 1024 * 1024 };

/* malloc() is another one then, which mallinfo2() does not know. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

static bool
is_zero(const char *octets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (octets[i] != 0)
			return false;
	}
	return true;
}

/* Pieces of many sizes, each written to as a whole. */
static void
fill(struct arena *mem, size_t bytes)
{
	static const size_t sizes[] = { 1, 16, 100, 9000, 40, 70000, 3,
		2 * MIB };
	unsigned char *pieces[4096];
	size_t count = 0;

	while (mem->used_bytes < bytes && count < 4096) {
		size_t size = sizes[count % 7];

		if (count % 100 == 99)
			size = sizes[7];
		pieces[count] = arena_alloc(mem, size);
		assert_int_equal(
		    (uintptr_t)pieces[count] % _Alignof(max_align_t), 0);
		assert_true(is_zero((const char *)pieces[count], size));
		memset(pieces[count], (int)(count % 255 + 1), size);
		count++;
	}
	for (size_t i = 0; i < count; i++) {
		size_t size = i % 100 == 99 ? sizes[7] : sizes[i % 7];

		assert_int_equal(pieces[i][0], i % 255 + 1);
		assert_int_equal(pieces[i][size - 1], i % 255 + 1);
	}
}

static void
memory_is_zero_aligned_and_ones_own(void **state)
{
	struct arena mem;

	(void)state;
	for (int large = 0; large < 2; large++) {
		if (large == 1)
			arena_init_large(&mem);
		else
			arena_init(&mem);
		for (int round = 0; round < 3; round++) {
			fill(&mem, 10 * MIB);
			arena_done(&mem);
			assert_null(mem.blocks);
			assert_int_equal(mem.used_bytes, 0);
			assert_int_equal(mem.is_large, large);
		}
	}
}

static size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.arena + info.hblkhd;
}

/* Messages find the heap as it was. */
static void
a_large_arena_leaves_the_heap_alone(void **state)
{
	size_t before;
	struct arena mem;

	(void)state;
	if (IS_SANITIZED)
		skip();
	arena_init_large(&mem);
	before = heap_bytes();
	for (int i = 0; i < 100000; i++)
		assert_non_null(arena_alloc(&mem, 100));
	assert_non_null(arena_alloc(&mem, 5 * MIB));
	assert_true(heap_bytes() - before < MIB);
	arena_done(&mem);
	arena_init(&mem);
	for (int i = 0; i < 100000; i++)
		assert_non_null(arena_alloc(&mem, 100));
	assert_true(heap_bytes() - before > 10 * MIB);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_aligned_and_ones_own),
		cmocka_unit_test(a_large_arena_leaves_the_heap_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
