/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_AUTHOR_POLICY_H
#define SUBMILTER_PREFLIGHT_AUTHOR_POLICY_H

#include "dns/resolver.h"
#include "preflight/dmarc_record.h"
#include "preflight/suffix_list.h"

/*
 * DMARC as receivers will apply it to the domain of an author. All functions
 * are thread-safe; those that take a world may block until the deadline.
 */

/* How receivers find records and organizational domains. */
enum dmarc_method {
	DMARC_TREE_WALK,   /* RFC 9989 section 4.10 */
	DMARC_SUFFIX_LIST, /* RFC 7489 section 3.2, 6.6.3 */
};

/* How records are looked up. */
struct dmarc_world {
	struct dns_client dns; /* all texts are in its memory */
	enum dmarc_method method;
	const struct suffix_list *suffixes; /* for DMARC_SUFFIX_LIST */
};

enum author_policy_state {
	AUTHOR_POLICY_FOUND,	/* a record applies */
	AUTHOR_POLICY_ABSENT,	/* DMARC does not apply: no record */
	AUTHOR_POLICY_UNUSABLE, /* nor here: a record without a policy */
	AUTHOR_POLICY_UNKNOWN,	/* DNS did not say; never taken for ABSENT */
};

struct author_policy {
	enum author_policy_state state;
	enum dmarc_method method;
	struct slice author; /* the domain in From */
	/*
	 * FOUND: what applies to this author domain, the tag it comes from
	 * ("p", "sp" or "np"), and what that says without t=y or pct=0.
	 */
	enum dmarc_policy policy;
	const char *tag;
	enum dmarc_policy published;
	struct slice record_domain; /* FOUND, UNUSABLE: without _dmarc. */
	struct dmarc_record record; /* FOUND, UNUSABLE */
	/* Empty when DNS did not say, though the record is known. */
	struct slice organization;
	unsigned int notes;   /* enum dmarc_note, of all that was met */
	unsigned int queries; /* names that were asked for */
	struct slice text;    /* for people, one line */
};

/*
 * Finds the policy for an author domain in lower case and A-labels. The tree walk makes at most eight queries, and one more where np=
 * makes it matter whether the domain exists. A domain literal has no policy.
 */
void author_policy_find(const struct dmarc_world *world, struct slice author,
    struct author_policy *ret_policy);

enum alignment {
	ALIGNMENT_NONE,
	ALIGNMENT_RELAXED, /* same organization, and that suffices */
	ALIGNMENT_SAME,	   /* the author domain itself */
	ALIGNMENT_UNKNOWN, /* DNS did not say */
};

/*
 * Whether a domain that passed (d= of a signature, or the MAIL FROM domain of
 * an SPF pass) is aligned with the author domain of a policy that was FOUND;
 * strict asks for the same domain (adkim=s, aspf=s).
 */
enum alignment author_policy_align(const struct dmarc_world *world,
    const struct author_policy *policy, struct slice domain, bool strict);

/* What will pass: domains in lower case and A-labels. */
struct passing {
	const struct slice *signers; /* d= of each signature */
	size_t signer_count;
	struct slice spf_domain; /* empty: no SPF pass to be expected */
};

enum author_verdict {
	AUTHOR_PASSES,
	AUTHOR_FAILS,	  /* receivers will do what the policy says */
	AUTHOR_NOT_ASKED, /* no policy applies */
	AUTHOR_UNKNOWN,	  /* DNS did not say */
};

struct author_judgment {
	enum author_verdict verdict;
	struct slice aligned_signer; /* the first; empty: none */
	bool spf_aligned;
	struct slice text; /* for people, one line */
};

void author_policy_judge(const struct dmarc_world *world,
    const struct author_policy *policy, const struct passing *passing,
    struct author_judgment *ret_judgment);

/* A policy, and what follows from it. */
struct author_opinion {
	struct author_policy policy;
	struct author_judgment judgment;
};

/*
 * Whether receivers of the two methods come to different conclusions about the
 * same author domain: verdict, policy or organizational domain. True sets
 * *ret_text. Nothing that is UNKNOWN disagrees. Pure.
 */
bool author_policy_disagree(const struct author_opinion *one,
    const struct author_opinion *other, struct arena *mem,
    struct slice *ret_text);

#endif
