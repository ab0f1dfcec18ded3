/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_CHECK_DOMAIN_PRIV_H
#define SUBMILTER_CLI_CHECK_DOMAIN_PRIV_H

#include "report/domain_report.h"

/* "submilter check DOMAIN...": what is asked for. */
struct domain_options {
	const char *config;
	const char *zone;   /* a file that stands for DNS; NULL: dns.zone */
	char *const *names; /* in any letter case, with U-labels, too */
	size_t count;
	bool all; /* every domain of this service */
	bool connect;
	bool json;
};

/*
 * One report on standard output; that on the service comes before the first one
 * on a domain.
 */
void domain_report_text(const struct domain_report *report, bool is_service);
void domain_report_json(
    const struct domain_report *report, bool is_service, bool first);

/* Reports on them; an exit code. */
int check_domains(const struct domain_options *options);

#endif
