/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../random_text.h"
#include "message/mime.h"

enum { BODIES = 1500, LONGEST_BODY = 6000, LONGEST_CHUNK = 3000 };

/* Lines, and parts of lines, that mean something in one state or another. */
static const struct slice pieces[] = { { "\r\n", 2 }, { "\r\n", 2 },
	{ "The quick brown fox jumps over the lazy dog.\r\n", 46 },
	{ "The quick brown fox jumps over the lazy dog.\r\n", 46 },
	{ "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2\r\n",
	    66 },
	{ "QUJD\r\n", 6 }, { "caf\xc3\xa9 au lait\r\n", 14 },
	{ "\xd0\xb4\xd0\xb0 \xe2\x82\xac\xf0\x9f\x98\x80\r\n", 14 },
	{ "caf\xe9\r\n", 6 }, { "- one\r\n", 7 }, { "-----\r\n", 7 },
	{ "-------\r\n", 9 }, { "--b\r\n", 5 }, { "--b \r\n", 6 },
	{ "--b--\r\n", 7 }, { "--bx\r\n", 6 }, { "--i\r\n", 5 },
	{ "Content-Transfer-Encoding: 8bit\r\n\r\n", 35 },
	{ "Content-Transfer-Encoding: base64\r\n\r\n", 37 },
	{ "Content-Type: multipart/mixed; boundary=i\r\n\r\n", 45 },
	{ "Content-Type: multipart/mixed\r\n\r\n", 33 },
	{ "Content-Type: message/rfc822\r\n\r\n", 32 },
	{ "Content-Type: text/plain\r\n\r\n", 28 }, { "Subject: x\r\n", 12 },
	{ "x", 1 }, { " ", 1 }, { "\t", 1 }, { "\xc3", 1 }, { "\x80", 1 },
	/* From here on no body consists of lines alone. */
	{ "\r", 1 }, { "\n", 1 }, { "\0", 1 } };
enum { PIECES = sizeof(pieces) / sizeof(pieces[0]), CLEAN_PIECES = 29 };

/* The parts of a body that comes in pieces up to so long. */
static void
scan(struct slice body, size_t longest_chunk, size_t short_line,
    uint64_t *random, struct arena *mem, const struct mime_part **ret_parts,
    size_t *ret_count)
{
	struct mime_scan *scan = mime_scan_new(
	    mem, SLICE(" multipart/mixed; boundary=b"), SLICE(""), short_line);
	struct err err;

	while (body.len > 0) {
		size_t len = 1 + random_below(random, longest_chunk);
		struct slice chunk = slice_sub(body, 0, len);

		mime_scan_add(scan, chunk);
		body = slice_from(body, chunk.len);
	}
	assert_int_equal(mime_scan_finish(scan, ret_parts, ret_count, &err), 0);
}

static void
check_same_part(const struct mime_part *a, const struct mime_part *b)
{
#define SAME(field) assert_int_equal(a->field, b->field)
	assert_true(slice_eq(a->boundary, b->boundary));
	assert_true(slice_eq(a->encoding_token, b->encoding_token));
	SAME(kind);
	SAME(parent);
	SAME(seal);
	SAME(encoding);
	SAME(header_start);
	SAME(content_start);
	SAME(content_end);
	SAME(longest_line);
	SAME(has_8bit);
	SAME(octets_8bit);
	SAME(is_utf8);
	SAME(has_nul);
	SAME(has_bare);
	SAME(has_lookalike);
	SAME(has_label);
	SAME(has_dashes);
	SAME(has_padding);
	SAME(is_closed);
	SAME(is_ambiguous);
	SAME(base64_octets);
	SAME(header.longest_line);
	SAME(header.has_8bit);
	SAME(header.has_bare);
	SAME(header.ended);
	SAME(header.is_missing);
#undef SAME
}

/* Octet by octet no run is longer than that. */
static void
whole_runs_are_what_octets_are_one_by_one(void **state)
{
	uint64_t random = 20261130;
	size_t with_parts = 0, with_8bit = 0;

	(void)state;
	for (size_t n = 0; n < BODIES; n++) {
		const struct mime_part *one, *many;
		size_t count, many_count, short_line;
		struct arena mem;
		struct slice body;

		arena_init(&mem);
		body = random_text(&random, pieces,
		    n % 2 == 0 ? PIECES : CLEAN_PIECES,
		    random_below(&random, LONGEST_BODY), &mem);
		short_line = n % 3 == 0 ? 0 : n % 60;
		scan(body, 1, short_line, &random, &mem, &one, &count);
		for (size_t longest = LONGEST_CHUNK; longest > 10;
		     longest /= 4) {
			scan(body, longest, short_line, &random, &mem, &many,
			    &many_count);
			assert_int_equal(many_count, count);
			for (size_t i = 0; i < count; i++)
				check_same_part(&one[i], &many[i]);
		}
		with_parts += count > 2;
		with_8bit += one[0].has_8bit && one[0].is_utf8;
		arena_done(&mem);
	}
	assert_true(with_parts > BODIES / 4);
	assert_true(with_8bit > BODIES / 100);
}

/* The time for it grows with its length, whatever stands in it. */
static void
a_line_of_nul_octets_is_read_in_time(void **state)
{
	enum { CHUNK = 65535, CHUNKS = 100 };
	const struct mime_part *parts;
	struct mime_scan *scanner;
	struct arena mem;
	struct err err;
	size_t count;
	char *chunk;

	(void)state;
	arena_init(&mem);
	chunk = arena_alloc(&mem, CHUNK);
	for (size_t i = 0; i < CHUNK; i += 2)
		chunk[i] = 'x';
	scanner = mime_scan_new(&mem, SLICE(""), SLICE(""), 0);
	for (size_t i = 0; i < CHUNKS; i++)
		mime_scan_add(scanner, (struct slice){ chunk, CHUNK });
	assert_int_equal(mime_scan_finish(scanner, &parts, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_true(parts[0].has_nul);
	assert_int_equal(parts[0].longest_line, (uint64_t)CHUNK * CHUNKS);
	arena_done(&mem);
}

/* Lines up to that length need not be told apart; longer ones are. */
static void
short_lines_are_not_measured(void **state)
{
	static const struct {
		size_t short_line, longest;
	} cases[] = { { 0, 7 }, { 1, 7 }, { 6, 7 }, { 7, 7 }, { 8, 8 },
		{ 998, 998 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mime_part *parts;
		struct arena mem;
		uint64_t random = 1;
		size_t count;

		arena_init(&mem);
		scan(SLICE("a\r\n\r\nseven78\r\nfour\r\n"), i % 2 * 20 + 1,
		    cases[i].short_line, &random, &mem, &parts, &count);
		assert_int_equal(count, 1);
		assert_int_equal(parts[0].longest_line, cases[i].longest);
		arena_done(&mem);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_runs_are_what_octets_are_one_by_one),
		cmocka_unit_test(short_lines_are_not_measured),
		cmocka_unit_test(a_line_of_nul_octets_is_read_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
