/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_DNS_H
#define SUBMILTER_CONF_CONFIG_DNS_H

#include "conf/config.h"
#include "dns/resolver.h"
#include "table/world.h"

/*
 * The resolver of the dns block: a zone file, or libunbound (which begins two
 * threads: see resolver_unbound.h). Reads files. -1 (ERR_CONFIG, ERR_TEMP).
 */
MUST_USE int config_resolver(const struct config *config,
    struct resolver **ret_resolver, struct err *err);

/*
 * The same, but it is made when it is first asked (see resolver_later.h), and
 * needs the configuration no longer. NULL: that of a configuration without a
 * block dns.
 */
struct resolver *config_resolver_later(const struct config *config);

/*
 * A world for tables: that DNS, for names that have SRV records, and nothing is
 * kept of answers. For commands, which ask each table anew.
 */
struct table_world *config_table_world(const struct config *config);

/*
 * Another one that asks this server alone, one of dns.servers, or, if it is
 * empty, what the configuration says without any; and keeps no answer for
 * longer than cache_seconds.
 */
MUST_USE int config_resolver_of(const struct config *config,
    struct slice server, unsigned int cache_seconds,
    struct resolver **ret_resolver, struct err *err);

/*
 * Whether two configurations surely ask the same DNS, so that a resolver serves
 * both: not where a file says of it what may have changed (resolv.conf).
 */
bool config_same_dns(const struct config *one, const struct config *other);

#endif
