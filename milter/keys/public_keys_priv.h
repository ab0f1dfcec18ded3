/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_PUBLIC_KEYS_PRIV_H
#define SUBMILTER_KEYS_PUBLIC_KEYS_PRIV_H

#include "key_names_priv.h"
#include "key_source_priv.h"
#include "keys/keystore.h"

/*
 * What is known of the keys of a domain without their private halves: in little
 * memory, for there may be very many. Never changes.
 */
struct public_keys;

/*
 * Where they stand. One that was replaced stays, for somebody may be looking at
 * it. Counted: the next store goes on with it. Thread-safe.
 */
struct public_pool;

struct public_pool *public_pool_new(void);
struct public_pool *public_pool_ref(struct public_pool *pool);
/* Takes NULL. */
void public_pool_unref(struct public_pool *pool);
/* Whether most of it was replaced, if so many are in use. */
bool public_pool_is_stale(struct public_pool *pool, size_t in_use);

/* Lasts as long as the pool. The keys are those of a place of the source. */
const struct public_keys *public_keys_add(struct public_pool *pool,
    const struct domain_keys *keys, const struct key_source *source,
    struct slice place);

/* Again as they were, in memory of mem, under a name that lasts as long. */
struct domain_keys *public_keys_show(const struct public_keys *keys,
    const struct key_source *source, const struct key_name *name,
    struct arena *mem);

/* Whether they are these, and have this fault. */
bool public_keys_are(
    const struct public_keys *keys, const struct domain_keys *these);
/* How many there are; whether something is wrong with them. */
size_t public_keys_count(const struct public_keys *keys);
bool public_keys_have_fault(const struct public_keys *keys);
/* See keystore_add_gone(). */
bool public_keys_are_gone(const struct public_keys *keys);

#endif
