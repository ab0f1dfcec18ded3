/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "logbook/postfix_log.h"

#define HEAD "Nov 30 10:15:30 mx1 postfix/"

static void
note(void *arg, const struct log_record *record)
{
	const struct slice *fields = record->fields;

	strbuf_addf(arg, "%.*s %.*s/%.*s %.*s %.*s\n",
	    SLICE_ARGS(fields[LOG_QID]), SLICE_ARGS(fields[LOG_LOGIN]),
	    SLICE_ARGS(fields[LOG_VIA]), SLICE_ARGS(fields[LOG_CLIENT]),
	    SLICE_ARGS(fields[LOG_MAIL_FROM]));
}

/* What is told of some lines, NULL behind the last one. */
static void
check_lines(const char *const *lines, const char *want)
{
	struct postfix_log *log;
	struct strbuf told;
	struct arena mem;

	arena_init(&mem);
	strbuf_init(&told, &mem);
	strbuf_add_cstr(&told, "");
	log = postfix_log_new(note, &told);
	for (; *lines != NULL; lines++)
		postfix_log_line(log, slice_of(*lines));
	postfix_log_free(log);
	check_slice("told", strbuf_slice(&told), want);
	arena_done(&mem);
}

static void
logins_are_told_once(void **state)
{
	static const char *const lines[] = {
		HEAD "submission/smtpd[7]: 4Wq1Dz: client=pc[192.0.2.7], "
		     "sasl_method=PLAIN, sasl_username=alice@example.org",
		HEAD "cleanup[8]: 4Wq1Dz: message-id=<1@example.org>",
		HEAD
		"qmgr[9]: 4Wq1Dz: from=<info@example.org>, size=99, nrcpt=1",
		HEAD
		"qmgr[9]: 4Wq1Dz: from=<info@example.org>, size=99, nrcpt=1",
		"2026-11-30T10:15:30.1+01:00 mx1 postfix-out/smtpd[7]: A1: "
		"client=x[2001:db8::1], sasl_username=bob",
		"2026-11-30T10:15:30.1+01:00 mx1 postfix-out/qmgr[7]: A1: "
		"from=<>, size=1",
		NULL,
	};

	(void)state;
	check_lines(lines,
	    "4Wq1Dz alice@example.org/sasl 192.0.2.7 info@example.org\n"
	    "A1 bob/sasl 2001:db8::1 <>\n");
}

static void
who_submits_without_a_login_is_told(void **state)
{
	static const char *const lines[] = {
		HEAD "submission/smtpd[7]: AAA: client=printer[192.0.2.9]",
		HEAD "smtpd[7]: BBB: client=mx.far.example[198.51.100.1]",
		HEAD "qmgr[9]: AAA: from=<p@example.org>, size=9",
		HEAD "qmgr[9]: BBB: from=<x@far.example>, size=9",
		HEAD "pickup[9]: CCC: uid=0 from=<root>",
		HEAD "qmgr[9]: CCC: from=<root@example.org>, size=9",
		NULL,
	};

	(void)state;
	check_lines(lines, "AAA / 192.0.2.9 p@example.org\n");
}

static void
lines_of_others_and_broken_ones_say_nothing(void **state)
{
	static const char *const lines[] = { "", "postfix", "postfix/smtpd[",
		"postfix/smtpd[1]:", "postfix/smtpd[1]: ",
		"postfix/smtpd[1]: client=x[1]", "postfix/qmgr[1]: : from=<a>",
		"postfix/qmgr[1]: A1: from=<a@b.example>",
		"sshd[1]: postfix/qmgr[1]: A1: from=<a@b.example>",
		HEAD "smtpd[1]: A1: client=, sasl_username=x",
		HEAD "smtpd[1] A1: client=, sasl_username=x",
		HEAD "qmgr[1]: A 1: from=<a@b.example>", NULL };

	(void)state;
	check_lines(lines, "");
}

static void
octets_that_are_not_text_are_escaped(void **state)
{
	static const char *const lines[] = { HEAD
		"smtpd[7]: AA: client=x[192.0.2.7], sasl_username=a\"\x01",
		HEAD "qmgr[9]: AA: from=<\xc3\xbc@example.org>, size=9", NULL };

	(void)state;
	check_lines(
	    lines, "AA a\\x22\\x01/sasl 192.0.2.7 \\xc3\\xbc@example.org\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_are_told_once),
		cmocka_unit_test(who_submits_without_a_login_is_told),
		cmocka_unit_test(lines_of_others_and_broken_ones_say_nothing),
		cmocka_unit_test(octets_that_are_not_text_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
