/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEYSTORE_PRIV_H
#define SUBMILTER_KEYS_KEYSTORE_PRIV_H

#include <pthread.h>

#include "base/map.h"
#include "key_source_priv.h"
#include "keys/keystore.h"

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

/* A copy without private keys, in memory of mem; its names last as long. */
const struct domain_keys *domain_keys_public(const struct domain_keys *keys,
    const struct domain_keys *names, struct arena *mem);

/* One domain; kept ones stand in a list, the last that was needed in front. */
struct slot {
	struct slice place; /* its names are in unread */
	bool added;	    /* the source did not list it */
	struct slice fault; /* of listing it */
	_Atomic(const struct domain_keys *) known;
	struct domain_keys unread; /* what is known before they are read */
	struct domain_keys *kept;  /* with private keys; or NULL */
	struct slot *newer;
	struct slot *older;
};

struct keystore {
	struct key_source *source;
	struct arena mem;
	struct map *domains; /* by name, to struct slot */
	struct map *others;  /* by domain, where that is no name */
	/* lock, where domains may be added; else NULL. */
	pthread_mutex_t *guard;
	size_t faults;
	size_t room;
	struct timespec began;
	pthread_mutex_t lock; /* of mem, once it is loaded, and what follows */
	size_t kept_count;
	size_t added_count;
	struct slot *newest;
	struct slot *oldest;
	_Atomic unsigned long users;
};

/*
 * A store with at most so many domains reads the keys of all of them at the
 * load, which takes half a second at most.
 */
enum { KEYSTORE_EAGER = 1000 };

/* Domains that are added to those of the list, at most. */
enum { KEYSTORE_MAX_ADDED = 100000 };

/* Slots by index and by name; NULL: there is none. Thread-safe. */
struct slot *keystore_slot_at(const struct keystore *store, size_t index);
struct slot *keystore_slot(const struct keystore *store, struct slice name);
/*
 * A domain, or a key, of which nothing is known yet; NULL: it is there. Only
 * before others see the store, or with its lock.
 */
struct slot *keystore_add_slot(struct keystore *store, struct slice place,
    struct slice name, struct slice domain);

/* How the keys of a slot are read. */
struct slot_reading {
	const struct report *report;
	const struct domain_keys *before; /* see struct domain_reading */
	bool once;			  /* they are not kept */
};

/* Reads them, and keeps what is known. One reference. Thread-safe. */
struct domain_keys *keystore_read_slot(
    struct keystore *store, struct slot *slot, const struct slot_reading *how);
/*
 * Keeps keys that were just read, unless another thread was faster, or a fault
 * in them may be mended meanwhile, or once; and what is known of them in any
 * case. Thread-safe.
 */
void keystore_keep(struct keystore *store, struct slot *slot,
    struct domain_keys *keys, bool once);
/* Tells one state of its files from another; 0: they may change unseen. */
uint64_t keystore_slot_mark(
    const struct keystore *store, const struct slot *slot);
/* One reference more on what is kept; NULL: nothing is. Thread-safe. */
struct domain_keys *keystore_take_kept(
    struct keystore *store, struct slot *slot);

#endif
