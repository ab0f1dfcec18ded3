/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_WORLD_H
#define SUBMILTER_PREFLIGHT_WORLD_H

#include "base/net.h"
#include "conf/config.h"
#include "dns/resolver.h"
#include "preflight/author_policy.h"
#include "table/table.h"

struct domain_quota;
struct outlook_cache;

/*
 * What preflight checks are made with, built from a configuration once and
 * shared by all messages; see snapshot.h.
 */
struct preflight_world {
	bool in_use;			/* else all else is empty */
	struct resolver *resolver;
	unsigned long questions;	/* for one message */
	struct domain_quota *quota;
	struct outlook_cache *cache;
	unsigned long cache_seconds;
	struct suffix_list *suffixes;	/* NULL: the tree walk alone */
	enum dmarc_method method;
	bool both_methods;
	struct table *levels;		/* NULL: the same for all */
	struct table *egress_table;	/* NULL: all leave from egress */
	const struct net_addr *egress;	/* addresses that are tried */
	size_t egress_count;
};

/* Addresses of a network that are tried; of a larger one the two ends. */
enum { PREFLIGHT_NETWORK_ADDRESSES = 16, PREFLIGHT_MAX_EGRESS = 256 };

/* Whether any check is on, for anybody. */
bool preflight_is_on(const struct config *config);

/*
 * The resolver of the dns block: a zone file, or libunbound (which begins two
 * threads: see resolver_unbound.h). Reads files. -1 (ERR_CONFIG, ERR_TEMP).
 */
MUST_USE int preflight_resolver(const struct config *config,
    struct resolver **ret_resolver, struct err *err);

/*
 * Another one that asks this server alone, one of dns.servers, or, if it is
 * empty, what the configuration says without any; and keeps no answer for
 * longer than cache_seconds.
 */
MUST_USE int preflight_resolver_of(const struct config *config,
    struct slice server, unsigned int cache_seconds,
    struct resolver **ret_resolver, struct err *err);

/*
 * Whether two configurations surely ask the same DNS, so that a resolver serves
 * both: not where a file says of it what may have changed (resolv.conf).
 */
bool preflight_same_dns(const struct config *one, const struct config *other);

/*
 * Takes over a reference on the resolver, also on failure. Memory of mem; reads
 * the suffix list and tables; report gets the faults of these. -1 (ERR_CONFIG,
 * ERR_TEMP); to be closed in any case.
 */
MUST_USE int preflight_world_open(struct preflight_world *world,
    const struct config *config, struct resolver *resolver,
    table_report *report, void *arg, struct arena *mem, struct err *err);
/* Takes a zeroed one, too. */
void preflight_world_close(struct preflight_world *world);

/*
 * Adds the addresses of "192.0.2.1" or "2001:db8::/64" to a list of at most
 * PREFLIGHT_MAX_EGRESS. -1 (ERR_CONFIG) for anything else, or too many.
 */
MUST_USE int preflight_add_egress(struct slice text, struct net_addr *list,
    size_t *count, struct err *err);

#endif
