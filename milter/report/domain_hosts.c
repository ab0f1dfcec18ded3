/* SPDX-License-Identifier: BSD-2-Clause */
/* PTR records of the addresses that mail leaves from, and the HELO name. */
#include "dns/record.h"
#include "domain_priv.h"

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
		for (size_t k = 0; k < q->facts->network_count; k++) {
			if (net_cidr_contains(&q->facts->networks[k].network,
				&host->items[i]))
				return true;
		}
		for (size_t k = 0; k < q->facts->egress_count; k++) {
			if (same_address(&host->items[i], &q->facts->egress[k]))
				return true;
		}
	}
	return false;
}

/* An address that mail leaves from, and its PTR record. */
struct ptr {
	const struct net_addr *addr;
	struct slice text; /* of the address */
	struct slice name; /* the last that was read; empty: none */
	struct err err;	   /* why it is not known whether one leads back */
};

/* Whether a name of an address leads back to it; FAILED: not known. */
static enum dns_outcome
confirm(
    const struct inquiry *q, const struct dns_answer *answer, struct ptr *ptr)
{
	enum dns_outcome outcome = DNS_NO_DATA;
	struct host_addresses host;
	struct slice name;

	for (size_t i = 0; i < answer->count && i < DOMAIN_TARGETS; i++) {
		if (!dns_name_text(answer->records[i], q->mem, &name) ||
		    name.len == 0)
			continue;
		ptr->name = name;
		inquiry_addresses(q, name, &host);
		for (size_t k = 0; k < host.count; k++) {
			if (same_address(&host.items[k], ptr->addr))
				return DNS_FOUND;
		}
		if (host.failed) {
			outcome = DNS_FAILED;
			ptr->err = host.err;
		}
	}
	return outcome;
}

/*
 * Reports on the PTR record of an address. False when there is none: that is
 * reported for a lone address only.
 */
static bool
inquire_ptr(const struct inquiry *q, const struct net_addr *addr, bool lone)
{
	struct ptr ptr = { addr, net_addr_text(q->mem, addr), nothing,
		{ .kind = ERR_NONE } };
	struct slice helo = q->facts->helo;
	struct slice reverse =
	    dns_reverse_name(addr->octets, addr->bits / 8, q->mem);
	struct dns_answer answer;
	enum dns_outcome outcome =
	    resolver_lookup(&q->dns, reverse, DNS_PTR, &answer, &ptr.err);

	if (outcome == DNS_NO_DATA || outcome == DNS_NO_NAME) {
		if (lone)
			domain_report_add(q->report, DOMAIN_ERROR, "ptr",
			    ptr.text, "none",
			    helo.len == 0 ?
				nothing :
				slice_format(q->mem, "%.*s. IN PTR %.*s.",
				    SLICE_ARGS(reverse), SLICE_ARGS(helo)),
			    "%.*s has no PTR record: "
			    "large receivers refuse its mail",
			    SLICE_ARGS(ptr.text));
		return false;
	}
	if (outcome == DNS_FOUND)
		outcome = confirm(q, &answer, &ptr);
	if (outcome == DNS_FAILED)
		domain_report_add(q->report, DOMAIN_LATER, "ptr", ptr.text,
		    "unknown", nothing, "%.*s: %s", SLICE_ARGS(ptr.text),
		    ptr.err.text);
	else if (outcome == DNS_FOUND)
		domain_report_add(q->report, DOMAIN_OK, "ptr", ptr.text,
		    "confirmed", nothing, "%.*s is %s, which leads back to it",
		    SLICE_ARGS(ptr.text), slice_cstr(q->mem, ptr.name));
	else
		domain_report_add(q->report, DOMAIN_ERROR, "ptr", ptr.text,
		    "unconfirmed",
		    ptr.name.len == 0 ? nothing :
					slice_format(q->mem, "%.*s. IN %s %.*s",
					    SLICE_ARGS(ptr.name),
					    addr->bits == 32 ? "A" : "AAAA",
					    SLICE_ARGS(ptr.text)),
		    "%.*s has a PTR record, but %s does not lead back to it",
		    SLICE_ARGS(ptr.text),
		    ptr.name.len == 0 ? "its name" :
					slice_cstr(q->mem, ptr.name));
	return true;
}

/* The HELO name: its address, and SPF for it. */
static void
inquire_helo(const struct inquiry *q)
{
	const struct domain_facts *facts = q->facts;
	const char *helo = escape(q->mem, facts->helo, 255), *words;
	struct host_addresses host;
	bool ours;

	inquiry_addresses(q, facts->helo, &host);
	ours = is_egress(q, &host);
	if (host.failed && !ours)
		domain_report_add(q->report, DOMAIN_LATER, "helo", nothing,
		    "unknown", nothing, "%s: %s", helo, host.err.text);
	else if (host.count == 0)
		domain_report_add(q->report, DOMAIN_ERROR, "helo", nothing,
		    "none", nothing, "the HELO name %s has no address", helo);
	else if (facts->egress_count == 0)
		domain_report_add(q->report, DOMAIN_NOTE, "helo", nothing,
		    "unchecked", nothing,
		    "the HELO name %s has an address; "
		    "preflight.egress is not set to compare it with",
		    helo);
	else
		domain_report_add(q->report, ours ? DOMAIN_OK : DOMAIN_ERROR,
		    "helo", nothing, ours ? "egress" : "elsewhere", nothing,
		    "the HELO name %s has %s that mail leaves from", helo,
		    ours ? "an address" : "none of the addresses");
	/* SPF checks a bounce by HELO alone (RFC 7208 section 2.4). */
	for (size_t i = 0; i < facts->egress_count; i++) {
		const struct spf_request request = { .scope = SPF_MAIL_FROM_V1,
			.client = facts->egress[i],
			.helo = facts->helo };
		enum spf_result result = inquiry_spf(q, &request, &words);
		struct slice address = net_addr_text(q->mem, &request.client);

		domain_report_add(q->report,
		    result == SPF_PASS		? DOMAIN_OK :
			result == SPF_TEMPERROR ? DOMAIN_LATER :
			result == SPF_FAIL || result == SPF_PERMERROR ?
						  DOMAIN_ERROR :
						  DOMAIN_WARNING,
		    "helo-spf", address, spf_result_name(result),
		    result == SPF_NONE && i == 0 ?
			zone_txt(q->mem, facts->helo, SLICE("v=spf1 a -all")) :
			nothing,
		    "SPF of the HELO name %s for %.*s: %s", helo,
		    SLICE_ARGS(address), words);
	}
}

/* A network of which not every address need send. */
static void
inquire_network(const struct inquiry *q, const struct egress_network *n)
{
	struct slice text = net_cidr_text(q->mem, &n->network);
	unsigned int host_bits = n->network.addr.bits - n->network.prefix_bits;
	size_t missing = 0;

	/*
	 * Only the two ends of a large one are known, and mail hardly leaves
	 * from these: their PTR is not asked for.
	 */
	if (host_bits >= 32 || (size_t)1 << host_bits != n->count) {
		domain_report_add(q->report, DOMAIN_NOTE, "ptr", text,
		    "unchecked", nothing,
		    "%.*s is too large to look at each "
		    "PTR record: name the addresses that mail leaves from in "
		    "preflight.egress",
		    SLICE_ARGS(text));
		return;
	}
	for (size_t i = n->first; i < n->first + n->count; i++)
		missing += !inquire_ptr(q, &q->facts->egress[i], false);
	if (missing != 0)
		domain_report_add(q->report,
		    missing == n->count ? DOMAIN_ERROR : DOMAIN_WARNING, "ptr",
		    text, "none", nothing,
		    "%zu of "
		    "the %zu addresses of %.*s have no PTR record: large "
		    "receivers refuse mail from these",
		    missing, n->count, SLICE_ARGS(text));
}

void
service_hosts_inquire(struct inquiry *q)
{
	const struct domain_facts *facts = q->facts;

	if (facts->egress_count == 0)
		domain_report_add(q->report, DOMAIN_NOTE, "ptr", nothing,
		    "unchecked", nothing,
		    "preflight.egress is not set: no "
		    "address was looked at");
	for (size_t i = 0; i < facts->network_count; i++) {
		const struct egress_network *n = &facts->networks[i];

		if (n->count == 1)
			(void)inquire_ptr(q, &facts->egress[n->first], true);
		else
			inquire_network(q, n);
	}
	for (size_t i = 0; facts->network_count == 0 && i < facts->egress_count;
	     i++)
		(void)inquire_ptr(q, &facts->egress[i], true);
	if (facts->helo.len > 0)
		inquire_helo(q);
	else
		domain_report_add(q->report, DOMAIN_NOTE, "helo", nothing,
		    "unchecked", nothing,
		    "neither preflight.helo nor hostname "
		    "is set: HELO was not looked at");
}
