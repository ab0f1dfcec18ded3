/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/stamp.h"

static void
dates_are_those_of_rfc_5322(void **state)
{
	static const struct {
		const char *value;
		bool ok;
	} cases[] = {
		{ " Mon, 23 Nov 2026 10:15:30 +0100", true },
		{ "23 Nov 2026 10:15:30 +0100", true },
		{ "Mon, 23 Nov 2026 10:15 +0100", true },
		{ "Thu, 13 Feb 1969 23:32:54 -0330", true },
		{ "Thu,\n 13\n Feb\n 1969\n 23:32\n -0330 (Newfoundland)",
		    true },
		{ "21 Nov 97 09:55:06 GMT", true },
		{ "Fri, 21 Nov 1997 09(comment): 55 : 06 -0600", true },
		{ "1 Jan 2024 00:00:60 +0000", true },
		{ "29 Feb 2024 00:00:00 Z", true },
		{ "29 Feb 2023 00:00:00 +0000", false },
		{ "31 Apr 2026 00:00:00 +0000", false },
		{ "0 Jan 2026 00:00:00 +0000", false },
		{ "mon, 23 nov 2026 10:15:30 +0100", true },
		{ "Thu, 29 Feb 2024 00:00:00 +0000", true },
		{ "Sat, 1 Jan 2000 00:00:00 +0000", true },
		{ "Thu, 1 Mar 1900 00:00:00 +0000", true },
		{ "Fri, 21 Nov 97 09:55(x)GMT", true },
		{ "Tue, 23 Nov 2026 10:15:30 +0100", false },
		{ "Mon, 29 Feb 2024 00:00:00 +0000", false },
		{ "Mon, 21 Nov 97 09:55 GMT", false },
		{ "Mon, 23 Nov 2026 1:15:30 +0100", false },
		{ "Mon, 23 Nov 2026 10:5:30 +0100", false },
		{ "Mon, 23 Nov 2026 10:15:3 +0100", false },
		{ "Mon, 23 Nov 2026 10:15:30+0100", false },
		{ "Mon, 23 Nov 2026 10:15+0100", false },
		{ "21 Nov 97 09:55:06GMT", false },
		{ "Foo, 23 Nov 2026 10:15:30 +0100", false },
		{ "Mon 23 Nov 2026 10:15:30 +0100", false },
		{ "Mon, 23 Nov 2026 24:15:30 +0100", false },
		{ "Mon, 23 Nov 2026 10:60:30 +0100", false },
		{ "Mon, 23 Nov 2026 10:15:30", false },
		{ "Mon, 23 Nov 2026 10:15:30 +01:00", false },
		{ "Mon, 23 Nov 2026 10:15:30 +0160", false },
		{ "Mon, 23 Nov 2026 10:15:30 CET", true },
		{ "Mon, 23 Nov 2026 10:15:30 AEDST", true },
		{ "Mon, 23 Nov 2026 10:15:30 PM", false },
		{ "Mon, 23 Nov 2026 10:15:30 J", false },
		{ "Mon, 23 Nov 2026 10:15:30 CETCET", false },
		{ "Mon, 23 Nov 2026 10:15:30 +0100 x", false },
		{ "Mon, 23 Nov 0026 10:15:30 +0100", false },
		{ "2026-11-23T10:15:30Z", false },
		{ "yesterday", false },
		{ "", false },
		{ "(", false },
		{ "23 Nov 2026 10:15:30 +0100 (", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (date_is_valid(slice_of(cases[i].value)) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].value);
	}
}

static void
a_date_that_is_made_is_valid(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("date", date_format(&mem, 1795428930),
	    "Mon, 23 Nov 2026 10:15:30 +0000");
	assert_true(date_is_valid(date_format(&mem, 0)));
	assert_true(date_is_valid(date_format(&mem, 951782400)));
	arena_done(&mem);
}

static void
a_date_is_repaired_where_it_says_all(void **state)
{
	static const struct {
		const char *value;
		const char *date; /* NULL: it does not */
	} cases[] = {
		{ " Tue, 23 Nov 2026 10:15:30 +0100",
		    "Mon, 23 Nov 2026 10:15:30 +0100" },
		{ "Lun, 23 nov 2026 10:15:30 +0100",
		    "Mon, 23 Nov 2026 10:15:30 +0100" },
		{ "Mo., 23 Nov 2026 10:15:30 CET",
		    "Mon, 23 Nov 2026 10:15:30 CET" },
		{ "Monday 23 November 2026 9:05 -0800",
		    "Mon, 23 Nov 2026 09:05:00 -0800" },
		{ "Mon, 2 Sept 2002 9:5:7 +01:00",
		    "Mon, 2 Sep 2002 09:05:07 +0100" },
		{ "Mon, 23 Nov 2026 10:15:30 GMT+0100 (Central)",
		    "Mon, 23 Nov 2026 10:15:30 +0100" },
		{ "Mon, 23 Nov 2026 10:15:30+0100",
		    "Mon, 23 Nov 2026 10:15:30 +0100" },
		{ "Sat, 21 Nov 97 09:55 GMT", "Fri, 21 Nov 1997 09:55:00 GMT" },
		{ "Mon, 30 Feb 2026 10:15:30 +0100", NULL },
		{ "Mon, 23 Nov 2026 10:15:30", NULL },
		{ "Mon, 23 Nov 2026 25:15:30 +0100", NULL },
		{ "Mon, 23 Nov 2026 10:15:30 +0100 x", NULL },
		{ "Mon, 23 Nov 2026 10:15:30 +0", NULL },
		{ "Mon, 23 Nov 2026 10:15:30 +01:60", NULL },
		{ "Mon, 23 Nov 2026 10:15:30 +01:", NULL },
		{ "2026-11-23T10:15:30Z", NULL },
		{ "23.11.2026 10:15:30 +0100", NULL },
		{ "yesterday", NULL },
		{ "", NULL },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice date = SLICE("none");

		if (date_repair(&mem, slice_of(cases[i].value), &date) !=
		    (cases[i].date != NULL))
			fail_msg("\"%s\"", cases[i].value);
		if (cases[i].date == NULL)
			continue;
		check_slice(cases[i].value, date, cases[i].date);
		assert_true(date_is_valid(date));
	}
	arena_done(&mem);
}

static void
message_ids_are_one_identifier(void **state)
{
	static const struct {
		const char *value;
		bool ok;
	} cases[] = {
		{ " <a.b@c.example>", true },
		{ "<a@[192.0.2.1]>", true },
		{ "(x) <a@b> (y)", true },
		{ "<a@b>\n ", true },
		{ "<a.b.c@d>", true },
		{ "<!#$%&'*+-/=?^_`{|}~@[!IPv6:::1.a-z/~]>", true },
		/* Outlook, Exchange, Thunderbird, Gmail, Apple Mail, mutt, sendmail */
		{ "<000001da$8c1f6b30$a45e4190$@corp.example>", true },
		{ "<DB7P=R04_MB5@DB7PR04MB5.eurprd04.prod.outlook.com>", true },
		{ "<6e0d3f5a-3c0e-4d4e-9a57-0d1c8b0b1f11@corp.example>", true },
		{ "<CAF+Q=x_y9-z@mail.gmail.com>", true },
		{ "<0A1B%2C!x@me.com>", true },
		{ "<20261123101530.GA1234@host>", true },
		{ "<202611231015.xANAFUt2012345@mail_1.corp.example>", true },
		{ "<\"a,b\"@c>", true },
		{ "<\"a@>\".b@c>", true },
		{ "<\"a\\\"\\\\\"@c>", true },
		{ "a@b.example", false },
		{ "<a\"b@c>", true },
		{ "<\"a@c>", true },
		{ "<\"a b\"@c>", false },
		{ "<\"a\"b@c>", true },
		{ "<\"a\\", false },
		{ "<a..b@c>", true },
		{ "<.a@c>", true },
		{ "<a.@c>", true },
		{ "<a@c.>", true },
		{ "<a@.c>", true },
		{ "<a@c..d>", true },
		{ "<a(b)@c>", true },
		{ "<a,b;c@d:e>", true },
		{ "<a\\@c>", true },
		{ "<a@[1.2>", true },
		{ "<a@[1.2]x>", true },
		{ "<a@[1[2]>", true },
		{ "<a@", false },
		{ "<a@[", false },
		{ "<a@\"\">", true },
		{ "<a@\"b\">", true },
		{ "<\xc3\xa9@c>", false },
		{ "<a>", true },
		{ "<@b>", true },
		{ "<a@>", true },
		{ "<a@b@c>", true },
		{ "<abc123>", true },
		{ "<[1]:2@c>", true },
		{ "<a b@c>", false },
		{ "< a@c>", false },
		{ "<>", false },
		{ "<a\x01@c>", false },
		{ "<<a@b>>", false },
		{ "<a@b> <c@d>", false },
		{ "<a@b", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (message_id_is_usable(slice_of(cases[i].value)) !=
		    cases[i].ok)
			fail_msg("\"%s\"", cases[i].value);
	}
}

static void
a_repaired_message_id_keeps_what_it_can(void **state)
{
	struct arena mem;
	struct slice one, two;

	(void)state;
	arena_init(&mem);
	check_slice("brackets",
	    message_id_repair(
		&mem, SLICE(" a@b.example "), SLICE("h.example"), 1),
	    "<a@b.example>");
	check_slice("no @",
	    message_id_repair(&mem, SLICE("20261123.1"), SLICE("h.example"), 1),
	    "<20261123.1>");
	check_slice("blanks",
	    message_id_repair(&mem, SLICE(" < a@b >"), SLICE("h.example"), 1),
	    "<a@b>");
	check_slice("text behind",
	    message_id_repair(
		&mem, SLICE("<a@b> <c@d>"), SLICE("h.example"), 1),
	    "<a@b>");
	check_slice("no end",
	    message_id_repair(&mem, SLICE("x <a@b"), SLICE("h.example"), 1),
	    "<a@b>");
	one =
	    message_id_repair(&mem, SLICE("some words"), SLICE("h.example"), 1);
	two = message_id_new(&mem, SLICE("h.example"), 1);
	assert_true(message_id_is_usable(one));
	assert_true(message_id_is_usable(two));
	assert_false(slice_eq(one, two));
	assert_true(slice_ends_nocase(one, SLICE("@h.example>")));
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_those_of_rfc_5322),
		cmocka_unit_test(a_date_that_is_made_is_valid),
		cmocka_unit_test(a_date_is_repaired_where_it_says_all),
		cmocka_unit_test(message_ids_are_one_identifier),
		cmocka_unit_test(a_repaired_message_id_keeps_what_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
