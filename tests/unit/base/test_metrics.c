/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <pthread.h>

#include "base/metrics.h"

enum { THREADS = 4, TIMES = 20000 };

static void
no_two_metrics_share_a_number(void **state)
{
	(void)state;
	for (int m = 0; m < METRICS; m++) {
		const struct metric_form *form = metric_form((enum metric)m);

		for (size_t i = 0;
		     form->kind != METRIC_KIND_HISTOGRAM && i < form->series;
		     i++) {
			assert_int_equal(metric_value((enum metric)m, i), 0);
			metric_add((enum metric)m, i, 1);
			assert_int_equal(metric_value((enum metric)m, i), 1);
		}
	}
}

static void *
count_much(void *arg)
{
	(void)arg;
	for (int i = 0; i < TIMES; i++)
		metric_add(METRIC_CONNECTED, 0, 1);
	return NULL;
}

static void
threads_lose_no_count(void **state)
{
	long before = metric_value(METRIC_CONNECTED, 0);
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, count_much, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(
	    metric_value(METRIC_CONNECTED, 0) - before, THREADS * TIMES);
}

static void
a_duration_is_in_the_first_bucket_that_holds_it(void **state)
{
	static const struct {
		uint64_t us;
		size_t bucket;
	} cases[] = { { 0, 0 }, { 100, 0 }, { 101, 1 }, { 1000, 2 },
		{ 10000000, 14 }, { 10000001, 15 }, { UINT64_MAX, 15 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct metric_histogram histogram = { .sum_us = 0 };

		metric_histogram_add(&histogram, cases[i].us);
		assert_int_equal(histogram.buckets[cases[i].bucket], 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_metrics_share_a_number),
		cmocka_unit_test(threads_lose_no_count),
		cmocka_unit_test(
		    a_duration_is_in_the_first_bucket_that_holds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
