/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_RATE_H
#define SUBMILTER_CONF_RATE_H

#include "base/err.h"
#include "base/str.h"

/* So many in any stretch of time that is as long: "60/10m". */
struct rate {
	unsigned long count; /* 1 to RATE_MAX_COUNT */
	unsigned long seconds;
};

enum {
	RATE_MAX_COUNT = 1000000000,
	RATE_MAX_SECONDS = 31 * 86400,
	RATE_MAX = 4, /* rates of one list */
};

struct rate_list {
	struct rate items[RATE_MAX];
	size_t count;
};

/*
 * Adds a rate that is written COUNT/TIME, where TIME has its unit: s, m, h or d.
 * -1 (ERR_CONFIG) with a text that says what is wanted, and *list as it was: for
 * anything else, for a second rate for one time, and for more than RATE_MAX.
 */
MUST_USE int rate_list_add(
    struct rate_list *list, struct slice text, struct err *err);
bool rate_list_equal(const struct rate_list *a, const struct rate_list *b);

/* "60/10m", as it would be written. */
void rate_print(struct strbuf *buf, const struct rate *rate);

/* Seconds of a unit of time, s, m, h or d; 0: it is none. */
unsigned long rate_unit_seconds(char unit);

#endif
