/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/address.h"

/*
 * What a value is read as: "local|domain|display" joined by " / ", then the
 * constructs that were met in braces.
 */
static struct slice
read_list(struct arena *mem, struct slice value, size_t max, struct err *err)
{
	struct mailbox_list list;
	struct strbuf buf;

	if (mailbox_list_parse(value, max, mem, &list, err) != 0)
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
		strbuf_add(&buf, m->display.len != 0 ? m->display : m->comment);
		/* The span is the address as it stands. */
		assert_true(m->offset + m->len <= value.len);
	}
	for (unsigned int i = 0; i < CONSTRUCT_COUNT; i++) {
		if ((list.constructs & CONSTRUCT_BIT(i)) != 0)
			strbuf_addf(
			    &buf, " {%s}", construct_text((enum construct)i));
	}
	return strbuf_slice(&buf);
}

#define COMMENT " {a comment}"
#define BEHIND " {text after the address}"
#define BARE " {a name with ',', '@' or other marks and no quotes}"
#define SPACED " {blanks or comments inside an address}"
#define DOTS " {dots in a name without quotes}"
#define EMPTY " {an empty item in the list}"
#define QUOTED " {a quoted local part with special characters}"
#define ENCODED " {an encoded word in an address}"
#define GROUP " {a group}"
#define ROUTE " {a route}"
#define MARK " {'%' or '!' in a local part}"
#define LITERAL " {a domain literal}"
#define CONTROL " {a control character}"
#define BLANK " {a line of white space only}"
#define NOT_UTF8 " {8-bit text that is not UTF-8}"
#define ODD " {a name that programs read differently}"
#define BY_COMMENT " {a comment after the address}"

/* By rule of the grammar: RFC 5322 sections 3.2 to 3.4 and 4, then the rest. */
static const struct {
	const char *name;
	const char *value;
	const char *want; /* as read_list() shows it, or the error */
} authors[] = {
	/* addr-spec, angle-addr, name-addr */
	{ "bare", " alice@corp.example", "alice|corp.example|" },
	{ "angle", " <alice@corp.example>", "alice|corp.example|" },
	{ "name", " Alice Smith <alice@corp.example>",
	    "alice|corp.example|Alice Smith" },
	{ "no blank before angle", "Alice<alice@corp.example>",
	    "alice|corp.example|Alice" },
	{ "blanks in angle", " Alice < a@b.example >",
	    "a|b.example|Alice" ODD },
	{ "blank before the end", " <a@b.example >", "a|b.example|" ODD },
	{ "folded", " \"Long\"\n <a@b.example>", "a|b.example|\"Long\"" },
	{ "no domain", " alice", "alice||" },
	{ "no domain in angle", " Alice <alice>", "alice||Alice" },
	{ "empty", "  ", "" },
	/* phrase, quoted-string, obs-phrase */
	{ "quoted name", " \"Smith, Alice\" <alice@corp.example>",
	    "alice|corp.example|\"Smith, Alice\"" },
	{ "escaped quotes", " \"Alice \\\"A\\\" S\" <a@b.example>",
	    "a|b.example|\"Alice \\\"A\\\" S\" {escaped characters in a name}" },
	{ "dots in a name", " Alice B. Smith Jr. <a@b.example>",
	    "a|b.example|Alice B. Smith Jr." DOTS },
	{ "apostrophe", " O'Neil <a@b.example>", "a|b.example|O'Neil" },
	{ "quotes that touch a word", " A\"B\" <a@b.example>",
	    "a|b.example|A\"B\"" ODD },
	{ "quotes that touch quotes", " \"A\"\"B\" <a@b.example>",
	    "a|b.example|\"A\"\"B\"" ODD },
	{ "quotes with a fold", " \"A\n B\" <a@b.example>",
	    "a|b.example|\"A\n B\"" ODD },
	{ "escapes beside an at sign", " \"\\\"A@B\" <a@b.example>",
	    "a|b.example|\"\\\"A@B\" {escaped characters in a name}" ODD },
	{ "one escaped quote", " \"\\\"A\" <a@b.example>",
	    "a|b.example|\"\\\"A\" {escaped characters in a name}" ODD },
	{ "quotes beside a word", " A \"B\" C <a@b.example>",
	    "a|b.example|A \"B\" C" ODD },
	{ "marks beside a word", " A \"B, C\" <a@b.example>",
	    "a|b.example|A \"B, C\"" ODD },
	{ "empty quotes as a name", " A \"\" <a@b.example>",
	    "a|b.example|A \"\"" ODD },
	{ "open quote", " \"Alice <a@b.example>",
	    "a quoted string without end" },
	{ "open quote, backslash", " \"Alice\\",
	    "a quoted string without end" },
	{ "two words", " Alice Smith", "words, and no address in '<' and '>'" },
	/* RFC 6532, RFC 2047 */
	{ "UTF-8 name", " J\xc3\xbcrgen <a@b.example>",
	    "a|b.example|J\xc3\xbcrgen" },
	{ "raw Latin-1 name", " J\xfcrgen <a@b.example>",
	    "a|b.example|J\xfcrgen" NOT_UTF8 },
	{ "encoded word", " =?utf-8?Q?=C3=9C?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?=C3=9C?=" },
	{ "encoded word in quotes", " \"=?utf-8?Q?=C3=9C?=\" <a@b.example>",
	    "a|b.example|\"=?utf-8?Q?=C3=9C?=\" {an encoded word in quotes}" },
	{ "encoded word that touches", " =?utf-8?Q?A?=<a@b.example>",
	    "a|b.example|=?utf-8?Q?A?=" ODD },
	{ "broken encoded word", " =??Q?A?= <a@b.example>",
	    "a|b.example|=??Q?A?=" ODD },
	{ "two encoded words in one",
	    " =?utf-8?Q?A?==?utf-8?Q?B?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?A?==?utf-8?Q?B?=" ODD },
	{ "encoded quote", " =?utf-8?Q?=22?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?=22?=" ODD },
	{ "encoded angle",
	    " =?utf-8?B?PGNlb0Bjb3JwLmV4YW1wbGU+?= <a@b.example>",
	    "a|b.example|=?utf-8?B?PGNlb0Bjb3JwLmV4YW1wbGU+?=" ODD },
	{ "encoded parentheses", " =?utf-8?Q?A_=28B=29?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?A_=28B=29?=" },
	{ "bracket in an encoded word", " =?utf-8?Q?A]?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?A]?=" BARE },
	{ "one encoded parenthesis", " =?utf-8?Q?A_=28B?= <a@b.example>",
	    "a|b.example|=?utf-8?Q?A_=28B?=" ODD },
	{ "encoded word as local part", " =?utf-8?B?YQ==?=, <a@b.example>",
	    "a|b.example|=?utf-8?B?YQ==?=," BARE },
	{ "encoded word as domain",
	    " a@=?utf-8?B?YQ==?=", "a|=?utf-8?B?YQ==?=|" ENCODED },
	/* comment */
	{ "comment behind", " a@b.example (Alice)",
	    "a|b.example|Alice" BY_COMMENT },
	{ "comment in a name", " root (Cron Daemon) <a@b.example>",
	    "a|b.example|root" COMMENT },
	{ "comment with a quoted pair", " (a \\) b) a@b.example",
	    "a|b.example|" COMMENT ODD },
	{ "nested comments", " (a (b (c))) a@b.example",
	    "a|b.example|" COMMENT ODD },
	{ "comment with an address", " A (<c@d.example>) <a@b.example>",
	    "a|b.example|A" COMMENT ODD },
	{ "two comments", " a@b.example (c) (d)",
	    "a|b.example|d" BY_COMMENT ODD },
	{ "comment without blanks", " a@b.example(c)",
	    "a|b.example|c" BY_COMMENT ODD },
	{ "empty comment", " a@b.example ()", "a|b.example|" BY_COMMENT ODD },
	{ "blanks in a comment", " a@b.example (c  d)",
	    "a|b.example|c  d" BY_COMMENT ODD },
	{ "blank at the end of a comment", " a@b.example (c )",
	    "a|b.example|c " BY_COMMENT ODD },
	{ "comment alone", " (nobody)", "a comment and no address" },
	{ "open comment", " a@b.example (x", "a comment without end" },
	{ "open comment, backslash", " a@b.example (\\",
	    "a comment without end" },
	/* mailbox-list, obs-mbox-list */
	{ "two", " a@b.example, C <c@d.example>",
	    "a|b.example| / c|d.example|C" },
	{ "empty item first", " ,a@b.example", "a|b.example|" EMPTY },
	{ "empty item last", " a@b.example,", "a|b.example|" EMPTY },
	{ "empty items inside", " a@b.example,, ,c@d.example",
	    "a|b.example| / c|d.example|" EMPTY },
	{ "two addresses, a blank", " a@b.example c@d.example",
	    "text after the address" },
	{ "semicolon", " a@b.example; c@d.example",
	    "';' outside of a group; a name with it stands in quotes" },
	/* group: RFC 6854 */
	{ "group", " Board: a@b.example, C <c@d.example>;",
	    "a|b.example| / c|d.example|C" GROUP },
	{ "empty group", " undisclosed:;", "" GROUP },
	{ "group in a list", " x@b.example, g:a@b.example;, c@d.example",
	    "x|b.example| / a|b.example| / c|d.example|" GROUP },
	{ "group and no comma", " g:a@b.example; c@d.example",
	    "text after the address" },
	{ "group without end", " g:a@b.example",
	    "a group without ';' at its end; a name with ':' stands in quotes" },
	{ "group in a group", " g:h:a@b.example;;", "a group in a group" },
	{ "angle as a group name", " <a@b.example>:<c@d.example>",
	    "text after the address" },
	{ "group without a name", " :a@b.example;",
	    "a character that must not stand here" },
	/* dot-atom, quoted local part, obs-local-part */
	{ "quoted local part", " \"john.doe\"@b.example",
	    "john.doe|b.example|" },
	{ "blank in a local part", " \"john doe\"@b.example",
	    "john doe|b.example|" QUOTED },
	{ "quoted pair in a local part", " \"c\\eo\"@b.example",
	    "ceo|b.example|" QUOTED },
	{ "quoted angle", " \"<c@d.example>\"@b.example",
	    "<c@d.example>|b.example|" QUOTED },
	{ "quoted at", " \"c@d.example\"@b.example",
	    "c@d.example|b.example|" QUOTED },
	{ "quoted 8-bit", " \"\xc3\xbc\"@b.example",
	    "\xc3\xbc|b.example|" QUOTED },
	{ "empty quotes", " \"\"@b.example", "an empty local part" },
	{ "dots", " a..b@c.example",
	    "a local part that is empty or has misplaced dots" },
	{ "dot first", " .a@c.example",
	    "a local part that is empty or has misplaced dots" },
	{ "spaced local part", " a . b@c.example", "a.b|c.example|" SPACED },
	{ "spaced, angle", " X <a. b . c@d.example>",
	    "a.b.c|d.example|X" SPACED },
	{ "quoted part of a local part", " \"a\".b@c.example",
	    "a character that must not stand here" },
	{ "blank at the edge", " \"a \"@b.example", "a |b.example|" QUOTED },
	{ "invisible", " a\xe2\x80\x8b@b.example",
	    "a blank or invisible character in an address" },
	{ "line separator", " a\xe2\x80\xa8@b.example",
	    "a blank or invisible character in an address" },
	{ "fold in a local part", " \"a\n b\"@c.example",
	    "a fold in an address" },
	{ "tab in a local part", " \"a\tb\"@c.example", "a tab in an address" },
	{ "question mark", " a?q?b@c.example", "a?q?b|c.example|" ENCODED },
	{ "percent", " ceo%victim.example@b.example",
	    "ceo%victim.example|b.example|" MARK },
	{ "bang", " x!ceo@b.example", "x!ceo|b.example|" MARK },
	/* domain, domain-literal, obs-domain */
	{ "domain literal", " a@[192.0.2.1]", "a|[192.0.2.1]|" LITERAL },
	{ "domain literal without end", " a@[192.0.2.1",
	    "a domain literal without end" },
	{ "domain literal with a fold", " a@[192.\n 0.2.1]",
	    "a domain literal that is not an address" },
	{ "spaced domain", " a@b. example (x)",
	    "a|b.example|x" SPACED BY_COMMENT },
	{ "comment in a domain", " a@b(@c).example",
	    "a|b.example|" SPACED ODD },
	{ "comment behind at", " a@(x)b.example", "a|b.example|" SPACED ODD },
	{ "blank before at", " a @b.example", "a|b.example|" SPACED },
	{ "comment before at", " a(x)@b.example",
	    "a|b.example|" SPACED COMMENT ODD },
	{ "blanks around at, angle", " X <a @ b.example>",
	    "a|b.example|X" SPACED },
	{ "comment in angle", " X <(c)a@b.example>",
	    "a character that must not stand here" },
	{ "two at signs", " a@b@c.example", "text after the address" },
	{ "an end without its begin", " a@b.example> ", "a|b.example|" BEHIND },
	{ "the same in a list", " a@b.example>, c@d.example",
	    "text after the address" },
	{ "with a blank before it", " a@b.example >",
	    "text after the address" },
	{ "twice", " a@b.example>>", "text after the address" },
	{ "behind a name", " A a@b.example>",
	    "an address after a name stands in '<' and '>'" },
	{ "behind quotes", " \"a\"@b.example>", "text after the address" },
	{ "with a name behind it", " a@b.example> A",
	    "text after the address" },
	{ "address and a domain", " a@b.example @c.example",
	    "text after the address" },
	{ "no domain after at", " a@", "no domain after '@'" },
	{ "quoted pair in an atom", " c\\@d.example@b.example",
	    "a character that must not stand here" },
	/* obs-route */
	{ "route", " <@x.example:a@b.example>", "a|b.example|" ROUTE },
	{ "route of two", " N <@x.example,@y.example:a@b.example>",
	    "a|b.example|N" ROUTE },
	{ "open route", " <@x.example>", "a route without end" },
	/* names without the quotes that they need */
	{ "comma in a name", " Smith, Alice <a@b.example>",
	    "a|b.example|Smith, Alice" BARE },
	{ "commas in a name", " Smith, Dr., Alice <a@b.example>, <c@d.example>",
	    "a|b.example|Smith, Dr., Alice / c|d.example|" BARE },
	{ "comma before angle", " alice, <a@b.example>",
	    "a|b.example|alice," BARE },
	{ "an @ alone in a name", " Sales @ Corp <a@b.example>",
	    "a|b.example|Sales @ Corp" BARE },
	{ "marks of a local part in a name",
	    " 5%!x, =?x?q?y?= @z <a@b.example>",
	    "a|b.example|5%!x, =?x?q?y?= @z" BARE },
	{ "such marks in the address behind", " 5%x, y <a%c@b.example>",
	    "a%c|b.example|5%x, y {'%' or '!' in a local part}" BARE },
	{ "such marks in an address before",
	    " a%c@b.example, D, E <f@g.example>",
	    "a%c|b.example| / f|g.example|D, E {'%' or '!' in a local part}" BARE },
	{ "a parenthesis that nothing opens", " A) B <a@b.example>",
	    "a|b.example|A) B" BARE },
	{ "words and a comma", " A B, C <a@b.example>",
	    "a|b.example|A B, C" BARE },
	{ "address before angle", " c@d.example <a@b.example>",
	    "a|b.example|c@d.example" BARE },
	{ "words and an address", " To c@d.example <a@b.example>",
	    "a|b.example|To c@d.example" BARE },
	{ "brackets in a name", " [x] <a@b.example>", "a|b.example|[x]" BARE },
	{ "a list is no name", " c@d.example, Alice <a@b.example>",
	    "c|d.example| / a|b.example|Alice" },
	{ "lone words are no name", " alice, bob", "alice|| / bob||" },
	{ "a colon is a group", " A: [B] <a@b.example>",
	    "a group without ';' at its end; a name with ':' stands in quotes" },
	/* what is behind an address */
	{ "words behind", " <a@b.example> Alice \"B\"", "a|b.example|" BEHIND },
	{ "words behind, bare", " a@b.example Alice", "a|b.example|" BEHIND },
	{ "address behind", " <a@b.example>c@d.example",
	    "text after the address" },
	{ "quoted address behind", " <a@b.example> \"c@d.example\"",
	    "text after the address" },
	{ "two angles", " <a@b.example> <c@d.example>",
	    "text after the address" },
	/* angles */
	{ "open angle", " <a@b.example", "'<' without '>'" },
	{ "unopened angle", " a@b.example> <c@d.example",
	    "text after the address" },
	{ "angle with a name inside", " <Alice a@b.example>",
	    "text inside '<' and '>' that is not an address" },
	{ "empty angle", " <>", "no address between '<' and '>'" },
	/* octets */
	{ "blank line in a fold", " a@b.example\n \n (c)",
	    "a|b.example|c" BLANK BY_COMMENT },
	{ "blank line at the end", " a@b.example\n\t", "a|b.example|" BLANK },
	{ "control character", " a\x01@b.example",
	    "a|b.example|" SPACED CONTROL },
	{ "control character in a name",
	    " \"A\x0b"
	    "B\" <a@b.example>",
	    "a|b.example|\"A B\"" CONTROL },
	{ "vertical tab", " a@b.example\x0b", "a|b.example|" CONTROL },
};

static void
author_fields_have_one_reading_or_none(void **state)
{
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(authors) / sizeof(authors[0]); i++) {
		struct err err = { 0 };

		arena_init(&mem);
		check_slice(authors[i].name,
		    read_list(&mem, slice_of(authors[i].value), 10, &err),
		    authors[i].want);
		arena_done(&mem);
	}
}

static void
fields_are_printed_in_their_plainest_form(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ " a@b.example", " <a@b.example>" },
		{ " Alice Smith <a@b.example>", " Alice Smith <a@b.example>" },
		{ "Alice\n  Smith<a@b.example>", " Alice Smith <a@b.example>" },
		{ " Alice B. Smith <A@B.example>",
		    " \"Alice B. Smith\" <A@B.example>" },
		{ " \"Smith, Alice\" <a@b.example>",
		    " \"Smith, Alice\" <a@b.example>" },
		{ " \"A \\\"B\\\" \\C\" <a@b.example>",
		    " \"A 'B' C\" <a@b.example>" },
		{ " Smith, Alice <a@b.example>",
		    " \"Smith, Alice\" <a@b.example>" },
		{ " c@d.example <a@b.example>",
		    " \"c@d.example\" <a@b.example>" },
		{ " a@b.example (Alice \\(A\\) \"S\")",
		    " Alice A S <a@b.example>" },
		{ " Alice (home) <a@b.example> (x)", " Alice <a@b.example>" },
		{ " =?utf-8?Q?=C3=9C?= Jr. <a@b.example>",
		    " =?utf-8?Q?=C3=9C_Jr=2E?= <a@b.example>" },
		{ " =?utf-8?Q?Dr._A?= <a@b.example>",
		    " =?utf-8?Q?Dr=2E_A?= <a@b.example>" },
		{ " \"=?utf-8?Q?=C3=9C?=\" <a@b.example>",
		    " =?utf-8?Q?=C3=9C?= <a@b.example>" },
		{ " J\xfcrgen M <a@b.example>",
		    " =?unknown-8bit?Q?J=FCrgen_M?= <a@b.example>" },
		{ " J\xc3\xbcrgen <a@b.example>",
		    " J\xc3\xbcrgen <a@b.example>" },
		{ " Board: a@b.example, C <c@d.example>;",
		    " <a@b.example>,\n C <c@d.example>" },
		{ " <@x.example:a@b.example>", " <a@b.example>" },
		{ " a . b @ c.example", " <a.b@c.example>" },
		{ " <a@b.example> Alice", " <a@b.example>" },
		{ " ,a@b.example,,", " <a@b.example>" },
		{ " \"A\x01"
		  "B\"\n \n <a@b.example>",
		    " \"A B\" <a@b.example>" },
		{ " \"john doe\"@b.example", " <\"john doe\"@b.example>" },
		{ " \"\" <a@b.example>", " <a@b.example>" },
		{ " \"<>\"\xfc <a@b.example>",
		    " =?unknown-8bit?Q?=FC?= <a@b.example>" },
		{ " \"x@y\" =?utf-8?Q?=C3=9C?= <a@b.example>",
		    " =?utf-8?Q?x_at_y_=C3=9C?= <a@b.example>" },
		{ " \"x@y\" B <a@b.example>", " \"x@y B\" <a@b.example>" },
		{ " alice", " <alice>" },
		{ " A\"B\" <a@b.example>", " \"A B\" <a@b.example>" },
		{ " \"A\n  B\" <a@b.example>", " \"A   B\" <a@b.example>" },
		{ " \"\\\"A@B\" <a@b.example>", " \"'A@B\" <a@b.example>" },
		{ " =?utf-8?Q?A?=<a@b.example>",
		    " =?utf-8?Q?A?= <a@b.example>" },
		{ " =?utf-8?Q?=C3=9C?==?utf-8?Q?=22?= <a@b.example>",
		    " =?utf-8?Q?=C3=9C=27?= <a@b.example>" },
		{ " \"Dr.\" =?utf-8?Q?Jos=C3?= =?utf-8?Q?=A9_M?= <a@b.example>",
		    " =?utf-8?Q?Dr=2E_Jos=C3=A9_M?= <a@b.example>" },
		{ " =??Q?A?= <a@b.example>", " \"=  Q A =\" <a@b.example>" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mailbox_list list;
		struct err err = { 0 };

		arena_init(&mem);
		assert_int_equal(mailbox_list_parse(slice_of(cases[i].value),
				     10, &mem, &list, &err),
		    0);
		check_slice(cases[i].value,
		    mailbox_list_print(list.items, list.count, NULL, &mem),
		    cases[i].want);
		arena_done(&mem);
	}
}

static void
long_names_become_words_of_75_octets(void **state)
{
	struct arena mem;
	struct mailbox_list list;
	struct strbuf buf;
	struct slice rest, line;
	struct err err;

	(void)state;
	arena_init(&mem);
	strbuf_init(&buf, &mem);
	for (int i = 0; i < 100; i++)
		strbuf_add_char(&buf, '\xfc');
	strbuf_add_cstr(&buf, " <a@b.example>");
	assert_int_equal(
	    mailbox_list_parse(strbuf_slice(&buf), 1, &mem, &list, &err), 0);
	rest = mailbox_list_print(list.items, list.count, NULL, &mem);
	while (slice_next_item(&rest, "\n ", &line))
		assert_true(line.len <= 75);
	arena_done(&mem);
}

static void
some_octets_count_twice(void **state)
{
	(void)state;
	assert_int_equal(address_octets(SLICE("")), 0);
	assert_int_equal(address_octets(SLICE("abc <a@b.example>")), 17);
	assert_int_equal(address_octets(SLICE("\x7f\x80\x9f\xa0\xfe\xff")), 9);
	/* U+0410 ends in 0x90, U+0430 in 0xb0. */
	assert_int_equal(address_octets(SLICE("\xd0\x90\xd0\xb0")), 5);
}

/* The only mailbox of a value, in so many octets. */
static struct slice
print_within(const char *value, size_t max, struct arena *mem)
{
	struct mailbox_list list;
	struct err err = { 0 };

	assert_int_equal(
	    mailbox_list_parse(slice_of(value), 1, mem, &list, &err), 0);
	return mailbox_list_print_within(list.items, list.count, max, mem);
}

static void
long_names_are_cut_at_a_word(void **state)
{
	static const struct {
		const char *value;
		size_t max;
		const char *want;
	} cases[] = {
		{ " Alice Smith <a@b.example>", 25,
		    " Alice Smith <a@b.example>" },
		{ " Alice Smith <a@b.example>", 24,
		    " \"Alice\" <a@b.example>" },
		{ " \"Alice, Bob, and Carol\" <a@b.example>", 32,
		    " \"Alice, Bob, and\" <a@b.example>" },
		{ " \"Alice, Bob, and Carol\" <a@b.example>", 30,
		    " \"Alice, Bob\" <a@b.example>" },
		/* One word, or one that is most of it, is cut as it comes. */
		{ " Aliceeeeeeeeee <a@b.example>", 24,
		    " \"Aliceeee\" <a@b.example>" },
		{ " A Liceeeeeeeeeeee <a@b.example>", 24,
		    " \"A Liceee\" <a@b.example>" },
		{ " Aliceeeeeeeeee <a@b.example>", 16, " <a@b.example>" },
		{ " Aliceeeeeeeeee <a@b.example>", 1, " <a@b.example>" },
		{ " a@b.example (Alice and Bob)", 24,
		    " \"Alice\" <a@b.example>" },
		/* What cannot be in the rest is no more. */
		{ " \"x \\\"y\\\\ z\" <a@b.example>", 21,
		    " \"x 'y\" <a@b.example>" },
		{ " \"=?utf-8?Q?x\" yy <a@b.example>", 24,
		    " \"= utf-8\" <a@b.example>" },
		/* Five letters of two octets, in whole and half. */
		{ " =?utf-8?B?0JDQkdCS0JPQlA==?= <a@b.example>", 43,
		    " =?utf-8?B?0JDQkdCS0JPQlA==?= <a@b.example>" },
		{ " =?utf-8?B?0JDQkdCS0JPQlA==?= <a@b.example>", 41,
		    " =?utf-8?B?0JDQkdCS0JM=?= <a@b.example>" },
		{ " =?utf-8?Q?=D0=90=D0=91=D0=92=D0=93=D0=94?= <a@b.example>",
		    43, " =?utf-8?B?0JDQkdCS0JPQlA==?= <a@b.example>" },
		{ " =?iso-8859-5?Q?=B0=B1=B2=B3=B4?= <a@b.example>", 41,
		    " =?utf-8?B?0JDQkdCS0JM=?= <a@b.example>" },
		{ " \xd0\x90\xd0\x91 \xd0\x92\xd0\x93\xd0\x94 <a@b.example>",
		    25, " <a@b.example>" },
		{ " =?utf-8?B?0JDQkSDQktCT0JQ=?= <a@b.example>", 40,
		    " =?utf-8?B?0JDQkQ==?= <a@b.example>" },
		/* e with an acute accent, in two characters. */
		{ " =?utf-8?Q?nnnnnnnnnne=CC=81?= <a@b.example>", 39,
		    " \"nnnnnnnnnn\" <a@b.example>" },
		{ " =?unknown-8bit?Q?J=FCrgen_M?= <a@b.example>", 37,
		    " =?utf-8?Q?J=C3=BCrgen?= <a@b.example>" },
		/* A direction without end. */
		{ " =?utf-8?Q?=E2=80=AEJane_Roe_Jane_Roe?= <a@b.example>", 28,
		    " \"Jane Roe\" <a@b.example>" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		arena_init(&mem);
		check_slice(cases[i].value,
		    print_within(cases[i].value, cases[i].max, &mem),
		    cases[i].want);
		arena_done(&mem);
	}
}

/* Whatever the bound is, it holds, and the address is whole. */
static void
cut_names_fit_and_keep_their_address(void **state)
{
	static const char *const names[] = { "word", "word ", "\xd0\x90",
		"\xd0\xb0\xd0\xb1 ", "\xe4\xb8\xad", "\xf0\x9f\x98\x80",
		"e\xcc\x81", "=?utf-8?B?5Lit5paH?= ", "\xff", "\xc3\xa9\x90" };

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct arena mem;
		struct strbuf buf;

		arena_init(&mem);
		strbuf_init(&buf, &mem);
		while (buf.len < 400)
			strbuf_add_cstr(&buf, names[n]);
		strbuf_add_cstr(&buf, " <ceo@team.example>");
		for (size_t max = 18; max < 300; max++) {
			struct slice text =
			    slice_from(print_within(buf.data, max, &mem), 1);

			if (address_octets(text) > max)
				fail_msg("%s: %zu octets for %zu", names[n],
				    address_octets(text), max);
			assert_true(slice_ends_nocase(
			    text, SLICE("<ceo@team.example>")));
			assert_true(
			    slice_is_ascii(text) || slice_is_utf8(text));
		}
		arena_done(&mem);
	}
}

/* Memory and time that grow with the square of the input would show here. */
static void
long_fields_take_linear_memory(void **state)
{
	static const char *const pieces[] = { "\"a\" ", "a ", "(x)", "a@b.c,",
		"a,", "a .", "a@b .", "[", "\"a\",", "=?x?q?y?= ", "<a@b.c> " };

	(void)state;
	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
		struct arena mem;
		struct mailbox_list list;
		struct strbuf buf;
		struct slice value;
		struct err err;

		arena_init(&mem);
		strbuf_init(&buf, &mem);
		while (buf.len < 50000)
			strbuf_add_cstr(&buf, pieces[p]);
		strbuf_add_cstr(&buf, "<a@b.example>");
		value = strbuf_slice(&buf);
		mem.used_bytes = 0;
		if (mailbox_list_parse(value, 100000, &mem, &list, &err) == 0)
			(void)mailbox_list_print(
			    list.items, list.count, NULL, &mem);
		if (mem.used_bytes > 400 * value.len)
			fail_msg("%s: %zu octets for %zu", pieces[p],
			    mem.used_bytes, value.len);
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
	assert_int_equal(
	    mailbox_list_parse(strbuf_slice(&buf), 10, &mem, &list, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(mailbox_list_parse(
			     SLICE("a@b.c,a@b.c,a@b.c"), 2, &mem, &list, &err),
	    -1);
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
		{ "<a@b.example (x)>", "text after the address" },
		{ "<a@b.example> x", "a character that must not stand here" },
		{ "<a@b.example", "a character that must not stand here" },
		{ "<a@[192.0.2.1]>", "a|[192.0.2.1]" },
		{ "<a @b.example>", "text after the address" },
		{ "<a@ b.example>", "blanks or comments inside an address" },
		{ "<a@b.example .c>", "blanks or comments inside an address" },
		{ "<a@(x)b.example>", "blanks or comments inside an address" },
		{ "<a@b.example\x01>", "a control character" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mailbox m = { 0 };
		struct err err = { 0 };
		unsigned int constructs = 0;
		bool is_null = false;
		struct slice got;

		arena_init(&mem);
		if (reverse_path_parse(slice_of(cases[i].path), &mem, &is_null,
			&m, &constructs, &err) != 0)
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
		{ "a@b\xc3\xbc"
		  "cher.example",
		    true, "", "a@xn--bcher-kva.example" },
		{ "a@xn--bcher-kva.example", false, "",
		    "a@xn--bcher-kva.example" },
		{ "a@b\xc3\xbc"
		  "cher.example",
		    false, "",
		    "an internationalized address in a message without SMTPUTF8" },
		{ "a@b\xfc"
		  "cher.example",
		    true, "", "a domain that is not UTF-8" },
		{ "a@team\xe3\x80\x82"
		  "example",
		    true, "",
		    "an internationalized domain that IDNA2008 does not allow" },
		{ "a@\xef\xbd\x83orp.example", true, "",
		    "an internationalized domain that IDNA2008 does not allow" },
		{ "a@c\xd0\xberp.example", true, "", "a@xn--crp-sed.example" },
		{ "a@team\xe1\x80\x82"
		  "e",
		    true, "corp.example", "a@xn--teame-ypt.corp.example" },
		{ "a@b\xc3\xbc"
		  "cher",
		    true, "", "an address without a full domain" },
		{ "a@b..example", false, "", "misplaced dots in a domain" },
		{ "a@b.example.", false, "", "misplaced dots in a domain" },
		{ "a@-b.example", false, "",
		    "a hyphen at the edge of a domain label" },
		{ "a@b{.example", false, "", "a character that no domain has" },
		{ "a@[192.0.2.1]", false, "x.example", "a@[192.0.2.1]" },
		{ "a@[IPv6:2001:DB8:0::1]", false, "", "a@[ipv6:2001:db8::1]" },
		{ "a@[2001:db8::1]", false, "",
		    "a domain literal that is not an address" },
		{ "a@[x]", false, "",
		    "a domain literal that is not an address" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mailbox_list list;
		struct address address;
		struct err err = { 0 };

		arena_init(&mem);
		assert_int_equal(mailbox_list_parse(slice_of(cases[i].value), 1,
				     &mem, &list, &err),
		    0);
		check_slice(cases[i].value,
		    address_canonical(&list.items[0], slice_of(cases[i].domain),
			cases[i].utf8, &mem, &address, NULL, &err) == 0 ?
			address.text :
			slice_of(err.text),
		    cases[i].want);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(author_fields_have_one_reading_or_none),
		cmocka_unit_test(fields_are_printed_in_their_plainest_form),
		cmocka_unit_test(long_names_become_words_of_75_octets),
		cmocka_unit_test(some_octets_count_twice),
		cmocka_unit_test(long_names_are_cut_at_a_word),
		cmocka_unit_test(cut_names_fit_and_keep_their_address),
		cmocka_unit_test(long_fields_take_linear_memory),
		cmocka_unit_test(bounds_are_limits_and_not_crashes),
		cmocka_unit_test(reverse_paths_are_plain),
		cmocka_unit_test(addresses_are_compared_in_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
