/* SPDX-License-Identifier: BSD-2-Clause */
/* The wall clock, one that is never set, and one for durations. */
#include "base/clock.h"

#include <pthread.h>

/* Only tests and "submilter test" set it, before threads start. */
static time_t fixed_now;

time_t
clock_now(void)
{
	return fixed_now != 0 ? fixed_now : time(NULL);
}

void
clock_set(time_t fixed)
{
	fixed_now = fixed;
}

static pthread_once_t anchor_once = PTHREAD_ONCE_INIT;
static time_t anchor; /* wall clock less what had passed then */

static time_t
passed(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static void
drop_anchor(void)
{
	anchor = time(NULL) - passed();
}

time_t
clock_steady(void)
{
	(void)pthread_once(&anchor_once, drop_anchor);
	return fixed_now != 0 ? fixed_now : anchor + passed();
}

long long
clock_skew(void)
{
	long long skew = (long long)clock_steady();

	skew = (long long)clock_now() - skew;
	/* The two do not begin their seconds together. */
	return skew >= -1 && skew <= 1 ? 0 : skew;
}

uint64_t
clock_monotonic_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
