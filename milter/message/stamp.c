/* SPDX-License-Identifier: BSD-2-Clause */
/* Date and Message-ID: whether they are valid, repaired ones and new ones. */
#include "message/stamp.h"

#include <string.h>
#include <sys/random.h>

#include "base/ensure.h"

enum { COMMENT_DEPTH = 16 };

static const char *const months[12] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December" };
static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

/* Blanks, folds and comments; false when a comment does not end. */
static bool
stamp_skip_cfws(struct slice *s)
{
	unsigned int depth = 0;

	while (s->len > 0) {
		char c = s->data[0];

		if (c == '(') {
			if (++depth > COMMENT_DEPTH)
				return false;
		} else if (c == ')' && depth > 0) {
			depth--;
		} else if (c == '\\' && depth > 0 && s->len > 1) {
			*s = slice_from(*s, 1);
		} else if (depth == 0 && !char_is_wsp(c) && c != '\n') {
			return true;
		}
		*s = slice_from(*s, 1);
	}
	return depth == 0;
}

static bool
take_char(struct slice *s, char c)
{
	if (!stamp_skip_cfws(s) || s->len == 0 || s->data[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* A number of min to max digits. */
static bool
take_number(struct slice *s, size_t min, size_t max, unsigned long *ret_number)
{
	size_t len = 0;

	if (!stamp_skip_cfws(s))
		return false;
	while (len < s->len && len <= max && char_is_digit(s->data[len]))
		len++;
	if (len < min || len > max ||
	    !slice_number(slice_sub(*s, 0, len), 9999, ret_number))
		return false;
	*s = slice_from(*s, len);
	return true;
}

static struct slice
take_letters(struct slice *s)
{
	struct slice word;
	size_t len = 0;

	if (!stamp_skip_cfws(s))
		return (struct slice){ NULL, 0 };
	while (len < s->len && char_is_alpha(s->data[len]))
		len++;
	word = slice_sub(*s, 0, len);
	*s = slice_from(*s, len);
	return word;
}

/* A date as it is written; with lenient, forms that are wrong but clear. */
struct date {
	bool lenient;
	struct slice weekday; /* a word, or empty */
	unsigned long day, year, hour, minute, second;
	unsigned int month;   /* from 0 */
	struct slice zone;    /* a name, or empty */
	char sign;	      /* of the offset, where there is no name */
	unsigned long offset; /* hours and minutes, as in "+0100" */
};

/* In the Gregorian calendar; January and February count to the year before. */
static const char *
weekday_name(const struct date *date)
{
	static const unsigned char shift[12] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6,
		2, 4 };
	unsigned long year = date->year - (date->month < 2 ? 1 : 0);

	return days[(year + year / 4 - year / 100 + year / 400 +
			shift[date->month] + date->day) %
	    7];
}

/* "23 Nov 2026"; with lenient also "November" and "Sept". */
static bool
take_day(struct slice *s, struct date *date)
{
	static const unsigned char days_of[12] = { 31, 28, 31, 30, 31, 30, 31,
		31, 30, 31, 30, 31 };
	struct slice before, word, name;
	unsigned long year;

	if (!take_number(s, 1, 2, &date->day))
		return false;
	word = take_letters(s);
	for (date->month = 0; date->month < 12; date->month++) {
		name = slice_of(months[date->month]);
		if (!date->lenient)
			name = slice_sub(name, 0, 3);
		if (slice_eq_nocase(word, name) ||
		    (word.len >= 3 && slice_starts_nocase(name, word)))
			break;
	}
	if (date->month == 12 || !stamp_skip_cfws(s))
		return false;
	before = *s;
	if (!take_number(s, 2, 4, &date->year))
		return false;
	/* RFC 5322 section 4.3: what two and three digits mean. */
	if (before.len - s->len < 4)
		date->year +=
		    before.len - s->len == 2 && date->year < 50 ? 2000 : 1900;
	year = date->year;
	return year >= 1900 && date->day >= 1 &&
	    (date->day <= days_of[date->month] ||
		(date->month == 1 && date->day == 29 &&
		    ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0)));
}

/* "+0100"; with lenient "+01:00", too. */
static bool
take_offset(struct slice *s, struct date *date)
{
	unsigned long minutes;

	date->sign = s->data[0];
	*s = slice_from(*s, 1);
	if (s->len == 0 || !char_is_digit(s->data[0]))
		return false;
	if (date->lenient && s->len > 2 && s->data[2] == ':') {
		if (!take_number(s, 2, 2, &date->offset) ||
		    !take_char(s, ':') || !take_number(s, 2, 2, &minutes))
			return false;
		date->offset = date->offset * 100 + minutes;
	} else if (!take_number(s, 4, 4, &date->offset)) {
		return false;
	}
	return date->offset % 100 < 60;
}

static bool
is_sign(struct slice s)
{
	return s.len > 0 && (s.data[0] == '+' || s.data[0] == '-');
}

/*
 * An offset or a name of RFC 5322 section 4.3, which gives one letter and all
 * names of three to five letters a meaning; a blank or comment before it. With
 * lenient also "GMT+0100", as JavaScript writes.
 */
static bool
take_zone(struct slice *s, struct date *date)
{
	size_t before = s->len;

	if (!stamp_skip_cfws(s) || s->len == 0 ||
	    (s->len == before && !date->lenient))
		return false;
	if (is_sign(*s))
		return take_offset(s, date);
	date->zone = take_letters(s);
	if (date->lenient && is_sign(*s) &&
	    (slice_eq_nocase(date->zone, SLICE("GMT")) ||
		slice_eq_nocase(date->zone, SLICE("UTC")))) {
		date->zone.len = 0;
		return take_offset(s, date);
	}
	if (date->zone.len == 1)
		return char_lower(date->zone.data[0]) != 'j';
	return slice_eq_nocase(date->zone, SLICE("UT")) ||
	    (date->zone.len >= 3 && date->zone.len <= 5);
}

/* With lenient the weekday may be any word, also of another language. */
static bool
date_parse(struct slice value, bool lenient, struct date *ret_date)
{
	struct date *date = ret_date;
	size_t digits = lenient ? 1 : 2;
	struct slice s = value, before;
	bool comma = true;

	*date = (struct date){ .lenient = lenient };
	date->weekday = take_letters(&s);
	if (date->weekday.len != 0) {
		if (lenient)
			(void)take_char(&s, '.');
		comma = take_char(&s, ',') || lenient;
	}
	if (!comma || !take_day(&s, date) ||
	    !take_number(&s, digits, 2, &date->hour) || !take_char(&s, ':') ||
	    !take_number(&s, digits, 2, &date->minute))
		return false;
	before = s;
	if (!take_char(&s, ':'))
		s = before;
	else if (!take_number(&s, digits, 2, &date->second))
		return false;
	return date->hour <= 23 && date->minute <= 59 && date->second <= 60 &&
	    take_zone(&s, date) && stamp_skip_cfws(&s) && s.len == 0;
}

bool
date_is_valid(struct slice value)
{
	struct date date;

	return date_parse(value, false, &date) &&
	    (date.weekday.len == 0 ||
		slice_eq_nocase(date.weekday, slice_of(weekday_name(&date))));
}

bool
date_repair(struct arena *mem, struct slice value, struct slice *ret_date)
{
	struct date date;
	struct strbuf buf;

	if (!date_parse(value, true, &date))
		return false;
	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "%s, %lu %.3s %lu %02lu:%02lu:%02lu ",
	    weekday_name(&date), date.day, months[date.month], date.year,
	    date.hour, date.minute, date.second);
	if (date.zone.len != 0)
		strbuf_add(&buf, date.zone);
	else
		strbuf_addf(&buf, "%c%04lu", date.sign, date.offset);
	*ret_date = strbuf_slice(&buf);
	return true;
}

struct slice
date_format(struct arena *mem, time_t when)
{
	struct tm tm;

	ENSURE(gmtime_r(&when, &tm) != NULL);
	return slice_format(mem, "%s, %d %.3s %d %02d:%02d:%02d +0000",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool
stamp_is_printable(char c)
{
	return c > ' ' && c < 0x7f;
}

/*
 * An identifier up to its ">" or the end: printable octets without blanks and
 * brackets, or a quoted string (no-fold-quote of RFC 2822 section 3.6.4, where a
 * backslash may stand before any octet). Programs compare it octet by octet, so
 * that a second "@", none at all or a ":" still names the message.
 */
static bool
take_identifier(struct slice *s, struct slice *ret_id)
{
	size_t at = 0;

	while (at < s->len && s->data[at] != '>') {
		size_t end = at + 1;

		if (!stamp_is_printable(s->data[at]) || s->data[at] == '<')
			return false;
		while (
		    s->data[at] == '"' && end < s->len && s->data[end] != '"') {
			end += s->data[end] == '\\';
			if (end == s->len || !stamp_is_printable(s->data[end]))
				break;
			end++;
		}
		/* Quotes that do not end are octets like others. */
		at = s->data[at] == '"' && end < s->len && s->data[end] == '"' ?
		    end + 1 :
		    at + 1;
	}
	*ret_id = slice_sub(*s, 0, at);
	*s = slice_from(*s, at);
	return ret_id->len > 0;
}

bool
message_id_is_usable(struct slice value)
{
	struct slice s = value, id;

	if (!take_char(&s, '<') || !take_identifier(&s, &id) || s.len == 0)
		return false;
	s = slice_from(s, 1);
	return stamp_skip_cfws(&s) && s.len == 0;
}

struct slice
message_id_repair(
    struct arena *mem, struct slice value, struct slice hostname, time_t when)
{
	const size_t max_octets = 250;
	struct slice s = slice_trim(value), id;
	size_t start = slice_find(s, '<');

	/* The text in brackets, or all of it if there are none. */
	if (start < s.len)
		s = slice_from(s, start + 1);
	s = slice_trim(slice_sub(s, 0, slice_find(s, '>')));
	if (!take_identifier(&s, &id) || s.len != 0 || id.len > max_octets)
		return message_id_new(mem, hostname, when);
	return slice_format(mem, "<%.*s>", SLICE_ARGS(id));
}

struct slice
message_id_new(struct arena *mem, struct slice hostname, time_t when)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned char random[16];
	char text[sizeof(random) + 1] = { 0 };
	struct tm tm;

	/* 16 octets never come short, and never block once booted. */
	ENSURE(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		text[i] = digits[random[i] % 32];
	ENSURE(gmtime_r(&when, &tm) != NULL);
	return slice_format(mem, "<%04d%02d%02d%02d%02d%02d.%s@%.*s>",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, text, SLICE_ARGS(hostname));
}
