/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of names, in bounded memory. */
#include "logbook/census.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

enum { SLOTS = 4 * CENSUS_NAMES };

void
census_init(struct census *census)
{
	*census = (struct census){ .seed = map_seed() };
	/* Pages that no name needs are never touched. */
	census->items = calloc(CENSUS_NAMES, sizeof(*census->items));
	census->slots = calloc(SLOTS, sizeof(*census->slots));
	ENSURE(census->items != NULL && census->slots != NULL);
}

void
census_done(struct census *census)
{
	free(census->items);
	free(census->slots);
	*census = (struct census){ .items = NULL };
}

/* The slot of a hash, or the free one where it would be. */
static uint32_t *
find_slot(const struct census *census, uint64_t hash)
{
	for (size_t i = (size_t)hash % SLOTS;; i = (i + 1) % SLOTS) {
		uint32_t index = census->slots[i];

		if (index == 0 || census->items[index - 1].hash == hash)
			return &census->slots[i];
	}
}

static uint64_t
item_total(const struct census_item *item)
{
	return item->count[0] + item->count[1];
}

static int
compare_totals(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/*
 * Leaves out the rarer half of the names (as "space saving" does of one). A
 * name that comes again begins at 0: each time it may have lost `least`.
 */
static void
leave_out(struct census *census)
{
	uint64_t *totals = calloc(census->count, sizeof(*totals)), least;
	size_t kept = 0;

	ENSURE(totals != NULL);
	for (size_t i = 0; i < census->count; i++)
		totals[i] = item_total(&census->items[i]);
	qsort(totals, census->count, sizeof(*totals), compare_totals);
	least = totals[census->count / 2];
	free(totals);
	memset(census->slots, 0, SLOTS * sizeof(*census->slots));
	for (size_t i = 0; i < census->count; i++) {
		if (item_total(&census->items[i]) <= least)
			continue;
		census->items[kept] = census->items[i];
		*find_slot(census, census->items[kept].hash) =
		    (uint32_t)kept + 1;
		kept++;
	}
	census->left_out += census->count - kept;
	census->missing += least;
	census->count = kept;
}

/* Our lines are printable; those that others made up need not be. */
static void
set_printable(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = char_is_control(from[i]) || char_is_8bit(from[i]) ?
		    '?' :
		    from[i];
}

/* As much of a name as is shown; the end of what was cut says so. */
static void
set_name(struct census_item *item, struct slice name)
{
	size_t len =
	    name.len <= CENSUS_NAME_OCTETS ? name.len : CENSUS_NAME_OCTETS - 3;

	set_printable(item->name, name.data, len);
	if (len < name.len) {
		memcpy(item->name + len, "...", 3);
		len += 3;
	}
	item->name_len = (unsigned char)len;
}

struct census_item *
census_add(struct census *census, struct slice name, unsigned int period,
    struct slice sample)
{
	uint64_t hash = map_hash(census->seed, name);
	uint32_t *slot = find_slot(census, hash);
	struct census_item *item;

	if (*slot == 0) {
		if (census->count == CENSUS_NAMES) {
			leave_out(census);
			slot = find_slot(census, hash);
		}
		item = &census->items[census->count++];
		*item = (struct census_item){ .hash = hash };
		if (name.len != 0)
			set_name(item, name);
		*slot = (uint32_t)census->count;
	}
	item = &census->items[*slot - 1];
	item->count[period]++;
	if (sample.len != 0 && sample.len <= CENSUS_SAMPLE_OCTETS &&
	    period == 0) {
		set_printable(item->sample, sample.data, sample.len);
		item->sample_len = (unsigned char)sample.len;
	}
	return item;
}

static int
compare_items(const void *a, const void *b)
{
	const struct census_item *left = a, *right = b;

	for (size_t i = 0; i < CENSUS_PERIODS; i++) {
		if (left->count[i] != right->count[i])
			return left->count[i] > right->count[i] ? -1 : 1;
	}
	return slice_cmp(census_name(left), census_name(right));
}

void
census_sort(struct census *census)
{
	if (census->count != 0)
		qsort(census->items, census->count, sizeof(*census->items),
		    compare_items);
}
