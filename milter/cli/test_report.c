/* SPDX-License-Identifier: BSD-2-Clause */
/* What "submilter test" says of a message, as text or JSON. */
#include <stdio.h>

#include "cli/options.h"
#include "lookup_priv.h"
#include "test_priv.h"

/* Each author with what gave the right to it, or that nothing did. */
static void
report_authors(struct message *message, struct strbuf *buf, bool json)
{
	const struct authors *authors = message_authors(message);

	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		const char *answer = NULL;
		struct slice how = author->how;

		switch (author->right) {
		case RIGHT_UNJUDGED:
			answer = "not looked up";
			how = SLICE("the message was refused before that");
			break;
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
			answer = "unknown";
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
		strbuf_addf(
		    buf, "author       %s: ", author_role_name(author->role));
		escape_append(buf, author->address.text, 320);
		strbuf_addf(buf, "  %s (", answer);
		strbuf_add(buf, how);
		strbuf_add_cstr(buf, ")\n");
	}
}

static void
report_edits(struct message *message, struct strbuf *buf, bool json)
{
	static const char *const words[] = {
		[FIELD_CHANGED] = "change",
		[FIELD_DELETED] = "delete",
		[FIELD_ADDED] = "add",
		[FIELD_ON_TOP] = "add",
	};
	const struct edits *edits = message_edits(message);
	const struct envelope_edits *envelope = message_envelope(message);
	const char *before = "";

	if (envelope->changes_sender && json) {
		strbuf_add_cstr(buf,
		    "{\"edit\":\"change\","
		    "\"name\":\"MAIL FROM\",\"value\":");
		json_append(buf, envelope->sender);
		strbuf_add_char(buf, '}');
		before = ",";
	} else if (envelope->changes_sender) {
		strbuf_add_cstr(buf, "edit         change MAIL FROM:");
		escape_append(buf, envelope->sender, 320);
		strbuf_add_char(buf, '\n');
	}
	for (size_t i = 0; edits != NULL && i < edits->count; i++) {
		const struct edited_field *edit = &edits->fields[i];
		const struct field *field = &edit->field;

		if (edit->state == FIELD_KEPT)
			continue;
		if (json) {
			strbuf_addf(buf, "%s{\"edit\":\"%s\",\"name\":", before,
			    words[edit->state]);
			json_append(buf, field->name);
			strbuf_add_cstr(buf, ",\"value\":");
			json_append(buf, field->value);
			strbuf_add_char(buf, '}');
			before = ",";
			continue;
		}
		strbuf_addf(buf, "edit         %s ", words[edit->state]);
		escape_append(buf, field->name, 100);
		strbuf_add_char(buf, ':');
		if (edit->state != FIELD_DELETED)
			escape_append(
			    buf, field_unfold(edits->mem, field->value), 100);
		strbuf_add_char(buf, '\n');
	}
}

/* The reply that the client would read. */
static struct slice
reply_line(struct arena *mem, const struct verdict *verdict)
{
	if (verdict->action == ACTION_ACCEPT || verdict->action == ACTION_HOLD)
		return SLICE("250");
	return slice_format(mem, "%s %s %.*s", verdict->code, verdict->enhanced,
	    SLICE_ARGS(verdict->text));
}

void
test_print_text(const struct test_outcome *outcome)
{
	struct message *message = outcome->message;
	const struct verdict *verdict = &outcome->verdict;
	struct strbuf buf;

	if (outcome->trace != NULL)
		test_explain(outcome);
	strbuf_init(&buf, message_arena(message));
	strbuf_addf(&buf, "verdict      %s\n", action_name(verdict->action));
	strbuf_add_cstr(&buf, "reply        ");
	strbuf_add(&buf, reply_line(message_arena(message), verdict));
	if (message_step(message)[0] != '\0')
		strbuf_addf(&buf, "\nstep         %s", message_step(message));
	strbuf_addf(&buf, "\nmta          %.*s (%s)\n",
	    SLICE_ARGS(outcome->mta->name), outcome->mta->by);
	if (message_levels(message)->row.len != 0)
		strbuf_addf(&buf, "levels       %.*s\n",
		    SLICE_ARGS(message_levels(message)->row));
	report_authors(message, &buf, false);
	if (verdict->action == ACTION_ACCEPT) {
		report_edits(message, &buf, false);
		strbuf_add(&buf, outcome->signatures);
	}
	strbuf_add_cstr(&buf, "log          ");
	strbuf_add(&buf,
	    pipeline_log_line(message, (struct slice){ NULL, 0 }, verdict));
	strbuf_add_char(&buf, '\n');
	command_print(&buf);
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
	strbuf_add_cstr(&buf, ",\"step\":");
	json_append(&buf, slice_of(message_step(message)));
	strbuf_add_cstr(&buf, ",\"mta\":");
	json_append(&buf, outcome->mta->name);
	strbuf_add_cstr(&buf, ",\"mta_by\":");
	json_append(&buf, slice_of(outcome->mta->by));
	if (message_levels(message)->row.len != 0) {
		strbuf_add_cstr(&buf, ",\"levels\":");
		json_append(&buf, message_levels(message)->row);
	}
	strbuf_add_cstr(&buf, ",\"log\":{");
	pipeline_log_json(message, verdict, &buf);
	strbuf_add_cstr(&buf, "},\"authors\":[");
	report_authors(message, &buf, true);
	strbuf_add_cstr(&buf, "],\"edits\":[");
	if (verdict->action == ACTION_ACCEPT)
		report_edits(message, &buf, true);
	strbuf_add_cstr(&buf, "],\"signatures\":[");
	strbuf_add(&buf, outcome->signatures);
	strbuf_add_char(&buf, ']');
	if (outcome->trace != NULL)
		lookup_explain_json(outcome->trace, &buf);
	if (verdict->action == ACTION_ACCEPT && !outcome->report_only) {
		strbuf_add_cstr(&buf, ",\"message\":");
		json_append(&buf, outcome->result);
	}
	strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}
