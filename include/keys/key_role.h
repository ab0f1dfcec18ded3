/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_ROLE_H
#define SUBMILTER_KEYS_KEY_ROLE_H

#include "base/terminal.h"
#include "conf/config.h"
#include "keys/key_history.h"

/* What a key of a domain is used for, at one moment. */
enum key_role {
	KEY_ROLE_SIGNING,     /* the newest usable one of its algorithm */
	KEY_ROLE_OVERLAP,     /* usable, but a newer one signs */
	KEY_ROLE_RETIRE,      /* the same, for longer than the overlap */
	KEY_ROLE_PENDING,     /* never seen published yet */
	KEY_ROLE_UNPUBLISHED, /* it was published, and is not any more */
	KEY_ROLE_DIFFERS,
	KEY_ROLE_REVOKED,
	KEY_ROLE_UNUSABLE,
	KEY_ROLE_UNKNOWN, /* DNS has not said, or not for too long */
};

/* "signing", "unpublished": for logs, programs and people. */
const char *key_role_name(enum key_role role);

/* Whether people should look at it: bad is what no verifier accepts. */
enum tone key_role_tone(enum key_role role);

/* Whether DNS shows it, needed or not. */
bool key_role_is_published(enum key_role role);

/* By what roles are decided. */
struct key_role_rules {
	time_t now;	/* of clock_steady(), or of the clock of the history */
	time_t age;	/* seconds for which a last known state counts */
	time_t overlap; /* seconds */
};

/* A role in the log of a message: "DNS shows another key". Static. */
const char *key_role_text(enum key_role role);

/* The options by which roles are decided at a time. */
struct key_role_rules key_role_rules_from_config(
    const struct config *config, time_t now);

/*
 * Whether DNS decides which keys sign: sign.dkim-key = require, and the block
 * sign is not in monitor mode, in which none does.
 */
bool key_status_required(const struct config *config);

/*
 * Which keys of a domain sign: of each algorithm the newest one that was seen
 * published when DNS was last heard of, not longer ago than the age limit.
 * ret_roles has room for all keys of the domain. A time in the future, from a
 * clock that was wrong, counts as too long ago.
 */
void key_roles_decide(struct key_history *history,
    const struct domain_keys *domain, const struct key_role_rules *rules,
    enum key_role *ret_roles);

#endif
