/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdlib.h>

#include "../../../milter/pipeline/message_priv.h"
#include "base/log.h"

/* A message of which only what the log says is there. */
static void
message_init(struct message *message)
{
	*message = (struct message){ .repairs_done = true };
	arena_init(&message->mem);
	authors_init(&message->authors, &message->mem);
	message->submitter =
	    (struct submitter){ .login = SLICE("alice@corp.example"),
		    .via = SLICE("sasl"),
		    .realm_counts = true };
	message->facts.path = SLICE("<alice@corp.example>");
	assert_true(
	    net_addr_parse(SLICE("192.0.2.7"), &message->facts.client.addr));
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
	check_slice("line",
	    pipeline_log_line(&message, SLICE("4F2A"), &verdict),
	    "qid=4F2A login=alice@corp.example via=sasl "
	    "client=192.0.2.7 mail_from=alice@corp.example action=accept "
	    "repaired=date,bcc signed=none ms=1.3");
	arena_done(&message.mem);
}

static void
a_reverse_path_that_is_changed_shows_as_both(void **state)
{
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;

	(void)state;
	message_init(&message);
	message.facts.path = SLICE("<root@host.example>");
	message.envelope = (struct envelope_edits){ .changes_sender = true,
		.sender = SLICE("alice@corp.example") };
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data,
	    " mail_from=alice@corp.example "
	    "claimed_mail_from=root@host.example action=accept "));
	message.envelope.sender = SLICE("");
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data,
	    " mail_from=<> "
	    "claimed_mail_from=root@host.example "));
	arena_done(&message.mem);
}

/* What the claimed one takes from it still leaves most addresses whole. */
static void
a_reverse_path_that_is_changed_has_room(void **state)
{
	static char long_login[5000];
	static const char path[] =
	    "a-rather-long-name-of-a-person@department.corp.example";
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;

	(void)state;
	memset(long_login, 'a', sizeof(long_login) - 1);
	message_init(&message);
	message.submitter.login = slice_of(long_login);
	message.envelope = (struct envelope_edits){ .changes_sender = true,
		.sender = slice_of(path) };
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data,
	    slice_format(&message.mem,
		" mail_from=%s claimed_mail_from=alice@corp.example ", path)
		.data));
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
		{ "x\" action=\"accept",
		    "login=\"x\\x22 action=\\x22accept\" " },
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
		struct slice name =
		    slice_format(&message.mem, "person-%02zu@corp.example", i);

		add_author(&message, name.data);
	}
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	/* 22 octets each, and a comma: seven of them fit in 168. */
	assert_non_null(strstr(line.data, " from=person-00@corp.example,"));
	assert_non_null(strstr(
	    line.data, ",person-06@corp.example from_more=88 action=accept "));
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
		outcome_warn(&message.outcome,
		    slice_format(&message.mem, "warning %zu", i % 20));
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data,
	    " signed=none warning=\"warning 0; "
	    "warning 1; "));
	assert_non_null(strstr(line.data, "; warning 15\" warning_more=8 ms="));
	arena_done(&message.mem);
}

/* A message all of whose fields are there; what is not ours is this text. */
static void
message_init_full(struct message *message, const char *odd)
{
	static char label[254];
	static struct sign_key key = { .domain = { label, 253 },
		.selector = { label, 63 } };
	static struct signature signatures[MAX_SIGNATURES];
	static const char word[] = "abcdefghijklmnopqrst";
	const struct header_limits no_limits = { 0 };
	struct err err;

	memset(label, 'x', sizeof(label) - 1);
	message_init(message);
	message->submitter = (struct submitter){ .login = slice_of(odd),
		.via = slice_sub(slice_of(word), 0, 16) };
	message->facts.path = slice_of(odd);
	assert_true(net_addr_parse(SLICE("2001:db8:1111:2222:3333:4444:5555:"
					 "6666"),
	    &message->facts.client.addr));
	message->envelope = (struct envelope_edits){ .changes_sender = true,
		.sender = slice_of(odd) };
	message->claimed_from = slice_of(odd);
	for (size_t i = 0; i < 100; i++) {
		add_author(message, odd);
		message->authors.items[i].right = RIGHT_GRANTED;
		message->authors.items[i].how =
		    slice_format(&message->mem, "%zu %s", i, odd);
	}
	for (size_t i = 0; i < TABLE_MAX_STALE; i++)
		message->notes.stale[i] =
		    (struct stale_note){ slice_of(odd), UINT64_MAX };
	message->notes.stale_count = TABLE_MAX_STALE;
	for (size_t i = 0; i < 100; i++)
		outcome_warn(&message->outcome,
		    slice_format(&message->mem, "%zu %s", i, odd));
	header_init(&message->header, &message->mem);
	assert_int_equal(header_add(&message->header, SLICE("Date"), SLICE("x"),
			     &no_limits, &err),
	    0);
	assert_int_equal(header_add(&message->header, SLICE("message-id"),
			     SLICE("x"), &no_limits, &err),
	    0);
	assert_int_equal(header_add(&message->header, SLICE("User-Agent"),
			     SLICE("x"), &no_limits, &err),
	    0);
	for (size_t i = 0; i < message->header.count; i++)
		message->header.fields[i].value = slice_of(odd);
	message->repairs = (REPAIRED_8BIT << 1) - 1U;
	message->repairs_done = false;
	message->is_signed = true;
	message->key_count = MAX_SIGNATURES;
	message->signatures = signatures;
	for (size_t i = 0; i < MAX_SIGNATURES; i++)
		signatures[i] = (struct signature){ .key = &key };
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		message->outlooks[i].result = slice_sub(slice_of(word), 0, 12);
	err_set(&err, ERR_TEMP, "%s", odd);
	message->outcome.standing = OUTCOME_WATCHED;
	message->outcome.verdict =
	    verdict_unsure(&message->mem, REASON_MAIL_FROM_SYNTAX, &err);
	message->outcome.verdict.text = slice_of(odd);
	message->outcome.verdict.detail = slice_of(odd);
	message->busy_us = 9999999999999;
	message->rcpts = 999999999999;
}

/* Only where somebody would ask which program it was. */
static void
the_program_is_named_where_something_is_wrong(void **state)
{
	static const struct {
		const char *field;
		uint32_t repairs;
		bool is_refused, is_watched, is_named;
	} cases[] = {
		{ "User-Agent", 0, false, false, false },
		{ "User-Agent", REPAIRED_DATE, false, false, true },
		{ "X-Mailer", REPAIRED_DATE, false, false, true },
		{ "X-Mailer", 0, true, false, true },
		{ "X-Mailer", 0, false, true, true },
		{ "Mailer", REPAIRED_DATE, true, true, false },
	};
	const struct header_limits no_limits = { 0 };
	struct err err;

	(void)state;
	err_set(&err, ERR_DATA, "no");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict verdict = verdict_accept(), refused;
		struct message message;
		struct slice line;

		message_init(&message);
		refused =
		    verdict_unsure(&message.mem, REASON_MAIL_FROM_SYNTAX, &err);
		header_init(&message.header, &message.mem);
		assert_int_equal(
		    header_add(&message.header, slice_of(cases[i].field),
			SLICE(" Mail 1.0"), &no_limits, &err),
		    0);
		message.repairs = cases[i].repairs;
		if (cases[i].is_refused)
			verdict = refused;
		if (cases[i].is_watched) {
			message.outcome.standing = OUTCOME_WATCHED;
			message.outcome.verdict = refused;
		}
		line = pipeline_log_line(&message, SLICE("4F2A"), &verdict);
		assert_int_equal(occurrences(line, " program=\"Mail 1.0\""),
		    cases[i].is_named);
		arena_done(&message.mem);
	}
}

static void
the_longest_line_has_all_facts(void **state)
{
	static const char *const keys[] = {
#define LOG_FIELD(id, name, kind, max) name,
#include "pipeline/log_fields.def"
#undef LOG_FIELD
	};
	static char odd[3001];
	struct verdict verdict = verdict_accept();
	struct message message;
	struct slice line;

	(void)state;
	memset(odd, '\xff', sizeof(odd) - 1);
	message_init_full(&message, odd);
	line = pipeline_log_line(&message, slice_of(odd), &verdict);
	if (line.len > LOG_LINE_OCTETS)
		fail_msg("%zu octets: %s", line.len, line.data);
	assert_true(slice_is_ascii(line));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[32];
		/* Of these two there is one, and this message is signed. */
		bool other = strcmp(keys[i], "repaired") == 0 ||
		    strcmp(keys[i], "unsigned") == 0;

		(void)snprintf(
		    text, sizeof(text), "%s%s=", i == 0 ? "" : " ", keys[i]);
		if (occurrences(line, text) != (other ? 0 : 1))
			fail_msg("%s: %s", text, line.data);
	}
	assert_non_null(strstr(line.data, " from_more=100 "));
	assert_non_null(strstr(line.data, " signed_more=8 "));
	arena_done(&message.mem);
}

enum kind { WORD, LIST, NUMBER, MS, TEXT, TEXTS, KIND_COUNT };

/* The kind of a field; KIND_COUNT: there is no such field. */
static enum kind
kind_of(struct slice name)
{
	static const struct {
		const char *name;
		enum kind kind;
	} fields[] = {
#define LOG_FIELD(id, name, kind, max) { name, kind },
#include "pipeline/log_fields.def"
#undef LOG_FIELD
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t len = strlen(fields[i].name);

		if (slice_eq(name, slice_of(fields[i].name)))
			return fields[i].kind;
		if (slice_starts(name, slice_of(fields[i].name)) &&
		    slice_eq(slice_from(name, len), SLICE("_more")))
			return NUMBER;
	}
	return KIND_COUNT;
}

/* Takes name, value and whether that was in quotes off the start of a line. */
static struct slice
take_field(struct slice *line, struct slice *ret_value, bool *ret_quoted)
{
	size_t equals = 0, end;
	struct slice name;

	while (equals < line->len && line->data[equals] != '=')
		equals++;
	assert_true(equals < line->len);
	name = slice_sub(*line, 0, equals);
	*line = slice_from(*line, equals + 1);
	*ret_quoted = line->len > 0 && line->data[0] == '"';
	if (*ret_quoted)
		*line = slice_from(*line, 1);
	for (end = 0;
	     end < line->len && line->data[end] != (*ret_quoted ? '"' : ' ');
	     end++)
		;
	*ret_value = slice_sub(*line, 0, end);
	if (*ret_quoted)
		assert_true(end++ < line->len);
	*line = slice_from(*line, end);
	if (line->len > 0) {
		assert_int_equal(line->data[0], ' ');
		*line = slice_from(*line, 1);
	}
	return name;
}

/* What a value was before it was written with \xNN. */
static struct slice
unescape(struct arena *mem, struct slice value)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len; i++) {
		char hex[3] = { 0 };

		if (value.data[i] != '\\') {
			strbuf_add_char(&buf, value.data[i]);
			continue;
		}
		assert_true(i + 3 < value.len && value.data[i + 1] == 'x');
		memcpy(hex, value.data + i + 2, 2);
		strbuf_add_char(&buf, (char)strtoul(hex, NULL, 16));
		i += 3;
	}
	return strbuf_slice(&buf);
}

/* What a stranger writes comes back as he wrote it, and adds no field. */
static void
every_field_can_be_read_back(void **state)
{
	static const char *const texts[] = { "a", "a b", "a=b",
		"x\naction=accept", "\" action=\"accept", "\\", "\\x22", "\x7f",
		"\xc3\xa9", ",", "%n" };
	struct verdict verdict = verdict_accept();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slice line, name, value;
		struct message message;
		size_t seen = 0;
		bool quoted;

		message_init_full(&message, texts[i]);
		message.authors.count = 1;
		message.key_count = 1;
		line =
		    pipeline_log_line(&message, slice_of(texts[i]), &verdict);
		while (line.len > 0) {
			name = take_field(&line, &value, &quoted);
			seen++;
			switch (kind_of(name)) {
			case NUMBER:
			case MS:
				assert_false(quoted);
				for (size_t j = 0; j < value.len; j++)
					assert_true(
					    char_is_digit(value.data[j]) ||
					    value.data[j] == '.');
				break;
			case TEXT:
			case TEXTS:
				assert_true(quoted);
				break;
			case WORD:
			case LIST:
				if (slice_eq(name, SLICE("qid")) ||
				    slice_eq(name, SLICE("login")) ||
				    slice_eq(name, SLICE("mail_from")) ||
				    slice_eq(name, SLICE("claimed_from")) ||
				    slice_eq(name, SLICE("from")))
					check_slice(texts[i],
					    unescape(&message.mem, value),
					    texts[i]);
				else
					(void)unescape(&message.mem, value);
				break;
			case KIND_COUNT:
				fail_msg("%.*s is not a field of the log",
				    SLICE_ARGS(name));
			}
		}
		/* All but two, and how many warnings are not there. */
		assert_int_equal(seen, 30);
		arena_done(&message.mem);
	}
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
	verdict = verdict_unsure(&message.mem, REASON_RIGHTS, &err);
	line = pipeline_log_line(&message, SLICE(""), &verdict);
	assert_non_null(strstr(line.data,
	    " mail_from=<> action=tempfail "
	    "reason=rights reply=\"451 4.3.0 The message cannot be checked "
	    "right now, please try again later\" "
	    "detail=\"table x: 'refused'\" signed=none "));
	message.outcome.verdict = verdict;
	message.outcome.standing = OUTCOME_WATCHED;
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
		cmocka_unit_test(a_reverse_path_that_is_changed_shows_as_both),
		cmocka_unit_test(a_reverse_path_that_is_changed_has_room),
		cmocka_unit_test(what_a_stranger_says_stays_one_value),
		cmocka_unit_test(a_long_value_is_cut),
		cmocka_unit_test(lists_end_with_a_whole_entry),
		cmocka_unit_test(
		    each_warning_stands_once_and_the_rest_is_counted),
		cmocka_unit_test(the_program_is_named_where_something_is_wrong),
		cmocka_unit_test(the_longest_line_has_all_facts),
		cmocka_unit_test(every_field_can_be_read_back),
		cmocka_unit_test(
		    a_refusal_says_why_and_in_monitor_mode_would_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
