/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_ADSP_H
#define SUBMILTER_PREFLIGHT_ADSP_H

#include "preflight/author_policy.h"

/*
 * Author Domain Signing Practices (RFC 5617; historic since 2013, but still
 * published and still read by a few).
 */
enum adsp_practice {
	ADSP_NONE,	  /* no record: the same as unknown */
	ADSP_UNKNOWN,	  /* dkim=unknown, or a value that nobody knows */
	ADSP_ALL,	  /* all mail has a signature of the domain */
	ADSP_DISCARDABLE, /* and what has none is to be discarded */
	ADSP_NO_DOMAIN,	  /* NXDOMAIN: the author domain does not exist */
	ADSP_FAILED,	  /* DNS did not say */
};

/* "all"; for ADSP_NO_DOMAIN "nxdomain" (RFC 5617 section 5.4). */
const char *adsp_practice_name(enum adsp_practice practice);

/* False: not a record. Pure. */
MUST_USE bool adsp_record_parse(
    struct slice text, enum adsp_practice *ret_practice);

struct adsp {
	enum adsp_practice practice;
	bool broken;	   /* all, discardable: no author signature */
	struct slice text; /* for people, one line */
};

/*
 * Looks up the practice of an author domain (lower case, A-labels), and whether
 * the signing domains (d=) keep to it: only the author domain itself counts. In
 * memory of the client; may block until its deadline; thread-safe.
 */
void adsp_check(const struct dns_client *dns, struct slice author,
    const struct passing *passing, struct adsp *ret_adsp);

#endif
