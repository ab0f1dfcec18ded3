/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_SPF_H
#define SUBMILTER_PREFLIGHT_SPF_H

#include "base/net.h"
#include "dns/resolver.h"

/* What a receiver concludes (RFC 7208 section 2.6). */
enum spf_result {
	SPF_NONE, /* no domain, or it has no record */
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR, /* DNS did not answer: try again later */
	SPF_PERMERROR, /* the records must be corrected */
};

/* "permerror": as in Authentication-Results (RFC 8601 section 2.7.2). */
const char *spf_result_name(enum spf_result result);

/* Which records are asked for. */
enum spf_scope {
	SPF_MAIL_FROM_V1, /* SPF: "v=spf1" */
	SENDER_ID_MFROM,  /* "spf2.0/mfrom", or else "v=spf1" (RFC 4406) */
	SENDER_ID_PRA,	  /* "spf2.0/pra", or else "v=spf1" */
};

struct spf_request {
	enum spf_scope scope;
	struct net_addr client; /* as the receiver sees it; bits is not 0 */
	struct slice helo;
	/*
	 * local@domain without angle brackets, for SENDER_ID_PRA the purported
	 * responsible address. Empty: the null sender, for which
	 * postmaster@helo stands (section 2.4).
	 */
	struct slice mail_from;
};

enum {
	SPF_MAX_TERMS = 10, /* section 4.6.4, and so the next three */
	SPF_MAX_VOIDS = 2,
	SPF_MAX_MX = 10,
	SPF_MAX_PTR = 10,
};

/* What the operator is told; texts are in the arena of the check. */
struct spf_report {
	unsigned int terms;  /* evaluated that cause lookups, SPF_MAX_TERMS */
	unsigned int voids;  /* lookups that found nothing, SPF_MAX_VOIDS */
	bool ptr;	     /* a PTR lookup was needed (section 5.5) */
	bool per_sender;     /* another local part might give another result */
	struct slice domain; /* whose record decided or is at fault ... */
	struct slice record; /* ... and that record; empty: there is none */
	/*
	 * The mechanism that matched, as written, and behind " > " the one that
	 * matched in the record it included; empty: none did.
	 */
	struct slice mechanism;
	/*
	 * Why there is an error: ERR_TEMP for temperror, ERR_DATA or ERR_LIMIT
	 * for permerror; else ERR_NONE.
	 */
	struct err fault;
	/* A failed lookup that only makes "ptr" match nothing (section 5.5). */
	struct err ptr_fault;
};

/*
 * check_host() of RFC 7208 section 4, with limits on terms, void lookups, and
 * names of MX and PTR. Every lookup without an answer is void, those for the
 * hosts of MX and PTR included, as receivers count; the first one for a record
 * is not, nor is one for a name that cannot exist. Over SPF_MAX_MX hosts are a
 * permerror wherever the client stands among them, as DNS gives them in any
 * order. Loopback addresses are addresses like others. A term with a local part
 * that is not ASCII matches nothing (RFC 8616 section 4). exp= is read and never
 * fetched. Fills *ret_report in memory of the client. Thread-safe; may block
 * until its deadline.
 */
enum spf_result spf_check(const struct dns_client *dns,
    const struct spf_request *request, struct spf_report *ret_report);

/*
 * The same, to foresee what others will conclude: where "ptr" or %{p} matched
 * nothing only because DNS failed here, they may see it match, and the result
 * is SPF_TEMPERROR with that fault.
 */
enum spf_result spf_foresee(const struct dns_client *dns,
    const struct spf_request *request, struct spf_report *ret_report);

/*
 * What libspf2, which many receivers use, makes of the same: to show people
 * where it differs, never to decide. False when it was not asked: for Sender ID
 * and loopback clients (which pass there), when text or record are not safe to
 * give to it, or without libspf2. Thread-safe; may block until the deadline;
 * leaves nothing in memory of the client.
 */
MUST_USE bool spf_libspf2_result(const struct dns_client *dns,
    const struct spf_request *request, enum spf_result *ret_result);

#endif
