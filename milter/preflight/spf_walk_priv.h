/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SPF_WALK_PRIV_H
#define SUBMILTER_SPF_WALK_PRIV_H

#include "preflight/spf_record.h"

/* One check, through all records that it leads to. */
struct spf_walk {
	const struct dns_client *dns;
	const struct spf_request *request;
	struct arena *mem; /* of dns */
	struct spf_report *report;
	struct spf_macros macros;
	struct slice ptr_names[SPF_MAX_PTR]; /* that lead to the client */
	size_t ptr_count;
	bool ptr_known;
	unsigned int ptr_voids; /* of finding them out */
};

/* One call of check_host(). */
struct spf_host {
	struct slice domain;
	struct spf_record record;
};

enum spf_match {
	MATCH_NO,
	MATCH_YES,
	MATCH_TEMPERROR,
	MATCH_PERMERROR,
};

/* spf_match.c */

/* Sets the domain and record that the report names. */
void spf_report_host(struct spf_walk *walk, const struct spf_host *host);
/* The fault is set; the innermost record is the one at fault. */
enum spf_match spf_failed(struct spf_walk *walk, const struct spf_host *host);
/* MATCH_YES, or MATCH_PERMERROR: there were too many. */
enum spf_match spf_count_term(
    struct spf_walk *walk, const struct spf_host *host);
/*
 * The target of a term (section 4.8), in *ret_domain; without a domain-spec it
 * is the domain of the record. MATCH_NO: its macros give no name.
 */
enum spf_match spf_target_domain(struct spf_walk *walk,
    const struct spf_host *host, struct slice spec, struct slice *ret_domain);
/*
 * Counts the term, and looks it up where it takes that. MATCH_TEMPERROR and
 * MATCH_PERMERROR: the report has the fault.
 */
enum spf_match spf_match_directive(struct spf_walk *walk,
    const struct spf_host *host, const struct spf_directive *directive);

/* spf.c: check_host() of section 4, for "include" and "redirect". */
enum spf_result spf_check_host(struct spf_walk *walk, struct slice domain);

#endif
