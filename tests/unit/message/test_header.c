/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/edit.h"

static const struct header_limits none = { 0 };

static void
a_message_splits_where_mtas_split_it(void **state)
{
	static const struct {
		const char *name, *text;
		size_t fields;
		const char *first_value, *body;
	} cases[] = {
		{ "CRLF", "A: 1\r\nB: 2\r\n\r\nbody\r\n", 2, " 1", "body\r\n" },
		{ "LF", "A: 1\nB: 2\n\nbody\n", 2, " 1", "body\n" },
		{ "fold", "A: 1\r\n\t2\r\n\r\n", 1, " 1\n\t2", "" },
		{ "fold at the end", "A: 1\n 2", 1, " 1\n 2", "" },
		{ "no blank", "A:1\n\n", 1, "1", "" },
		{ "blank before the colon", "A : 1\n\n", 1, " 1", "" },
		{ "mbox line", "From x Mon\nA: 1\n\nb", 1, " 1", "b" },
		{ "a line without a colon", "A: 1\njunk\nFrom: x\n\nb", 1, " 1",
		    "junk\nFrom: x\n\nb" },
		{ "no body", "A: 1\n", 1, " 1", "" },
		{ "empty value", "A:\nB: 1\n\n", 2, "", "" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct header header;
		struct slice body = { NULL, 0 };
		struct err err;

		arena_init(&mem);
		header_init(&header, &mem);
		assert_int_equal(header_parse(&header, slice_of(cases[i].text),
				     &none, &body, &err),
		    0);
		if (header.count != cases[i].fields)
			fail_msg("%s: %zu fields", cases[i].name, header.count);
		check_slice(cases[i].name, header.fields[0].value,
		    cases[i].first_value);
		check_slice(cases[i].name, body, cases[i].body);
		arena_done(&mem);
	}
}

static void
a_value_cannot_begin_another_field(void **state)
{
	static const struct {
		const char *name, *value;
		bool ok;
	} cases[] = {
		{ "From", " a\n b", true },
		{ "From", " a\r\n b", true },
		{ "From", " a\nb", false },
		{ "From", " a\n", false },
		{ "From", " a\rb", false },
		{ "From ", " a", false },
		{ "Fr om", " a", false },
		{ "From:", " a", false },
		{ "Fr\xfcm", " a", false },
		{ "", " a", false },
	};
	struct arena mem;
	struct header header;
	struct err err;

	(void)state;
	arena_init(&mem);
	header_init(&header, &mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if ((header_add(&header, slice_of(cases[i].name),
			 slice_of(cases[i].value), &none, &err) == 0) !=
		    cases[i].ok)
			fail_msg("case %zu", i);
		if (!cases[i].ok)
			assert_int_equal(err.kind, ERR_DATA);
	}
	assert_int_equal(header_add(&header, SLICE("A"),
			     (struct slice){ "a\0b", 3 }, &none, &err),
	    -1);
	assert_int_equal(header.count, 2);
	arena_done(&mem);
}

static void
bounds_are_told_apart_from_faults(void **state)
{
	const struct header_limits limits = {
		.bytes = 20, .fields = 2, .field_bytes = 10
	};
	struct arena mem;
	struct header header;
	struct err err;

	(void)state;
	arena_init(&mem);
	header_init(&header, &mem);
	assert_int_equal(header_add(&header, SLICE("A"), SLICE("12345678901"),
			     &limits, &err),
	    -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(
	    header_add(&header, SLICE("A"), SLICE("1234567890"), &limits, &err),
	    0);
	assert_int_equal(
	    header_add(&header, SLICE("B"), SLICE("123456789"), &limits, &err),
	    -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(
	    header_add(&header, SLICE("B"), SLICE("12"), &limits, &err), 0);
	assert_int_equal(
	    header_add(&header, SLICE("C"), SLICE(""), &limits, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_done(&mem);
}

static void
edits_show_the_header_as_it_goes_on(void **state)
{
	struct arena mem;
	struct header header;
	struct edits edits;
	const size_t *numbers;
	struct slice body;
	struct err err;
	const struct field *view;
	size_t count;

	(void)state;
	arena_init(&mem);
	header_init(&header, &mem);
	assert_int_equal(
	    header_parse(&header, SLICE("A: 1\nb: 2\nB: 3\nA: 4\n\n"), &none,
		&body, &err),
	    0);
	edits_init(&edits, &mem, &header);
	assert_int_equal(edits_find(&edits, SLICE("B"), 0), 1);
	edits_delete(&edits, 1);
	assert_int_equal(edits_find(&edits, SLICE("B"), 0), 2);
	edits_change(&edits, 2, SLICE(" 33"));
	edits_add(&edits, SLICE("C"), SLICE(" 5"));
	edits_add_on_top(&edits, SLICE("S"), SLICE(" one"));
	edits_add_on_top(&edits, SLICE("S"), SLICE(" two"));
	numbers = edits_occurrences(&edits, &mem);
	assert_int_equal(numbers[2], 2);
	assert_int_equal(numbers[3], 2);
	assert_int_equal(edits_count(&edits, SLICE("s")), 2);
	view = edits_view(&edits, &count);
	assert_int_equal(count, 6);
	check_slice("top", view[0].value, " two");
	check_slice("second", view[1].value, " one");
	check_slice("first", view[2].value, " 1");
	check_slice("changed", view[3].value, " 33");
	check_slice("last", view[5].value, " 5");
	check_slice("received", header.fields[2].value, " 3");
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_splits_where_mtas_split_it),
		cmocka_unit_test(a_value_cannot_begin_another_field),
		cmocka_unit_test(bounds_are_told_apart_from_faults),
		cmocka_unit_test(edits_show_the_header_as_it_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
