/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_HOSTS_PRIV_H
#define SUBMILTER_TABLE_HOSTS_PRIV_H

#include "table/hosts.h"

struct table_world;

/* The hosts, in the order in which they are tried now, HOST_SRV in its place. */
void hosts_order(
    const struct hosts *hosts, const struct server_host *ret_hosts[HOSTS_MAX]);
/* Whether there is one alone, and the name of the table says which one. */
bool hosts_are_named(const struct hosts *hosts);

/* What it takes to ask for the records of a HOST_SRV. */
struct hosts_asking {
	const struct server_host *host;
	struct table_world *world; /* which has the DNS; may be NULL */
	uint64_t deadline_us;
	struct arena *mem; /* of what is found */
};

/*
 * The hosts that the records name, in the order in which they are tried now. The
 * resolver keeps the records for as long as their TTL. -1 (ERR_TEMP): they are
 * not known, or there is none; *err has the name.
 */
MUST_USE int hosts_expand(const struct hosts_asking *asking,
    struct server_host ret_hosts[HOSTS_MAX], size_t *ret_count,
    struct err *err);
/* The DNS for the hosts; may be NULL. */
struct table_world *hosts_world(const struct hosts *hosts);

/* A number below bound. Who guesses it gains nothing. */
size_t hosts_random_below(size_t bound);

#endif
