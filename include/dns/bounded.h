/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_BOUNDED_H
#define SUBMILTER_DNS_BOUNDED_H

#include "dns/resolver.h"

/*
 * How much DNS is asked for the sake of each domain in a minute: what the owner
 * of a zone writes into it decides how many questions its mail costs. Shared by
 * all messages; thread-safe. Of more than some ten thousand domains a minute
 * the counts begin anew.
 */
struct domain_quota;

struct domain_quota *domain_quota_new(unsigned long a_minute);
/* Takes NULL, too. */
void domain_quota_free(struct domain_quota *quota);

/*
 * A resolver for one message. It asks another one (of which it takes a
 * reference) each question once: the same one again gets the same answer, also
 * that there was none; but answers over 256 KB in all are not held, and to ask
 * for them again counts again. Over so many questions, or over the quota of
 * the domain for whose sake they are asked, it asks nothing and answers
 * DNS_FAILED at once, which is "not known" for whoever asks. quota must outlive
 * it. What is begun in advance counts like any other question.
 */
struct resolver *bounded_resolver_new(struct resolver *inner,
    unsigned long questions, struct domain_quota *quota);
/* For whose sake it is asked from here on; the text must live as long. */
void bounded_resolver_for(struct resolver *resolver, struct slice domain);
/* How many questions it has asked so far. */
unsigned long bounded_resolver_asked(const struct resolver *resolver);

#endif
