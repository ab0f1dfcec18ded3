/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_BOUNDED_H
#define SUBMILTER_DNS_BOUNDED_H

#include "dns/resolver.h"

/*
 * Counts the DNS questions that each domain causes in a minute: the owner of a
 * zone decides by its records how many questions its mail costs. Shared by all
 * messages; thread-safe. The counts begin anew after some ten thousand domains
 * in a minute.
 */
struct domain_quota;

struct domain_quota *domain_quota_new(unsigned long a_minute);
/* Takes NULL, too. */
void domain_quota_free(struct domain_quota *quota);

/*
 * A resolver for one message. It asks another one (of which it takes a
 * reference) each question once: a repeated question gets the same answer, also
 * the one that there was none. Answers over 256 KB in all are not held; they
 * are asked for, and count, again. Over this number of questions, or over the
 * quota of the domain that causes them, it asks nothing and answers DNS_FAILED
 * at once. quota must outlive it. A prefetch counts like any other question.
 */
struct resolver *bounded_resolver_new(struct resolver *inner,
    unsigned long questions, struct domain_quota *quota);
/* The domain that causes the questions from here on; it is not copied. */
void bounded_resolver_for(struct resolver *resolver, struct slice domain);
/* How many questions it has asked so far. */
unsigned long bounded_resolver_asked(const struct resolver *resolver);

#endif
