/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>

#include "logbook/census.h"
#include "logbook/histogram.h"

static struct slice
numbered(char room[32], unsigned int i)
{
	(void)snprintf(room, 32, "name%u", i);
	return slice_of(room);
}

static void
few_names_are_counted_exactly(void **state)
{
	struct census census;
	char room[32];

	(void)state;
	census_init(&census);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < CENSUS_NAMES; i++)
			(void)census_add(
			    &census, numbered(room, i), round == 2, SLICE(""));
	}
	census_add(&census, SLICE("name7"), 0, SLICE("Q1"))->marked[0]++;
	census_sort(&census);
	assert_int_equal(census.count, CENSUS_NAMES);
	assert_int_equal(census.left_out, 0);
	assert_int_equal(census.missing, 0);
	check_slice("first", census_name(&census.items[0]), "name7");
	check_slice("sample", census_sample(&census.items[0]), "Q1");
	assert_int_equal(census.items[0].count[0], 3);
	assert_int_equal(census.items[0].marked[0], 1);
	/* Equal ones by their names. */
	check_slice("next", census_name(&census.items[1]), "name0");
	for (size_t i = 1; i < CENSUS_NAMES; i++) {
		assert_int_equal(census.items[i].count[0], 2);
		assert_int_equal(census.items[i].count[1], 1);
	}
	census_done(&census);
}

/* Whoever invents names does not hide those that are frequent. */
static void
many_names_leave_the_frequent_ones(void **state)
{
	enum { ALL = 10 * CENSUS_NAMES, OFTEN = 5 };
	struct census census;
	char room[32];

	(void)state;
	census_init(&census);
	for (unsigned int i = 0; i < ALL; i++) {
		(void)census_add(
		    &census, numbered(room, OFTEN + i), 0, SLICE(""));
		if (i % 10 == 0)
			(void)census_add(&census,
			    numbered(room, i / 10 % OFTEN), 0, SLICE(""));
	}
	census_sort(&census);
	assert_true(census.left_out != 0);
	assert_true(census.count <= CENSUS_NAMES);
	for (unsigned int i = 0; i < OFTEN; i++) {
		uint64_t count = census.items[i].count[0];

		/* A name of ours, not one of those that came once. */
		assert_true(count <= ALL / 10 / OFTEN + 1);
		assert_true(count + census.missing >= ALL / 10 / OFTEN);
		assert_true(count > 1);
	}
	census_done(&census);
}

static void
names_are_bounded_and_printable(void **state)
{
	struct census census;
	char name[400];

	(void)state;
	census_init(&census);
	memset(name, 'x', sizeof(name));
	(void)census_add(&census, (struct slice){ name, 400 }, 0, SLICE(""));
	(void)census_add(&census, (struct slice){ name, 399 }, 0, SLICE(""));
	(void)census_add(&census, SLICE("a\x1b[31m\n\xff"), 0, SLICE("\x07q"));
	(void)census_add(&census, SLICE(""), 0, SLICE(""));
	/* Names that look alike here are others all the same. */
	assert_int_equal(census.count, 4);
	assert_int_equal(census_name(&census.items[0]).len, CENSUS_NAME_OCTETS);
	assert_memory_equal(
	    census.items[0].name + CENSUS_NAME_OCTETS - 4, "x...", 4);
	check_slice("controls", census_name(&census.items[2]), "a?[31m??");
	check_slice("sample", census_sample(&census.items[2]), "?q");
	census_done(&census);
}

static void
percentiles(void **state)
{
	static struct histogram histogram;

	(void)state;
	assert_int_equal(histogram_at(&histogram, 500), 0);
	for (uint64_t i = 1; i <= 100000; i++)
		histogram_add(&histogram, i);
	for (unsigned int permille = 1; permille <= 1000; permille++) {
		double exact = 100 * permille;
		double got = (double)histogram_at(&histogram, permille);

		assert_true(got >= exact && got <= exact * 1.0626);
	}
	assert_int_equal(histogram_at(&histogram, 1000), 100000);
	/* Ranges that meet count each value once. */
	assert_int_equal(histogram_between(&histogram, 0, 5), 4);
	assert_int_equal(histogram_between(&histogram, 0, 500) +
		histogram_between(&histogram, 500, 5000) +
		histogram_between(&histogram, 5000, UINT64_MAX),
	    100000);
	histogram_add(&histogram, UINT64_MAX);
	assert_true(histogram_at(&histogram, 1000) >= 100000);
	assert_int_equal(histogram.count, 100001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_names_are_counted_exactly),
		cmocka_unit_test(many_names_leave_the_frequent_ones),
		cmocka_unit_test(names_are_bounded_and_printable),
		cmocka_unit_test(percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
