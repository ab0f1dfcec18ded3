/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

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

uint64_t
clock_monotonic_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
