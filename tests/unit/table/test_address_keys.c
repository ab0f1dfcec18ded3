/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "table/address_keys.h"

static void
extensions_are_split_as_postfix_splits_them(void **state)
{
	static const struct {
		const char *local, *delimiter, *base;
	} cases[] = {
		{ "alice", "+", "alice" },
		{ "alice+x", "+", "alice" },
		{ "alice+x+y", "+", "alice" },
		{ "alice-x", "+-", "alice" },
		{ "alice+x-y", "-+", "alice" },
		{ "alice+", "+", "alice" },
		{ "+x", "+", "+x" },
		{ "alice+x", "", "alice+x" },
		{ "owner-list", "-", "owner-list" },
		{ "list-request", "-", "list-request" },
		{ "owner-list", "+", "owner-list" },
		{ "mailer-daemon", "-", "mailer-daemon" },
		{ "double-bounce", "-", "double-bounce" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice local = slice_of(cases[i].local);

		check_slice(cases[i].local,
		    slice_sub(local, 0,
			address_base_length(local, cases[i].delimiter)),
		    cases[i].base);
	}
}

static struct table *
open_text(const char *spec, const char *text)
{
	struct table *table;
	struct err err;

	if (table_open_text(slice_of(spec), slice_of(text), &table, &err) != 0)
		fail_msg("%s", err.text);
	return table;
}

/*
 * The values of all tables, joined by "|", by "/" from rung to rung; "-" for
 * none, "!" for a failure.
 */
static struct slice
look_up(struct arena *mem, struct table *const *tables, size_t count,
    const char *local, const char *domain)
{
	const struct address_keys how = { "+", SLICE("corp.example") };
	struct address_values found;
	struct strbuf buf;
	struct err err;
	const struct table_context context = { .mem = mem, .err = &err };

	switch (address_lookup(&(struct address_tables){ tables, count, &how },
	    &(struct address){
		.local = slice_of(local), .domain = slice_of(domain) },
	    &context, &found)) {
	case TABLE_ABSENT:
		return SLICE("-");
	case TABLE_FAILED:
		return SLICE("!");
	case TABLE_FOUND:
		break;
	}
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < found.count; i++) {
		if (i != 0)
			strbuf_add_char(&buf,
			    found.items[i].rung == found.items[i - 1].rung ?
				'|' :
				'/');
		strbuf_add(&buf, found.items[i].value);
	}
	return strbuf_slice(&buf);
}

static void
every_rung_of_every_table_is_told_in_order(void **state)
{
	struct table *one = open_text("texthash:one",
	    "a+x@corp.example full\na@corp.example base\nb whole\n"
	    "@corp.example domain\n@xn--bcher-kva.example puny\n");
	struct table *two = open_text("texthash:two",
	    "a@corp.example other\n@other.example elsewhere\n"
	    "c@corp.example specific\nu@b\xc3\xbc"
	    "cher.example ulabel\n");
	struct table *both[] = { one, two };
	static const struct {
		const char *local, *domain, *want;
	} cases[] = {
		{ "a+x", "corp.example", "full/base|other/domain" },
		{ "a+y", "corp.example", "base|other/domain" },
		/* One of several extensions after the other is taken off. */
		{ "a+x+y", "corp.example", "full/base|other/domain" },
		{ "a+x+1+2+3+4+5+6+7+8+9", "corp.example",
		    "full/base|other/domain" },
		{ "a+y+x", "corp.example", "base|other/domain" },
		{ "a", "corp.example", "base|other/domain" },
		{ "b", "corp.example", "whole/domain" },
		{ "b+z", "corp.example", "whole/domain" },
		{ "b", "other.example", "elsewhere" },
		/* Table one has the domain, but two has the address. */
		{ "c", "corp.example", "specific/domain" },
		{ "d", "corp.example", "domain" },
		{ "d", "sub.corp.example", "-" },
		{ "x", "xn--bcher-kva.example", "puny" },
		{ "u", "xn--bcher-kva.example", "ulabel/puny" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].local,
		    look_up(&mem, both, 2, cases[i].local, cases[i].domain),
		    cases[i].want);
	arena_done(&mem);
	table_close(one);
	table_close(two);
}

static void
patterns_are_asked_for_whole_addresses_only(void **state)
{
	struct table *table = open_text("pcre:p",
	    "/^a@corp\\.example$/ base\n/^@corp/ never\n/^a$/ never\n");
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice(
	    "exact", look_up(&mem, &table, 1, "a", "corp.example"), "base");
	check_slice(
	    "extension", look_up(&mem, &table, 1, "a+x", "corp.example"), "-");
	arena_done(&mem);
	table_close(table);
}

static void
one_table_that_fails_makes_the_answer_unknown(void **state)
{
	struct table *good =
	    open_text("texthash:good", "\"x,y\"@corp.example alice\n");
	struct table *bad = open_text("regexp:bad", "/^(.*)@/ $1\n");
	struct table *orders[2][2] = { { good, bad }, { bad, good } };
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("good alone",
	    look_up(&mem, &good, 1, "x,y", "corp.example"), "alice");
	for (size_t i = 0; i < 2; i++)
		check_slice("failed",
		    look_up(&mem, orders[i], 2, "x,y", "corp.example"), "!");
	arena_done(&mem);
	table_close(good);
	table_close(bad);
}

/* It is known already what the rung says. */
static void
a_key_that_fails_behind_the_one_that_counts_is_not_asked_for(void **state)
{
	struct table *table = open_text("regexp:p",
	    "/^\"x,y\"@xn--bcher-kva\\.example$/ alice\n/^(.*)@/ $1\n");
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("first",
	    look_up(&mem, &table, 1, "x,y", "xn--bcher-kva.example"), "alice");
	check_slice("none",
	    look_up(&mem, &table, 1, "x,y", "xn--mnchen-3ya.example"), "!");
	arena_done(&mem);
	table_close(table);
}

/* A row that is known already counts where a table with it has it. */
static void
a_row_counts_on_the_rung_where_a_table_has_it(void **state)
{
	static const char *const rows[][2] = { { "a", "corp.example" },
		{ "a+x", "corp.example" }, { "a+x+y", "corp.example" },
		{ "", "corp.example" }, { "", "other.example" },
		{ "a", "other.example" }, { "mailer-daemon", "corp.example" },
		{ "jos\xc3\xa9", "corp.example" },
		{ "jos\xc3\x89", "corp.example" },
		{ "a+1+2", "corp.example" } };
	static const char *const locals[] = { "a", "a+x", "a+x+y", "a+y", "b",
		"+a", "jos\xc3\xa9", "jos\xc3\xa9+x", "jose", "mailer-daemon",
		"a+1+2+3+4+5+6+7+8+9", "a+1+2+3" };
	static const char *const domains[] = { "corp.example",
		"other.example" };
	const struct address_keys how = { "+", SLICE("corp.example") };
	size_t counted = 0;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * 24; i++) {
		const char *const *row = rows[i / 24];
		const struct address address = {
			.local = slice_of(locals[i % 12]),
			.domain = slice_of(domains[i / 12 % 2]),
		};
		struct table *table = open_text("texthash:one",
		    slice_format(&mem, "%s@%s yes\n", row[0], row[1]).data);
		struct address_values found = { .count = 0 };
		unsigned int rung = 99;
		struct err err;
		bool counts = address_row_counts(&how, &address,
		    &(const struct address){
			.local = slice_of(row[0]), .domain = slice_of(row[1]) },
		    &rung);

		assert_int_equal(
		    address_lookup(&(struct address_tables){ &table, 1, &how },
			&address,
			&(const struct table_context){
			    .mem = &mem, .err = &err },
			&found),
		    counts ? TABLE_FOUND : TABLE_ABSENT);
		if (counts)
			assert_int_equal(rung, found.items[0].rung);
		counted += counts;
		table_close(table);
	}
	assert_int_equal(counted, 46);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extensions_are_split_as_postfix_splits_them),
		cmocka_unit_test(every_rung_of_every_table_is_told_in_order),
		cmocka_unit_test(patterns_are_asked_for_whole_addresses_only),
		cmocka_unit_test(one_table_that_fails_makes_the_answer_unknown),
		cmocka_unit_test(
		    a_key_that_fails_behind_the_one_that_counts_is_not_asked_for),
		cmocka_unit_test(a_row_counts_on_the_rung_where_a_table_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
