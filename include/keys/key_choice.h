/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_CHOICE_H
#define SUBMILTER_KEYS_KEY_CHOICE_H

#include "policy/authors.h"
#include "keys/key_role.h"
#include "keys/key_table.h"

/*
 * Whose keys speak for a message: decided by its judged authors and the names
 * of the domains that have keys, by nothing else; and which of these keys sign,
 * by what is known of each. The functions up to key_choice_take() are pure, but for
 * tables that ask a server.
 */

/*
 * Whose domains sign: those of From. Mail with an author who is not the
 * submitter's (redirected mail) is signed for Resent-From alone: it is never
 * signed in the name of somebody who has not sent it.
 */
enum author_role key_choice_role(const struct authors *authors);

/*
 * The highest domain whose key may sign for a domain below it: the
 * organizational domain, for there is no alignment above it (RFC 9989 section
 * 4.10). NULL: two labels are enough.
 */
struct key_parents {
	struct slice (*top)(const void *arg, struct slice domain);
	const void *arg;
};

/*
 * The names of the keys of a domain; with parents, not NULL, those of the nearest domain
 * above it that has some, which relaxed alignment covers. NULL: none, or no
 * store.
 */
const struct domain_keys *key_choice_find(const struct keystore *store,
    struct slice domain, const struct key_parents *parents, struct arena *mem);

/*
 * Whether a signature of that domain would vouch for an author who is foreign:
 * their last two labels are the same, so receivers may see them as aligned.
 */
bool key_choice_speaks_for_foreign(
    const struct authors *authors, struct slice domain);

/* What a choice of keys goes by. */
struct key_choice_rules {
	struct keystore *store;	     /* NULL: nothing is signed */
	struct key_tables tables;    /* which come before its domains */
	uint64_t deadline_us;	     /* for them */
	struct key_history *history; /* NULL: DNS is not asked */
	struct key_role_rules roles;
	size_t max;			   /* keys that sign at most */
	const struct key_parents *parents; /* see key_choice_find() */
	bool by_dns;			   /* only what DNS shows may sign */
	bool broken_later; /* keys that cannot be used are a temporary fault */
	struct slice directory; /* of all keys, for messages */
};

/*
 * Domains that sign, each once, in the order of their authors; or single keys of
 * a table, of which only the names may be known.
 */
struct key_choice_domains {
	const struct domain_keys **items;
	struct slice *identities; /* i= of each; empty: none */
	size_t count;
	/* A table could not answer; or ERR_NONE. */
	struct err fault;
	/* The first reason why that of an author does not; empty: all do. */
	struct slice why;
};

/* In memory of mem. May block until the deadline where tables ask a server. */
void key_choice_domains(const struct key_choice_rules *rules,
    const struct authors *authors, struct arena *mem,
    struct key_choice_domains *ret_domains);

/*
 * The first key of each domain, then the second of each, until there are max;
 * how many there are. *ret_left_out: some did not find a place.
 */
size_t key_choice_take(const struct key_choice_domains *domains,
    const struct sign_key **keys, size_t max, bool *ret_left_out);

/* Memory is that of the arena, but for the keys, which are counted. */
struct key_choice {
	const struct sign_key **keys; /* that sign */
	size_t count;
	struct slice why; /* the first reason why a domain does not sign */
	struct err fault; /* it is not known which keys sign; or ERR_NONE */
	struct slice *warnings;
	size_t warning_count;
	struct domain_keys **held; /* what the keys belong to */
	size_t held_count;
};

/*
 * The keys that sign for these authors. Those that a domain has are taken from
 * the store, which may block on files; where by_dns, only those whose role is
 * to sign. Where nobody knows which keys sign, because those of a domain cannot
 * be read or DNS did not say, *ret_choice has a fault (ERR_TEMP), and nothing
 * may be signed. To be given back, before the store is freed.
 */
void key_choice_make(const struct key_choice_rules *rules,
    const struct authors *authors, struct arena *mem,
    struct key_choice *ret_choice);
/* Takes a zeroed one, too. */
void key_choice_done(struct key_choice *choice);

#endif
