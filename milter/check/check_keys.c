/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys sign, as the running milter noted it. */
#include "base/clock.h"
#include "check/check.h"
#include "keys/key_role.h"

enum { MAX_NAMED_DOMAINS = 20 };

/* The keys of all domains. */
struct tally {
	size_t signing;
	size_t unasked; /* DNS has not said, or not lately */
	size_t named;	/* domains with a finding of their own */
	size_t silent;	/* the others without a key that signs */
};

/* A domain without any key that signs. */
static void
add_silent_domain(struct findings *found, struct key_history *states,
    const struct domain_keys *domain, bool is_known)
{
	const char *name = escape(found->mem, domain->domain, 255);
	const char *shown = "DNS shows none";
	struct key_past past;

	if (!is_known) {
		finding_add(found, FINDING_WARNING,
		    slice_format(
			found->mem, "submilter keys --look-up %s", name)
			.data,
		    "keys: whether a key of %s signs is not known: the milter "
		    "has not seen it in DNS yet, or not lately",
		    name);
		return;
	}
	/* What DNS showed of a key, in the words of "submilter keys". */
	for (size_t i = 0; i < domain->count; i++) {
		key_history_get(states, domain->keys[i], found->mem, &past);
		if (past.text.len == 0)
			continue;
		/* The record to publish is long, and a command shows it. */
		shown = escape(found->mem,
		    slice_sub(past.text, 0, slice_find(past.text, ';')), 200);
		break;
	}
	finding_add(found, FINDING_WARNING,
	    slice_format(found->mem,
		"submilter check %s, which prints the records to publish", name)
		.data,
	    "keys: none of %zu of %s signs: %s", domain->count, name, shown);
}

/* All domains; those without a key that signs have findings of their own. */
static void
count_keys(struct findings *found, const struct config *config,
    const struct keystore *keys, struct tally *all)
{
	struct slice path = config->sign.key_states;
	struct key_role_rules rules =
	    key_role_rules_from_config(config, clock_now());
	struct key_history *states = key_history_new();
	enum key_role roles[MAX_KEYS_OF_DOMAIN];
	struct err err;
	bool is_there;

	if (key_history_read(states, path, &is_there, &err) != 0)
		finding_add(found,
		    err.kind == ERR_TEMP ? FINDING_LATER : FINDING_WARNING,
		    NULL, "sign.key-states: %.*s is not used: %s",
		    SLICE_ARGS(path), err.text);
	for (size_t d = 0; d < keystore_domain_count(keys); d++) {
		const struct domain_keys *domain =
		    keystore_domain(keys, d, found->mem);
		size_t signing = 0, unasked = 0;

		key_roles_decide(states, domain, &rules, roles);
		for (size_t i = 0; i < domain->count; i++) {
			signing += roles[i] == KEY_ROLE_SIGNING;
			unasked += roles[i] == KEY_ROLE_UNKNOWN;
		}
		all->signing += signing;
		all->unasked += unasked;
		if (domain->count == 0 || signing > 0)
			continue;
		if (all->named < MAX_NAMED_DOMAINS) {
			all->named++;
			add_silent_domain(found, states, domain, unasked == 0);
		} else {
			all->silent++;
		}
	}
	key_history_unref(states);
}

void
check_keys(struct findings *found, const struct config *config,
    const struct keystore *keys)
{
	struct tally all = { 0 };
	size_t domains, count = 0;
	const char *s;

	if (keys == NULL) {
		finding_add(found, FINDING_WARNING,
		    "set keys, and make some with \"submilter genkey DOMAIN\"",
		    "keys: is not set, and nothing is signed");
		return;
	}
	domains = keystore_domain_count(keys);
	s = domains == 1 ? "" : "s";
	for (size_t i = 0; i < domains; i++)
		count += keystore_domain(keys, i, found->mem)->count;
	/* The snapshot has reported already that there are none. */
	if (count == 0)
		return;
	if (!key_status_required(config)) {
		finding_add(found, FINDING_OK, NULL,
		    "keys: %zu of %zu domain%s", count, domains, s);
		return;
	}
	count_keys(found, config, keys, &all);
	if (all.silent > 0)
		finding_add(found, FINDING_WARNING, "submilter keys",
		    "keys: %zu more domains have no key that signs",
		    all.silent);
	if (all.signing > 0)
		finding_add(found, FINDING_OK, NULL,
		    "keys: %zu of %zu domain%s, %zu sign", count, domains, s,
		    all.signing);
	else if (all.named == domains)
		return;
	else if (all.unasked > 0)
		finding_add(found, FINDING_WARNING, "submilter keys --look-up",
		    "keys: it is not known whether any of %zu keys of %zu "
		    "domain%s signs",
		    count, domains, s);
	else
		finding_add(found, FINDING_ERROR,
		    "submilter keys, and publish the records that it names",
		    "keys: none of %zu keys of %zu domain%s signs: DNS shows "
		    "none",
		    count, domains, s);
}
