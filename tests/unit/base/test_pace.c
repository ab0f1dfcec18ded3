/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "base/pace.h"

static unsigned int yields;

/* In the place of that of libc. */
int
sched_yield(void)
{
	yields++;
	return 0;
}

static void
work(uint64_t us)
{
	uint64_t end = clock_monotonic_us() + us;

	while (clock_monotonic_us() < end)
		pace();
}

static void
others_run_while_the_work_of_a_paced_thread_lasts(void **state)
{
	(void)state;
	yields = 0;
	work(2000);
	assert_int_equal(yields, 0);
	pace_begin();
	work(2000);
	assert_true(yields > 0);
	/* Not for each item: that would cost more than the work. */
	assert_true(yields <= 2000 / 50);
	pace_end();
	yields = 0;
	work(2000);
	assert_int_equal(yields, 0);
}

static void *
work_elsewhere(void *arg)
{
	work(2000);
	return arg;
}

static void
threads_of_messages_are_not_paced(void **state)
{
	pthread_t other;

	(void)state;
	pace_begin();
	yields = 0;
	assert_int_equal(pthread_create(&other, NULL, work_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(yields, 0);
	pace_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    others_run_while_the_work_of_a_paced_thread_lasts),
		cmocka_unit_test(threads_of_messages_are_not_paced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
