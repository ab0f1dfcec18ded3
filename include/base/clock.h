/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_CLOCK_H
#define SUBMILTER_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Seconds since 1970; tests may stand still at a time of their own. */
time_t clock_now(void);
/* 0: the real time again. Not thread-safe. */
void clock_set(time_t fixed);

/*
 * The time by which ages are measured: clock_now() of the first call, and from
 * then on what has really passed, also while the machine slept. A wall clock
 * that is set does not change it. Thread-safe.
 */
time_t clock_steady(void);
/*
 * By how many seconds clock_now() is ahead of it; 0 but for clocks that were
 * set.
 */
long long clock_skew(void);

/* Microseconds of a clock that only goes forward: for durations and deadlines. */
uint64_t clock_monotonic_us(void);

#endif
