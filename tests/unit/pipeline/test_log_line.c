/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/pipeline/message_priv.h"
#include "base/log.h"

/* A message of which only what the log says is there. */
static void
message_init(struct message *message)
{
	*message = (struct message){ .repairs_done = true };
	arena_init(&message->mem);
	authors_init(&message->authors, &message->mem);
	message->submitter = (struct submitter){
		.login = SLICE("alice@corp.example"), .via = SLICE("sasl"),
		.realm_counts = true };
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
	assert_non_null(strstr(line.data, "aaa login_more=4899 via=sasl "));
	/* As long as the whole line has room, nothing is. */
	message.submitter.login.len = 1500;
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_true(line.len > 1500 && line.len <= LOG_LINE_OCTETS);
	assert_null(strstr(line.data, "_more="));
	arena_done(&message.mem);
}

/* How often a text stands in a line. */
static size_t
occurrences(struct slice line, const char *text)
{
	size_t count = 0;

	for (const char *p = line.data; (p = strstr(p, text)) != NULL; p++)
		count++;
	return count;
}

static void
add_author(struct message *message, const char *text)
{
	struct author author = { .role = ROLE_FROM,
		.address.text = slice_of(text) };

	authors_keep(&message->authors, &author);
}

static void
lists_end_with_a_whole_entry(void **state)
{
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;

	(void)state;
	message_init(&message);
	for (size_t i = 0; i < 95; i++) {
		struct slice name = slice_format(&message.mem,
		    "person-%02zu@corp.example", i);

		add_author(&message, name.data);
	}
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	/* 22 octets each, and a comma: eight of them fit in 200. */
	assert_non_null(strstr(line.data, " from=person-00@corp.example,"));
	assert_non_null(strstr(line.data,
	    ",person-07@corp.example from_more=87 action=accept "));
	arena_done(&message.mem);
}

static void
each_warning_stands_once_and_the_rest_is_counted(void **state)
{
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;

	(void)state;
	message_init(&message);
	for (size_t i = 0; i < 40; i++)
		message_warn(&message, slice_format(&message.mem,
		    "warning %zu", i % 20));
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data, " signed=none warning=\"warning 0; "
	    "warning 1; "));
	assert_non_null(strstr(line.data, "; warning 15\" warning_more=8 ms="));
	arena_done(&message.mem);
}

/* Every fact as long as it gets, what is not ours in odd octets. */
static void
the_longest_line_has_all_facts(void **state)
{
	static const char *const keys[] = { "qid", "login", "via", "client",
		"mail_from", "from", "claimed_from", "action", "would",
		"reason", "reply", "detail", "repaired", "old_date",
		"old_message_id", "signed", "spf",
		"dmarc", "adsp", "sender_id", "unsubscribe", "warning", "ms" };
	static char odd[3001], label[254];
	static const char word[] = "abcdefghijklmnopqrst";
	const struct header_limits no_limits = { 0 };
	struct sign_key key = { .domain = { label, 253 },
		.selector = { label, 63 } };
	struct signature signatures[MAX_SIGNATURES];
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;
	struct err err;

	(void)state;
	memset(odd, '\xff', sizeof(odd) - 1);
	memset(label, 'x', sizeof(label) - 1);
	message_init(&message);
	message.submitter = (struct submitter){ .login = slice_of(odd),
	    .via = slice_sub(slice_of(word), 0, 16) };
	message.facts.path = slice_of(odd);
	assert_true(net_addr_parse(SLICE("2001:db8:1111:2222:3333:4444:5555:"
	    "6666"), &message.facts.client.addr));
	message.claimed_from = slice_of(odd);
	for (size_t i = 0; i < 100; i++)
		add_author(&message, odd);
	for (size_t i = 0; i < 100; i++)
		message_warn(&message, slice_format(&message.mem, "%zu %s", i,
		    odd));
	header_init(&message.header, &message.mem);
	assert_int_equal(header_add(&message.header, SLICE("Date"),
	    slice_of(odd), &no_limits, &err), 0);
	assert_int_equal(header_add(&message.header, SLICE("message-id"),
	    slice_of(odd), &no_limits, &err), 0);
	message.repairs = (REPAIRED_8BIT << 1) - 1U;
	message.repairs_done = false;
	message.is_signed = true;
	message.key_count = MAX_SIGNATURES;
	message.signatures = signatures;
	for (size_t i = 0; i < MAX_SIGNATURES; i++)
		signatures[i] = (struct signature){ .key = &key };
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		message.outlooks[i].result = slice_sub(slice_of(word), 0, 12);
	err_set(&err, ERR_TEMP, "%s", odd);
	message.would = verdict_unsure(&message.mem, word, &err);
	message.would.text = slice_of(odd);
	message.would.detail = slice_of(odd);
	message.busy_us = 9999999999999;
	line = pipeline_log_line(&message, slice_of(odd), &verdict);
	if (line.len > LOG_LINE_OCTETS)
		fail_msg("%zu octets: %s", line.len, line.data);
	assert_true(slice_is_ascii(line));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%s%s=", i == 0 ? "" : " ",
		    strcmp(keys[i], "repaired") == 0 ? "would_repair"
		    : keys[i]);
		if (occurrences(line, text) != 1)
			fail_msg("%s: %s", text, line.data);
	}
	assert_non_null(strstr(line.data, " from_more=100 "));
	assert_non_null(strstr(line.data, " signed_more=8 "));
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
		cmocka_unit_test(lists_end_with_a_whole_entry),
		cmocka_unit_test(
		    each_warning_stands_once_and_the_rest_is_counted),
		cmocka_unit_test(the_longest_line_has_all_facts),
		cmocka_unit_test(
		    a_refusal_says_why_and_in_monitor_mode_would_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
