/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_HOSTS_PRIV_H
#define SUBMILTER_TABLE_HOSTS_PRIV_H

#include "table/hosts.h"

/* The hosts, in the order in which they are tried now. */
void hosts_order(
    const struct hosts *hosts, const struct server_host *ret_hosts[HOSTS_MAX]);
/* Whether there is one alone, and the name of the table says which one. */
bool hosts_are_named(const struct hosts *hosts);

#endif
