/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys of a domain sign: they can be used, and DNS shows them. */
#include "base/clock.h"
#include "message_priv.h"
#include "preflight/key_sight.h"

/* Published, if not needed any more. */
static bool
is_fine(enum key_use use)
{
	return use == KEY_USE_SIGNING || use == KEY_USE_OVERLAP ||
	    use == KEY_USE_RETIRE;
}

static void
warn_of_key(struct message *message, const struct sign_key *key,
    enum key_use use)
{
	message_warn(message, slice_format(&message->mem,
	    "key %.*s._domainkey.%.*s: %s", SLICE_ARGS(key->selector),
	    SLICE_ARGS(key->domain), key_use_text(use)));
}

/* None signs: the reason is of each key, and unsure is not "no". */
static void
explain(struct message *message, const struct domain_keys *domain,
    const enum key_use *uses)
{
	for (size_t i = 0; i < domain->count; i++) {
		if (uses[i] == KEY_USE_UNKNOWN &&
		    message->key_fault.kind == ERR_NONE)
			err_set(&message->key_fault, ERR_TEMP,
			    "key %.*s._domainkey.%.*s: %s",
			    SLICE_ARGS(domain->keys[i]->selector),
			    SLICE_ARGS(domain->domain),
			    key_use_text(uses[i]));
		else
			warn_of_key(message, domain->keys[i], uses[i]);
	}
}

static const struct domain_keys *
only_signing(struct message *message, const struct domain_keys *domain,
    const enum key_use *uses)
{
	struct domain_keys *usable = arena_alloc(&message->mem,
	    sizeof(*usable));
	const struct sign_key **keys = arena_array(&message->mem,
	    domain->count + 1, sizeof(const struct sign_key *));

	for (size_t i = 0; i < domain->count; i++) {
		if (uses[i] == KEY_USE_SIGNING)
			keys[usable->count++] = domain->keys[i];
	}
	usable->domain = domain->domain;
	usable->keys = keys;
	if (usable->count == 0)
		explain(message, domain, uses);
	return usable;
}

/* None of its keys can be read or may be used. */
static void
explain_broken(struct message *message, const struct domain_keys *domain)
{
	if (message_config(message)->sign.broken_keys == BROKEN_KEYS_LATER)
		err_set(&message->key_fault, ERR_TEMP, "%s",
		    domain->fault.data);
	else
		message_warn(message, domain->fault);
}

const struct domain_keys *
message_usable_keys(struct message *message, const struct domain_keys *domain)
{
	const struct config *config = message_config(message);
	struct key_states *states = message->snapshot->key_states;
	struct key_rules rules = key_rules_from_config(config);
	enum key_use uses[MAX_KEYS_OF_DOMAIN];

	if (domain->count == 0)
		explain_broken(message, domain);
	if (states == NULL || domain->count == 0)
		return domain;
	key_states_uses(states, domain, &rules, clock_steady(), uses);
	if (key_states_required(config))
		return only_signing(message, domain, uses);
	for (size_t i = 0; i < domain->count; i++) {
		if (!is_fine(uses[i]))
			warn_of_key(message, domain->keys[i], uses[i]);
	}
	return domain;
}
