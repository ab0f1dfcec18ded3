/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPORT_DOMAIN_PRIV_H
#define SUBMILTER_REPORT_DOMAIN_PRIV_H

#include "preflight/spf.h"
#include "report/domain_report.h"

enum {
	DOMAIN_ESCAPED_OCTETS = 100, /* of a text from DNS in a finding */
	DOMAIN_PROBED = 16,	     /* addresses of one host, or in a record */
	DOMAIN_TARGETS = 10,	     /* MX, SRV or PTR of one name, too */
};

/* One report on its way; later subjects read what earlier ones found. */
struct inquiry {
	const struct domain_facts *facts;
	struct dns_client dns; /* its resolver is the watch */
	struct dnssec_watch *watch;
	struct arena *mem;
	struct domain_report *report;
	struct slice domain;
	const struct domain_keys *keys; /* NULL: none */
	bool signs;			/* a key of the domain is published */
	bool spf_passes;		/* for every egress address */
	bool spf_unasked;   /* there is a record, but no address to ask for */
	bool sends_nothing; /* not ours, and "v=spf1 -all" */
	bool unanswered;    /* DNS did not answer for a key or SPF */
};

static const struct slice nothing = { "", 0 };

/* The addresses of a host. */
struct host_addresses {
	enum dns_outcome outcome; /* of both families together */
	struct net_addr *items;
	size_t count;
	bool alias;	/* the name is a CNAME */
	bool failed;	/* DNS did not answer for one family or both */
	struct err err; /* why */
};

void inquiry_addresses(const struct inquiry *q, struct slice name,
    struct host_addresses *ret_addresses);

/*
 * What receivers will conclude by SPF, and in *ret_words its name with the fault
 * behind it, where there is one.
 */
enum spf_result inquiry_spf(const struct inquiry *q,
    const struct spf_request *request, const char **ret_words);

/* "NAME. IN TXT "..."", in strings of at most 255 octets. */
struct slice zone_txt(struct arena *mem, struct slice name, struct slice text);

/*
 * Sees which answers about a domain are secure, and passes all of them on. It
 * belongs to the one resolver that is made of it.
 */
struct dnssec_watch;

struct dnssec_watch *dnssec_watch_new(
    struct resolver *inner, struct slice domain);
struct resolver *dnssec_watch_resolver(struct dnssec_watch *watch);
void dnssec_report(struct inquiry *q);

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
