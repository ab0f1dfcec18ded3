/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge CONFIGURATION: what submilter makes of each message that stands in
 * stdin. Login and MAIL FROM are alice@corp.example.
 *
 * A message comes as a big-endian length of four octets and that many octets:
 * '8' with SMTPUTF8 or '7' without, then the message with CRLF line ends. Each
 * gets one answer, with a length before it as well:
 *
 *	accept LF (ROLE: ADDRESS LF)* LF message as it goes on
 *	reject REASON LF text of the reply, or what only the operator is told
 *
 * REASON is the word of the log line; each ADDRESS was checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

static void
report(void *arg, bool is_error, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", is_error ? "error" : "warning", text);
}

static void
report_config(void *arg, const char *file, unsigned int line, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

/* False at the end of the input. */
static bool
read_record(struct arena *mem, struct slice *ret_record)
{
	unsigned char prefix[4];
	char *data;
	size_t len;

	if (fread(prefix, 1, sizeof(prefix), stdin) != sizeof(prefix))
		return false;
	len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 |
	    (size_t)prefix[2] << 8 | prefix[3];
	data = arena_alloc(mem, len + 1);
	if (fread(data, 1, len, stdin) != len)
		return false;
	*ret_record = (struct slice){ data, len };
	return true;
}

static void
write_record(struct slice answer)
{
	const unsigned char prefix[4] = { (unsigned char)(answer.len >> 24 &
					      0xff),
		(unsigned char)(answer.len >> 16 & 0xff),
		(unsigned char)(answer.len >> 8 & 0xff),
		(unsigned char)(answer.len & 0xff) };

	fwrite(prefix, 1, sizeof(prefix), stdout);
	fwrite(answer.data, 1, answer.len, stdout);
}

/* Length of the field that text begins with: to a CRLF that is no fold. */
static size_t
field_length(struct slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == '\r' && text.data[i + 1] == '\n' &&
		    (i + 2 == text.len || !char_is_wsp(text.data[i + 2])))
			return i;
	}
	return text.len;
}

/* The milter protocol ends a name and a value at a NUL. */
static struct slice
to_nul(struct slice s)
{
	return slice_sub(s, 0, slice_find(s, '\0'));
}

/*
 * Hands the header over with as little changed as the protocol can express;
 * mta.verbatim() of tests/milter says what that is. Returns the body.
 */
static struct slice
hand_over(struct message *message, struct slice text)
{
	struct arena *mem = message_arena(message);

	while (text.len > 0) {
		/* First of all: a body may begin with a blank. */
		bool at_end = text.len > 1 && text.data[0] == '\r' &&
		    text.data[1] == '\n';
		struct slice field =
		    slice_sub(text, 0, at_end ? 0 : field_length(text));
		size_t colon = slice_find(field, ':');
		struct slice name = to_nul(slice_sub(field, 0, colon));
		struct strbuf value;

		if (field.len == 0)
			return slice_from(text, 2);
		if (colon == field.len || colon == 0 ||
		    char_is_wsp(field.data[0]))
			return text;
		strbuf_init(&value, mem);
		for (size_t i = colon + 1; i < field.len; i++) {
			if (field.data[i] != '\r' || i + 1 == field.len ||
			    field.data[i + 1] != '\n')
				strbuf_add_char(&value, field.data[i]);
		}
		if (name.len > 0)
			message_add_header(
			    message, name, to_nul(strbuf_slice(&value)));
		text = slice_from(text, field.len + 2);
	}
	return text;
}

static void
answer_accept(
    const struct message *message, struct slice body, struct strbuf *answer)
{
	const struct authors *authors = message_authors(message);
	const struct field *fields;
	size_t count;

	strbuf_add_cstr(answer, "accept\n");
	for (size_t i = 0; i < authors->count; i++) {
		struct slice text = authors->items[i].address.text;

		ENSURE(!slice_has(text, '\n'));
		strbuf_addf(
		    answer, "%s: ", author_role_name(authors->items[i].role));
		strbuf_add(answer, text);
		strbuf_add_char(answer, '\n');
	}
	strbuf_add_char(answer, '\n');
	fields = edits_view(message_edits(message), &count);
	for (size_t i = 0; i < count; i++) {
		strbuf_add(answer, fields[i].name);
		strbuf_add_char(answer, ':');
		for (size_t j = 0; j < fields[i].value.len; j++) {
			if (fields[i].value.data[j] == '\n')
				strbuf_add_char(answer, '\r');
			strbuf_add_char(answer, fields[i].value.data[j]);
		}
		strbuf_add_cstr(answer, "\r\n");
	}
	strbuf_add_cstr(answer, "\r\n");
	strbuf_add(answer, body);
}

static void
judge(struct snapshot *snapshot, struct slice record)
{
	const struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE("alice@corp.example"),
		.path = SLICE("<alice@corp.example>"),
		.client.said[FACT_MAIL_ADDR] = SLICE("alice@corp.example"),
		.client.said[FACT_MTA_NAME] = SLICE("mail.corp.example"),
		.smtputf8 = record.len > 0 && record.data[0] == '8',
	};
	struct message *message = message_new(snapshot, &facts);
	struct verdict verdict = pipeline_mail(message);
	struct slice body = hand_over(message, slice_from(record, 1));
	struct strbuf answer;

	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_header(message);
	if (verdict.action == ACTION_ACCEPT) {
		pipeline_body(message, body);
		verdict = pipeline_end(message);
	}
	strbuf_init(&answer, message_arena(message));
	if (verdict.action == ACTION_ACCEPT) {
		answer_accept(message, body, &answer);
	} else {
		strbuf_addf(
		    &answer, "reject %s\n", reason_name(verdict.reason));
		strbuf_add(&answer,
		    verdict.detail.len != 0 ? verdict.detail : verdict.text);
	}
	write_record(strbuf_slice(&answer));
	message_free(message);
}

int
main(int argc, char **argv)
{
	struct snapshot *snapshot;
	struct config *config;
	struct slice record;
	struct arena mem;
	struct err err;

	if (argc != 2) {
		fprintf(stderr, "usage: judge CONFIGURATION < RECORDS\n");
		return 2;
	}
	if (config_read(argv[1], report_config, NULL, &config, &err) != 0 ||
	    snapshot_new(config, NULL, &(struct report){ report, NULL },
		&snapshot, &err) != 0) {
		fprintf(stderr, "judge: %s\n", err.text);
		return 1;
	}
	for (;;) {
		arena_init(&mem);
		if (!read_record(&mem, &record))
			break;
		judge(snapshot, record);
		arena_done(&mem);
	}
	arena_done(&mem);
	snapshot_unref(snapshot);
	return fflush(stdout) == 0 ? 0 : 1;
}
