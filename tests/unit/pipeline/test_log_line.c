/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/pipeline/message_priv.h"

/* A message of which only what the log says is there. */
static void
message_init(struct message *message)
{
	*message = (struct message){ .repairs_done = true };
	arena_init(&message->mem);
	authors_init(&message->authors, &message->mem);
	message->submitter = (struct submitter){ SLICE("alice@corp.example"),
		SLICE("sasl"), true };
	message->facts.path = SLICE("<alice@corp.example>");
	assert_true(net_addr_parse(SLICE("192.0.2.7"),
	    &message->facts.client.addr));
}

static void
an_accepted_message_has_one_plain_line(void **state)
{
	struct verdict verdict = verdict_accept();
	struct message message;

	(void)state;
	message_init(&message);
	message.repairs = REPAIRED_DATE | REPAIRED_BCC;
	message.busy_us = 1250;
	check_slice("line", pipeline_log_line(&message, SLICE("4F2A"),
	    &verdict), "qid=4F2A login=alice@corp.example via=sasl "
	    "client=192.0.2.7 mail_from=alice@corp.example action=accept "
	    "repaired=date,bcc signed=none ms=1.2");
	arena_done(&message.mem);
}

static void
what_a_stranger_says_stays_one_value(void **state)
{
	static const struct {
		const char *login;
		const char *want;
	} cases[] = {
		{ "alice", "login=alice " },
		{ "a b", "login=\"a b\" " },
		{ "a=b", "login=\"a=b\" " },
		{ "x\naction=accept", "login=\"x\\x0aaction=accept\" " },
		{ "x\r\ny", "login=\"x\\x0d\\x0ay\" " },
		{ "x\" action=\"accept", "login=\"x\\x22 action=\\x22accept\" " },
		{ "back\\slash", "login=\"back\\x5cslash\" " },
		{ "\x1b[31m", "login=\"\\x1b[31m\" " },
		{ "\xc3\xa9", "login=\"\\xc3\\xa9\" " },
		{ "\x7f", "login=\"\\x7f\" " },
		{ "%s%n", "login=%s%n " },
	};
	struct verdict verdict = verdict_accept();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message message;
		struct slice line;

		message_init(&message);
		message.submitter.login = slice_of(cases[i].login);
		line = pipeline_log_line(&message, SLICE(""), &verdict);
		if (!slice_starts(line, slice_of(cases[i].want)))
			fail_msg("%s: %.*s", cases[i].want, SLICE_ARGS(line));
		arena_done(&message.mem);
	}
}

static void
a_long_value_is_cut(void **state)
{
	static char long_login[5000];
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;

	(void)state;
	memset(long_login, 'a', sizeof(long_login) - 1);
	message_init(&message);
	message.submitter.login = slice_of(long_login);
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_true(line.len < 500);
	assert_non_null(strstr(line.data, "aaa... via=sasl "));
	arena_done(&message.mem);
}

static void
a_refusal_says_why_and_in_monitor_mode_would_have(void **state)
{
	struct err err;
	struct verdict verdict, accept = verdict_accept();
	struct message message;
	struct strbuf json;
	struct slice line;

	(void)state;
	message_init(&message);
	message.facts.path = SLICE("<>");
	err_set(&err, ERR_TEMP, "table x: \"refused\"");
	verdict = verdict_unsure(&message.mem, "rights", &err);
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data, " mail_from=<> action=tempfail "
	    "reason=rights reply=\"451 4.3.0 The message cannot be checked "
	    "right now, please try again later\" "
	    "detail=\"table x: 'refused'\" signed=none "));
	message.would = verdict;
	line = pipeline_log_line(&message, SLICE(""), &accept);
	assert_non_null(strstr(line.data,
	    " action=accept would=tempfail reason=rights reply=\"451 "));
	strbuf_init(&json, &message.mem);
	pipeline_log_json(&message, &accept, &json);
	assert_non_null(strstr(json.data,
	    "\"action\":\"accept\",\"would\":\"tempfail\","
	    "\"reason\":\"rights\",\"reply\":\"451 4.3.0 The message"));
	arena_done(&message.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_message_has_one_plain_line),
		cmocka_unit_test(what_a_stranger_says_stays_one_value),
		cmocka_unit_test(a_long_value_is_cut),
		cmocka_unit_test(
		    a_refusal_says_why_and_in_monitor_mode_would_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
