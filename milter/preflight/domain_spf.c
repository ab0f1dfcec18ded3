/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF of a domain for the addresses that its mail leaves from. */
#include "domain_spf_priv.h"
#include "preflight/world.h"
#include "spf_priv.h"

/* By which all addresses of the domain are judged. */
static struct spf_request
request_of(const struct inquiry *q, const struct net_addr *client)
{
	return (struct spf_request){
		.scope = SPF_MAIL_FROM_V1,
		.client = *client,
		.helo = q->facts->helo.len > 0 ? q->facts->helo : q->domain,
		.mail_from = slice_format(q->mem, "postmaster@%.*s",
		    SLICE_ARGS(q->domain)),
	};
}

static void
add_to_group(struct spf_inquiry *s, const struct net_addr *client,
    enum spf_result result, const struct spf_report *report)
{
	struct group *g;

	for (size_t i = 0; i < s->count; i++) {
		g = &s->groups[i];
		if (g->result == result && g->first.bits == client->bits &&
		    slice_eq(g->report.mechanism, report->mechanism) &&
		    slice_eq(slice_of(g->report.fault.text),
		    slice_of(report->fault.text))) {
			g->count++;
			return;
		}
	}
	s->groups[s->count++] = (struct group){ result, *report, *client, 1 };
}

/* Strangers meet nothing where "exists" is made for those that are known. */
static void
note_costs(struct spf_inquiry *s, const struct spf_report *report, bool ours)
{
	s->per_sender = s->per_sender || report->per_sender;
	if (report->terms > s->terms)
		s->terms = report->terms;
	if (ours && report->voids > s->voids)
		s->voids = report->voids;
}

static enum domain_level
level_of(const struct inquiry *q, enum spf_result result)
{
	switch (result) {
	case SPF_PASS:
		return DOMAIN_OK;
	case SPF_TEMPERROR:
		return DOMAIN_LATER;
	case SPF_NEUTRAL:
	case SPF_SOFTFAIL:
		return DOMAIN_WARNING;
	case SPF_NONE:
		return q->signs ? DOMAIN_WARNING : DOMAIN_ERROR;
	case SPF_FAIL:
		return q->sends_nothing ? DOMAIN_OK : DOMAIN_ERROR;
	case SPF_PERMERROR:
		break;
	}
	return DOMAIN_ERROR;
}

/* For the addresses that do not pass. */
static void
add_mechanisms(const struct spf_inquiry *s, struct strbuf *record)
{
	struct inquiry *q = s->q;

	for (size_t i = 0; i < q->facts->egress_count; i++) {
		const struct net_addr *addr = &q->facts->egress[i];
		struct slice text = net_addr_text(q->mem, addr);

		if (s->results[i] != SPF_PASS)
			strbuf_addf(record, " %s:%.*s", addr->bits == 32
			    ? "ip4" : "ip6", SLICE_ARGS(text));
	}
}

/* The record with our addresses in front; empty where that is no help. */
static struct slice
better_record(const struct spf_inquiry *s, enum spf_result result,
    const struct spf_report *report)
{
	struct inquiry *q = s->q;
	struct strbuf record;

	if (q->sends_nothing || result == SPF_PASS || result == SPF_TEMPERROR ||
	    result == SPF_PERMERROR || q->facts->egress_count == 0 ||
	    q->facts->egress_count > DOMAIN_PROBED)
		return nothing;
	strbuf_init(&record, q->mem);
	strbuf_add_cstr(&record, "v=spf1");
	add_mechanisms(s, &record);
	if (result == SPF_NONE)
		strbuf_add_cstr(&record, " -all");
	else if (slice_eq_nocase(report->domain, q->domain))
		strbuf_add(&record, slice_from(report->record,
		    slice_find(report->record, ' ')));
	else
		return nothing;
	return zone_txt(q->mem, q->domain, strbuf_slice(&record));
}

static const char *
reason(const struct inquiry *q, const struct group *g)
{
	const struct spf_report *report = &g->report;

	if (report->fault.kind != ERR_NONE)
		return escape(q->mem, slice_of(report->fault.text), 300);
	if (g->result == SPF_NONE)
		return "there is no SPF record";
	if (report->mechanism.len == 0)
		return "nothing in the record matches";
	return slice_format(q->mem, "by \"%s\" of %s",
	    escape(q->mem, report->mechanism, DOMAIN_ESCAPED_OCTETS),
	    escape(q->mem, report->domain, DOMAIN_ESCAPED_OCTETS)).data;
}

static void
report_group(struct spf_inquiry *s, const struct group *g)
{
	struct inquiry *q = s->q;
	struct slice address = net_addr_text(q->mem, &g->first);
	const char *more = g->count == 1 ? "" : slice_format(q->mem,
	    " and %zu more", g->count - 1).data;

	domain_report_add(q->report, level_of(q, g->result), "spf", address,
	    spf_result_name(g->result), better_record(s, g->result, &g->report),
	    "%.*s%s: %s, %s%s", SLICE_ARGS(address), more,
	    spf_result_name(g->result), reason(q, g),
	    q->sends_nothing ? ": the domain sends no mail" : "");
}

/* What the library concludes that many receivers use. */
static void
compare_libspf2(struct inquiry *q, const struct group *g)
{
	struct slice address = net_addr_text(q->mem, &g->first);
	const struct spf_request request = request_of(q, &g->first);
	enum spf_result theirs;

	if (!spf_libspf2_result(q->resolver, &request, q->deadline_us,
	    &theirs) || theirs == g->result)
		return;
	domain_report_add(q->report, g->result == SPF_PASS ? DOMAIN_WARNING
	    : DOMAIN_NOTE, "spf-libspf2", address, spf_result_name(theirs),
	    nothing, "%.*s: libspf2, which many receivers use, concludes %s "
	    "and not %s", SLICE_ARGS(address), spf_result_name(theirs),
	    spf_result_name(g->result));
}

/* Addresses that nobody has: RFC 1112 section 4, RFC 9637. */
static void
ask_for_strangers(struct spf_inquiry *s)
{
	static const struct net_addr strangers[2] = {
		{ 32, { 240, 0, 0, 1 } }, { 128, { 0x3f, 0xff, 0x0f, 0xff,
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } } };
	struct inquiry *q = s->q;

	for (size_t i = 0; i < 2; i++) {
		const struct spf_request request = request_of(q, &strangers[i]);

		s->stranger_results[i] = spf_check(q->resolver, &request,
		    q->deadline_us, q->mem, &s->strangers[i]);
		note_costs(s, &s->strangers[i], q->facts->egress_count == 0);
	}
}

static bool
is_bare_refusal(const struct inquiry *q, const struct spf_report *report)
{
	struct spf_record record;
	struct err err;

	return slice_eq_nocase(report->domain, q->domain) &&
	    report->record.len > 0 && spf_record_parse(report->record, q->mem,
	    &record, &err) == 0 && record.count == 1 &&
	    record.directives[0].mechanism == SPF_ALL &&
	    record.directives[0].result == SPF_FAIL;
}

static void
conclude(struct spf_inquiry *s)
{
	struct inquiry *q = s->q;

	q->spf_passes = s->count > 0;
	for (size_t i = 0; i < s->count; i++) {
		q->spf_passes = q->spf_passes && s->groups[i].result == SPF_PASS;
		q->unanswered = q->unanswered ||
		    s->groups[i].result == SPF_TEMPERROR;
	}
	/* Without a record none of them passes. */
	q->spf_unasked = q->facts->egress_count == 0 &&
	    s->stranger_results[0] != SPF_NONE;
	if (q->facts->egress_count == 0)
		domain_report_add(q->report, s->stranger_results[0] == SPF_NONE
		    && !q->sends_nothing ? DOMAIN_WARNING : DOMAIN_NOTE, "spf",
		    nothing, s->stranger_results[0] == SPF_NONE ? "none"
		    : "unchecked", nothing, "%spreflight.egress is not set: "
		    "whether our addresses pass is not known",
		    s->stranger_results[0] == SPF_NONE
		    ? "there is no SPF record; " : "");
}

void
domain_spf_inquire(struct inquiry *q)
{
	struct spf_inquiry s = { .q = q };
	struct spf_report report;

	s.groups = arena_array(q->mem, PREFLIGHT_MAX_EGRESS + 1,
	    sizeof(*s.groups));
	s.results = arena_array(q->mem, PREFLIGHT_MAX_EGRESS + 1,
	    sizeof(*s.results));
	ENSURE(q->facts->egress_count <= PREFLIGHT_MAX_EGRESS);
	spf_prefetch(q);
	ask_for_strangers(&s);
	q->sends_nothing = q->keys == NULL &&
	    is_bare_refusal(q, &s.strangers[0]);
	for (size_t i = 0; i < q->facts->egress_count; i++) {
		const struct spf_request request = request_of(q,
		    &q->facts->egress[i]);

		s.results[i] = spf_foresee(q->resolver, &request,
		    q->deadline_us, q->mem, &report);
		note_costs(&s, &report, true);
		add_to_group(&s, &q->facts->egress[i], s.results[i], &report);
	}
	conclude(&s);
	for (size_t i = 0; i < s.count; i++) {
		report_group(&s, &s.groups[i]);
		compare_libspf2(q, &s.groups[i]);
	}
	spf_report_others(&s);
	spf_report_costs(&s);
}
