/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_DOMAIN_PRIV_H
#define SUBMILTER_PREFLIGHT_DOMAIN_PRIV_H

#include "preflight/domain_report.h"

enum {
	DOMAIN_ESCAPED_OCTETS = 100,	/* of a text from DNS in a finding */
	DOMAIN_PROBED = 16,		/* addresses of one host, or in a record */
	DOMAIN_TARGETS = 10,		/* MX, SRV or PTR of one name, too */
};

/* One report on its way; later subjects read what earlier ones found. */
struct inquiry {
	const struct domain_facts *facts;
	struct resolver *resolver;	/* sees which answers are secure */
	uint64_t deadline_us;
	struct arena *mem;
	struct domain_report *report;
	struct slice domain;
	const struct domain_keys *keys;	/* NULL: none */
	bool signs;		/* a key of the domain is published */
	bool spf_passes;	/* for every egress address */
	bool spf_unasked;	/* there is a record, but no address to ask for */
	bool sends_nothing;	/* no key, and "v=spf1 -all" */
	bool unanswered;	/* of keys and SPF: DNS did not say */
};

static const struct slice nothing = { "", 0 };

/* resolver_lookup() in the time of the report. */
enum dns_outcome inquiry_lookup(const struct inquiry *q, struct slice name,
    enum dns_type type, struct dns_answer *ret_answer, struct err *err);

/* The addresses of a host. */
struct host_addresses {
	enum dns_outcome outcome;	/* of both families together */
	struct net_addr *items;
	size_t count;
	bool alias;			/* the name is a CNAME */
	bool failed;			/* of one family or both nothing is known */
	struct err err;			/* why */
};

void inquiry_addresses(const struct inquiry *q, struct slice name,
    struct host_addresses *ret_addresses);

/* "NAME. IN TXT "..."", in strings of at most 255 octets. */
struct slice zone_txt(struct arena *mem, struct slice name, struct slice text);

/*
 * Sees which answers about a domain are secure, and passes all of them on. It
 * belongs to the one resolver that is made of it.
 */
struct dnssec_watch;

struct dnssec_watch *dnssec_watch_new(struct resolver *inner,
    struct slice domain);
struct resolver *dnssec_watch_resolver(struct dnssec_watch *watch);
void dnssec_report(struct inquiry *q, const struct dnssec_watch *watch);

/* The subjects, in their order. */
void domain_keys_inquire(struct inquiry *q);
void domain_spf_inquire(struct inquiry *q);
void domain_policy_inquire(struct inquiry *q);
void domain_sender_id_inquire(struct inquiry *q);
void domain_mx_inquire(struct inquiry *q);
void domain_services_inquire(struct inquiry *q);
void service_hosts_inquire(struct inquiry *q);

/* The name of a service, "_imaps._tcp". */
struct slice service_label(enum service_kind kind);

#endif
