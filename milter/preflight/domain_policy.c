/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain asks of receivers: DMARC and ADSP. */
#include "domain_priv.h"
#include "preflight/adsp.h"
#include "preflight/author_policy.h"

/* Notes on records that some receivers read otherwise, or not at all. */
enum {
	SERIOUS_NOTES = DMARC_NOTE_SYNTAX | DMARC_NOTE_TWICE |
	    DMARC_NOTE_VALUE | DMARC_NOTE_NO_P | DMARC_NOTE_SEVERAL |
	    DMARC_NOTE_NEARLY,
};

struct opinion {
	struct author_policy policy;
	struct author_judgment judgment;
};

static void
form_opinion(const struct inquiry *q, enum dmarc_method method,
    struct opinion *opinion)
{
	const struct dmarc_world world = {
		.resolver = q->resolver,
		.method = method,
		.suffixes = q->facts->suffixes,
		.deadline_us = q->deadline_us,
	};
	const struct passing passing = {
		.signers = &q->domain,
		.signer_count = q->signs ? 1 : 0,
		.spf_domain = q->spf_passes ? q->domain : nothing,
	};

	author_policy_find(&world, q->domain, q->mem, &opinion->policy);
	author_policy_judge(&world, &opinion->policy, &passing, q->mem,
	    &opinion->judgment);
}

static enum domain_level
level_of(const struct inquiry *q, const struct opinion *opinion)
{
	switch (opinion->judgment.verdict) {
	case AUTHOR_PASSES:
		return DOMAIN_OK;
	case AUTHOR_UNKNOWN:
		return DOMAIN_LATER;
	case AUTHOR_NOT_ASKED:
		return DOMAIN_WARNING;
	case AUTHOR_FAILS:
		break;
	}
	if (q->sends_nothing)
		return DOMAIN_OK;
	if (q->unanswered)
		return DOMAIN_LATER;
	if (q->spf_unasked)
		return DOMAIN_WARNING;
	return opinion->policy.policy == DMARC_NONE ? DOMAIN_WARNING
	    : DOMAIN_ERROR;
}

/* "reject pass", "absent". */
static const char *
says(const struct inquiry *q, const struct opinion *opinion)
{
	static const char *const verdicts[] = { "pass", "fail", "", "unknown" };

	switch (opinion->policy.state) {
	case AUTHOR_POLICY_FOUND:
		return slice_format(q->mem, "%s %s",
		    dmarc_policy_name(opinion->policy.policy),
		    verdicts[opinion->judgment.verdict]).data;
	case AUTHOR_POLICY_ABSENT:
		return "absent";
	case AUTHOR_POLICY_UNUSABLE:
		return "unusable";
	case AUTHOR_POLICY_UNKNOWN:
		break;
	}
	return "unknown";
}

/* Offered once, with the opinion that is always there. */
static struct slice
first_record(const struct inquiry *q, const struct opinion *opinion)
{
	struct slice text = SLICE("v=DMARC1; p=reject");

	if (opinion->policy.method != DMARC_TREE_WALK ||
	    opinion->policy.state != AUTHOR_POLICY_ABSENT ||
	    (opinion->policy.notes & (DMARC_NOTE_SEVERAL |
	    DMARC_NOTE_NEARLY)) != 0)
		return nothing;
	if (!q->sends_nothing)
		text = slice_format(q->mem, "v=DMARC1; p=none; "
		    "rua=mailto:postmaster@%.*s", SLICE_ARGS(q->domain));
	return zone_txt(q->mem, slice_format(q->mem, "_dmarc.%.*s",
	    SLICE_ARGS(q->domain)), text);
}

/* What is to be known beside a failure. */
static const char *
excuse(const struct inquiry *q, const struct opinion *opinion)
{
	if (opinion->judgment.verdict != AUTHOR_FAILS)
		return "";
	if (q->sends_nothing)
		return "; the domain sends no mail";
	return q->unanswered ? "; but not all keys and SPF are known now"
	    : q->spf_unasked ? "; but preflight.egress is not set, and SPF may "
	    "pass" : "";
}

static void
report_opinion(const struct inquiry *q, const struct opinion *opinion)
{
	bool walk = opinion->policy.method == DMARC_TREE_WALK;

	domain_report_add(q->report, level_of(q, opinion), "dmarc",
	    walk ? SLICE("walk") : SLICE("list"), says(q, opinion),
	    first_record(q, opinion), "%s: %s%s",
	    walk ? "RFC 9989" : "RFC 7489", opinion->judgment.text.data,
	    excuse(q, opinion));
}

/* What the record asks for names below the domain. */
static void
report_below(const struct inquiry *q, const struct author_policy *policy)
{
	const struct dmarc_request *sp = &policy->record.sp;
	const struct dmarc_request *np = &policy->record.np;
	const char *below, *missing;

	if (policy->state != AUTHOR_POLICY_FOUND ||
	    !slice_eq(policy->record_domain, q->domain))
		return;
	below = dmarc_policy_name(sp->state == DMARC_REQUEST_VALID ? sp->policy
	    : policy->record.p.policy);
	missing = np->state == DMARC_REQUEST_VALID
	    ? dmarc_policy_name(np->policy) : below;
	domain_report_add(q->report, DOMAIN_NOTE, "dmarc", SLICE("below"),
	    slice_format(q->mem, "%s %s", below, missing).data, nothing,
	    "subdomains without a record of their own: %s; those that do not "
	    "exist: %s (RFC 9989)", below, missing);
}

static void
report_details(const struct inquiry *q, const struct author_policy *policy)
{
	struct slice notes = dmarc_notes_text(policy->notes, q->mem);

	if (notes.len > 0)
		domain_report_add(q->report,
		    (policy->notes & SERIOUS_NOTES) != 0 ? DOMAIN_WARNING
		    : DOMAIN_NOTE, "dmarc", SLICE("record"), "odd", nothing,
		    "%.*s", SLICE_ARGS(notes));
	if (policy->record.psd == DMARC_PSD_Y &&
	    slice_eq(policy->record_domain, q->domain))
		domain_report_add(q->report, DOMAIN_NOTE, "dmarc", SLICE("psd"),
		    "y", nothing, "psd=y: each name right below is a domain of "
		    "somebody else");
	report_below(q, policy);
}

static void
report_weak_pass(const struct inquiry *q, const struct opinion *opinion)
{
	if (opinion->judgment.verdict == AUTHOR_PASSES && !q->signs)
		domain_report_add(q->report, DOMAIN_WARNING, "dmarc",
		    SLICE("forwarding"), "spf", nothing, "only SPF makes mail "
		    "pass, and SPF does not survive forwarding: sign it");
}

static void
inquire_adsp(const struct inquiry *q)
{
	enum domain_level level = DOMAIN_NOTE;
	const char *about = "adsp";
	struct adsp adsp;

	adsp_check(q->resolver, q->domain, &q->domain, q->signs ? 1 : 0,
	    q->deadline_us, q->mem, &adsp);
	switch (adsp.practice) {
	case ADSP_NONE:
	case ADSP_UNKNOWN:
		return;
	case ADSP_ALL:
	case ADSP_DISCARDABLE:
		if (adsp.broken && !q->sends_nothing)
			level = q->unanswered ? DOMAIN_LATER : DOMAIN_ERROR;
		break;
	case ADSP_NO_DOMAIN:
		about = "domain";
		level = DOMAIN_ERROR;
		break;
	case ADSP_FAILED:
		level = DOMAIN_LATER;
		break;
	}
	domain_report_add(q->report, level, about, nothing,
	    adsp_practice_name(adsp.practice), nothing, "%s", adsp.text.data);
}

void
domain_policy_inquire(struct inquiry *q)
{
	struct opinion walk, list;
	struct slice text;

	form_opinion(q, DMARC_TREE_WALK, &walk);
	report_opinion(q, &walk);
	if (q->facts->suffixes != NULL) {
		form_opinion(q, DMARC_SUFFIX_LIST, &list);
		report_opinion(q, &list);
		if (author_policy_disagree(&walk.policy, &walk.judgment,
		    &list.policy, &list.judgment, q->mem, &text))
			domain_report_add(q->report, DOMAIN_WARNING, "dmarc",
			    SLICE("methods"), "differ", nothing, "%.*s",
			    SLICE_ARGS(text));
	}
	report_details(q, &walk.policy);
	report_weak_pass(q, &walk);
	inquire_adsp(q);
}
