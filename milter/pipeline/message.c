/* SPDX-License-Identifier: BSD-2-Clause */
/* A message: what the MTA says of it, its configuration, and its life. */
#include <stdlib.h>
#include <string.h>

#include "message_priv.h"

struct message *
message_new(struct snapshot *snapshot, const struct mail_facts *facts)
{
	struct message *message = calloc(1, sizeof(*message));

	ENSURE(message != NULL);
	arena_init(&message->mem);
	message->snapshot = snapshot_ref(snapshot);
	message->facts = *facts;
	message->facts.path = slice_dup(&message->mem, facts->path);
	client_facts_keep(&message->facts.client, &message->mem);
	header_init(&message->header, &message->mem);
	authors_init(&message->authors, &message->mem);
	body_init(&message->body,
	    slice_cstr(&message->mem, snapshot->config->main.spool),
	    snapshot->config->bounds.body_memory);
	body_init(&message->decoded.body, message->body.directory,
	    message->body.memory_limit);
	return message;
}

void
message_free(struct message *message)
{
	if (message == NULL)
		return;
	limit_counts_give_back(
	    message->snapshot->limit_counts, &message->claim);
	if (message->signer != NULL)
		message->snapshot->engine->free(message->signer);
	key_choice_done(&message->key_choice);
	body_done(&message->body);
	body_done(&message->decoded.body);
	snapshot_unref(message->snapshot);
	arena_done(&message->mem);
	free(message);
}

void
message_settle(struct message *message, const struct verdict *verdict)
{
	if (verdict->action == ACTION_ACCEPT || verdict->action == ACTION_HOLD)
		memset(message->claim.amount, 0, sizeof(message->claim.amount));
}

void
message_add_header(
    struct message *message, struct slice name, struct slice value)
{
	const struct field field = { name, value };

	if (message->header_fault.kind == ERR_NONE &&
	    header_add(&message->header, name, value,
		&message->snapshot->limits, &message->header_fault) == 0)
		return;
	ENSURE(message->header_fault.kind != ERR_NONE);
	message->has_lost_field = message->has_lost_field ||
	    login_field_is(&message->snapshot->identity, &field);
}

const struct config *
message_config(const struct message *message)
{
	return message->snapshot->config;
}

enum mta_choice
message_mta_at_hand(const struct message *message)
{
	struct slice version = message->facts.client.said[FACT_MTA_VERSION];

	if (version.len == 0)
		return MTA_AUTO;
	return slice_starts(version, SLICE("Postfix")) ? MTA_POSTFIX :
							 MTA_SENDMAIL;
}

enum mta_choice
message_mta(const struct message *message)
{
	enum mta_choice mta = message_config(message)->main.mta;

	return mta != MTA_AUTO ? mta : message_mta_at_hand(message);
}

struct repair_facts
message_mta_facts(const struct message *message)
{
	struct slice hostname = message_config(message)->main.hostname;

	return (struct repair_facts){
		.mta = message_mta(message),
		.mta_name = message->facts.client.said[FACT_MTA_NAME].len != 0 ?
		    message->facts.client.said[FACT_MTA_NAME] :
		    hostname,
		.mta_domain = message->facts.client.said[FACT_MTA_DOMAIN],
		.mta_address = message->facts.client.said[FACT_MTA_ADDRESS],
	};
}

bool
message_needs_body(const struct message *message)
{
	return message->signer != NULL && message->body_fault.kind == ERR_NONE;
}

bool
message_has_edits(const struct message *message)
{
	return message->signer != NULL || outcome_is_held(&message->outcome) ||
	    message->envelope.changes_sender ||
	    (message->has_edits && message->edits.changes != 0);
}

bool
message_changes_body(const struct message *message)
{
	return message->is_signed && message->has_new_body;
}

int
message_write_body(const struct message *message, encode_sink *sink, void *arg,
    struct err *err)
{
	ENSURE(message_changes_body(message));
	return body_pass(&message->body, sink, arg, err);
}

const struct edits *
message_edits(const struct message *message)
{
	return message->has_edits ? &message->edits : NULL;
}

const struct envelope_edits *
message_envelope(const struct message *message)
{
	return &message->envelope;
}

struct arena *
message_arena(struct message *message)
{
	return &message->mem;
}

const struct submitter *
message_submitter(const struct message *message)
{
	return &message->submitter;
}

unsigned long
message_recipients(const struct message *message)
{
	return message->rcpts;
}

const struct rights_levels *
message_levels(const struct message *message)
{
	return &message->levels;
}

const struct login_limits *
message_limits(const struct message *message)
{
	return &message->limits;
}

const char *
message_step(const struct message *message)
{
	return message->outcome.step == NULL ? "" : message->outcome.step;
}

const struct snapshot *
message_snapshot(const struct message *message)
{
	return message->snapshot;
}

const struct authors *
message_authors(const struct message *message)
{
	return &message->authors;
}

bool
message_is_passed_on(struct message *message)
{
	const struct config *config = message_config(message);
	const struct slice_list *logins = &config->identify.sieve_logins;
	bool is_sieve = message_is_redirected(message);

	if (header_find(&message->header, SLICE("X-Sieve-Redirected-From"),
		0) == message->header.count)
		return is_sieve;
	for (size_t i = 0; i < logins->count && !is_sieve; i++)
		is_sieve = slice_eq(message->submitter.login,
		    login_normalise(
			&message->mem, logins->items[i], config->main.domain));
	return is_sieve;
}

bool
message_is_of_mta(const struct message *message)
{
	const struct authors *authors = &message->authors;
	bool is_named = false;

	if (message->submitter.is_mta)
		return true;
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];

		if (author->role == ROLE_MAIL_FROM)
			continue;
		if (!submitter_is_named(&message->submitter, &author->address))
			return false;
		is_named = true;
	}
	return is_named;
}

bool
message_is_redirected(const struct message *message)
{
	/* Of Pigeonhole; a user who has logged in is the author. */
	const struct slice name = SLICE("X-Sieve-Redirected-From");

	return message->submitter.is_host &&
	    header_find(&message->header, name, 0) < message->header.count;
}

void
message_keep_form(struct message *message, struct slice why)
{
	message->keeps_form = true;
	message->repairs_done = true;
	message_begin_edits(message);
	message->repairs =
	    repair_misleading(&message->edits) ? REPAIRED_REMOVED : 0;
	message->body_plan = (struct body_plan){ .count = 0 };
	message->is_decoded = false;
	message->key_count = 0;
	message->unsigned_why = slice_format(
	    &message->mem, "goes on as it came: %.*s", SLICE_ARGS(why));
	outcome_warn(&message->outcome, message->unsigned_why);
}
