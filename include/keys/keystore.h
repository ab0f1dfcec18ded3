/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEYSTORE_H
#define SUBMILTER_KEYS_KEYSTORE_H

#include <stdint.h>

#include "base/report.h"
#include "keys/key.h"
#include "keys/key_source.h"
#include "policy/own_domains.h"

enum { MAX_KEYS_OF_DOMAIN = 8 };

/*
 * The keys of one domain, in order of selector. Where some of its files cannot
 * be used, fault names the first, and the others sign; without any key, it is
 * not known who would have signed: a temporary fault of that domain.
 */
struct domain_keys {
	/*
	 * In the store: the domain, or the place of one key, which belongs to
	 * a table of keys (see key_place()).
	 */
	struct slice name;
	struct slice domain;
	const struct sign_key *const *keys;
	size_t count;
	struct slice fault;
	bool told;     /* the fault was reported when the store was loaded */
	bool gone;     /* it has no directory; see keystore_add_gone() */
	bool unsure;   /* it is not known whether there are keys */
	bool unread;   /* its keys were not needed yet: none is known */
	bool warned;   /* there was something to say of them */
	uint64_t mark; /* of its files before they were read; 0: not known */
};

/*
 * All keys of a source, by domain; those of a table, each by its name. Which
 * there are is fixed, but for a table that does not list all. Private
 * keys are read when they are needed, and those of some domains are kept: that
 * is what is behind its lock, which is never held while a file is read.
 */
struct keystore;

/* How many domains' private keys a store keeps: those that signed last. */
enum { KEYSTORE_ROOM = 4096 };

/* How a store is opened. */
struct keystore_options {
	size_t room;		   /* 0: KEYSTORE_ROOM */
	struct keystore *previous; /* whose keys go on; or NULL */
	const struct report *report;
};

/*
 * Names the domains of the source, which it takes over, and reads their keys if
 * there are at most a thousand; else those that the previous store has in
 * memory, unless their files are the same, and the others when they are needed. Not used: RSA under 1024 bits; encrypted (no
 * passphrase is ever asked for), unreadable or garbled files; key types other
 * than RSA and Ed25519; what the source refuses; a domain without any key. Each
 * is a fault of its domain alone (domain_keys.fault). One run reports all of
 * them, and warnings (RSA under 2048 bits, a file that is not a *.key). A key
 * of the previous store goes on where its file cannot be used any more, and so
 * do the last keys of a domain where all are gone: a file that is cut or away
 * for a moment takes no signature away. -1 with a summary in *err only when it
 * is not known which domains there are. Blocks on the file system. More than
 * one key of a domain: all of them sign.
 */
MUST_USE int keystore_open(struct key_source *source,
    const struct keystore_options *options, struct keystore **ret_store,
    struct err *err);
/* The same for a directory: see key_source.h. */
MUST_USE int keystore_load(struct slice directory,
    const struct keystore_options *options, struct keystore **ret_store,
    struct err *err);
/*
 * Reads what was not read yet, and reports it: for commands. Blocks on files.
 */
void keystore_read_all(struct keystore *store, const struct report *report);
/* Whether it has no domain at all, or one without any key; NULL: no. */
bool keystore_lacks_keys(const struct keystore *store);
/* Whether the keys of some domain were not read yet; NULL: no. */
bool keystore_has_unread(const struct keystore *store);
/* Whether no domain has a directory. */
bool keystore_is_empty(const struct keystore *store);
/*
 * A domain that is not in the store, but signed before: a fault of its own, as
 * that of a domain whose keys cannot be read. Only before others see the store.
 */
void keystore_add_gone(struct keystore *store, struct slice directory,
    struct slice domain, const struct report *report);
/* Adds all of its domains: they are ours. NULL has none. */
void keystore_name_domains(
    const struct keystore *store, struct own_domains *own);
/* How many faults were reported. */
size_t keystore_faults(const struct keystore *store);
/* Counted: one more user, of NULL none; one less, and the last one frees it. */
struct keystore *keystore_ref(struct keystore *store);
void keystore_free(struct keystore *store);

/*
 * The keys of a domain (lower case, A-labels) as far as they are known, without
 * their private halves: pkey and pem are empty. NULL when the domain has no
 * keys here. In memory of mem, and their names in that of the store. Reads
 * nothing. Thread-safe.
 */
const struct domain_keys *keystore_find(
    const struct keystore *store, struct slice name, struct arena *mem);
/* Its names alone, of those that a domain has. */
const struct domain_keys *keystore_find_name(
    const struct keystore *store, struct slice name, struct arena *mem);
/* The first keys that sign for a domain, by whatever name; whether it has some. */
const struct domain_keys *keystore_find_domain(
    const struct keystore *store, struct slice domain, struct arena *mem);
bool keystore_has_domain(const struct keystore *store, struct slice domain);
/* Whether it may have keys that nobody has needed yet; NULL: no. */
bool keystore_grows(const struct keystore *store);
/* The same for each, by an index below keystore_domain_count(). */
size_t keystore_domain_count(const struct keystore *store);
const struct domain_keys *keystore_domain(
    const struct keystore *store, size_t index, struct arena *mem);
/* Which domain that is. */
struct slice keystore_domain_name(const struct keystore *store, size_t index);

/*
 * All domains, one after the other, in memory for one:
 *
 *	CLEANUP(keystore_walk_done) struct keystore_walk walk;
 *
 *	keystore_walk_init(&walk, store);
 *	while (keystore_walk_next(&walk))
 *		use(walk.domain);
 *
 * store may be NULL. domain, and what the caller takes from mem, stay until the
 * next one.
 */
struct keystore_walk {
	const struct keystore *store;
	size_t index; /* of the next one */
	const struct domain_keys *domain;
	struct arena mem;
};
void keystore_walk_init(
    struct keystore_walk *walk, const struct keystore *store);
bool keystore_walk_next(struct keystore_walk *walk);
void keystore_walk_done(struct keystore_walk *walk);

/*
 * The keys of a domain with their private halves: NULL when it has none here.
 * Reads them where they are not kept, and is then as good as its files are now;
 * keys with a fault that nobody was told of are not kept, so that the next one
 * who needs them finds them mended. To be released, before the store is freed.
 * Thread-safe; may block on the file system.
 */
struct domain_keys *keystore_take(struct keystore *store, struct slice name);
/*
 * The same, but what had to be read is not kept: who looks at the keys of all
 * domains displaces none of those that sign.
 */
struct domain_keys *keystore_take_once(
    struct keystore *store, struct slice name);
/* Takes NULL. Thread-safe. */
void domain_keys_release(struct domain_keys *keys);

/*
 * Another number whenever a key was added to or removed from the domains that
 * the store has, or a key was changed in one of a domain that lacks all of
 * them; lacking_only: all but the latter count for nothing. An empty store is
 * such a domain, too. *ret_late: one of them was changed when the store began
 * to be read, or later, so that it may lack a key. Reads no key.
 */
uint64_t keystore_mark(
    const struct keystore *store, bool lacking_only, bool *ret_late);

#endif
