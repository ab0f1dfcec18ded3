/* SPDX-License-Identifier: BSD-2-Clause */
/* Where answers to a domain's mail go (MX), and its Sender ID records. */
#include "dns/record.h"
#include "domain_priv.h"
#include "preflight/spf.h"

static bool
has_sender_id(const struct dns_answer *answer, struct arena *mem)
{
	struct slice text;

	for (size_t i = 0; i < answer->count; i++) {
		if (dns_txt_text(answer->records[i], mem, &text) &&
		    slice_starts_nocase(text, SLICE("spf2.0/")))
			return true;
	}
	return false;
}

static void
inquire_scope(const struct inquiry *q, const struct net_addr *client,
    enum spf_scope scope)
{
	const struct spf_request request = { .scope = scope, .client = *client,
		.helo = q->domain, .mail_from = slice_format(q->mem,
		    "postmaster@%.*s", SLICE_ARGS(q->domain)) };
	const char *name = scope == SENDER_ID_PRA ? "pra" : "mfrom";
	struct slice address = net_addr_text(q->mem, client);
	struct spf_report report;
	enum spf_result result = spf_foresee(q->resolver, &request,
	    q->deadline_us, q->mem, &report);

	domain_report_add(q->report, result == SPF_PASS ? DOMAIN_OK
	    : result == SPF_TEMPERROR ? DOMAIN_LATER
	    : result == SPF_NONE ? DOMAIN_NOTE : DOMAIN_WARNING,
	    "sender-id", slice_format(q->mem, "%s %.*s", name,
	    SLICE_ARGS(address)), spf_result_name(result), nothing,
	    "Sender ID (RFC 4406, historic), scope %s, for %.*s: %s%s%s", name,
	    SLICE_ARGS(address), spf_result_name(result),
	    report.fault.kind != ERR_NONE ? ", " : "",
	    report.fault.kind != ERR_NONE ? escape(q->mem,
	    slice_of(report.fault.text), 300) : "");
}

/* "v=spf1" stands in where there is no record of its own: see SPF then. */
void
domain_sender_id_inquire(struct inquiry *q)
{
	struct dns_answer answer;
	struct err err;

	if (inquiry_lookup(q, q->domain, DNS_TXT, &answer, &err) != DNS_FOUND ||
	    !has_sender_id(&answer, q->mem))
		return;
	if (q->facts->egress_count == 0)
		domain_report_add(q->report, DOMAIN_NOTE, "sender-id", nothing,
		    "unchecked", nothing, "there is a Sender ID record "
		    "(RFC 4406, historic)");
	for (size_t i = 0; i < q->facts->egress_count; i++) {
		inquire_scope(q, &q->facts->egress[i], SENDER_ID_PRA);
		inquire_scope(q, &q->facts->egress[i], SENDER_ID_MFROM);
	}
}

static void
report_host(const struct inquiry *q, struct slice name,
    const struct host_addresses *host)
{
	const char *text = slice_cstr(q->mem, name);

	if (host->outcome == DNS_FAILED)
		domain_report_add(q->report, DOMAIN_LATER, "mx", name,
		    "unknown", nothing, "%s: %s", text, host->err.text);
	else if (host->count == 0)
		domain_report_add(q->report, DOMAIN_ERROR, "mx", name,
		    "no-address", nothing, "the mail server %s has no address",
		    text);
	else if (host->alias)
		domain_report_add(q->report, DOMAIN_WARNING, "mx", name,
		    "alias", nothing, "the mail server %s is a CNAME, which "
		    "RFC 2181 section 10.3 forbids", text);
	else
		domain_report_add(q->report, DOMAIN_OK, "mx", name, "found",
		    nothing, "mail for the domain goes to %s", text);
}

/* RFC 7505: "MX 0 ." alone. */
static void
report_null_mx(const struct inquiry *q, size_t records)
{
	if (records > 1)
		domain_report_add(q->report, DOMAIN_ERROR, "mx", nothing,
		    "null-beside", nothing, "a null MX stands beside others "
		    "(RFC 7505 section 3)");
	else
		domain_report_add(q->report, q->sends_nothing ? DOMAIN_OK
		    : DOMAIN_WARNING, "mx", nothing, "null", nothing, "a null "
		    "MX: the domain takes no mail%s", q->sends_nothing ? ""
		    : ", and receivers may refuse what it sends (RFC 7505 "
		    "section 4.2)");
}

static void
report_hosts(const struct inquiry *q, const struct dns_answer *answer)
{
	struct host_addresses host;
	unsigned int preference;
	struct slice name;

	for (size_t i = 0; i < answer->count && i < DOMAIN_TARGETS; i++) {
		if (!dns_mx_read(answer->records[i], q->mem, &preference, &name))
			continue;
		if (name.len == 0) {
			report_null_mx(q, answer->count);
			continue;
		}
		inquiry_addresses(q, name, &host);
		report_host(q, name, &host);
	}
}

/* Without MX the domain's own address counts (RFC 5321 section 5.1). */
static void
report_no_mx(const struct inquiry *q)
{
	struct host_addresses host;

	inquiry_addresses(q, q->domain, &host);
	if (host.outcome == DNS_FAILED)
		domain_report_add(q->report, DOMAIN_LATER, "mx", nothing,
		    "unknown", nothing, "%s", host.err.text);
	else if (host.count > 0)
		domain_report_add(q->report, DOMAIN_NOTE, "mx", nothing,
		    "implicit", nothing, "there is no MX record: mail for the "
		    "domain goes to its own address");
	else if (q->sends_nothing)
		domain_report_add(q->report, DOMAIN_NOTE, "mx", nothing, "none",
		    slice_format(q->mem, "%.*s. IN MX 0 .",
		    SLICE_ARGS(q->domain)), "there is neither an MX record nor "
		    "an address; a null MX says so at once (RFC 7505)");
	else
		domain_report_add(q->report, DOMAIN_ERROR, "mx", nothing,
		    "none", nothing, "there is neither an MX record nor an "
		    "address: no answer reaches the domain, and receivers "
		    "refuse its mail");
}

void
domain_mx_inquire(struct inquiry *q)
{
	struct dns_answer answer;
	struct err err;

	switch (inquiry_lookup(q, q->domain, DNS_MX, &answer, &err)) {
	case DNS_FOUND:
		report_hosts(q, &answer);
		break;
	case DNS_FAILED:
		domain_report_add(q->report, DOMAIN_LATER, "mx", nothing,
		    "unknown", nothing, "%s", err.text);
		break;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		report_no_mx(q);
		break;
	}
}
