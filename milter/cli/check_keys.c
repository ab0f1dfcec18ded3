/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys sign, as the running milter noted it. */
#include "base/clock.h"
#include "check_priv.h"
#include "preflight/key_sight.h"

enum { MAX_NAMED_DOMAINS = 20 };

/* The keys of all domains. */
struct tally {
	size_t keys;
	size_t signing;
	size_t unasked;		/* DNS has not said, or not lately */
	size_t named;		/* domains with a finding of their own */
	size_t silent;		/* the other ones without a key that signs */
};

static void
count_domain(struct key_states *states, const struct domain_keys *domain,
    const struct key_rules *rules, struct tally *ret_tally)
{
	enum key_use uses[MAX_KEYS_OF_DOMAIN];

	key_states_uses(states, domain, rules, clock_now(), uses);
	for (size_t i = 0; i < domain->count; i++) {
		ret_tally->keys++;
		ret_tally->signing += uses[i] == KEY_USE_SIGNING;
		ret_tally->unasked += uses[i] == KEY_USE_UNKNOWN;
	}
}

/* What DNS showed of a key, in the words of "submilter keys". */
static const char *
what_dns_showed(struct findings *found, struct key_states *states,
    const struct domain_keys *domain)
{
	struct key_sighting sighting;

	for (size_t i = 0; i < domain->count; i++) {
		key_states_get(states, domain->keys[i], found->mem, &sighting);
		if (sighting.text.len > 0)
			return escape(found->mem, sighting.text, 200);
	}
	return "DNS shows none";
}

/* A domain without any key that signs. */
static void
add_silent_domain(struct findings *found, struct key_states *states,
    const struct domain_keys *domain, const struct tally *own)
{
	const char *name = escape(found->mem, domain->domain, 255);

	if (own->unasked > 0)
		finding_add(found, FINDING_WARNING, slice_format(found->mem,
		    "submilter keys --look-up %s", name).data, "keys: whether "
		    "a key of %s signs is not known: the milter has not seen "
		    "it in DNS yet, or not lately", name);
	else
		finding_add(found, FINDING_WARNING, slice_format(found->mem,
		    "submilter check %s, which prints the records to publish",
		    name).data, "keys: none of %zu of %s signs: %s", own->keys,
		    name, what_dns_showed(found, states, domain));
}

static void
add_sum(struct findings *found, const struct tally *all, size_t domains)
{
	const char *s = domains == 1 ? "" : "s";

	if (all->silent > 0)
		finding_add(found, FINDING_WARNING, "submilter keys",
		    "keys: %zu more domains have no key that signs",
		    all->silent);
	if (all->signing > 0)
		finding_add(found, FINDING_OK, NULL,
		    "keys: %zu of %zu domain%s, %zu sign", all->keys, domains,
		    s, all->signing);
	else if (all->unasked > 0)
		finding_add(found, FINDING_WARNING, "submilter keys --look-up",
		    "keys: it is not known whether any of %zu keys of %zu "
		    "domain%s signs", all->keys, domains, s);
	else
		finding_add(found, FINDING_ERROR, "submilter keys, and publish "
		    "the records that it names", "keys: none of %zu keys of "
		    "%zu domain%s signs: DNS shows none", all->keys, domains,
		    s);
}

static void
add_states(struct findings *found, const struct config *config,
    const struct keystore *keys, struct key_states *states)
{
	struct key_rules rules = key_rules_from_config(config);
	size_t domains = keystore_domain_count(keys);
	struct tally all = { 0 };

	for (size_t i = 0; i < domains; i++) {
		const struct domain_keys *domain = keystore_domain(keys, i);
		struct tally own = { 0 };

		count_domain(states, domain, &rules, &own);
		all.keys += own.keys;
		all.signing += own.signing;
		all.unasked += own.unasked;
		if (own.keys == 0 || own.signing > 0)
			continue;
		if (all.named < MAX_NAMED_DOMAINS) {
			all.named++;
			add_silent_domain(found, states, domain, &own);
		} else {
			all.silent++;
		}
	}
	add_sum(found, &all, domains);
}

static size_t
count_keys(const struct keystore *keys)
{
	size_t count = 0;

	for (size_t i = 0; i < keystore_domain_count(keys); i++)
		count += keystore_domain(keys, i)->count;
	return count;
}

void
check_keys(struct findings *found, const struct config *config,
    const struct keystore *keys)
{
	struct slice path = config->preflight.key_states;
	struct key_states *states;
	struct err err;
	bool is_there;

	if (keys == NULL) {
		finding_add(found, FINDING_WARNING,
		    "set keys, and make some with \"submilter genkey DOMAIN\"",
		    "keys: is not set, and nothing is signed");
		return;
	}
	/* Without any, the snapshot has said so. */
	if (count_keys(keys) == 0)
		return;
	if (!key_states_required(config)) {
		finding_add(found, FINDING_OK, NULL,
		    "keys: %zu of %zu domain%s", count_keys(keys),
		    keystore_domain_count(keys),
		    keystore_domain_count(keys) == 1 ? "" : "s");
		return;
	}
	states = key_states_new();
	if (key_states_read(states, path, &is_there, &err) != 0)
		finding_add(found, err.kind == ERR_TEMP ? FINDING_LATER :
		    FINDING_WARNING, NULL, "preflight.key-states: %.*s is not "
		    "used: %s", SLICE_ARGS(path), err.text);
	add_states(found, config, keys, states);
	key_states_unref(states);
}
