/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates: how many of something in how much time. */
#include "conf/rate.h"

enum { SHOWN_BYTES = 60 };

unsigned long
rate_unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

static bool
rate_read(struct slice text, struct rate *ret_rate)
{
	size_t slash = slice_find(text, '/');
	struct slice time = slice_from(text, slash + 1);
	struct rate rate = { .count = 0 };
	unsigned long unit =
	    time.len < 2 ? 0 : rate_unit_seconds(time.data[time.len - 1]);

	if (unit == 0 ||
	    !slice_number(
		slice_sub(text, 0, slash), RATE_MAX_COUNT, &rate.count) ||
	    !slice_number(slice_sub(time, 0, time.len - 1),
		RATE_MAX_SECONDS / unit, &rate.seconds) ||
	    rate.count == 0 || rate.seconds == 0)
		return false;
	rate.seconds *= unit;
	*ret_rate = rate;
	return true;
}

int
rate_list_add(struct rate_list *list, struct slice text, struct err *err)
{
	struct arena mem;
	struct rate rate;

	if (!rate_read(text, &rate)) {
		arena_init(&mem);
		err_set(err, ERR_CONFIG,
		    "takes COUNT/TIME like 60/10m or 1000/1d, with a count from "
		    "1 to %d and a time from 1s to 31d, not \"%s\"",
		    (int)RATE_MAX_COUNT, escape(&mem, text, SHOWN_BYTES));
		arena_done(&mem);
		return -1;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].seconds == rate.seconds)
			return err_set(err, ERR_CONFIG,
			    "has two rates for one time: %lu and %lu in %lu "
			    "seconds",
			    list->items[i].count, rate.count, rate.seconds);
	}
	if (list->count == RATE_MAX)
		return err_set(
		    err, ERR_CONFIG, "has more than %d rates", (int)RATE_MAX);
	list->items[list->count++] = rate;
	return 0;
}

bool
rate_list_equal(const struct rate_list *a, const struct rate_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i].count != b->items[i].count ||
		    a->items[i].seconds != b->items[i].seconds)
			return false;
	}
	return true;
}

void
rate_print(struct strbuf *buf, const struct rate *rate)
{
	static const char units[] = "dhm";
	char unit = 's';

	for (size_t i = 0; units[i] != '\0' && unit == 's'; i++) {
		if (rate->seconds % rate_unit_seconds(units[i]) == 0)
			unit = units[i];
	}
	strbuf_addf(buf, "%lu/%lu%c", rate->count,
	    rate->seconds / rate_unit_seconds(unit), unit);
}
