/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/err.h"
#include "base/map.h"

static void
a_key_is_found_after_growth_and_only_once(void **state)
{
	struct arena mem;
	struct map *map;
	static int values[5000];

	(void)state;
	arena_init(&mem);
	map = map_new(&mem);
	assert_null(map_get(map, SLICE("key0")));
	for (int i = 0; i < 5000; i++)
		assert_true(
		    map_add(map, slice_format(&mem, "key%d", i), &values[i]));
	assert_false(map_add(map, SLICE("key7"), &values[0]));
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(
		    map_get(map, slice_format(&mem, "key%d", i)), &values[i]);
	assert_null(map_get(map, SLICE("key5000")));
	assert_null(map_get(map, SLICE("Key7")));
	assert_int_equal(map_count(map), 5000);
	assert_ptr_equal(map_entry(map, 4999, NULL), &values[4999]);
	arena_done(&mem);
}

static void
room_that_is_made_at_once_is_all_that_is_taken(void **state)
{
	struct arena mem;
	struct map *map;
	size_t used;

	(void)state;
	for (size_t count = 1; count < 3000; count = count * 3 + 1) {
		arena_init(&mem);
		map = map_new(&mem);
		map_expect(map, count);
		assert_null(map_get(map, SLICE("key0")));
		used = mem.used_bytes;
		for (size_t i = 0; i < count; i++)
			assert_true(map_add(map, SLICE("x"), &mem) == (i == 0));
		/* The key and its NUL. */
		assert_true(mem.used_bytes - used <= sizeof(max_align_t));
		for (size_t i = 1; i <= count; i++)
			assert_true(map_add(
			    map, slice_format(&mem, "key%zu", i), &mem));
		assert_ptr_equal(map_get(map, SLICE("x")), &mem);
		assert_ptr_equal(map_get(map, SLICE("key1")), &mem);
		map_expect(map, 1);
		assert_int_equal(map_count(map), count + 1);
		arena_done(&mem);
	}
}

/* A history of keys goes through all reloads. */
static void
room_for_one_more_is_not_made_each_time(void **state)
{
	enum { COUNT = 1000 };
	struct arena mem;
	struct map *map;

	(void)state;
	arena_init(&mem);
	map = map_new(&mem);
	map_expect(map, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_true(map_add(map, slice_format(&mem, "key%zu", i), map));
	map_expect(map, COUNT + 1);
	for (size_t i = COUNT; i < COUNT + COUNT / 5; i++) {
		size_t before = mem.used_bytes;

		map_expect(map, i + 1);
		assert_int_equal(mem.used_bytes, before);
		assert_true(map_add(map, slice_format(&mem, "key%zu", i), map));
	}
	for (size_t i = 0; i < COUNT + COUNT / 5; i++)
		assert_ptr_equal(
		    map_get(map, slice_format(&mem, "key%zu", i)), map);
	arena_done(&mem);
}

static void
a_key_has_a_place_and_an_index(void **state)
{
	struct arena mem;
	struct map *map;
	void **place;

	(void)state;
	arena_init(&mem);
	map = map_new(&mem);
	assert_int_equal(map_index(map, SLICE("a")), 0);
	for (size_t i = 0; i < 100; i++) {
		place = map_place(map, slice_format(&mem, "key%zu", i));
		assert_null(*place);
		*place = &mem;
	}
	assert_ptr_equal(*map_place(map, SLICE("key42")), &mem);
	assert_int_equal(map_count(map), 100);
	assert_int_equal(map_index(map, SLICE("key42")), 42);
	assert_int_equal(map_index(map, SLICE("key100")), 100);
	arena_done(&mem);
}

static void
errors_wrap_from_the_outside(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_set(&err, ERR_TEMP, "refused"), -1);
	assert_int_equal(err_wrap(&err, "table %s", "x"), -1);
	assert_string_equal(err.text, "table x: refused");
	assert_int_equal(err.kind, ERR_TEMP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_found_after_growth_and_only_once),
		cmocka_unit_test(
		    room_that_is_made_at_once_is_all_that_is_taken),
		cmocka_unit_test(room_for_one_more_is_not_made_each_time),
		cmocka_unit_test(a_key_has_a_place_and_an_index),
		cmocka_unit_test(errors_wrap_from_the_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
