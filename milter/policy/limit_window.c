/* SPDX-License-Identifier: BSD-2-Clause */
/* What was counted in the time of one rate, which is cut in parts. */
#include "limit_window_priv.h"

static uint64_t
part_seconds(const struct limit_window *window)
{
	return (window->rate.seconds + LIMIT_PARTS - 1) / LIMIT_PARTS;
}

/* How many parts before the one of now count, so that all of the time does. */
static uint64_t
window_parts(const struct limit_window *window)
{
	uint64_t part_s = part_seconds(window);

	return (window->rate.seconds + part_s - 1) / part_s;
}

void
limit_window_advance(struct limit_window *window, uint64_t now_s)
{
	uint64_t part = now_s / part_seconds(window);
	uint64_t gone = part - window->part;

	if (part <= window->part)
		return;
	for (uint64_t i = 1; i <= gone && i <= LIMIT_RING; i++)
		window->counts[(window->part + i) % LIMIT_RING] = 0;
	window->part = part;
}

/* Where a part is by its age; before the clock's 0 there was nothing. */
static size_t
part_at(const struct limit_window *window, uint64_t age)
{
	return (size_t)((window->part % LIMIT_RING + LIMIT_RING - age) %
	    LIMIT_RING);
}

uint64_t
limit_window_used(const struct limit_window *window)
{
	uint64_t used = 0;

	for (uint64_t age = 0; age <= window_parts(window); age++)
		used += window->counts[part_at(window, age)];
	return used;
}

uint64_t
limit_window_wait(
    const struct limit_window *window, unsigned long amount, uint64_t now_s)
{
	uint64_t parts = window_parts(window);
	uint64_t left = limit_window_used(window);

	if (amount > window->rate.count)
		return 0;
	for (uint64_t age = parts;; age--) {
		left -= window->counts[part_at(window, age)];
		if (age == 0 || left + amount <= window->rate.count)
			return (window->part + parts + 1 - age) *
			    part_seconds(window) -
			    now_s;
	}
}

void
limit_window_add(struct limit_window *window, unsigned long amount)
{
	uint32_t *count = &window->counts[part_at(window, 0)];

	*count = amount > UINT32_MAX - *count ? UINT32_MAX :
						*count + (uint32_t)amount;
}

void
limit_window_give_back(
    struct limit_window *window, unsigned long amount, uint64_t at_s)
{
	uint64_t part = at_s / part_seconds(window);
	uint32_t *count;

	if (part > window->part || window->part - part >= LIMIT_RING)
		return;
	count = &window->counts[part_at(window, window->part - part)];
	*count = amount > *count ? 0 : *count - (uint32_t)amount;
}
