/* SPDX-License-Identifier: BSD-2-Clause */
/* Where answers to a domain's mail go (MX), and its Sender ID records. */
#include "dns/record.h"
#include "domain_priv.h"

static void
inquire_scope(const struct inquiry *q, const struct net_addr *client,
    enum spf_scope scope)
{
	const struct spf_request request = { .scope = scope,
		.client = *client,
		.helo = q->domain,
		.mail_from = slice_format(
		    q->mem, "postmaster@%.*s", SLICE_ARGS(q->domain)) };
	const char *name = scope == SENDER_ID_PRA ? "pra" : "mfrom", *words;
	struct slice address = net_addr_text(q->mem, client);
	enum spf_result result = inquiry_spf(q, &request, &words);

	domain_report_add(q->report,
	    result == SPF_PASS		? DOMAIN_OK :
		result == SPF_TEMPERROR ? DOMAIN_LATER :
		result == SPF_NONE	? DOMAIN_NOTE :
					  DOMAIN_WARNING,
	    "sender-id",
	    slice_format(q->mem, "%s %.*s", name, SLICE_ARGS(address)),
	    spf_result_name(result), nothing,
	    "Sender ID (RFC 4406, historic), scope %s, for %.*s: %s", name,
	    SLICE_ARGS(address), words);
}

/* Without an own record receivers use "v=spf1": see SPF then. */
void
domain_sender_id_inquire(struct inquiry *q)
{
	bool has_record = false;
	struct dns_answer answer;
	struct slice text;
	struct err err;

	if (resolver_lookup(&q->dns, q->domain, DNS_TXT, &answer, &err) !=
	    DNS_FOUND)
		return;
	for (size_t i = 0; i < answer.count; i++) {
		has_record = has_record ||
		    (dns_txt_text(answer.records[i], q->mem, &text) &&
			slice_starts_nocase(text, SLICE("spf2.0/")));
	}
	if (!has_record)
		return;
	if (q->facts->egress_count == 0)
		domain_report_add(q->report, DOMAIN_NOTE, "sender-id", nothing,
		    "unchecked", nothing,
		    "there is a Sender ID record "
		    "(RFC 4406, historic)");
	for (size_t i = 0; i < q->facts->egress_count; i++) {
		inquire_scope(q, &q->facts->egress[i], SENDER_ID_PRA);
		inquire_scope(q, &q->facts->egress[i], SENDER_ID_MFROM);
	}
}

/* One of `records` MX records. */
static void
report_mx(const struct inquiry *q, struct slice name, size_t records)
{
	const char *text = slice_cstr(q->mem, name);
	struct host_addresses host;

	/* RFC 7505: "MX 0 ." alone. */
	if (name.len == 0 && records > 1) {
		domain_report_add(q->report, DOMAIN_ERROR, "mx", nothing,
		    "null-beside", nothing,
		    "a null MX stands beside others (RFC 7505 section 3)");
		return;
	}
	if (name.len == 0) {
		domain_report_add(q->report,
		    q->sends_nothing ? DOMAIN_OK : DOMAIN_WARNING, "mx",
		    nothing, "null", nothing,
		    "a null MX: the domain takes no mail%s",
		    q->sends_nothing ?
			"" :
			", and receivers may refuse what it sends "
			"(RFC 7505 section 4.2)");
		return;
	}
	inquiry_addresses(q, name, &host);
	if (host.outcome == DNS_FAILED)
		domain_report_add(q->report, DOMAIN_LATER, "mx", name,
		    "unknown", nothing, "%s: %s", text, host.err.text);
	else if (host.count == 0)
		domain_report_add(q->report, DOMAIN_ERROR, "mx", name,
		    "no-address", nothing, "the mail server %s has no address",
		    text);
	else if (host.alias)
		domain_report_add(q->report, DOMAIN_WARNING, "mx", name,
		    "alias", nothing,
		    "the mail server %s is a CNAME, which "
		    "RFC 2181 section 10.3 forbids",
		    text);
	else
		domain_report_add(q->report, DOMAIN_OK, "mx", name, "found",
		    nothing, "mail for the domain goes to %s", text);
}

void
domain_mx_inquire(struct inquiry *q)
{
	struct host_addresses host;
	struct dns_answer answer;
	unsigned int preference;
	struct slice name;
	struct err err;
	enum dns_outcome outcome =
	    resolver_lookup(&q->dns, q->domain, DNS_MX, &answer, &err);

	for (size_t i = 0; i < answer.count && i < DOMAIN_TARGETS; i++) {
		if (dns_mx_read(answer.records[i], q->mem, &preference, &name))
			report_mx(q, name, answer.count);
	}
	if (outcome == DNS_FOUND)
		return;
	/* Without MX its own address counts (RFC 5321 section 5.1). */
	if (outcome != DNS_FAILED) {
		inquiry_addresses(q, q->domain, &host);
		outcome = host.outcome;
		err = host.err;
	}
	if (outcome == DNS_FAILED)
		domain_report_add(q->report, DOMAIN_LATER, "mx", nothing,
		    "unknown", nothing, "%s", err.text);
	else if (host.count > 0)
		domain_report_add(q->report, DOMAIN_NOTE, "mx", nothing,
		    "implicit", nothing,
		    "there is no MX record: mail for the "
		    "domain goes to its own address");
	else if (q->sends_nothing)
		domain_report_add(q->report, DOMAIN_NOTE, "mx", nothing, "none",
		    slice_format(
			q->mem, "%.*s. IN MX 0 .", SLICE_ARGS(q->domain)),
		    "there is neither an MX record nor "
		    "an address; a null MX says so at once (RFC 7505)");
	else
		domain_report_add(q->report, DOMAIN_ERROR, "mx", nothing,
		    "none", nothing,
		    "there is neither an MX record nor an "
		    "address: no answer reaches the domain, and receivers "
		    "refuse its mail");
}
