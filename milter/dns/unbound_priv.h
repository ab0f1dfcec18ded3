/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_UNBOUND_PRIV_H
#define SUBMILTER_DNS_UNBOUND_PRIV_H

#include "dns/resolver_unbound.h"

struct ub_ctx;

/*
 * A context of libunbound with all options set, in asynchronous mode with a
 * thread, which begins with the first lookup. The caller deletes it.
 */
MUST_USE int unbound_context_new(const struct dns_settings *settings,
    struct ub_ctx **ret_ctx, struct err *err);

#endif
