/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEYSTORE_PRIV_H
#define SUBMILTER_KEYS_KEYSTORE_PRIV_H

#include <pthread.h>

#include "key_names_priv.h"
#include "key_source_priv.h"
#include "keys/keystore.h"
#include "public_keys_priv.h"

/* How the keys of one domain are read. */
struct domain_reading {
	const struct key_source *source;
	struct slice place;		  /* the source's name of them */
	struct slice name;		  /* the store's */
	struct slice domain;		  /* empty: the source knows it */
	const struct domain_keys *before; /* go on where theirs fail; or NULL */
	const struct report *report; /* NULL: faults are in the result only */
	size_t faults;		     /* that there were */
};

/* Its keys, one reference; without any, and why, where none can be used. */
struct domain_keys *domain_keys_read(struct domain_reading *reading);
/* A domain without keys, one reference; it has this fault. */
struct domain_keys *domain_keys_lacking(
    struct slice domain, struct slice fault, bool gone);
struct domain_keys *domain_keys_ref(struct domain_keys *keys);

/* Private keys in memory; the last ones that were needed stand in front. */
struct kept_keys {
	struct domain_keys *keys;
	size_t index; /* of their domain */
	struct kept_keys *newer;
	struct kept_keys *older;
};

/* One domain, or one key of a table. */
struct slot {
	_Atomic(const struct public_keys *) known; /* NULL: not read yet */
	struct kept_keys *kept;			   /* or NULL */
};

struct keystore {
	struct key_source *source;
	struct arena mem;
	/* By index, the names of the list and then those that were added. */
	struct key_names *listed;
	struct key_names *added;
	struct slot *listed_slots;
	struct slot *added_slots;
	size_t added_cap;
	struct public_pool *pool;
	/* lock, where domains may be added; else NULL. */
	pthread_mutex_t *guard;
	size_t faults;
	size_t room;
	struct timespec began;
	pthread_mutex_t lock; /* of mem, once it is loaded, and what follows */
	size_t kept_count;
	size_t grown; /* by so many names that nobody listed */
	struct kept_keys *newest;
	struct kept_keys *oldest;
	_Atomic unsigned long users;
};

/*
 * A store with at most so many domains reads the keys of all of them at the
 * load, which takes half a second at most.
 */
enum { KEYSTORE_EAGER = 1000 };

/* Domains that are added to those of the list, at most. */
enum { KEYSTORE_MAX_ADDED = 100000 };

/*
 * Domains are told apart by an index, which is below keystore_domain_count().
 * The one of a name; KEYSTORE_NONE: there is none. Thread-safe.
 */
#define KEYSTORE_NONE SIZE_MAX
size_t keystore_index(const struct keystore *store, struct slice name);
struct key_name keystore_name_at(const struct keystore *store, size_t index);
/* What is known of its keys; NULL: nothing yet. Thread-safe. */
const struct public_keys *keystore_known_at(
    const struct keystore *store, size_t index);
struct slot *keystore_slot_at(const struct keystore *store, size_t index);
/*
 * A domain, or a key, of which nothing is known yet; KEYSTORE_NONE: it is there.
 * Only before others see the store, or with its lock.
 */
size_t keystore_add_name(struct keystore *store, const struct key_name *name);

/* How the keys of a slot are read. */
struct slot_reading {
	const struct report *report;
	const struct domain_keys *before; /* see struct domain_reading */
	bool once;			  /* they are not kept */
};

/* Reads them, and keeps what is known. One reference. Thread-safe. */
struct domain_keys *keystore_read_slot(
    struct keystore *store, size_t index, const struct slot_reading *how);
/*
 * Keeps keys that were just read, unless another thread was faster, or a fault
 * in them may be mended meanwhile, or once; and what is known of them in any
 * case. Thread-safe.
 */
void keystore_keep(
    struct keystore *store, size_t index, struct domain_keys *keys, bool once);
/* Tells one state of its files from another; 0: they may change unseen. */
uint64_t keystore_slot_mark(const struct keystore *store, size_t index);
/* One reference more on what is kept; NULL: nothing is. Thread-safe. */
struct domain_keys *keystore_take_kept(struct keystore *store, size_t index);

#endif
