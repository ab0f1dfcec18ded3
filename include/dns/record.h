/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RECORD_H
#define SUBMILTER_DNS_RECORD_H

#include "dns/resolver.h"

/*
 * Rdata of the types that are asked for, as text in memory of mem. Each returns
 * false for rdata that is cut short or does not fit its type; outputs are left
 * alone then. Names come without a dot at their end, as they are in DNS (".":
 * an empty slice); octets in labels other than letters, digits, hyphens and
 * underscores are written \DDD (RFC 1035 section 5.1). Pure, thread-safe.
 */
bool dns_name_text(
    struct slice rdata, struct arena *mem, struct slice *ret_name);
/*
 * Whether a name is a domain or below it, in any letter case; neither has a dot
 * at its end.
 */
bool dns_is_within(struct slice name, struct slice domain);
/* The strings of a TXT record, one behind the other (RFC 7208 section 3.3). */
bool dns_txt_text(
    struct slice rdata, struct arena *mem, struct slice *ret_text);
/* MX (RFC 1035 section 3.3.9). */
bool dns_mx_read(struct slice rdata, struct arena *mem,
    unsigned int *ret_preference, struct slice *ret_name);

/* SRV (RFC 2782). */
struct dns_srv {
	unsigned int priority;
	unsigned int weight;
	unsigned int port;
	struct slice target;
};

bool dns_srv_read(
    struct slice rdata, struct arena *mem, struct dns_srv *ret_srv);

/* The name in the reverse tree of 4 or 16 address octets (RFC 1035, 3596). */
struct slice dns_reverse_name(
    const unsigned char *octets, size_t count, struct arena *mem);

#endif
