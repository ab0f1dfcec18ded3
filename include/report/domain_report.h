/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPORT_DOMAIN_REPORT_H
#define SUBMILTER_REPORT_DOMAIN_REPORT_H

#include <time.h>

#include "base/net.h"
#include "dns/resolver.h"
#include "preflight/suffix_list.h"
#include "keys/keystore.h"

/*
 * What receivers and mail programs see of a domain, as findings: keys, SPF,
 * DMARC, ADSP and Sender ID, MX, the SRV records of mail access (RFC 6186,
 * 8314), PTR and HELO of the service, DNSSEC.
 */
enum domain_level {
	DOMAIN_OK,
	DOMAIN_NOTE,	/* good to know; nothing has to be done */
	DOMAIN_WARNING, /* works, but not for all, or not for long */
	DOMAIN_ERROR,	/* receivers or mail programs will act on it */
	DOMAIN_LATER,	/* DNS did not say */
};

/* "ok", "note", "warning", "error", "later". */
const char *domain_level_name(enum domain_level level);

/* All texts are printable ASCII, whatever DNS said. */
struct domain_finding {
	enum domain_level level;
	const char *about;    /* "dkim", "spf", "dmarc", ... */
	struct slice item;    /* which of them: a selector, address, service */
	struct slice says;    /* the result in a word or two, for programs */
	struct slice text;    /* a sentence for people */
	struct slice publish; /* lines of a master file; empty: none helps */
};

struct domain_report {
	struct arena *mem;
	struct slice name; /* of the domain */
	struct domain_finding *items;
	size_t count;
	size_t cap;
};

/* The six names of RFC 6186 and RFC 8314 below a domain. */
enum service_kind {
	SERVICE_SUBMISSION,
	SERVICE_SUBMISSIONS,
	SERVICE_IMAP,
	SERVICE_IMAPS,
	SERVICE_POP3,
	SERVICE_POP3S,
	SERVICE_KINDS,
};

/* What was seen of a service that a SRV record names. */
struct service_seen {
	enum {
		SERVICE_DOWN,	/* no connection */
		SERVICE_SILENT, /* no greeting, or not of its protocol */
		SERVICE_PLAIN,	/* STARTTLS is not offered */
		SERVICE_NO_TLS, /* the handshake failed */
		SERVICE_TLS,
	} state;
	struct slice why; /* printable; empty when SERVICE_TLS */
	/* The rest is of SERVICE_TLS. */
	bool name_matches; /* the certificate is of the target, ... */
	bool trusted;	   /* ... and by an authority of this system */
	time_t expires;
};

/* Where a SRV record says that a service is. */
struct service_place {
	enum service_kind kind;
	struct slice target; /* the name of the host */
	const struct net_addr *addresses;
	size_t count;
	unsigned int port;
};

/*
 * Connects to the first of the addresses that answers. Blocks until its own
 * deadline; fills *ret_seen, in memory of mem.
 */
typedef void service_probe(void *arg, const struct service_place *place,
    struct arena *mem, struct service_seen *ret_seen);

/* One entry of preflight.egress, and which of the addresses it stands for. */
struct egress_network {
	struct net_cidr network;
	size_t first, count; /* of a large network the two ends are tried */
};

/* What a report is made from. */
struct domain_facts {
	struct resolver *resolver;
	bool validates;			    /* the resolver knows DNSSEC */
	const struct suffix_list *suffixes; /* NULL: the tree walk alone */
	const struct net_addr *egress;	    /* that mail leaves from */
	size_t egress_count;
	const struct egress_network *networks; /* all of them, in order */
	size_t network_count; /* 0: each address stands for itself */
	struct slice helo;    /* lower case, A-labels; empty: unknown */
	unsigned int seconds; /* for all of DNS of one report */
	/* NULL: none is known. A domain that has keys here is one of them. */
	const struct own_domains *own;
	service_probe *probe; /* NULL: nothing is connected to */
	void *probe_arg;
};

/*
 * The report on a domain in lower case and A-labels; keys may be NULL: it has
 * none here. In memory of mem. Thread-safe; may block for facts->seconds, and
 * as long as probes do.
 */
void domain_report_make(const struct domain_facts *facts, struct slice domain,
    const struct domain_keys *keys, struct arena *mem,
    struct domain_report *ret_report);

/* The same on what all domains share: the egress addresses and HELO. */
void service_report_make(const struct domain_facts *facts, struct arena *mem,
    struct domain_report *ret_report);

/* Begins the lookups of a report that will be made soon. Never blocks. */
void domain_report_prefetch(const struct domain_facts *facts,
    struct slice domain, const struct domain_keys *keys);

/*
 * Adds a finding; item, says and publish are copied, and what is not printable
 * ASCII in any text becomes "?".
 */
void domain_report_add(struct domain_report *report, enum domain_level level,
    const char *about, struct slice item, const char *says,
    struct slice publish, const char *format, ...) PRINTF_LIKE(7, 8);

#endif
