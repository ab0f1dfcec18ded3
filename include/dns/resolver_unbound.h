/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RESOLVER_UNBOUND_H
#define SUBMILTER_DNS_RESOLVER_UNBOUND_H

#include "dns/resolver.h"

/* Which DNS is asked. Zeroed: the servers of /etc/resolv.conf, no DNSSEC. */
struct dns_settings {
	/* "ADDRESS" or "ADDRESS@PORT": the resolvers to ask. */
	const struct slice *servers;
	size_t server_count;
	/* Without servers: ask from the root on, not those of resolv_conf. */
	bool recursive;
	/* Empty: /etc/resolv.conf. Read once; its search list is not used. */
	struct slice resolv_conf;
	/* A master file of DS or DNSKEY; empty: nothing is validated. */
	struct slice trust_anchor_file;
	/* An answer is kept no longer than this; 0: as long as it says. */
	unsigned int cache_seconds;
};

/*
 * A resolver over libunbound, with its cache: repeats cost no network until
 * their TTL ends, and lookups of the same at the same time are one. An answer
 * is secure only where validation by the trust anchor says so; one that it
 * refutes is DNS_FAILED, bogus, "bogus: why". /etc/hosts is not read.
 *
 * With servers, or those of resolv.conf, private names (.test, .invalid,
 * home.arpa, reverse names of private addresses) are asked of them, and not
 * validated: the root would refute them. Recursion says that they do not exist.
 *
 * A lookup that is not answered in time goes on and fills the cache; at most
 * some thousand are under way, then DNS_FAILED says so at once.
 *
 * Begins two threads, with all signals blocked: make it in the process that
 * uses it, after daemonizing. The child of a fork() must not use or free it.
 * ERR_CONFIG: unusable settings; ERR_TEMP: a thread or pipe cannot be made.
 */
MUST_USE int unbound_resolver_new(const struct dns_settings *settings,
    struct resolver **ret_resolver, struct err *err);

#endif
