/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>

#include "../random_text.h"
#include "base/octets.h"

enum { TEXTS = 20000, LONGEST = 120 };

/* What stands in the text, so that every kind of neighbours occurs. */
static const struct slice pieces[] = { { "a", 1 }, { "b", 1 },
	{ "The quick brown fox jumps", 25 }, { " ", 1 }, { "\t", 1 },
	{ "\r", 1 }, { "\n", 1 }, { "\r\n", 2 }, { "\r\n", 2 }, { "\0", 1 },
	{ "-", 1 }, { "C", 1 }, { "c", 1 }, { "\xc3\xa9", 2 },
	{ "\xe2\x82\xac", 3 }, { "\xf0\x9f\x98\x80", 4 }, { "\x80", 1 },
	{ "\xc1", 1 }, { "\xc3", 1 }, { "\xf4", 1 }, { "\xf5", 1 },
	{ "\xff", 1 } };
/* The same without what makes all of it wrong at once. */
enum { PIECES = sizeof(pieces) / sizeof(pieces[0]), GOOD_PIECES = 16 };

static size_t
plain_before_blanks(struct slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		char c = text.data[i], next = text.data[i + 1];

		if (c == '\t' ||
		    (c == ' ' && (next == ' ' || next == '\t' || next == '\r')))
			return i;
	}
	return text.len;
}

static bool
plain_are_lines(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool is_end = text.data[i] == '\r' && i + 1 < text.len &&
		    text.data[i + 1] == '\n';

		if (is_end)
			i++;
		else if (text.data[i] == '\r' || text.data[i] == '\n')
			return false;
	}
	return true;
}

static size_t
plain_8bit(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += (unsigned char)text.data[i] > 0x7f;
	return count;
}

/* The same, found from one line to the next; whether they are lines. */
static bool
check_lines(struct slice text)
{
	size_t end = slice_find_last(text, '\n');
	struct octets_seen seen = { .is_odd = false };

	if (end == text.len)
		return plain_are_lines(text);
	text.len = end + 1;
	for (size_t at = 0; at < text.len;) {
		size_t next = octets_to_line(text, at, &seen);

		for (size_t i = at + 1; i < next; i++)
			assert_false(text.data[i - 1] == '\n' &&
			    (text.data[i] == '-' || text.data[i] == 'c' ||
				text.data[i] == 'C'));
		assert_true(next == text.len ||
		    (next > at && text.data[next - 1] == '\n' &&
			(text.data[next] == '-' || text.data[next] == 'c' ||
			    text.data[next] == 'C')));
		at = next;
	}
	assert_int_equal(!seen.is_odd, plain_are_lines(text));
	assert_int_equal(seen.is_8bit, plain_8bit(text) > 0);
	return !seen.is_odd && text.len > 0;
}

/* Octet by octet, as RFC 3629 section 4 counts them. */
static bool
plain_have_utf8_form(struct slice text)
{
	size_t more = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (more > 0) {
			if (c < 0x80 || c > 0xbf)
				return false;
			more--;
		} else if (c >= 0x80) {
			if (c < 0xc2 || c > 0xf4)
				return false;
			more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		}
	}
	return more == 0;
}

static bool
plain_have_controls(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
			return true;
	}
	return false;
}

static void
runs_are_what_octets_are_one_by_one(void **state)
{
	uint64_t random = 20261130;
	size_t lines = 0, utf8 = 0;

	(void)state;
	for (size_t n = 0; n < TEXTS; n++) {
		struct arena mem;
		struct slice text;

		arena_init(&mem);
		text = random_text(&random, pieces,
		    n % 2 == 0	   ? PIECES :
			n % 4 == 1 ? GOOD_PIECES :
				     GOOD_PIECES - 3,
		    random_below(&random, LONGEST), &mem);
		/* Behind its end nothing is read. */
		text.len -= random_below(&random, 3) == 0 && text.len > 0;
		assert_int_equal(
		    octets_before_blanks(text), plain_before_blanks(text));
		lines += check_lines(text);
		assert_int_equal(octets_8bit(text), plain_8bit(text));
		assert_int_equal(
		    octets_have_controls(text), plain_have_controls(text));
		assert_int_equal(
		    octets_have_utf8_form(text), plain_have_utf8_form(text));
		utf8 += plain_have_utf8_form(text) && plain_8bit(text) > 0;
		arena_done(&mem);
	}
	/* Both answers occurred. */
	assert_true(lines > TEXTS / 100 && lines < TEXTS);
	assert_true(utf8 > TEXTS / 100 && utf8 < TEXTS);
}

static void
many_8bit_octets_are_counted(void **state)
{
	enum { MANY = 10007 };
	struct arena mem;
	char *octets;

	(void)state;
	arena_init(&mem);
	octets = arena_alloc(&mem, MANY);
	memset(octets, 0xa4, MANY);
	for (size_t len = 0; len <= MANY; len += 1 + len / 3)
		assert_int_equal(
		    octets_8bit((struct slice){ octets, len }), len);
	arena_done(&mem);
}

static void
one_octet_that_is_not_base64_is_found(void **state)
{
	static const struct slice alphabet = {
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/=",
		65
	};
	char octets[16];

	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		for (size_t at = 0; at < sizeof(octets); at++) {
			memset(octets, 'Q', sizeof(octets));
			octets[at] = (char)c;
			assert_int_equal(octets_16_are_base64(octets),
			    slice_has(alphabet, (char)c));
		}
	}
}

static void
one_control_is_found_wherever_it_stands(void **state)
{
	enum { LENGTH = 37 };
	char octets[LENGTH];

	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		for (size_t at = 0; at < LENGTH; at++) {
			struct slice text = { octets, LENGTH };

			memset(octets, at % 2 == 0 ? '\t' : 0xe4, LENGTH);
			octets[at] = (char)c;
			assert_int_equal(octets_have_controls(text),
			    plain_have_controls(text));
		}
	}
}

/* RFC 2045 section 6.7, octet by octet; *ret_len as it is counted there. */
static size_t
plain_in_quoted_printable(
    char *ret_quoted, size_t room, struct slice text, size_t *ret_len)
{
	size_t i;

	*ret_len = 0;
	for (i = 0; i < text.len && text.data[i] != '\r'; i++) {
		unsigned char c = (unsigned char)text.data[i];
		char code[4] = { (char)c };

		if (c == '=' || c == 0x7f || c > 0x7f || (c < ' ' && c != '\t'))
			(void)snprintf(code, sizeof(code), "=%02X", c);
		if (*ret_len + strlen(code) > room)
			break;
		memcpy(ret_quoted + *ret_len, code, strlen(code));
		*ret_len += strlen(code);
	}
	return i;
}

static void
each_octet_is_quoted_wherever_it_stands(void **state)
{
	enum { LEN = 40, MOST_ROOM = 3 * LEN };
	char octets[LEN], quoted[MOST_ROOM + OCTETS_SLACK], want[MOST_ROOM];
	const struct slice text = { octets, LEN };

	(void)state;
	for (unsigned int n = 0; n < 256 * LEN; n++) {
		size_t place = n % LEN, room = n % MOST_ROOM;
		size_t len, want_len, used;

		memset(octets, 'x', LEN);
		octets[place] = (char)(n / LEN);
		/* Often a second one, at the end of the first half or not. */
		octets[n * 7 % LEN] = n % 3 == 0 ? 'y' : '\xc3';
		memset(quoted, '!', sizeof(quoted));
		used = octets_in_quoted_printable(quoted, room, text, &len);
		assert_int_equal(used,
		    plain_in_quoted_printable(want, room, text, &want_len));
		assert_int_equal(len, want_len);
		assert_memory_equal(quoted, want, len);
		for (size_t i = room + OCTETS_SLACK; i < sizeof(quoted); i++)
			assert_int_equal(quoted[i], '!');
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_what_octets_are_one_by_one),
		cmocka_unit_test(many_8bit_octets_are_counted),
		cmocka_unit_test(one_octet_that_is_not_base64_is_found),
		cmocka_unit_test(each_octet_is_quoted_wherever_it_stands),
		cmocka_unit_test(one_control_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
