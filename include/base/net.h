/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_NET_H
#define SUBMILTER_BASE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct sockaddr;

/* An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is kept as IPv4. */
struct net_addr {
	unsigned int bits; /* 32 or 128; 0: none known */
	uint8_t octets[16];
};

/* A network: the address with its host bits cleared, and its prefix length. */
struct net_cidr {
	struct net_addr addr;
	unsigned int prefix_bits;
};

/* "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1" or "[2001:db8::1]". */
MUST_USE bool net_addr_parse(struct slice text, struct net_addr *ret_addr);
/* From AF_INET or AF_INET6; false for any other family. */
MUST_USE bool net_addr_from_sockaddr(
    const struct sockaddr *sa, struct net_addr *ret_addr);
bool net_addr_eq(const struct net_addr *a, const struct net_addr *b);
/* 127.0.0.0/8 or ::1. */
bool net_addr_is_loopback(const struct net_addr *addr);
/* Whether an interface of this host has it now; false if nobody can tell. */
bool net_addr_is_local(const struct net_addr *addr);
/* Shortest text form (RFC 5952); "unknown" when there is none. */
struct slice net_addr_text(struct arena *mem, const struct net_addr *addr);

/*
 * "192.0.2.0/24", "2001:db8::/32" or an address alone. Set host bits are an
 * error, as in Postfix's cidr tables: they are nearly always a typing error.
 */
MUST_USE int net_cidr_parse(
    struct slice text, struct net_cidr *ret_cidr, struct err *err);
/* "192.0.2.0/28"; of one address without its length. */
struct slice net_cidr_text(struct arena *mem, const struct net_cidr *cidr);
bool net_cidr_contains(
    const struct net_cidr *cidr, const struct net_addr *addr);

#endif
