/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RESOLVER_PRIV_H
#define SUBMILTER_DNS_RESOLVER_PRIV_H

#include "dns/resolver.h"

/*
 * What operations get from resolver.c: a name that can be one, in lower case
 * and without a dot at its end (empty: the root), with octets outside of host
 * names as \DDD. What they say in *err comes behind "TXT of example.com: ".
 */

/* The handle of a resolver of that kind. */
void *resolver_handle(const struct resolver *resolver,
    const struct resolver_ops *ops);

/* Asks for a name that came so: *err is not made to say for what again. */
enum dns_outcome resolver_pass_on(struct resolver *resolver,
    struct slice canonical, enum dns_type type, uint64_t deadline_us,
    struct arena *mem, struct dns_answer *ret_answer, struct err *err);

#endif
