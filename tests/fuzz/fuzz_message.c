/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole pipeline. The first octet chooses the engine (1), SMTPUTF8 (2) and
 * whether as much as can be is repaired (4); the first line is MAIL FROM, the
 * rest is the message.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "../generate_key.h"
#include "message/stamp.h"
#include "pipeline/pipeline.h"

#define DOMAIN                                                  \
	"domain = corp.example; hostname = mail.corp.example\n" \
	"identify { login-field = X-Login }\n"
#define REPAIR_ALL                                                            \
	"authors { second-field = repair; group = repair; route = repair\n"   \
	"relay-mark = accept; domain-literal = accept\n"                      \
	"quoted-local-part = accept; encoded-address = accept\n"              \
	"utf8-address = accept; spaced-address = repair\n"                    \
	"text-behind = repair; bare-name = repair; empty-item = repair\n"     \
	"control-character = repair; blank-line = repair\n"                   \
	"dots-in-name = repair; comment = repair; address-comment = repair\n" \
	"escapes-in-name = repair; encoded-word-in-quotes = repair\n"         \
	"odd-field-name = repair }\n"                                         \
	"names { address = neutralise; protected = neutralise\n"              \
	"protected-names = {\"Jane Roe <jane@corp.example>\"} }\n"            \
	"rights { mismatch = rewrite-from; rewrite-mail-from = yes }\n"       \
	"repair { remove = {x-original-from} }\n"

enum { CONFIGURATIONS = 4 };

static const char *const configurations[CONFIGURATIONS] = {
	DOMAIN,
	DOMAIN "sign { engine = libopendkim }\n",
	DOMAIN REPAIR_ALL,
	DOMAIN REPAIR_ALL "sign { engine = libopendkim }\n",
};

static struct snapshot *snapshots[CONFIGURATIONS];

static void
no_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)text;
	ENSURE(!is_error);
}

/* Snapshots with one key for corp.example; the files go at once. */
static void
set_up(void)
{
	char directory[] = "/tmp/submilter-fuzz.XXXXXX";
	struct sign_key key;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	ENSURE(mkdtemp(directory) != NULL);
	ENSURE(generate_key(
		   &(struct key_spec){ SLICE("s"), KEY_ED25519_SHA256, 0 },
		   slice_of(directory), SLICE("corp.example"), &mem, &key,
		   &err) == 0);
	for (size_t i = 0; i < CONFIGURATIONS; i++) {
		struct config *config;
		struct slice text = slice_format(&mem,
		    "keys = \"%s\"\n"
		    "sign { dkim-key = off }\n%s",
		    directory, configurations[i]);

		ENSURE(config_read_text(
			   "fuzz", text, NULL, NULL, &config, &err) == 0);
		ENSURE(snapshot_new(config, NULL,
			   &(struct report){ no_fault, NULL }, &snapshots[i],
			   &err) == 0);
	}
	ENSURE(unlink(key.path.data) == 0);
	*strrchr(slice_cstr(&mem, key.path), '/') = '\0';
	ENSURE(
	    rmdir(slice_format(&mem, "%s/corp.example", directory).data) == 0 &&
	    rmdir(directory) == 0);
	key_done(&key);
	arena_done(&mem);
}

/* What was judged is what stands in the message as it goes on. */
static void
check_same_authors(const struct authors *judged, const struct authors *result)
{
	size_t paths = authors_count(judged, ROLE_MAIL_FROM);

	ENSURE(judged->count == paths + result->count);
	for (size_t i = 0; i < result->count; i++) {
		ENSURE(judged->items[paths + i].role == result->items[i].role);
		ENSURE(slice_eq(judged->items[paths + i].address.text,
		    result->items[i].address.text));
	}
}

/* What goes on holds nothing that another program could take for more. */
static void
check_result(struct message *message)
{
	const struct snapshot *snapshot = message_snapshot(message);
	const struct header_limits no_limits = { 0 };
	struct author_rules rules = { .domain = { NULL, 0 },
		.utf8 = true,
		.max_mailboxes = 1000,
		.forms = snapshot->author_forms };
	struct arena *mem = message_arena(message);
	const struct field *fields;
	struct authors authors;
	struct header header;
	size_t count, signatures = 0;
	struct err err;

	/* No field that anybody takes for another one is left. */
	rules.forms.odd_fields = rules.forms.misleading_fields = false;
	fields = edits_view(message_edits(message), &count);
	header_init(&header, mem);
	for (size_t i = 0; i < count; i++) {
		/* Fails for a name or a line end that would begin a field. */
		ENSURE(header_add(&header, fields[i].name, fields[i].value,
			   &no_limits, &err) == 0);
		ENSURE(!slice_has(fields[i].value, '\r'));
		ENSURE(!login_field_is(&snapshot->identity, &fields[i]));
	}
	ENSURE(header_count(&header, SLICE("From")) == 1);
	ENSURE(header_count(&header, SLICE("Date")) == 1);
	ENSURE(header_count(&header, SLICE("Message-ID")) == 1);
	ENSURE(header_count(&header, SLICE("Bcc")) == 0);
	ENSURE(date_is_valid(
	    header.fields[header_find(&header, SLICE("Date"), 0)].value));
	ENSURE(message_id_is_usable(
	    header.fields[header_find(&header, SLICE("Message-ID"), 0)].value));
	/* Whoever reads the result sees allowed authors only. */
	authors_init(&authors, mem);
	ENSURE(authors_add_header(&authors, &header, &rules, &err) == 0);
	ENSURE(authors_count(&authors, ROLE_FROM) > 0);
	check_same_authors(message_authors(message), &authors);
	for (size_t i = 0; i < authors.count; i++) {
		struct slice how;

		ENSURE(
		    rights_check(&snapshot->rights, message_submitter(message),
			&authors.items[i].address,
			&(const struct table_context){
			    .mem = mem, .err = &err },
			&how) == RIGHT_GRANTED);
	}
	for (size_t i = 0; i < message_edits(message)->count; i++)
		signatures +=
		    message_edits(message)->fields[i].state == FIELD_ON_TOP;
	ENSURE(signatures == 1);
}

/* The reverse-path that goes on is null, or one that the submitter may use. */
static void
check_path(struct message *message, struct slice typed)
{
	const struct snapshot *snapshot = message_snapshot(message);
	const struct envelope_edits *envelope = message_envelope(message);
	struct author_rules rules = { .utf8 = true,
		.domain = snapshot->config->main.domain,
		.forms = snapshot->author_forms };
	struct arena *mem = message_arena(message);
	struct authors authors;
	struct slice how;
	struct err err;

	authors_init(&authors, mem);
	ENSURE(authors_add_path(&authors,
		   envelope->changes_sender ? envelope->sender : typed, &rules,
		   &err) == 0);
	ENSURE(authors.count ==
	    authors_count(message_authors(message), ROLE_MAIL_FROM));
	ENSURE(!envelope->changes_sender || authors.count == 1);
	for (size_t i = 0; i < authors.count; i++)
		ENSURE(
		    rights_check(&snapshot->rights, message_submitter(message),
			&authors.items[i].address,
			&(const struct table_context){
			    .mem = mem, .err = &err },
			&how) == RIGHT_GRANTED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	const struct header_limits no_limits = { 0 };
	struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE("alice@corp.example"),
		.client.said[FACT_MTA_NAME] = SLICE("mail.corp.example"),
	};
	struct message *message;
	struct verdict verdict;
	struct header header;
	struct slice body = { NULL, 0 }, line;
	struct arena mem;
	struct err err;
	size_t choice;

	if (snapshots[0] == NULL)
		set_up();
	if (rest.len == 0)
		return 0;
	choice = (size_t)((rest.data[0] & 1) | (rest.data[0] & 4) >> 1);
	facts.smtputf8 = (rest.data[0] & 2) != 0;
	rest = slice_from(rest, 1);
	facts.path = slice_sub(rest, 0, slice_find(rest, '\n'));
	rest = slice_from(rest, facts.path.len + 1);
	arena_init(&mem);
	header_init(&header, &mem);
	if (header_parse(&header, rest, &no_limits, &body, &err) != 0) {
		arena_done(&mem);
		return 0;
	}
	message = message_new(snapshots[choice], &facts);
	verdict = pipeline_mail(message);
	for (size_t i = 0; i < header.count; i++)
		message_add_header(
		    message, header.fields[i].name, header.fields[i].value);
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_header(message);
	if (verdict.action == ACTION_ACCEPT) {
		pipeline_body(message, slice_sub(body, 0, body.len / 2));
		pipeline_body(message, slice_from(body, body.len / 2));
		verdict = pipeline_end(message);
	}
	if (verdict.action == ACTION_ACCEPT) {
		check_result(message);
		check_path(message, facts.path);
	} else {
		ENSURE(verdict.text.len > 0 && slice_is_ascii(verdict.text) &&
		    !slice_has(verdict.text, '\n'));
	}
	line = pipeline_log_line(message, SLICE("1"), &verdict);
	ENSURE(slice_is_ascii(line) && !slice_has(line, '\n'));
	message_free(message);
	arena_done(&mem);
	return 0;
}
