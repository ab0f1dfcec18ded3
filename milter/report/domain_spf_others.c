/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF of a domain for everybody else, and what it costs receivers. */
#include "domain_spf_priv.h"

/* From here on a record is near the limit of ten. */
enum { MANY_TERMS = 9 };

void
spf_report_others(const struct spf_inquiry *s)
{
	struct inquiry *q = s->q;
	bool later = s->stranger_results[0] == SPF_TEMPERROR;
	size_t worst = s->stranger_results[1] == SPF_PASS ? 1 : 0;
	enum spf_result result = s->stranger_results[worst];
	const char *name = spf_result_name(result);
	struct slice item = SLICE("others");
	bool none = s->stranger_results[0] == SPF_NONE;

	if (q->facts->egress_count == 0)
		domain_report_add(q->report,
		    none && !q->sends_nothing ? DOMAIN_WARNING : DOMAIN_NOTE,
		    "spf", nothing, none ? "none" : "unchecked", nothing,
		    "%spreflight.egress is not set: "
		    "whether our addresses pass is not known",
		    none ? "there is no SPF record; " : "");
	if (result == SPF_NONE)
		return;
	if (result == SPF_PASS)
		domain_report_add(q->report, DOMAIN_ERROR, "spf", item, name,
		    nothing,
		    "anybody's address passes, by \"%s\" of %s: the "
		    "record protects nothing",
		    escape(q->mem, s->strangers[worst].mechanism,
			DOMAIN_ESCAPED_OCTETS),
		    escape(q->mem, s->strangers[worst].domain,
			DOMAIN_ESCAPED_OCTETS));
	else if (result == SPF_PERMERROR || later)
		domain_report_add(q->report,
		    later ? DOMAIN_LATER : DOMAIN_ERROR, "spf", item, name,
		    nothing, "addresses that are not listed: %s, %s", name,
		    escape(q->mem, slice_of(s->strangers[0].fault.text), 300));
	else if (result == SPF_NEUTRAL)
		domain_report_add(q->report, DOMAIN_NOTE, "spf", item, name,
		    nothing,
		    "addresses that are not listed are neutral: end "
		    "the record with -all or ~all");
	else
		domain_report_add(q->report, DOMAIN_OK, "spf", item, name,
		    nothing, "addresses that are not listed: %s", name);
}

void
spf_report_costs(const struct spf_inquiry *s)
{
	struct inquiry *q = s->q;
	const char *number = slice_format(q->mem, "%u", s->terms).data;
	bool ptr = s->strangers[0].ptr;

	if (s->stranger_results[0] == SPF_NONE)
		return;
	domain_report_add(q->report,
	    s->terms >= MANY_TERMS ? DOMAIN_WARNING : DOMAIN_OK, "spf",
	    SLICE("lookups"), number, nothing,
	    "%u of the %d terms with lookups that a record may have, those of "
	    "included records counted",
	    s->terms, (int)SPF_MAX_TERMS);
	if (s->voids > 0)
		domain_report_add(q->report,
		    s->voids < SPF_MAX_VOIDS ? DOMAIN_NOTE : DOMAIN_WARNING,
		    "spf", SLICE("voids"),
		    slice_format(q->mem, "%u", s->voids).data, nothing,
		    "%u lookup%s of the record find%s nothing: more "
		    "than %d are an error",
		    s->voids, s->voids == 1 ? "" : "s",
		    s->voids == 1 ? "s" : "", (int)SPF_MAX_VOIDS);
	if (s->per_sender)
		domain_report_add(q->report, DOMAIN_NOTE, "spf",
		    SLICE("senders"), "differ", nothing,
		    "the record asks for "
		    "the sender (%%{s} or %%{l}): what stands here is for "
		    "postmaster, and others may get another result");
	if (ptr)
		domain_report_add(q->report, DOMAIN_WARNING, "spf",
		    SLICE("ptr"), "used", nothing,
		    "the record uses \"ptr\" or "
		    "%%{p}, which is slow and not to be published (RFC 7208 "
		    "section 5.5)");
}
