/* SPDX-License-Identifier: BSD-2-Clause */
/* Long work lets other threads run. */
#include "base/pace.h"

#include <sched.h>
#include <stdbool.h>

#include "base/clock.h"

/* The clock is asked every CALLS calls. */
enum { TURN_US = 50, CALLS = 8 };

/* Of work in one thread; no callback of libmilter's is such work. */
static _Thread_local struct {
	bool is_on;
	unsigned int calls;
	uint64_t since_us;
} work;

void
pace_begin(void)
{
	work.is_on = true;
	work.since_us = clock_monotonic_us();
}

void
pace_end(void)
{
	work.is_on = false;
}

void
pace(void)
{
	if (!work.is_on || ++work.calls % CALLS != 0 ||
	    clock_monotonic_us() - work.since_us < TURN_US)
		return;
	(void)sched_yield();
	work.since_us = clock_monotonic_us();
}
