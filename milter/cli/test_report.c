/* SPDX-License-Identifier: BSD-2-Clause */
/* What "submilter test" says of a message, as text or JSON. */
#include <stdio.h>

#include "test_priv.h"

/* Each author with what gives the right to it, or that nothing does. */
static void
report_authors(struct message *message, struct strbuf *buf, bool json)
{
	const struct authors *authors = message_authors(message);
	struct arena *mem = message_arena(message);

	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		struct slice how = SLICE("");
		struct err err;
		const char *answer = "unknown";
		enum right right = rights_check(
		    &message_snapshot(message)->rights,
		    message_submitter(message), &author->address, mem, &how,
		    &err);

		switch (right) {
		case RIGHT_GRANTED:
			answer = "allowed";
			break;
		case RIGHT_BEHALF:
			answer = "on behalf";
			break;
		case RIGHT_NONE:
			answer = "not allowed";
			if (how.len == 0)
				how = SLICE("no table and no rule grants it");
			break;
		case RIGHT_UNKNOWN:
			how = slice_dup(mem, slice_of(err.text));
			break;
		}
		if (json) {
			strbuf_add_cstr(buf, i == 0 ? "" : ",");
			strbuf_addf(buf, "{\"role\":\"%s\",\"address\":",
			    author_role_name(author->role));
			json_append(buf, author->address.text);
			strbuf_addf(buf, ",\"right\":\"%s\",\"by\":", answer);
			json_append(buf, how);
			strbuf_add_char(buf, '}');
			continue;
		}
		strbuf_addf(buf, "author       %s: ",
		    author_role_name(author->role));
		escape_append(buf, author->address.text, 320);
		strbuf_addf(buf, "  %s (", answer);
		strbuf_add(buf, how);
		strbuf_add_cstr(buf, ")\n");
	}
}

static void
report_edits(const struct edits *edits, struct strbuf *buf, bool json)
{
	bool first = true;

	for (size_t i = 0; edits != NULL && i < edits->count; i++) {
		const struct edited_field *field = &edits->fields[i];
		const char *what = NULL;

		switch (field->state) {
		case FIELD_KEPT:
			break;
		case FIELD_CHANGED:
			what = "change";
			break;
		case FIELD_DELETED:
			what = "delete";
			break;
		case FIELD_ADDED:
		case FIELD_ON_TOP:
			what = "add";
			break;
		}
		if (what == NULL)
			continue;
		if (json) {
			strbuf_addf(buf, "%s{\"edit\":\"%s\",\"name\":",
			    first ? "" : ",", what);
			json_append(buf, field->field.name);
			strbuf_add_cstr(buf, ",\"value\":");
			json_append(buf, field->field.value);
			strbuf_add_char(buf, '}');
			first = false;
			continue;
		}
		strbuf_addf(buf, "edit         %s ", what);
		escape_append(buf, field->field.name, 100);
		strbuf_add_char(buf, ':');
		if (field->state != FIELD_DELETED)
			escape_append(buf, field_unfold(edits->mem,
			    field->field.value), 100);
		strbuf_add_char(buf, '\n');
	}
}

/* The reply that the client would read. */
static struct slice
reply_line(struct arena *mem, const struct verdict *verdict)
{
	if (verdict->action == ACTION_ACCEPT ||
	    verdict->action == ACTION_HOLD)
		return SLICE("250");
	return slice_format(mem, "%s %s %.*s", verdict->code,
	    verdict->enhanced, SLICE_ARGS(verdict->text));
}

void
test_print_text(const struct test_outcome *outcome)
{
	struct message *message = outcome->message;
	const struct verdict *verdict = &outcome->verdict;
	struct strbuf buf;

	strbuf_init(&buf, message_arena(message));
	strbuf_addf(&buf, "verdict      %s\n", action_name(verdict->action));
	strbuf_add_cstr(&buf, "reply        ");
	strbuf_add(&buf, reply_line(message_arena(message), verdict));
	strbuf_addf(&buf, "\nmta          %.*s (%s)\n",
	    SLICE_ARGS(outcome->mta->name), outcome->mta->by);
	report_authors(message, &buf, false);
	if (verdict->action == ACTION_ACCEPT) {
		report_edits(message_edits(message), &buf, false);
		strbuf_add(&buf, outcome->signatures);
	}
	strbuf_add_cstr(&buf, "log          ");
	strbuf_add(&buf, pipeline_log_line(message, (struct slice){ NULL, 0 },
	    verdict));
	strbuf_add_char(&buf, '\n');
	(void)fwrite(buf.data, 1, buf.len, stdout);
	if (verdict->action != ACTION_ACCEPT || outcome->report_only)
		return;
	puts("\n--- the message as it goes on ---");
	(void)fwrite(outcome->result.data, 1, outcome->result.len, stdout);
}

void
test_print_json(const struct test_outcome *outcome)
{
	struct message *message = outcome->message;
	const struct verdict *verdict = &outcome->verdict;
	struct strbuf buf;

	strbuf_init(&buf, message_arena(message));
	strbuf_add_cstr(&buf, "{\"verdict\":");
	json_append(&buf, slice_of(action_name(verdict->action)));
	strbuf_add_cstr(&buf, ",\"smtp\":");
	json_append(&buf, reply_line(message_arena(message), verdict));
	strbuf_add_cstr(&buf, ",\"mta\":");
	json_append(&buf, outcome->mta->name);
	strbuf_add_cstr(&buf, ",\"mta_by\":");
	json_append(&buf, slice_of(outcome->mta->by));
	strbuf_add_cstr(&buf, ",\"log\":{");
	pipeline_log_json(message, verdict, &buf);
	strbuf_add_cstr(&buf, "},\"authors\":[");
	report_authors(message, &buf, true);
	strbuf_add_cstr(&buf, "],\"edits\":[");
	if (verdict->action == ACTION_ACCEPT)
		report_edits(message_edits(message), &buf, true);
	strbuf_add_cstr(&buf, "],\"signatures\":[");
	strbuf_add(&buf, outcome->signatures);
	strbuf_add_char(&buf, ']');
	if (verdict->action == ACTION_ACCEPT && !outcome->report_only) {
		strbuf_add_cstr(&buf, ",\"message\":");
		json_append(&buf, outcome->result);
	}
	strbuf_add_cstr(&buf, "}\n");
	(void)fwrite(buf.data, 1, buf.len, stdout);
}
