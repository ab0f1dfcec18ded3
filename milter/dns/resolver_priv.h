/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RESOLVER_PRIV_H
#define SUBMILTER_DNS_RESOLVER_PRIV_H

#include "dns/resolver.h"

/* The handle of a resolver of that kind. */
void *resolver_handle(
    const struct resolver *resolver, const struct resolver_ops *ops);

/* Records and their octets, in memory of mem. */
const struct slice *dns_records_copy(
    const struct slice *records, size_t count, struct arena *mem);

#endif
