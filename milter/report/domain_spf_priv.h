/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPORT_DOMAIN_SPF_PRIV_H
#define SUBMILTER_REPORT_DOMAIN_SPF_PRIV_H

#include "domain_priv.h"
#include "preflight/spf.h"

/* Addresses for which the same was concluded, and in the same way. */
struct group {
	enum spf_result result;
	struct spf_report report;
	struct net_addr first;
	size_t count;
};

struct spf_inquiry {
	struct inquiry *q;
	enum spf_result *results; /* of facts->egress */
	struct group *groups;
	size_t count;
	unsigned int terms; /* the most that any address takes */
	unsigned int voids; /* the most that one of ours meets */
	bool per_sender;    /* the result may depend on the local part */
	/* An IPv4 and an IPv6 address that nobody has. */
	struct spf_report strangers[2];
	enum spf_result stranger_results[2];
};

/* See domain_spf_prefetch.c. */
void spf_prefetch(struct inquiry *q);
void spf_report_others(const struct spf_inquiry *s);
void spf_report_costs(const struct spf_inquiry *s);

#endif
