/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_RESOLVER_H
#define SUBMILTER_DNS_RESOLVER_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* RR types of RFC 1035, 2782, 3596, by their numbers. */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
};

/* "TXT". */
const char *dns_type_name(enum dns_type type);

enum dns_outcome {
	DNS_FOUND,   /* at least one record of that type */
	DNS_NO_DATA, /* the name is there, without such a record */
	DNS_NO_NAME, /* NXDOMAIN (RFC 8020) */
	DNS_FAILED,  /* not known: SERVFAIL, no answer in time, bogus */
};

struct dns_answer {
	const struct slice *records; /* rdata as on the wire, no compression */
	size_t count;		     /* 0 unless DNS_FOUND */
	bool secure;	    /* validated by DNSSEC, also where it says no */
	bool bogus;	    /* DNS_FAILED only: refuted by DNSSEC */
	uint32_t ttl;	    /* seconds that it may be kept */
	struct slice owner; /* where CNAMEs ended, lower case; else empty */
};

/* Asks DNS. Thread-safe, counted; one of a kind is shared by all steps. */
struct resolver;

/* By what DNS is asked, until when, and where answers are kept. */
struct dns_client {
	struct resolver *resolver;
	uint64_t deadline_us; /* see clock_monotonic_us() */
	struct arena *mem;
};

/*
 * Looks up a name in A-labels, with or without a dot at its end, through
 * CNAMEs; "." is the root. A backslash escapes, as in names that record.h
 * makes (RFC 1035 section 5.1); any other octet stands for itself. FOUND,
 * NO_DATA and NO_NAME set *ret_answer. DNS_FAILED sets *err (ERR_TEMP), and
 * *ret_answer is empty but for bogus: it could not be found out before the
 * deadline; never to be taken for "no". A name that cannot be one (empty label,
 * over 63 or 255 octets) is DNS_NO_NAME. May block until the deadline.
 */
MUST_USE enum dns_outcome resolver_lookup(const struct dns_client *client,
    struct slice name, enum dns_type type, struct dns_answer *ret_answer,
    struct err *err);

/*
 * Begins to look something up that will be asked for soon. Does not wait for
 * the answer.
 */
void resolver_prefetch(
    struct resolver *resolver, struct slice name, enum dns_type type);

struct resolver *resolver_ref(struct resolver *resolver);
void resolver_unref(struct resolver *resolver);

/*
 * What a kind of resolver is asked. name can be one: in lower case and without
 * a dot at its end (empty: the root), with octets outside of host names as \DDD.
 */
struct dns_question {
	struct slice name;
	enum dns_type type;
	uint64_t deadline_us;
	struct arena *mem; /* of the answer */
};

/*
 * A kind of resolver; prefetch may be NULL. free gets the last handle. lookup
 * finds *ret_answer empty; *err comes behind "TXT of example.com: ".
 */
struct resolver_ops {
	enum dns_outcome (*lookup)(void *handle,
	    const struct dns_question *question, struct dns_answer *ret_answer,
	    struct err *err);
	void (*prefetch)(void *handle, struct slice name, enum dns_type type);
	void (*free)(void *handle);
	bool is_dns; /* its answers are those that metrics count */
};

/* Takes the handle over. One reference. */
struct resolver *resolver_new(const struct resolver_ops *ops, void *handle);

/*
 * Passes a question on to another resolver: *err does not repeat what was asked
 * for.
 */
MUST_USE enum dns_outcome resolver_pass_on(struct resolver *resolver,
    const struct dns_question *question, struct dns_answer *ret_answer,
    struct err *err);

#endif
