/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether what DNS says of a domain is secure. */
#include <stdio.h>
#include <stdlib.h>

#include "dns/record.h"
#include "domain_priv.h"

/* A resolver that sees which answers about the domain were secure. */
struct dnssec_watch {
	struct resolver *inner;
	struct slice domain;
	unsigned int secure;
	unsigned int insecure;
	unsigned int bogus;
	char first_insecure[4 * DOMAIN_ESCAPED_OCTETS + 4];
};

static enum dns_outcome
watch_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct dnssec_watch *watch = handle;
	enum dns_outcome outcome =
	    resolver_pass_on(watch->inner, question, ret_answer, err);

	if (!dns_is_within(question->name, watch->domain))
		return outcome;
	if (outcome == DNS_FAILED)
		watch->bogus += ret_answer->bogus;
	else if (ret_answer->secure)
		watch->secure++;
	else if (watch->insecure++ == 0)
		(void)snprintf(watch->first_insecure,
		    sizeof(watch->first_insecure), "%s",
		    escape(
			question->mem, question->name, DOMAIN_ESCAPED_OCTETS));
	return outcome;
}

static void
watch_prefetch(void *handle, struct slice name, enum dns_type type)
{
	struct dnssec_watch *watch = handle;

	resolver_prefetch(watch->inner, name, type);
}

static void
watch_free(void *handle)
{
	struct dnssec_watch *watch = handle;

	resolver_unref(watch->inner);
	free(watch);
}

struct dnssec_watch *
dnssec_watch_new(struct resolver *inner, struct slice domain)
{
	struct dnssec_watch *watch = calloc(1, sizeof(*watch));

	ENSURE(watch != NULL);
	watch->inner = resolver_ref(inner);
	watch->domain = domain;
	return watch;
}

static const struct resolver_ops watch_ops = { watch_lookup, watch_prefetch,
	watch_free, false };

struct resolver *
dnssec_watch_resolver(struct dnssec_watch *watch)
{
	return resolver_new(&watch_ops, watch);
}

void
dnssec_report(struct inquiry *q)
{
	const struct dnssec_watch *watch = q->watch;

	if (watch->bogus > 0)
		domain_report_add(q->report, DOMAIN_ERROR, "dnssec", nothing,
		    "bogus", nothing,
		    "answers are refuted by DNSSEC: "
		    "receivers that validate do not see them");
	else if (!q->facts->validates)
		domain_report_add(q->report, DOMAIN_NOTE, "dnssec", nothing,
		    "unchecked", nothing,
		    "whether answers are secure was not "
		    "checked: that takes dns.trust-anchor, and no zone file");
	else if (watch->insecure == 0 && watch->secure == 0)
		domain_report_add(q->report, DOMAIN_LATER, "dnssec", nothing,
		    "unknown", nothing,
		    "no question about the domain was "
		    "answered");
	else if (watch->insecure == 0)
		domain_report_add(q->report, DOMAIN_OK, "dnssec", nothing,
		    "secure", nothing,
		    "all answers about the domain are "
		    "secure");
	else if (watch->secure > 0)
		domain_report_add(q->report, DOMAIN_NOTE, "dnssec", nothing,
		    "partly", nothing,
		    "answers are secure, but not that for "
		    "%s",
		    watch->first_insecure);
	else
		domain_report_add(q->report, DOMAIN_NOTE, "dnssec", nothing,
		    "insecure", nothing,
		    "the domain is not signed: whoever "
		    "forges DNS answers can forge its mail");
}
