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
	struct map *looks; /* see own_domains_look_like(); may be NULL */
	/* A set whose names are ours, too, and come first; or NULL. */
	const struct own_domains *base;
	/*
	 * While it is made: a set whose first `same` names were added so far,
	 * and others that it does not have.
	 */
	const struct own_domains *before;
	size_t same;
};

void own_domains_init(
    struct own_domains *own, const struct config *config, struct arena *mem);
/* About so many more will be added. */
void own_domains_expect(struct own_domains *own, size_t count);
/* One more; a text that is not a domain name is left out. */
void own_domains_add(struct own_domains *own, struct slice domain);
/* Makes own_domains_look_like() find those that were added so far. */
void own_domains_add_looks(struct own_domains *own);

size_t own_domains_count(const struct own_domains *own);
/* By an index below the count. */
struct slice own_domains_at(const struct own_domains *own, size_t index);
/* Whether a canonical domain is one of ours. */
bool own_domains_has(const struct own_domains *own, struct slice domain);
/* Whether a domain, in any letter case, is one of ours or below one of ours. */
bool own_domains_cover(
    const struct own_domains *own, struct slice domain, struct arena *mem);
/*
 * The domain of ours that people take a word for, which is a skeleton
 * (display_skeleton()); false: none.
 */
bool own_domains_look_like(
    const struct own_domains *own, struct slice word, struct slice *ret_domain);

/*
 * A set of them that several configurations share, counted. With 100,000 domains
 * it takes 10 MB and a tenth of a second, and a reload mostly finds the same
 * ones. Immutable once it is finished, and thread-safe.
 */
struct own_set {
	struct arena mem;
	struct own_domains domains;
	struct own_set *base; /* see own_domains; or NULL */
	_Atomic unsigned long users;
};

/*
 * A set to add to. While the names that are added are those of before (NULL:
 * nothing), in the same order, and a few more, they are not copied; before stays
 * until own_set_finish().
 */
struct own_set *own_set_begin(
    const struct config *config, struct own_set *before);
/*
 * Takes *set over, gives one reference: on what before, which own_set_begin()
 * got, shares if both are the same, else on *set. looks: own_domains_look_like() finds them.
 */
struct own_set *own_set_finish(
    struct own_set *set, struct own_set *before, bool looks);
void own_set_unref(struct own_set *set);

#endif
