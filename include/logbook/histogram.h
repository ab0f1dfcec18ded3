/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_HISTOGRAM_H
#define SUBMILTER_LOGBOOK_HISTOGRAM_H

#include <stdint.h>

/*
 * How often which duration occurred, in 16 steps for each power of two: a
 * percentile is at most 6.3% above the duration that it stands for.
 */
enum { HISTOGRAM_STEPS = 16, HISTOGRAM_BINS = HISTOGRAM_STEPS * 36 };

struct histogram {
	uint64_t bins[HISTOGRAM_BINS];
	uint64_t count;
	uint64_t max;
};

void histogram_add(struct histogram *histogram, uint64_t value);
/* The value that `permille` of a thousand do not exceed; 0 without any. */
uint64_t histogram_at(const struct histogram *histogram, unsigned int permille);
/* How many are at least low, and below high, to the width of a bin. */
uint64_t histogram_between(
    const struct histogram *histogram, uint64_t low, uint64_t high);

#endif
