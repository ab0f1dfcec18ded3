/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_CENSUS_H
#define SUBMILTER_LOGBOOK_CENSUS_H

#include <stdint.h>

#include "base/str.h"

/*
 * How often each of many names occurred, in bounded memory. Counts are exact up
 * to CENSUS_NAMES different names. With more, the rarer half is left out now and
 * then, and `missing` says by how much a count of the rest may be too low.
 */
enum {
	CENSUS_NAMES = 16384,
	CENSUS_NAME_OCTETS = 160, /* of longer ones the beginning is shown */
	CENSUS_SAMPLE_OCTETS = 40,
	CENSUS_PERIODS = 2 /* that of the report, and the one before */
};

struct census_item {
	uint64_t hash;
	uint64_t count[CENSUS_PERIODS];
	uint64_t marked[CENSUS_PERIODS]; /* part of count: what the user says */
	unsigned char name_len;
	unsigned char sample_len;
	/* Printable ASCII, whatever was given. */
	char name[CENSUS_NAME_OCTETS];
	char sample[CENSUS_SAMPLE_OCTETS]; /* of the period of the report */
};

struct census {
	struct census_item *items;
	uint32_t *slots;
	uint64_t seed;
	size_t count;
	uint64_t missing;
	uint64_t left_out; /* names, some of them perhaps more than once */
};

void census_init(struct census *census);
void census_done(struct census *census);
/*
 * Counts a name once. sample, which may be empty, is an example of it, of which
 * the last one counts. The item is valid until the next call.
 */
struct census_item *census_add(struct census *census, struct slice name,
    unsigned int period, struct slice sample);
/*
 * Puts the most frequent names first; equal ones by their names. No name can be
 * added after it.
 */
void census_sort(struct census *census);

static inline struct slice
census_name(const struct census_item *item)
{
	return (struct slice){ item->name, item->name_len };
}

static inline struct slice
census_sample(const struct census_item *item)
{
	return (struct slice){ item->sample, item->sample_len };
}

#endif
