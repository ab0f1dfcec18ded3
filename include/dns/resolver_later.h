/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RESOLVER_LATER_H
#define SUBMILTER_DNS_RESOLVER_LATER_H

#include "dns/resolver.h"

/* How a resolver is made, and what that takes. */
struct resolver_maker {
	int (*make)(void *arg, struct resolver **ret_resolver, struct err *err);
	void (*free)(void *arg);
};

/*
 * A resolver that is made with the first look-up, and begins its threads then:
 * for whoever may never need one. Where it cannot be made, each look-up tries,
 * and is DNS_FAILED. Takes arg over.
 */
struct resolver *resolver_later_new(
    const struct resolver_maker *maker, void *arg);

#endif
