/* SPDX-License-Identifier: BSD-2-Clause */
/* All domains of a store, one after the other. */
#include "keys/keystore.h"

void
keystore_walk_init(struct keystore_walk *walk, const struct keystore *store)
{
	*walk = (struct keystore_walk){ .store = store };
	arena_init(&walk->mem);
}

bool
keystore_walk_next(struct keystore_walk *walk)
{
	if (walk->store == NULL ||
	    walk->index >= keystore_domain_count(walk->store))
		return false;
	arena_done(&walk->mem);
	arena_init(&walk->mem);
	walk->domain = keystore_domain(walk->store, walk->index++, &walk->mem);
	return true;
}

void
keystore_walk_done(struct keystore_walk *walk)
{
	arena_done(&walk->mem);
}
