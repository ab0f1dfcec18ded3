/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_OWN_DOMAINS_H
#define SUBMILTER_POLICY_OWN_DOMAINS_H

#include "conf/config.h"

/*
 * The domains that are ours: mail of theirs is sent by this service. These are
 * the option `domain`, and whatever else is added, such as the domains that
 * have keys, or whose keys are away. Names are canonical, each is there once,
 * and they keep the order in which they were added. Nothing is added once
 * others read it; it is thread-safe then. Zeroed, or NULL for a reader: no
 * domain is known to be ours.
 */
struct own_domains {
	struct arena *mem;
	struct map *names;
};

void own_domains_init(
    struct own_domains *own, const struct config *config, struct arena *mem);
/* About so many more will be added. */
void own_domains_expect(struct own_domains *own, size_t count);
/* One more; a text that is not a domain name is left out. */
void own_domains_add(struct own_domains *own, struct slice domain);

size_t own_domains_count(const struct own_domains *own);
/* By an index below the count. */
struct slice own_domains_at(const struct own_domains *own, size_t index);
/* Whether a canonical domain is one of ours. */
bool own_domains_has(const struct own_domains *own, struct slice domain);
/* Whether a domain, in any letter case, is one of ours or below one of ours. */
bool own_domains_cover(
    const struct own_domains *own, struct slice domain, struct arena *mem);

#endif
