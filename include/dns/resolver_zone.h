/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RESOLVER_ZONE_H
#define SUBMILTER_DNS_RESOLVER_ZONE_H

#include "dns/resolver.h"

/*
 * A resolver that answers from a text instead of the network: to rehearse
 * changes of DNS, and for tests. The text is a master file (RFC 1035 section
 * 5): $ORIGIN, $TTL, "@", parentheses, quoted strings, comments, relative
 * names behind an $ORIGIN, records of the types of enum dns_type.
 * Wildcards are those of RFC 4592. Records of other known types (CAA, RRSIG
 * and the like) only make their name exist; $INCLUDE and DNAME are refused.
 * The text is all of DNS: a name that is not in it does not exist.
 *
 * Two types of our own rehearse faults: with "NAME IN FAIL" or "NAME IN TIMEOUT"
 * every type of which the name has no record is DNS_FAILED at once, "SERVFAIL"
 * or "timed out".
 *
 * A lookup never waits and never is secure; ttl is 0 where the answer is no.
 */

/* On a fault *err is ERR_CONFIG, "NAME:LINE: what is wrong". */
MUST_USE int zone_resolver_new(struct slice text, const char *name_for_errors,
    struct resolver **ret_resolver, struct err *err);

/* How often it was asked so far, CNAMEs on the way not counted. */
size_t zone_resolver_lookups(const struct resolver *resolver);

#endif
