/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF of a domain for the addresses that its mail leaves from. */
#include <string.h>

#include "domain_spf_priv.h"
#include "preflight/spf_record.h"
#include "preflight/world.h"

/* The request for any address that mail of the domain leaves from. */
static struct spf_request
request_of(const struct inquiry *q, const struct net_addr *client)
{
	return (struct spf_request){
		.scope = SPF_MAIL_FROM_V1,
		.client = *client,
		.helo = q->facts->helo.len > 0 ? q->facts->helo : q->domain,
		.mail_from = slice_format(
		    q->mem, "postmaster@%.*s", SLICE_ARGS(q->domain)),
	};
}

/* With "exists", addresses that are not ours may meet more void lookups. */
static void
note_costs(struct spf_inquiry *s, const struct spf_report *report, bool ours)
{
	s->per_sender = s->per_sender || report->per_sender;
	if (report->terms > s->terms)
		s->terms = report->terms;
	if (ours && report->voids > s->voids)
		s->voids = report->voids;
}

static void
add_mechanism(struct strbuf *record, const struct net_cidr *network)
{
	strbuf_addf(record, " %s:", network->addr.bits == 32 ? "ip4" : "ip6");
	strbuf_add(record, net_cidr_text(record->mem, network));
}

/* The record with our addresses in front; empty where that does not help. */
static struct slice
better_record(const struct spf_inquiry *s, const struct group *g)
{
	const struct domain_facts *facts = s->q->facts;
	size_t count = facts->network_count != 0 ? facts->network_count :
						   facts->egress_count;
	const struct spf_report *report = &g->report;
	bool none = g->result == SPF_NONE;
	struct strbuf record;

	if (s->q->sends_nothing || g->result == SPF_PASS ||
	    g->result == SPF_TEMPERROR || g->result == SPF_PERMERROR ||
	    count == 0 || count > DOMAIN_PROBED ||
	    (!none && !slice_eq_nocase(report->domain, s->q->domain)))
		return nothing;
	strbuf_init(&record, s->q->mem);
	strbuf_add_cstr(&record, "v=spf1");
	/* For the addresses that do not pass; a network is named as a whole. */
	for (size_t i = 0; i < facts->network_count; i++) {
		const struct egress_network *n = &facts->networks[i];
		bool passes = true;

		for (size_t k = n->first; k < n->first + n->count; k++)
			passes = passes && s->results[k] == SPF_PASS;
		if (!passes)
			add_mechanism(&record, &n->network);
	}
	for (size_t i = 0; facts->network_count == 0 && i < facts->egress_count;
	     i++) {
		const struct net_cidr host = { facts->egress[i],
			facts->egress[i].bits };

		if (s->results[i] != SPF_PASS)
			add_mechanism(&record, &host);
	}
	strbuf_add(&record,
	    none ? SLICE(" -all") :
		   slice_from(report->record, slice_find(report->record, ' ')));
	return zone_txt(s->q->mem, s->q->domain, strbuf_slice(&record));
}

/* For our addresses, and what libspf2, which many receivers use, concludes. */
static void
report_group(const struct spf_inquiry *s, const struct group *g)
{
	static const enum domain_level levels[] = {
		[SPF_NONE] = DOMAIN_ERROR,
		[SPF_NEUTRAL] = DOMAIN_WARNING,
		[SPF_PASS] = DOMAIN_OK,
		[SPF_FAIL] = DOMAIN_ERROR,
		[SPF_SOFTFAIL] = DOMAIN_WARNING,
		[SPF_TEMPERROR] = DOMAIN_LATER,
		[SPF_PERMERROR] = DOMAIN_ERROR,
	};
	struct inquiry *q = s->q;
	const struct spf_report *report = &g->report;
	const struct spf_request request = request_of(q, &g->first);
	enum spf_result theirs;
	struct slice address = net_addr_text(q->mem, &g->first);
	enum domain_level level = levels[g->result];
	const char *reason, *more = "";

	if (g->result == SPF_NONE && q->signs)
		level = DOMAIN_WARNING;
	if (g->result == SPF_FAIL && q->sends_nothing)
		level = DOMAIN_OK;
	if (g->count > 1)
		more = slice_format(q->mem, " and %zu more", g->count - 1).data;
	if (report->fault.kind != ERR_NONE)
		reason = escape(q->mem, slice_of(report->fault.text), 300);
	else if (g->result == SPF_NONE)
		reason = "there is no SPF record";
	else if (report->mechanism.len == 0)
		reason = "nothing in the record matches";
	else
		reason = slice_format(q->mem, "by \"%s\" of %s",
		    escape(q->mem, report->mechanism, DOMAIN_ESCAPED_OCTETS),
		    escape(q->mem, report->domain, DOMAIN_ESCAPED_OCTETS))
			     .data;
	domain_report_add(q->report, level, "spf", address,
	    spf_result_name(g->result), better_record(s, g), "%.*s%s: %s, %s%s",
	    SLICE_ARGS(address), more, spf_result_name(g->result), reason,
	    q->sends_nothing ? ": the domain sends no mail" : "");
	if (spf_libspf2_result(&q->dns, &request, &theirs) &&
	    theirs != g->result)
		domain_report_add(q->report,
		    g->result == SPF_PASS ? DOMAIN_WARNING : DOMAIN_NOTE,
		    "spf-libspf2", address, spf_result_name(theirs), nothing,
		    "%.*s: libspf2, which many receivers use, concludes %s "
		    "and not %s",
		    SLICE_ARGS(address), spf_result_name(theirs),
		    spf_result_name(g->result));
}

/*
 * Checks addresses that nobody has (RFC 1112 section 4, RFC 9637), and whether
 * the record refuses all mail.
 */
static void
ask_for_strangers(struct spf_inquiry *s)
{
	static const struct net_addr strangers[2] = { { 32, { 240, 0, 0, 1 } },
		{ 128,
		    { 0x3f, 0xff, 0x0f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			1 } } };
	const struct spf_report *report = &s->strangers[0];
	struct inquiry *q = s->q;
	struct spf_record record;
	struct err err;

	for (size_t i = 0; i < 2; i++) {
		const struct spf_request request = request_of(q, &strangers[i]);

		s->stranger_results[i] =
		    spf_check(&q->dns, &request, &s->strangers[i]);
		note_costs(s, &s->strangers[i], q->facts->egress_count == 0);
	}
	/* "v=spf1 -all" of the domain itself. */
	q->sends_nothing = !own_domains_has(q->facts->own, q->domain) &&
	    slice_eq_nocase(report->domain, q->domain) &&
	    report->record.len > 0 &&
	    spf_record_parse(report->record, q->mem, &record, &err) == 0 &&
	    record.count == 1 && record.directives[0].mechanism == SPF_ALL &&
	    record.directives[0].result == SPF_FAIL;
}

void
domain_spf_inquire(struct inquiry *q)
{
	struct spf_inquiry s = { .q = q };
	size_t count = q->facts->egress_count;
	struct spf_report report;

	s.groups =
	    arena_array(q->mem, PREFLIGHT_MAX_EGRESS + 1, sizeof(*s.groups));
	s.results =
	    arena_array(q->mem, PREFLIGHT_MAX_EGRESS + 1, sizeof(*s.results));
	ENSURE(count <= PREFLIGHT_MAX_EGRESS);
	spf_prefetch(q);
	ask_for_strangers(&s);
	q->spf_passes = count > 0;
	/* Without a record none of them passes. */
	q->spf_unasked = count == 0 && s.stranger_results[0] != SPF_NONE;
	for (size_t i = 0; i < count; i++) {
		const struct net_addr *client = &q->facts->egress[i];
		const struct spf_request request = request_of(q, client);
		enum spf_result result =
		    spf_foresee(&q->dns, &request, &report);
		struct group *g = s.groups;

		s.results[i] = result;
		q->spf_passes = q->spf_passes && result == SPF_PASS;
		q->unanswered = q->unanswered || result == SPF_TEMPERROR;
		note_costs(&s, &report, true);
		while (g < s.groups + s.count &&
		    (g->result != result || g->first.bits != client->bits ||
			!slice_eq(g->report.mechanism, report.mechanism) ||
			strcmp(g->report.fault.text, report.fault.text) != 0))
			g++;
		if (g == s.groups + s.count)
			s.groups[s.count++] =
			    (struct group){ result, report, *client, 0 };
		g->count++;
	}
	for (size_t i = 0; i < s.count; i++)
		report_group(&s, &s.groups[i]);
	spf_report_others(&s);
	spf_report_costs(&s);
}
