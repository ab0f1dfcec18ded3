/* SPDX-License-Identifier: BSD-2-Clause */
/* A message file on the way of a message. */
#include "test_priv.h"

struct slice
test_with_crlf(struct arena *mem, struct slice text)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (text.len > 0) {
		size_t end = slice_find(text, '\n');
		struct slice line = slice_sub(text, 0, end);

		if (end < text.len && line.len > 0 &&
		    line.data[line.len - 1] == '\r')
			line.len--;
		strbuf_add(&buf, line);
		if (end < text.len)
			strbuf_add_cstr(&buf, "\r\n");
		text = slice_from(text, end + 1);
	}
	return strbuf_slice(&buf);
}

/* As Postfix does, above what the client sends. */
static void
add_login_field(const struct test_submission *from, struct message *message)
{
	const struct identity *identity = &message_snapshot(message)->identity;

	if (from->login_field != NULL)
		message_add_header(message, identity->login_field.name,
		    login_field_write(identity, slice_of(from->login_field),
			message_arena(message)));
}

struct verdict
test_submit(const struct test_submission *from, struct message *message,
    struct slice text, struct slice *ret_body)
{
	const struct header_limits no_limits = { 0 };
	struct arena *mem = message_arena(message);
	struct verdict verdict = pipeline_mail(message);
	struct header header;
	struct err err;

	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	header_init(&header, mem);
	if (header_parse(&header, text, &no_limits, ret_body, &err) != 0)
		return verdict_bad_message(mem, &err);
	*ret_body = test_with_crlf(mem, *ret_body);
	for (size_t i = 0; i < from->rcpt_count; i++)
		pipeline_rcpt(message, slice_of(from->rcpts[i]));
	add_login_field(from, message);
	for (size_t i = 0; i < header.count; i++)
		message_add_header(
		    message, header.fields[i].name, header.fields[i].value);
	verdict = pipeline_header(message);
	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	pipeline_body(message, *ret_body);
	return pipeline_end(message);
}
