/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_WORLD_H
#define SUBMILTER_PREFLIGHT_WORLD_H

#include "base/net.h"
#include "base/report.h"
#include "conf/config.h"
#include "dns/resolver.h"
#include "preflight/author_policy.h"
#include "table/table_set.h"

struct domain_quota;
struct outlook_cache;

/*
 * What preflight checks are made with, built from a configuration once and
 * shared by all messages; see snapshot.h.
 */
struct preflight_world {
	bool in_use; /* else all else is empty */
	struct resolver *resolver;
	unsigned long questions; /* for one message */
	struct domain_quota *quota;
	struct outlook_cache *cache;
	unsigned long cache_seconds;
	struct suffix_list *suffixes; /* NULL: the tree walk alone */
	enum dmarc_method method;
	bool both_methods;
	struct table *levels;	       /* NULL: the same for all */
	struct table *egress_table;    /* NULL: all leave from egress */
	const struct net_addr *egress; /* addresses that are tried */
	size_t egress_count;
};

/* Addresses of a network that are tried; of a larger one the two ends. */
enum { PREFLIGHT_NETWORK_ADDRESSES = 16, PREFLIGHT_MAX_EGRESS = 256 };

/* Whether any check is on, for anybody. */
bool preflight_is_on(const struct config *config);

/*
 * Reports each fault of the options that say where mail leaves from, with the
 * file and line of the option. -1 when there are any.
 */
MUST_USE int preflight_check_config(
    const struct config *config, const struct report *report);

/*
 * Opens the world of a configuration that preflight_check_config() has accepted,
 * and copies what it needs of it. Takes over a reference on the resolver, also on failure. Memory of
 * mem; the tables outlive it. Reads the suffix list. -1 (ERR_CONFIG, ERR_TEMP);
 * to be closed in any case.
 */
MUST_USE int preflight_world_open(struct preflight_world *world,
    const struct config *config, struct resolver *resolver,
    const struct table_set *tables, struct arena *mem, struct err *err);
/*
 * Reports each row of the tables that cannot be read; of one table alone, if
 * `only` is not NULL and is one of them.
 */
void preflight_check_values(const struct preflight_world *world,
    const struct table *only, const struct report *report);
/* Takes a zeroed one, too. */
void preflight_world_close(struct preflight_world *world);

/*
 * Adds the addresses of "192.0.2.1" or "2001:db8::/64" to a list of at most
 * PREFLIGHT_MAX_EGRESS. -1 (ERR_CONFIG) for anything else, or too many.
 */
MUST_USE int preflight_add_egress(
    struct slice text, struct net_addr *list, size_t *count, struct err *err);

#endif
