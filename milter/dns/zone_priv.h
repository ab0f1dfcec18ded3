/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_ZONE_PRIV_H
#define SUBMILTER_DNS_ZONE_PRIV_H

#include <stdatomic.h>

#include "base/map.h"
#include "dns/resolver.h"
#include "name_priv.h"

/* All records of one type at one name (RFC 2181 section 5). */
struct zone_set {
	struct zone_set *next;
	enum dns_type type;
	uint32_t ttl; /* the lowest of its records */
	struct slice *records;
	size_t count;
	size_t cap;
	size_t octets; /* on the wire */
};

/* Also made for each name on the way to the root (RFC 4592 section 2.2.2). */
struct zone_node {
	struct zone_set *sets;
	const char *failure; /* what other types come to; NULL: no data */
};

struct zone {
	struct arena mem;
	struct map *nodes; /* struct zone_node by lower-case wire name */
	atomic_size_t lookups;
};

struct zone_set *zone_node_set(
    const struct zone_node *node, enum dns_type type);

/* One word or string of a master file, with its escapes. */
struct zone_token {
	struct slice text;
	bool quoted;
};

struct zone_scanner {
	struct slice rest;
	size_t line;	   /* that rest begins in */
	struct arena *mem; /* of the tokens */

	/* The entry that was read last. */
	struct zone_token *tokens;
	size_t count;
	size_t cap;
	size_t entry_line; /* where it begins */
	bool no_owner;	   /* it begins with a blank */
};

/*
 * Reads the next entry: one line, or several in parentheses.
 * count is 0 at the end of the text. On a fault line is where it is.
 */
MUST_USE int zone_scan(struct zone_scanner *scanner, struct err *err);

/* Adds what the text says to nodes. ERR_CONFIG: "NAME:LINE: what is wrong". */
MUST_USE int zone_read(struct zone *zone, struct slice text,
    const char *name_for_errors, struct err *err);

#endif
