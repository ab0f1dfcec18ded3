/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_KEY_SIGHT_H
#define SUBMILTER_PREFLIGHT_KEY_SIGHT_H

#include "conf/config.h"
#include "sign/key_states.h"

/*
 * Where DNS is asked for keys: each of dns.servers for itself (the first eight),
 * as one may know of a change before the others do; or the zone file. Its
 * resolvers are its own, with a cache of seconds, so that a change is seen when
 * the servers show it.
 */
struct key_sight;

/*
 * Begins two threads for each server. -1 (ERR_CONFIG, ERR_TEMP). For one thread
 * at a time.
 */
MUST_USE int key_sight_open(const struct config *config,
    struct key_sight **ret_sight, struct err *err);
void key_sight_close(struct key_sight *sight);

/* Keys that are looked up at once: more would flood a resolver. */
enum { KEY_SIGHT_WINDOW = 64 };

/*
 * Looks up at most KEY_SIGHT_WINDOW keys, all at once; findings in memory of
 * mem. A key is PUBLISHED when every server that answers shows it, and, unless
 * states know it as published already, all of them do answer. May block for
 * `seconds` and a little; once *stop is true it ends soon, with KEY_UNKNOWN for
 * the rest.
 */
void key_sight_look(struct key_sight *sight, struct key_states *states,
    const struct sign_key *const *keys, size_t count, unsigned int seconds,
    const _Atomic bool *stop, struct arena *mem,
    struct key_finding *ret_findings);

/*
 * Looks up the keys of all domains that are wanted, and notes in states what
 * comes of it: for commands. May block for long where DNS is silent. -1 as
 * key_sight_open().
 */
MUST_USE int key_sight_look_all(const struct config *config,
    struct key_states *states, const struct keystore *store,
    bool (*wanted)(const void *arg, struct slice domain), const void *arg,
    struct err *err);

/* The options by which uses are decided. */
struct key_rules key_rules_from_config(const struct config *config);

/*
 * Whether DNS decides who signs: preflight.dkim-key = require, and the block is
 * not in monitor mode.
 */
bool key_states_required(const struct config *config);

#endif
