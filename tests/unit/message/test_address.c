/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/address.h"

/* What a value is read as: "local|domain|display" joined by " / ". */
static struct slice
read_list(struct arena *mem, struct slice value, enum address_form form,
    size_t max, struct err *err)
{
	struct mailbox_list list;
	struct strbuf buf;

	if (mailbox_list_parse(value, form, max, mem, &list, err) != 0)
		return slice_of(err->text);
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *m = &list.items[i];

		if (i != 0)
			strbuf_add_cstr(&buf, " / ");
		strbuf_add(&buf, m->local);
		strbuf_add_char(&buf, '|');
		strbuf_add(&buf, m->domain);
		strbuf_add_char(&buf, '|');
		strbuf_add(&buf, m->display);
		/* The span is the address as it stands. */
		assert_true(m->offset + m->len <= value.len);
	}
	return strbuf_slice(&buf);
}

static const struct {
	const char *name;
	const char *value;
	const char *want;	/* as read_list() shows it, or the error */
} authors[] = {
	{ "bare", " alice@corp.example", "alice|corp.example|" },
	{ "angle", " <alice@corp.example>", "alice|corp.example|" },
	{ "name", " Alice Smith <alice@corp.example>",
	    "alice|corp.example|Alice Smith" },
	{ "no blank before angle", "Alice<alice@corp.example>",
	    "alice|corp.example|Alice" },
	{ "quoted name", " \"Smith, Alice\" <alice@corp.example>",
	    "alice|corp.example|\"Smith, Alice\"" },
	{ "escaped quotes", " \"Alice \\\"A\\\" S\" <a@b.example>",
	    "a|b.example|\"Alice \\\"A\\\" S\"" },
	{ "dots in a name", " Alice B. Smith Jr. <a@b.example>",
	    "a|b.example|Alice B. Smith Jr." },
	{ "apostrophe", " O'Neil <a@b.example>", "a|b.example|O'Neil" },
	{ "raw Latin-1 name", " J\xfcrgen <a@b.example>",
	    "a|b.example|J\xfcrgen" },
	{ "encoded word", " =?utf-8?Q?=C3=9C?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?=C3=9C?=" },
	{ "folded", " \"Long\"\n <a@b.example>", "a|b.example|\"Long\"" },
	{ "comment behind", " a@b.example (Alice)", "a|b.example|" },
	{ "comment in a name", " root (Cron Daemon) <a@b.example>",
	    "a|b.example|root" },
	{ "comment with a quoted pair", " (a \\) b) a@b.example",
	    "a|b.example|" },
	{ "blanks in angle", " Alice < a@b.example >", "a|b.example|Alice" },
	{ "two", " a@b.example, C <c@d.example>",
	    "a|b.example| / c|d.example|C" },
	{ "quoted local part", " \"john doe\"@b.example",
	    "john doe|b.example|" },
	{ "quoted pair in a local part", " \"c\\eo\"@b.example",
	    "ceo|b.example|" },
	{ "no domain", " alice", "alice||" },
	{ "no domain in angle", " Alice <alice>", "alice||Alice" },
	{ "empty", "  ", "" },

	{ "two words", " Alice Smith", "several words without '<'" },
	{ "two addresses, a blank", " a@b.example c@d.example",
	    "text behind the address" },
	{ "address before angle", " c@d.example <a@b.example>",
	    "text behind the address" },
	{ "two angles", " <a@b.example> <c@d.example>",
	    "text behind the address" },
	{ "text behind angle", " <a@b.example>c@d.example",
	    "text behind the address" },
	{ "semicolon", " a@b.example; c@d.example", "text behind the address" },
	{ "two at signs", " a@b@c.example", "text behind the address" },
	{ "open angle", " <a@b.example", "'<' without '>'" },
	{ "unopened angle", " a@b.example> <c@d.example",
	    "text behind the address" },
	{ "route", " <@x.example:a@b.example>", "a route" },
	{ "route of two", " <@x.example,@y.example:a@b.example>", "a route" },
	{ "group", " Board: a@b.example, c@d.example;", "a group" },
	{ "empty group", " undisclosed:;", "a group" },
	{ "angle as a group name", " <a@b.example>:<c@d.example>",
	    "text behind the address" },
	{ "domain literal", " a@[192.0.2.1]", "a domain literal" },
	{ "comment in a domain", " a@b(@c).example",
	    "text behind the address" },
	{ "comment behind at", " a@(x)b.example",
	    "blanks, comments or marks behind '@'" },
	{ "blank in an address", " a@b.example @c.example",
	    "text behind the address" },
	{ "blank before at", " a @b.example",
	    "a character that must not stand here" },
	{ "percent", " ceo%victim.example@b.example",
	    "'%' or '!' in a local part" },
	{ "bang", " x!ceo@b.example", "'%' or '!' in a local part" },
	{ "quoted angle", " \"<c@d.example>\"@b.example",
	    "a quoted local part with special characters" },
	{ "quoted at", " \"c@d.example\"@b.example",
	    "a quoted local part with special characters" },
	{ "quoted pair in an atom", " c\\@d.example@b.example",
	    "a character that must not stand here" },
	{ "encoded word as local part", " =?utf-8?B?YQ==?=, <a@b.example>",
	    "an encoded word in an address" },
	{ "encoded word as domain", " a@=?utf-8?B?YQ==?=",
	    "an encoded word in an address" },
	{ "no domain behind at", " a@", "no domain behind '@'" },
	{ "dots", " a..b@c.example",
	    "a local part that is empty or has misplaced dots" },
	{ "dot first", " .a@c.example",
	    "a local part that is empty or has misplaced dots" },
	{ "empty items", " ,a@b.example", "a character that must not stand here" },
	{ "empty item at the end", " a@b.example,", "an empty item in the list" },
	{ "empty item inside", " a@b.example,,c@d.example",
	    "an empty item in the list" },
	{ "comment alone", " (nobody)", "a comment and no address" },
	{ "open comment", " a@b.example (x", "a comment without end" },
	{ "open comment, backslash", " a@b.example (\\",
	    "a comment without end" },
	{ "open quote", " \"Alice <a@b.example>", "a quoted string without end" },
	{ "blank line in a fold", " a@b.example\n \n c",
	    "a line of white space only" },
	{ "blank line at the end", " a@b.example\n\t",
	    "a line of white space only" },
	{ "control character", " a\x01@b.example", "a control character" },
	{ "vertical tab", " a@b.example\x0b", "a control character" },
	{ "brackets in a name", " [x] <a@b.example>",
	    "a character that must not stand here" },
	{ "angle with a name inside", " <Alice a@b.example>",
	    "text inside '<' and '>' that is no address" },
	{ "fold in a local part", " \"a\n b\"@c.example",
	    "a fold or tab in an address" },
	{ "empty angle", " <>", "a character that must not stand here" },
};

static void
author_fields_have_one_reading_or_none(void **state)
{
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(authors) / sizeof(authors[0]); i++) {
		struct err err = { 0 };

		arena_init(&mem);
		check_slice(authors[i].name, read_list(&mem,
		    slice_of(authors[i].value), ADDRESS_AUTHOR, 10, &err),
		    authors[i].want);
		arena_done(&mem);
	}
}

static void
other_fields_may_have_old_forms(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ " A Group:Ed <c@a.test>,joe@where.test;",
		    "c|a.test|Ed / joe|where.test|" },
		{ " undisclosed-recipients:;", "" },
		{ " Mary <@node.test:mary@b.example>, , bob",
		    "mary|b.example|Mary / bob||" },
		{ " a@b.example,", "a|b.example|" },
		{ " g:a@b.example;, c@d.example",
		    "a|b.example| / c|d.example|" },
		{ " g:a@b.example", "a group without end" },
		{ " g:h:a@b.example;;", "a group in a group" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };

		arena_init(&mem);
		check_slice(cases[i].value, read_list(&mem,
		    slice_of(cases[i].value), ADDRESS_ANY, 10, &err),
		    cases[i].want);
		arena_done(&mem);
	}
}

static void
bounds_are_limits_and_not_crashes(void **state)
{
	struct arena mem;
	struct strbuf buf;
	struct err err = { 0 };
	struct mailbox_list list;

	(void)state;
	arena_init(&mem);
	strbuf_init(&buf, &mem);
	for (int i = 0; i < 10000; i++)
		strbuf_add_char(&buf, '(');
	assert_int_equal(mailbox_list_parse(strbuf_slice(&buf), ADDRESS_AUTHOR,
	    10, &mem, &list, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(mailbox_list_parse(SLICE("a@b.c,a@b.c,a@b.c"),
	    ADDRESS_AUTHOR, 2, &mem, &list, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.text, "more than 2 mailboxes");
	arena_done(&mem);
}

static void
reverse_paths_are_plain(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "<>", "null" },
		{ "", "null" },
		{ "<a@b.example>", "a|b.example" },
		{ "a@b.example", "a|b.example" },
		{ "<a>", "a|" },
		{ "<\"john doe\"@b.example>", "john doe|b.example" },
		{ "<@x.example:a@b.example>", "a route" },
		{ "<(ceo@b.example>", "a character that must not stand here" },
		{ "<a@b.example (x)>", "text behind the address" },
		{ "<a@b.example> x", "a character that must not stand here" },
		{ "<a@b.example", "a character that must not stand here" },
		{ "<a@[192.0.2.1]>", "a domain literal" },
		{ "<a@b.example\x01>", "a control character" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mailbox m = { 0 };
		struct err err = { 0 };
		bool is_null = false;
		struct slice got;

		arena_init(&mem);
		if (reverse_path_parse(slice_of(cases[i].path), &mem, &is_null,
		    &m, &err) != 0)
			got = slice_of(err.text);
		else if (is_null)
			got = SLICE("null");
		else
			got = slice_format(&mem, "%.*s|%.*s",
			    SLICE_ARGS(m.local), SLICE_ARGS(m.domain));
		check_slice(cases[i].path, got, cases[i].want);
		arena_done(&mem);
	}
}

static void
addresses_are_compared_in_one_form(void **state)
{
	static const struct {
		const char *value;
		bool utf8;
		const char *domain, *want;
	} cases[] = {
		{ "Alice@Corp.EXAMPLE", false, "", "alice@corp.example" },
		{ "\"alice\"@corp.example", false, "", "alice@corp.example" },
		{ "\"john doe\"@b.example", false, "",
		    "\"john doe\"@b.example" },
		{ "alice", false, "corp.example", "alice@corp.example" },
		{ "alice@host", false, "corp.example",
		    "alice@host.corp.example" },
		{ "alice", false, "", "an address without a full domain" },
		{ "alice@host", false, "", "an address without a full domain" },
		{ "a@b\xc3\xbc" "cher.example", true, "",
		    "a@xn--bcher-kva.example" },
		{ "a@xn--bcher-kva.example", false, "",
		    "a@xn--bcher-kva.example" },
		{ "a@b\xc3\xbc" "cher.example", false, "",
		    "an internationalized address in a message without SMTPUTF8" },
		{ "a@b\xfc" "cher.example", true, "",
		    "a domain that is not UTF-8" },
		{ "a@team\xe3\x80\x82" "example", true, "",
		    "an internationalized domain that IDNA2008 does not allow" },
		{ "a@\xef\xbd\x83orp.example", true, "",
		    "an internationalized domain that IDNA2008 does not allow" },
		{ "a@c\xd0\xberp.example", true, "", "a@xn--crp-sed.example" },
		{ "a@team\xe1\x80\x82" "e", true, "corp.example",
		    "a@xn--teame-ypt.corp.example" },
		{ "a@b\xc3\xbc" "cher", true, "",
		    "an address without a full domain" },
		{ "a@b..example", false, "", "misplaced dots in a domain" },
		{ "a@b.example.", false, "", "misplaced dots in a domain" },
		{ "a@-b.example", false, "",
		    "a hyphen at the edge of a domain label" },
		{ "a@b{.example", false, "", "a character that no domain has" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mailbox_list list;
		struct address address;
		struct err err = { 0 };

		arena_init(&mem);
		assert_int_equal(mailbox_list_parse(slice_of(cases[i].value),
		    ADDRESS_AUTHOR, 1, &mem, &list, &err), 0);
		check_slice(cases[i].value, address_canonical(&list.items[0],
		    slice_of(cases[i].domain), cases[i].utf8, &mem, &address,
		    NULL, &err) == 0 ? address.text : slice_of(err.text),
		    cases[i].want);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(author_fields_have_one_reading_or_none),
		cmocka_unit_test(other_fields_may_have_old_forms),
		cmocka_unit_test(bounds_are_limits_and_not_crashes),
		cmocka_unit_test(reverse_paths_are_plain),
		cmocka_unit_test(addresses_are_compared_in_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
