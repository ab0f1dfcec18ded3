/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_LOOKUP_H
#define SUBMILTER_KEYS_KEY_LOOKUP_H

#include "conf/config.h"
#include "keys/key_history.h"

/*
 * Where DNS is asked for keys: each of dns.servers for itself (the first
 * eight), as one may know of a change before the others do; or the zone file.
 * Its resolvers are its own, with a cache of seconds, so that a change is seen
 * when the servers show it.
 */
struct key_lookup;

/*
 * Begins two threads for each server. -1 (ERR_CONFIG, ERR_TEMP). For one thread
 * at a time.
 */
MUST_USE int key_lookup_open(const struct config *config,
    struct key_lookup **ret_lookup, struct err *err);
void key_lookup_close(struct key_lookup *lookup);

/* Keys that are looked up at once: more would flood a resolver. */
enum { KEY_LOOKUP_WINDOW = 64 };

/* What is asked for at once. */
struct key_questions {
	const struct sign_key *const *keys;
	size_t count; /* at most KEY_LOOKUP_WINDOW */
	struct key_history *history;
	unsigned int seconds;	  /* for all of them */
	const _Atomic bool *stop; /* another thread may set it */
	/*
	 * Called before the answer for a key is waited for, with how many keys
	 * have theirs; may be NULL.
	 */
	void (*progress)(void *arg, size_t done);
	void *progress_arg;
};

/*
 * Looks the keys up; what is shown in memory of mem. A key is PUBLISHED when
 * every server that answers shows it, and, unless history knows it as published
 * already, all of them do answer. May block for `seconds` and a little; once
 * *stop is true it ends soon, with KEY_UNKNOWN for the rest.
 */
void key_lookup_ask(struct key_lookup *lookup,
    const struct key_questions *questions, struct arena *mem,
    struct key_shown *ret_shown);

/* Whose keys are looked up, and where it is noted what DNS shows of them. */
struct key_lookup_scope {
	struct keystore *store;
	struct key_history *history;
	bool (*is_wanted)(const void *arg, struct slice domain);
	const void *arg;
	/* As in struct key_questions, of all keys. */
	void (*progress)(void *arg, size_t done);
	void *progress_arg;
};

/*
 * Looks up the keys of all domains that are wanted: for commands. May block for
 * long where DNS is silent. -1 as key_lookup_open().
 */
MUST_USE int key_lookup_all(const struct config *config,
    const struct key_lookup_scope *scope, struct err *err);

#endif
