/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys sign a message, and what it means if none does. */
#include "base/clock.h"
#include "message_priv.h"

static struct slice
organization(const void *arg, struct slice domain)
{
	return suffix_list_organization(arg, domain);
}

struct verdict
step_keys(struct message *message)
{
	const struct config *config = message_config(message);
	const struct key_parents parents = { organization,
		message->snapshot->suffixes };
	struct key_choice_rules rules = {
		.store = message->snapshot->keys,
		.tables = message->snapshot->key_tables,
		.deadline_us = message->deadline_us,
		.history = message->snapshot->key_history,
		.roles = key_role_rules_from_config(config, clock_steady()),
		.max = MAX_SIGNATURES,
		.parents = config->sign.parent_domain ? &parents : NULL,
		.by_dns = key_status_required(config),
		.broken_later = config->sign.broken_keys == BROKEN_KEYS_LATER,
		.directory = config->main.keys,
	};
	struct key_choice *choice = &message->key_choice;

	if (message->keeps_form)
		return verdict_accept();
	if (message_is_passed_on(message)) {
		message->unsigned_why =
		    SLICE("redirected by Sieve: its author's service signs it");
		return verdict_accept();
	}
	/* Without From, which only monitor mode lets pass, nothing signs. */
	if (authors_count(&message->authors, ROLE_FROM) == 0) {
		if (message->snapshot->keys != NULL)
			message->unsigned_why =
			    SLICE("the message has no From");
		return verdict_accept();
	}
	key_choice_done(choice);
	key_choice_make(&rules, &message->authors, &message->mem, choice);
	for (size_t i = 0; i < choice->warning_count; i++)
		outcome_warn(&message->outcome, choice->warnings[i]);
	message->keys = choice->keys;
	message->key_count = choice->count;
	if (message->unsigned_why.len == 0)
		message->unsigned_why = choice->why;
	if (choice->fault.kind != ERR_NONE)
		return verdict_unsure(
		    &message->mem, REASON_DKIM_KEY, &choice->fault);
	if (choice->count == 0 && !message_is_of_mta(message) &&
	    config->sign.unsigned_policy == UNSIGNED_REJECT)
		return verdict_refused(REASON_UNSIGNED,
		    SLICE("This service has no "
			  "key to sign mail of that author domain"));
	return verdict_accept();
}

struct verdict
step_keys_watched(struct message *message)
{
	if (message->snapshot->keys != NULL)
		message->unsigned_why =
		    SLICE("the block sign is in monitor mode");
	return verdict_accept();
}
