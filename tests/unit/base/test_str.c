/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

static void
next_item_skips_runs_of_separators(void **state)
{
	struct slice rest = SLICE(" a, b ,,c ");
	struct slice item;

	(void)state;
	assert_true(slice_next_item(&rest, " ,", &item));
	check_slice("first", item, "a");
	assert_true(slice_next_item(&rest, " ,", &item));
	check_slice("second", item, "b");
	assert_true(slice_next_item(&rest, " ,", &item));
	check_slice("third", item, "c");
	assert_false(slice_next_item(&rest, " ,", &item));
}

static void
nul_is_no_separator(void **state)
{
	struct slice rest = { "a\0b c", 5 };
	struct slice item;

	(void)state;
	assert_true(slice_next_item(&rest, " ", &item));
	assert_int_equal(item.len, 3);
}

static void
numbers_are_digits_within_bounds(void **state)
{
	static const struct {
		const char *text;
		unsigned long max;
		bool ok;
		unsigned long number;
	} cases[] = {
		{ "0", 9, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "99999999999999999999999", ~0UL, false, 0 },
		{ "18446744073709551615", ~0UL, true, ~0UL },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "9", 5, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long number = 0;
		bool ok = slice_number(
		    slice_of(cases[i].text), cases[i].max, &number);

		if (ok != cases[i].ok || number != cases[i].number)
			fail_msg(
			    "\"%s\" up to %lu", cases[i].text, cases[i].max);
	}
}

static void
utf8_is_strict(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{ "plain", true },
		{ "\xc3\xbc", true },
		{ "\xe2\x82\xac", true },
		{ "\xf0\x9f\x98\x80", true },
		{ "\xc0\xaf", false }, /* overlong */
		{ "\xe0\x80\xaf", false },
		{ "\xed\xa0\x80", false },     /* surrogate */
		{ "\xf4\x90\x80\x80", false }, /* over U+10FFFF */
		{ "\xfc", false },
		{ "\xe2\x82", false }, /* cut */
		{ "\xc3"
		  "a",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (slice_is_utf8(slice_of(cases[i].text)) != cases[i].ok)
			fail_msg("case %zu", i);
	}
}

static void
escaped_text_is_one_line(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("controls",
	    slice_of(escape(&mem, SLICE("a\r\nb\"\\\x7f\xfc"), 100)),
	    "a\\x0d\\x0ab\\x22\\x5c\\x7f\\xfc");
	check_slice(
	    "cut", slice_of(escape(&mem, SLICE("abcdef"), 3)), "abc...");
	check_slice("empty", slice_of(escape(&mem, SLICE(""), 3)), "");
	arena_done(&mem);
}

static void
json_text_is_valid(void **state)
{
	struct arena mem;
	struct strbuf buf;

	(void)state;
	arena_init(&mem);
	strbuf_init(&buf, &mem);
	json_append(&buf, SLICE("a\"\\\n\xc3\xbc\xfc"));
	check_slice(
	    "json", strbuf_slice(&buf), "\"a\\\"\\\\\\u000a\xc3\xbc\\ufffd\"");
	arena_done(&mem);
}

static void
long_formats_are_whole(void **state)
{
	struct arena mem;
	struct strbuf buf;

	(void)state;
	arena_init(&mem);
	strbuf_init(&buf, &mem);
	for (int i = 0; i < 50; i++)
		strbuf_addf(&buf, "%0600d", i);
	assert_int_equal(buf.len, 30000);
	assert_int_equal(strlen(buf.data), 30000);
	arena_done(&mem);
}

static void
comparison_ignores_ascii_case_only(void **state)
{
	(void)state;
	assert_true(slice_eq_nocase(SLICE("From"), SLICE("fROM")));
	assert_false(slice_eq_nocase(SLICE("\xc3\x84"), SLICE("\xc3\xa4")));
	assert_false(slice_eq_nocase(SLICE("@"), SLICE("`")));
	assert_true(slice_has_text_nocase(SLICE("xxABC"), SLICE("abc")));
	assert_false(slice_has_text_nocase(SLICE("ab"), SLICE("abc")));
}

static void
an_octet_is_seen_wherever_it_stands(void **state)
{
	char text[20];

	(void)state;
	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 'a', sizeof(text));
		assert_true(slice_is_ascii((struct slice){ text, len }));
		assert_false(slice_has_control((struct slice){ text, len }));
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)0x80;
			assert_false(
			    slice_is_ascii((struct slice){ text, len }));
			assert_false(
			    slice_is_utf8((struct slice){ text, len }));
			text[i] = '\x7f';
			assert_true(
			    slice_has_control((struct slice){ text, len }));
			text[i] = 'a';
		}
	}
	assert_true(slice_is_ascii((struct slice){ NULL, 0 }));
}

static void
secrets_are_equal_as_a_whole(void **state)
{
	const struct slice secret = SLICE("0123456789abcdef");
	char text[] = "0123456789abcdef";

	(void)state;
	assert_true(slice_eq_secret(secret, secret));
	for (size_t i = 0; i < secret.len; i++) {
		assert_false(slice_eq_secret(slice_sub(secret, 0, i), secret));
		assert_false(
		    slice_eq_secret(slice_from(secret, i + 1), secret));
		text[i] ^= 1;
		assert_false(slice_eq_secret(
		    (struct slice){ text, secret.len }, secret));
		text[i] ^= 1;
	}
	assert_false(
	    slice_eq_secret(SLICE("0123456789abcdef0123456789abcdef"), secret));
	assert_false(slice_eq_secret(SLICE("x"), (struct slice){ NULL, 0 }));
	assert_false(slice_eq_secret((struct slice){ NULL, 0 }, secret));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_octet_is_seen_wherever_it_stands),
		cmocka_unit_test(next_item_skips_runs_of_separators),
		cmocka_unit_test(nul_is_no_separator),
		cmocka_unit_test(numbers_are_digits_within_bounds),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(escaped_text_is_one_line),
		cmocka_unit_test(json_text_is_valid),
		cmocka_unit_test(long_formats_are_whole),
		cmocka_unit_test(comparison_ignores_ascii_case_only),
		cmocka_unit_test(secrets_are_equal_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
