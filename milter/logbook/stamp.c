/* SPDX-License-Identifier: BSD-2-Clause */
/* The time at the beginning of a line. */
#include <string.h>
#include <time.h>

#include "stamp_priv.h"

enum { DAY = 86400, HOUR = 3600 };

struct civil {
	long year, month, day, hour, minute, second;
};

/* Two or four digits; -1 for anything else. */
static long
digits(struct slice text, size_t offset, size_t count)
{
	long number = 0;

	if (text.len < offset + count)
		return -1;
	for (size_t i = offset; i < offset + count; i++) {
		if (!char_is_digit(text.data[i]))
			return -1;
		number = number * 10 + (text.data[i] - '0');
	}
	return number;
}

static bool
civil_is_right(const struct civil *civil)
{
	return civil->year >= 1970 && civil->month >= 1 && civil->month <= 12 &&
	    civil->day >= 1 && civil->day <= 31 && civil->hour >= 0 &&
	    civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
	    civil->second >= 0 && civil->second <= 60;
}

/* Days from 1970 on, in the Gregorian calendar, of which March is the first. */
static int64_t
days_of(const struct civil *civil)
{
	int64_t year = civil->month <= 2 ? civil->year - 1 : civil->year;
	int64_t month = (civil->month + 9) % 12;

	return year * 365 + year / 4 - year / 100 + year / 400 +
	    (month * 153 + 2) / 5 + civil->day - 1 - 719468;
}

static int64_t
utc_time(const struct civil *civil)
{
	return days_of(civil) * DAY + civil->hour * HOUR + civil->minute * 60 +
	    civil->second;
}

static int64_t
local_time(struct stamps *stamps, const struct civil *civil)
{
	int64_t key = days_of(civil) * 24 + civil->hour;

	if (key != stamps->hour_key) {
		struct tm tm = { .tm_year = (int)civil->year - 1900,
			.tm_mon = (int)civil->month - 1,
			.tm_mday = (int)civil->day,
			.tm_hour = (int)civil->hour,
			.tm_isdst = -1 };

		stamps->hour_key = key;
		stamps->hour_start = mktime(&tm);
	}
	return stamps->hour_start + civil->minute * 60 + civil->second;
}

/* Passes over a fraction of a second. */
static void
cut_fraction(struct slice *rest)
{
	size_t len = 1;

	if (rest->len < 2 || (rest->data[0] != '.' && rest->data[0] != ','))
		return;
	while (len < rest->len && char_is_digit(rest->data[len]))
		len++;
	*rest = slice_from(*rest, len);
}

/* Z, +01:00, +0100, or a blank: then the time is local, but before " UTC ". */
static bool
cut_zone(struct stamps *stamps, const struct civil *civil, struct slice *rest,
    int64_t *ret_time)
{
	long hours, minutes;
	size_t len;

	if (rest->len == 0)
		return false;
	if (rest->data[0] == 'Z') {
		*ret_time = utc_time(civil);
		*rest = slice_from(*rest, 1);
		return true;
	}
	if (rest->data[0] != '+' && rest->data[0] != '-') {
		*ret_time = local_time(stamps, civil);
		return true;
	}
	len = rest->len > 3 && rest->data[3] == ':' ? 6 : 5;
	hours = digits(*rest, 1, 2);
	minutes = digits(*rest, len - 2, 2);
	if (hours < 0 || minutes < 0)
		return false;
	minutes += hours * 60;
	*ret_time =
	    utc_time(civil) - (rest->data[0] == '-' ? -minutes : minutes) * 60;
	*rest = slice_from(*rest, len);
	return true;
}

/* 2026-11-29T08:00:12.123456+01:00; short-full has a blank in the place of T. */
static bool
cut_iso(struct stamps *stamps, struct slice *text, int64_t *ret_time)
{
	struct slice rest = *text;
	struct civil civil = { digits(rest, 0, 4), digits(rest, 5, 2),
		digits(rest, 8, 2), digits(rest, 11, 2), digits(rest, 14, 2),
		digits(rest, 17, 2) };
	bool is_full;

	if (!civil_is_right(&civil) || rest.data[4] != '-' ||
	    rest.data[7] != '-' || rest.data[13] != ':' ||
	    rest.data[16] != ':' ||
	    (rest.data[10] != 'T' && rest.data[10] != ' '))
		return false;
	is_full = rest.data[10] == ' ';
	rest = slice_from(rest, 19);
	cut_fraction(&rest);
	if (!cut_zone(stamps, &civil, &rest, ret_time))
		return false;
	if (is_full && slice_starts(rest, SLICE(" UTC ")))
		*ret_time = utc_time(&civil);
	if (is_full)
		rest =
		    slice_from(rest, 1 + slice_find(slice_from(rest, 1), ' '));
	*text = rest;
	return true;
}

static bool
is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* RFC 3164, section 4.1.2: "Nov 29 08:00:12", local and of no year. */
static bool
cut_bsd(struct stamps *stamps, struct slice *text, int64_t *ret_time)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct slice rest = *text;
	struct civil civil = { .month = 0 };
	time_t reference = (time_t)stamps->reference;
	struct tm now;

	if (rest.len < 16 || rest.data[3] != ' ' || rest.data[6] != ' ' ||
	    rest.data[9] != ':' || rest.data[12] != ':')
		return false;
	for (long i = 0; i < 12; i++) {
		if (memcmp(months + 3 * i, rest.data, 3) == 0)
			civil.month = i + 1;
	}
	civil.day =
	    rest.data[4] == ' ' ? digits(rest, 5, 1) : digits(rest, 4, 2);
	civil.hour = digits(rest, 7, 2);
	civil.minute = digits(rest, 10, 2);
	civil.second = digits(rest, 13, 2);
	(void)localtime_r(&reference, &now);
	civil.year = now.tm_year + 1900;
	if (!civil_is_right(&civil))
		return false;
	/* The latest year in which the line is not of a day to come. */
	if (utc_time(&civil) > stamps->reference + 2 * DAY)
		civil.year--;
	while (civil.month == 2 && civil.day == 29 && !is_leap(civil.year))
		civil.year--;
	rest = slice_from(rest, 15);
	cut_fraction(&rest);
	*ret_time = local_time(stamps, &civil);
	*text = rest;
	return true;
}

/* short-unix: 1764403212.123456; short-monotonic: [ 1234.567890] */
static bool
cut_number(struct slice *text, int64_t *ret_time)
{
	struct slice rest = *text;
	bool is_monotonic = rest.data[0] == '[';
	size_t start = is_monotonic ? 1 : 0, dot;
	unsigned long seconds;

	while (start < rest.len && is_monotonic && rest.data[start] == ' ')
		start++;
	rest = slice_from(rest, start);
	dot = slice_find(rest, '.');
	if (!slice_number(slice_sub(rest, 0, dot), 99999999999, &seconds))
		return false;
	rest = slice_from(rest, dot);
	cut_fraction(&rest);
	if (is_monotonic && (rest.len == 0 || rest.data[0] != ']'))
		return false;
	*ret_time = is_monotonic ? 0 : (int64_t)seconds;
	*text = slice_from(rest, is_monotonic ? 1 : 0);
	return true;
}

bool
stamp_cut(struct stamps *stamps, struct slice *rest, int64_t *ret_time)
{
	struct slice text = *rest;
	int64_t at = 0;
	bool found;

	if (text.len < 12)
		return false;
	/* short-full begins with the day of the week. */
	if (text.data[3] == ' ' && text.data[8] == '-' &&
	    char_is_alpha(text.data[0]))
		text = slice_from(text, 4);
	if (char_is_alpha(text.data[0]))
		found = cut_bsd(stamps, &text, &at);
	else
		found = cut_iso(stamps, &text, &at) || cut_number(&text, &at);
	if (!found || text.len == 0 || text.data[0] != ' ')
		return false;
	*rest = slice_from(text, 1);
	*ret_time = at;
	return true;
}
