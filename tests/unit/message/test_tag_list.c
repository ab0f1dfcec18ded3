/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/tag_list.h"

/* A list as "name|value|name|value"; or its fault, behind a "!". */
static struct slice
shown(struct slice text, struct arena *mem)
{
	struct tag_list list;
	struct strbuf buf;
	struct err err;

	strbuf_init(&buf, mem);
	if (tag_list_parse(text, &list, &err) != 0) {
		strbuf_addf(&buf, "!%s", err.text);
		return strbuf_slice(&buf);
	}
	for (size_t i = 0; i < list.count; i++) {
		strbuf_addf(&buf, "%s%.*s|", i > 0 ? "|" : "",
		    SLICE_ARGS(list.items[i].name));
		strbuf_add(&buf, list.items[i].value);
	}
	return strbuf_slice(&buf);
}

static void
a_list_is_read_strictly(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ "v=DKIM1", "v|DKIM1" },
		{ "v=DKIM1;", "v|DKIM1" },
		{ "v=DKIM1; \t\r\n ", "v|DKIM1" },
		{ " v = DKIM1 ;\tp\t=\tAB CD ", "v|DKIM1|p|AB CD" },
		{ "h=a:b;\r\n\tb=x\r\n\ty", "h|a:b|b|x\r\n\ty" },
		{ "p=", "p|" },
		{ "p= ; n=a=b=c", "p||n|a=b=c" },
		{ "x_1=a; X_1=b", "x_1|a|X_1|b" },
		{ "", "!nothing in it" },
		{ " \t", "!nothing in it" },
		{ ";", "!nothing between two semicolons" },
		{ ";v=1", "!nothing between two semicolons" },
		{ "v=1;;p=", "!nothing between two semicolons" },
		{ "v=1; ;", "!nothing between two semicolons" },
		{ "v", "!a tag without \"=\"" },
		{ "v=1; junk", "!a tag without \"=\"" },
		{ "=1", "!a tag name that is not one" },
		{ "1a=1", "!a tag name that is not one" },
		{ "a b=1", "!a tag name that is not one" },
		{ "a-b=1", "!a tag name that is not one" },
		{ "n=\xc3\xa4", "!an octet that is not printable ASCII" },
		{ "n=\x01", "!an octet that is not printable ASCII" },
		{ "n=\x7f", "!an octet that is not printable ASCII" },
		{ "p=1; v=1; p=1", "!p= is there twice" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].text, shown(slice_of(cases[i].text), &mem),
		    cases[i].want);
	check_slice("NUL", shown(SLICE("v=a\0b"), &mem),
	    "!an octet that is not printable ASCII");
	arena_done(&mem);
}

static void
the_number_of_tags_is_bounded(void **state)
{
	struct tag_list list;
	struct strbuf buf;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	strbuf_init(&buf, &mem);
	for (int i = 0; i < TAG_LIST_MAX; i++)
		strbuf_addf(&buf, "a%d=;", i);
	assert_int_equal(tag_list_parse(strbuf_slice(&buf), &list, &err), 0);
	assert_int_equal(list.count, TAG_LIST_MAX);
	strbuf_add_cstr(&buf, "b=");
	assert_int_equal(tag_list_parse(strbuf_slice(&buf), &list, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_done(&mem);
}

static void
a_lenient_reader_goes_on_behind_a_fault(void **state)
{
	struct slice rest = SLICE("a=1; junk;; b=2;");
	const char *fault = NULL;
	struct tag tag;

	(void)state;
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_READ);
	check_slice("a", tag.value, "1");
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_FAULT);
	assert_string_equal(fault, "a tag without \"=\"");
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_FAULT);
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_READ);
	check_slice("b", tag.value, "2");
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_END);
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_END);
}

static void
raw_is_all_between_the_equals_sign_and_the_semicolon(void **state)
{
	struct slice rest = SLICE("b= \r\n\tx ;c=");
	const char *fault;
	struct tag tag;

	(void)state;
	assert_int_equal(tag_next(&rest, &tag, &fault), TAG_READ);
	check_slice("raw", tag.raw, " \r\n\tx ");
	check_slice("value", tag.value, "x");
}

static void
values_are_lists_with_colons_or_text_without_blanks(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	assert_true(tag_value_lists(SLICE("sha1:sha256"), SLICE("sha256")));
	assert_true(tag_value_lists(SLICE("sha1 :\tsha256"), SLICE("sha256")));
	assert_false(tag_value_lists(SLICE("sha2567"), SLICE("sha256")));
	assert_false(tag_value_lists(SLICE("SHA256"), SLICE("sha256")));
	assert_false(tag_value_lists(SLICE(""), SLICE("sha256")));
	check_slice(
	    "squeeze", tag_value_squeeze(SLICE(" a\r\n\tb c "), &mem), "abc");
	assert_int_equal(tag_value_squeeze(SLICE(" "), &mem).len, 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read_strictly),
		cmocka_unit_test(the_number_of_tags_is_bounded),
		cmocka_unit_test(a_lenient_reader_goes_on_behind_a_fault),
		cmocka_unit_test(
		    raw_is_all_between_the_equals_sign_and_the_semicolon),
		cmocka_unit_test(
		    values_are_lists_with_colons_or_text_without_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
