/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/stamp.h"

#include <string.h>
#include <sys/random.h>

#include "base/ensure.h"

enum { COMMENT_DEPTH = 16 };

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

/* Blanks, folds and comments; false when a comment does not end. */
static bool
skip_cfws(struct slice *s)
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
	if (!skip_cfws(s) || s->len == 0 || s->data[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* A number of min to max digits. */
static bool
take_number(struct slice *s, size_t min, size_t max, unsigned long *ret_number)
{
	size_t len = 0;

	if (!skip_cfws(s))
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

	if (!skip_cfws(s))
		return (struct slice){ NULL, 0 };
	while (len < s->len && char_is_alpha(s->data[len]))
		len++;
	word = slice_sub(*s, 0, len);
	*s = slice_from(*s, len);
	return word;
}

/* Index in a list of three-letter names, or count. */
static unsigned int
name_index(struct slice word, const char (*names)[4], unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (slice_eq_nocase(word, slice_of(names[i])))
			return i;
	}
	return count;
}

static unsigned long
days_of_month(unsigned int month, unsigned long year)
{
	static const unsigned char length[12] = { 31, 28, 31, 30, 31, 30, 31,
		31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return length[month] + (month == 1 && leap ? 1UL : 0UL);
}

/* Of the Gregorian calendar; January and February count to the year before. */
static unsigned int
weekday(unsigned long year, unsigned int month, unsigned long day)
{
	static const unsigned char shift[12] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6,
		2, 4 };

	if (month < 2)
		year--;
	return (unsigned int)((year + year / 4 - year / 100 + year / 400 +
	    shift[month] + day) % 7);
}

/* "+0100", or a name of RFC 5322 section 4.3; a blank or comment before it. */
static bool
take_zone(struct slice *s)
{
	size_t before = s->len;
	static const char *const names[] = { "UT", "GMT", "UTC", "EST", "EDT",
		"CST", "CDT", "MST", "MDT", "PST", "PDT" };
	struct slice word;
	unsigned long zone;

	if (!skip_cfws(s) || s->len == 0 || s->len == before)
		return false;
	if (s->data[0] == '+' || s->data[0] == '-') {
		*s = slice_from(*s, 1);
		return s->len > 0 && char_is_digit(s->data[0]) &&
		    take_number(s, 4, 4, &zone) && zone % 100 < 60;
	}
	word = take_letters(s);
	if (word.len == 1)
		return char_lower(word.data[0]) != 'j';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase(word, slice_of(names[i])))
			return true;
	}
	return false;
}

bool
date_is_valid(struct slice value)
{
	unsigned long day, year, hour, minute, second = 0;
	unsigned int month, named = 7;
	struct slice s = value, before;

	before = s;
	if (take_letters(&s).len != 0) {
		s = before;
		named = name_index(take_letters(&s), days, 7);
		if (named == 7 || !take_char(&s, ','))
			return false;
	}
	if (!take_number(&s, 1, 2, &day))
		return false;
	month = name_index(take_letters(&s), months, 12);
	if (month == 12 || !skip_cfws(&s))
		return false;
	before = s;
	if (!take_number(&s, 2, 4, &year))
		return false;
	/* RFC 5322 section 4.3: what two and three digits mean. */
	if (before.len - s.len < 4)
		year += before.len - s.len == 2 && year < 50 ? 2000 : 1900;
	else if (year < 1900)
		return false;
	if (day < 1 || day > days_of_month(month, year) ||
	    (named != 7 && named != weekday(year, month, day)))
		return false;
	if (!take_number(&s, 2, 2, &hour) || !take_char(&s, ':') ||
	    !take_number(&s, 2, 2, &minute))
		return false;
	before = s;
	if (take_char(&s, ':')) {
		if (!take_number(&s, 2, 2, &second))
			return false;
	} else {
		s = before;
	}
	if (hour > 23 || minute > 59 || second > 60 || !take_zone(&s))
		return false;
	return skip_cfws(&s) && s.len == 0;
}

struct slice
date_format(struct arena *mem, time_t when)
{
	struct tm tm;

	ENSURE(gmtime_r(&when, &tm) != NULL);
	return slice_format(mem, "%s, %d %s %d %02d:%02d:%02d +0000",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool
is_atext(char c)
{
	return char_is_alpha(c) || char_is_digit(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_printable(char c)
{
	return c > ' ' && c < 0x7f;
}

/* "..." without blanks: no-fold-quote of RFC 2822 section 3.6.4. */
static bool
take_quoted(struct slice *s)
{
	*s = slice_from(*s, 1);
	while (s->len > 0 && s->data[0] != '"') {
		/* What a "\" stands before may be any of them. */
		if (s->data[0] == '\\')
			*s = slice_from(*s, 1);
		if (s->len == 0 || !is_printable(s->data[0]))
			return false;
		*s = slice_from(*s, 1);
	}
	if (s->len == 0)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* Atoms with dots between them, or also quoted strings among them. */
static bool
take_words(struct slice *s, bool quoted)
{
	for (;;) {
		if (quoted && s->len > 0 && s->data[0] == '"') {
			if (!take_quoted(s))
				return false;
		} else {
			size_t len = 0;

			while (len < s->len && is_atext(s->data[len]))
				len++;
			if (len == 0)
				return false;
			*s = slice_from(*s, len);
		}
		if (s->len == 0 || s->data[0] != '.')
			return true;
		*s = slice_from(*s, 1);
	}
}

/*
 * id-left "@" id-right of RFC 5322 section 3.6.4; of the obsolete forms those
 * with quotes on the left side, but no blanks and comments.
 */
static bool
take_identifier(struct slice *s)
{
	if (!take_words(s, true) || s->len == 0 || s->data[0] != '@')
		return false;
	*s = slice_from(*s, 1);
	if (s->len == 0 || s->data[0] != '[')
		return take_words(s, false);
	do
		*s = slice_from(*s, 1);
	while (s->len > 0 && is_printable(s->data[0]) &&
	    strchr("[]\\", s->data[0]) == NULL);
	if (s->len == 0 || s->data[0] != ']')
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool
identifier_is_valid(struct slice id)
{
	return take_identifier(&id) && id.len == 0;
}

bool
message_id_is_valid(struct slice value)
{
	struct slice s = value;

	if (!take_char(&s, '<') || !take_identifier(&s) || s.len == 0 ||
	    s.data[0] != '>')
		return false;
	s = slice_from(s, 1);
	return skip_cfws(&s) && s.len == 0;
}

struct slice
message_id_repair(struct arena *mem, struct slice value,
    struct slice hostname, time_t when)
{
	struct slice id = slice_trim(value);
	struct strbuf buf;

	if (id.len > 250 || !identifier_is_valid(id))
		return message_id_new(mem, hostname, when);
	strbuf_init(&buf, mem);
	strbuf_add_char(&buf, '<');
	strbuf_add(&buf, id);
	strbuf_add_char(&buf, '>');
	return strbuf_slice(&buf);
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
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, text, SLICE_ARGS(hostname));
}
