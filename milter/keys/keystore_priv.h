/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEYSTORE_PRIV_H
#define SUBMILTER_KEYS_KEYSTORE_PRIV_H

#include "key_source_priv.h"
#include "keys/keystore.h"

/* How the keys of one domain are read. */
struct domain_reading {
	const struct key_source *source;
	struct slice place; /* the source's name of them */
	struct slice domain;
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

/* A copy without private keys, in memory of mem. */
const struct domain_keys *domain_keys_public(
    const struct domain_keys *keys, struct arena *mem);

#endif
