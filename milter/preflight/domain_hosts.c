/* SPDX-License-Identifier: BSD-2-Clause */
/* What all domains share: PTR of the addresses mail leaves from, and HELO. */
#include "dns/record.h"
#include "domain_priv.h"
#include "preflight/spf.h"

static bool
same_address(const struct net_addr *a, const struct net_addr *b)
{
	const struct net_cidr one = { *a, a->bits };

	return a->bits == b->bits && net_cidr_contains(&one, b);
}

static bool
is_egress(const struct inquiry *q, const struct host_addresses *host)
{
	for (size_t i = 0; i < host->count; i++) {
		for (size_t k = 0; k < q->facts->egress_count; k++) {
			if (same_address(&host->items[i], &q->facts->egress[k]))
				return true;
		}
	}
	return false;
}

/* Whether a name of an address leads back to it; FAILED: not known. */
static enum dns_outcome
confirm(const struct inquiry *q, const struct dns_answer *answer,
    const struct net_addr *addr, struct slice *ret_name, struct err *err)
{
	enum dns_outcome outcome = DNS_NO_DATA;
	struct host_addresses host;
	struct slice name;

	for (size_t i = 0; i < answer->count && i < DOMAIN_TARGETS; i++) {
		if (!dns_name_text(answer->records[i], q->mem, &name) ||
		    name.len == 0)
			continue;
		*ret_name = name;
		inquiry_addresses(q, name, &host);
		for (size_t k = 0; k < host.count; k++) {
			if (same_address(&host.items[k], addr))
				return DNS_FOUND;
		}
		if (host.failed) {
			outcome = DNS_FAILED;
			*err = host.err;
		}
	}
	return outcome;
}

static void
report_missing(const struct inquiry *q, struct slice address,
    struct slice reverse)
{
	struct slice helo = q->facts->helo;

	domain_report_add(q->report, DOMAIN_ERROR, "ptr", address, "none",
	    helo.len == 0 ? nothing : slice_format(q->mem, "%.*s. IN PTR %.*s.",
	    SLICE_ARGS(reverse), SLICE_ARGS(helo)), "%.*s has no PTR record: "
	    "large receivers refuse its mail", SLICE_ARGS(address));
}

static void
inquire_ptr(const struct inquiry *q, const struct net_addr *addr)
{
	struct slice address = net_addr_text(q->mem, addr), name = nothing;
	struct slice reverse = dns_reverse_name(addr->octets, addr->bits / 8,
	    q->mem);
	struct dns_answer answer = { .count = 0 };
	enum dns_outcome outcome;
	struct err err;

	outcome = inquiry_lookup(q, reverse, DNS_PTR, &answer, &err);
	if (outcome == DNS_NO_DATA || outcome == DNS_NO_NAME) {
		report_missing(q, address, reverse);
		return;
	}
	if (outcome == DNS_FOUND)
		outcome = confirm(q, &answer, addr, &name, &err);
	if (outcome == DNS_FAILED)
		domain_report_add(q->report, DOMAIN_LATER, "ptr", address,
		    "unknown", nothing, "%.*s: %s", SLICE_ARGS(address),
		    err.text);
	else if (outcome == DNS_FOUND)
		domain_report_add(q->report, DOMAIN_OK, "ptr", address,
		    "confirmed", nothing, "%.*s is %s, which leads back to it",
		    SLICE_ARGS(address), slice_cstr(q->mem, name));
	else
		domain_report_add(q->report, DOMAIN_ERROR, "ptr", address,
		    "unconfirmed", name.len == 0 ? nothing : slice_format(
		    q->mem, "%.*s. IN %s %.*s", SLICE_ARGS(name),
		    addr->bits == 32 ? "A" : "AAAA", SLICE_ARGS(address)),
		    "%.*s has a PTR record, but %s does not lead back to it",
		    SLICE_ARGS(address), name.len == 0 ? "its name"
		    : slice_cstr(q->mem, name));
}

static void
inquire_helo_address(const struct inquiry *q, const char *helo)
{
	struct host_addresses host;

	inquiry_addresses(q, q->facts->helo, &host);
	if (host.failed && !is_egress(q, &host))
		domain_report_add(q->report, DOMAIN_LATER, "helo", nothing,
		    "unknown", nothing, "%s: %s", helo, host.err.text);
	else if (host.count == 0)
		domain_report_add(q->report, DOMAIN_ERROR, "helo", nothing,
		    "none", nothing, "the HELO name %s has no address", helo);
	else if (q->facts->egress_count == 0)
		domain_report_add(q->report, DOMAIN_NOTE, "helo", nothing,
		    "unchecked", nothing, "the HELO name %s has an address; "
		    "preflight.egress is not set to compare it with", helo);
	else if (is_egress(q, &host))
		domain_report_add(q->report, DOMAIN_OK, "helo", nothing,
		    "egress", nothing, "the HELO name %s is an address that "
		    "mail leaves from", helo);
	else
		domain_report_add(q->report, DOMAIN_ERROR, "helo", nothing,
		    "elsewhere", nothing, "the HELO name %s is none of the "
		    "addresses that mail leaves from", helo);
}

/* Of a bounce nothing but HELO can be checked (RFC 7208 section 2.4). */
static void
inquire_helo_spf(const struct inquiry *q, const struct net_addr *client,
    const char *helo, bool first)
{
	const struct spf_request request = { .scope = SPF_MAIL_FROM_V1,
		.client = *client, .helo = q->facts->helo };
	struct slice address = net_addr_text(q->mem, client);
	struct spf_report report;
	enum spf_result result = spf_foresee(q->resolver, &request,
	    q->deadline_us, q->mem, &report);
	enum domain_level level = result == SPF_PASS ? DOMAIN_OK
	    : result == SPF_TEMPERROR ? DOMAIN_LATER
	    : result == SPF_FAIL || result == SPF_PERMERROR ? DOMAIN_ERROR
	    : DOMAIN_WARNING;

	domain_report_add(q->report, level, "helo-spf", address,
	    spf_result_name(result), result == SPF_NONE && first
	    ? zone_txt(q->mem, q->facts->helo, SLICE("v=spf1 a -all"))
	    : nothing,
	    "SPF of the HELO name %s for %.*s: %s%s%s", helo,
	    SLICE_ARGS(address), spf_result_name(result),
	    report.fault.kind != ERR_NONE ? ", " : "",
	    report.fault.kind != ERR_NONE ? escape(q->mem,
	    slice_of(report.fault.text), 300) : "");
}

void
service_hosts_inquire(struct inquiry *q)
{
	const char *helo = escape(q->mem, q->facts->helo, 255);

	if (q->facts->egress_count == 0)
		domain_report_add(q->report, DOMAIN_NOTE, "ptr", nothing,
		    "unchecked", nothing, "preflight.egress is not set: no "
		    "address was looked at");
	for (size_t i = 0; i < q->facts->egress_count; i++)
		inquire_ptr(q, &q->facts->egress[i]);
	if (q->facts->helo.len == 0) {
		domain_report_add(q->report, DOMAIN_NOTE, "helo", nothing,
		    "unchecked", nothing, "neither preflight.helo nor hostname "
		    "is set: HELO was not looked at");
		return;
	}
	inquire_helo_address(q, helo);
	for (size_t i = 0; i < q->facts->egress_count; i++)
		inquire_helo_spf(q, &q->facts->egress[i], helo, i == 0);
}
