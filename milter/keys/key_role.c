/* SPDX-License-Identifier: BSD-2-Clause */
/* The roles of the keys of a domain, by their past in DNS. */
#include "key_history_priv.h"
#include "keys/key_role.h"

/* A clock may be set back by as much as this, and times still be believed. */
enum { CLOCK_SLACK_S = 3600 };

const char *
key_role_name(enum key_role role)
{
	static const char *const names[] = { "signing", "overlap", "retire",
		"pending", "unpublished", "differs", "revoked", "unusable",
		"unknown" };

	return names[role];
}

enum tone
key_role_tone(enum key_role role)
{
	static const enum tone tones[] = {
		[KEY_ROLE_SIGNING] = TONE_GOOD,
		[KEY_ROLE_OVERLAP] = TONE_PLAIN,
		[KEY_ROLE_RETIRE] = TONE_WARN,
		[KEY_ROLE_PENDING] = TONE_WARN,
		[KEY_ROLE_UNPUBLISHED] = TONE_BAD,
		[KEY_ROLE_DIFFERS] = TONE_BAD,
		[KEY_ROLE_REVOKED] = TONE_BAD,
		[KEY_ROLE_UNUSABLE] = TONE_BAD,
		[KEY_ROLE_UNKNOWN] = TONE_WARN,
	};

	return tones[role];
}

bool
key_role_is_published(enum key_role role)
{
	return role == KEY_ROLE_SIGNING || role == KEY_ROLE_OVERLAP ||
	    role == KEY_ROLE_RETIRE;
}

const char *
key_role_text(enum key_role role)
{
	static const char *const texts[] = { "published in DNS",
		"published in DNS", "published in DNS",
		"not published in DNS yet", "no longer published in DNS",
		"DNS shows another key", "revoked in DNS",
		"its record in DNS is unusable",
		"not known whether it is published in DNS" };

	return texts[role];
}

struct key_role_rules
key_role_rules_from_config(const struct config *config, time_t now)
{
	return (struct key_role_rules){
		.now = now,
		.age = (time_t)config->sign.key_age * 3600,
		.overlap = (time_t)config->sign.key_overlap * 86400,
	};
}

bool
key_status_required(const struct config *config)
{
	return config->sign.dkim_key == DKIM_KEY_REQUIRE &&
	    !config_is_monitor(config, config->sign.mode);
}

/* The role of a key by itself: one that is published may overlap others. */
static enum key_role
role_of(const struct key_past *past, const struct key_role_rules *rules)
{
	time_t answered =
	    past->status == KEY_PUBLISHED ? past->last_seen : past->answered;

	/* What DNS said too long ago, or in the future, counts no more. */
	if (answered == 0 || answered > rules->now + CLOCK_SLACK_S ||
	    rules->now - answered > rules->age)
		return KEY_ROLE_UNKNOWN;
	switch (past->status) {
	case KEY_PUBLISHED:
		return KEY_ROLE_OVERLAP;
	case KEY_ABSENT:
		return past->first_seen == 0 ? KEY_ROLE_PENDING :
					       KEY_ROLE_UNPUBLISHED;
	case KEY_REVOKED:
		return KEY_ROLE_REVOKED;
	case KEY_DIFFERS:
		return KEY_ROLE_DIFFERS;
	case KEY_UNUSABLE:
		return KEY_ROLE_UNUSABLE;
	case KEY_UNKNOWN:
		break;
	}
	return KEY_ROLE_UNKNOWN;
}

/*
 * The newest usable key of an algorithm; count: there is none. Of two of one
 * age it is the one with the later selector, for dates sort so.
 */
static size_t
newest(const struct domain_keys *domain, enum key_algorithm algorithm,
    const struct key_past *pasts, const enum key_role *roles)
{
	size_t found = domain->count;

	for (size_t i = 0; i < domain->count; i++) {
		if (roles[i] != KEY_ROLE_OVERLAP ||
		    domain->keys[i]->algorithm != algorithm)
			continue;
		if (found == domain->count ||
		    pasts[i].since > pasts[found].since ||
		    (pasts[i].since == pasts[found].since &&
			slice_cmp(domain->keys[i]->selector,
			    domain->keys[found]->selector) > 0))
			found = i;
	}
	return found;
}

void
key_roles_decide(struct key_history *history, const struct domain_keys *domain,
    const struct key_role_rules *rules, enum key_role *ret_roles)
{
	static const enum key_algorithm algorithms[] = { KEY_RSA_SHA256,
		KEY_ED25519_SHA256 };
	struct key_past pasts[MAX_KEYS_OF_DOMAIN];

	ENSURE(domain->count <= MAX_KEYS_OF_DOMAIN);
	key_history_peek(history, domain, pasts);
	for (size_t i = 0; i < domain->count; i++)
		ret_roles[i] = role_of(&pasts[i], rules);
	for (size_t a = 0; a < 2; a++) {
		size_t top = newest(domain, algorithms[a], pasts, ret_roles);

		if (top == domain->count)
			continue;
		for (size_t i = 0; i < domain->count; i++) {
			if (ret_roles[i] == KEY_ROLE_OVERLAP && i != top &&
			    domain->keys[i]->algorithm == algorithms[a] &&
			    rules->now - pasts[top].since > rules->overlap)
				ret_roles[i] = KEY_ROLE_RETIRE;
		}
		ret_roles[top] = KEY_ROLE_SIGNING;
	}
}
