/* SPDX-License-Identifier: BSD-2-Clause */
/* Durations, counted in bins that grow with them. */
#include "logbook/histogram.h"

#include <stddef.h>

static size_t
bin_of(uint64_t value)
{
	size_t bin, shift = 0;

	while (value >> shift >= 2 * HISTOGRAM_STEPS)
		shift++;
	bin = shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
	return bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1;
}

/* The largest value of a bin. */
static uint64_t
bin_end(size_t bin)
{
	size_t shift =
	    bin < 2 * HISTOGRAM_STEPS ? 0 : bin / HISTOGRAM_STEPS - 1;
	uint64_t step = bin - shift * HISTOGRAM_STEPS;

	return ((step + 1) << shift) - 1;
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->bins[bin_of(value)]++;
	histogram->count++;
	if (value > histogram->max)
		histogram->max = value;
}

uint64_t
histogram_at(const struct histogram *histogram, unsigned int permille)
{
	uint64_t wanted, seen = 0;

	if (histogram->count == 0)
		return 0;
	wanted = (histogram->count * permille + 999) / 1000;
	for (size_t i = 0; i < HISTOGRAM_BINS; i++) {
		uint64_t end = bin_end(i);

		seen += histogram->bins[i];
		if (seen >= wanted && seen != 0)
			return end < histogram->max ? end : histogram->max;
	}
	return histogram->max;
}

uint64_t
histogram_between(
    const struct histogram *histogram, uint64_t low, uint64_t high)
{
	uint64_t count = 0;

	for (size_t i = bin_of(low); i < HISTOGRAM_BINS && bin_end(i) < high;
	     i++)
		count += histogram->bins[i];
	return count;
}
