/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain asks of receivers: DMARC and ADSP. */
#include "domain_priv.h"
#include "preflight/adsp.h"
#include "preflight/author_policy.h"

/* Notes on records that some receivers do not read, or read differently. */
enum {
	SERIOUS_NOTES = DMARC_NOTE_SYNTAX | DMARC_NOTE_TWICE |
	    DMARC_NOTE_VALUE | DMARC_NOTE_NO_P | DMARC_NOTE_SEVERAL |
	    DMARC_NOTE_NEARLY,
};

static void
form_opinion(const struct inquiry *q, enum dmarc_method method,
    struct author_opinion *opinion)
{
	const struct dmarc_world world = {
		.dns = q->dns,
		.method = method,
		.suffixes = q->facts->suffixes,
	};
	const struct passing passing = {
		.signers = &q->domain,
		.signer_count = q->signs ? 1 : 0,
		.spf_domain = q->spf_passes ? q->domain : nothing,
	};

	author_policy_find(&world, q->domain, &opinion->policy);
	author_policy_judge(
	    &world, &opinion->policy, &passing, &opinion->judgment);
}

/* Reports one opinion; publish is the record that helps, or empty. */
static void
report_opinion(const struct inquiry *q, const struct author_opinion *opinion,
    struct slice publish)
{
	static const char *const verdicts[] = { "pass", "fail", "", "unknown" };
	const struct author_policy *policy = &opinion->policy;
	bool walk = policy->method == DMARC_TREE_WALK;
	enum domain_level level = DOMAIN_WARNING;
	const char *says = "unknown", *excuse = "";

	switch (policy->state) {
	case AUTHOR_POLICY_FOUND:
		says = slice_format(q->mem, "%s %s",
		    dmarc_policy_name(policy->policy),
		    verdicts[opinion->judgment.verdict])
			   .data;
		break;
	case AUTHOR_POLICY_ABSENT:
		says = "absent";
		break;
	case AUTHOR_POLICY_UNUSABLE:
		says = "unusable";
		break;
	case AUTHOR_POLICY_UNKNOWN:
		break;
	}
	switch (opinion->judgment.verdict) {
	case AUTHOR_PASSES:
		level = DOMAIN_OK;
		break;
	case AUTHOR_UNKNOWN:
		level = DOMAIN_LATER;
		break;
	case AUTHOR_NOT_ASKED:
		break;
	case AUTHOR_FAILS:
		if (q->sends_nothing) {
			level = DOMAIN_OK;
			excuse = "; the domain sends no mail";
		} else if (q->unanswered) {
			level = DOMAIN_LATER;
			excuse = "; but not all keys and SPF are known now";
		} else if (q->spf_unasked) {
			excuse = "; but preflight.egress is not set, and SPF "
				 "may pass";
		} else if (policy->policy != DMARC_NONE) {
			level = DOMAIN_ERROR;
		}
		break;
	}
	domain_report_add(q->report, level, "dmarc",
	    walk ? SLICE("walk") : SLICE("list"), says, publish, "%s: %s%s",
	    walk ? "RFC 9989" : "RFC 7489", opinion->judgment.text.data,
	    excuse);
}

/* Notes on the record, and on what follows from it. */
static void
report_details(const struct inquiry *q, const struct author_opinion *opinion)
{
	const struct author_policy *policy = &opinion->policy;
	const struct dmarc_record *record = &policy->record;
	struct slice notes = dmarc_notes_text(policy->notes, q->mem);
	bool found = policy->state == AUTHOR_POLICY_FOUND;
	bool own = slice_eq(policy->record_domain, q->domain);

	/* The record was found, but DNS did not answer for one above it. */
	if (found && policy->organization.len == 0)
		domain_report_add(q->report, DOMAIN_LATER, "dmarc",
		    SLICE("organization"), "unknown", nothing,
		    "the "
		    "organizational domain is not known: DNS did not answer "
		    "for a domain above this one");
	if (notes.len > 0)
		domain_report_add(q->report,
		    (policy->notes & SERIOUS_NOTES) != 0 ? DOMAIN_WARNING :
							   DOMAIN_NOTE,
		    "dmarc", SLICE("record"), "odd", nothing, "%.*s",
		    SLICE_ARGS(notes));
	if (record->psd == DMARC_PSD_Y && own)
		domain_report_add(q->report, DOMAIN_NOTE, "dmarc", SLICE("psd"),
		    "y", nothing,
		    "psd=y: each name right below is a domain of "
		    "somebody else");
	if (found && own) {
		const char *below =
		    dmarc_policy_name(record->sp.state == DMARC_REQUEST_VALID ?
			    record->sp.policy :
			    record->p.policy);
		const char *missing = record->np.state == DMARC_REQUEST_VALID ?
		    dmarc_policy_name(record->np.policy) :
		    below;

		domain_report_add(q->report, DOMAIN_NOTE, "dmarc",
		    SLICE("below"),
		    slice_format(q->mem, "%s %s", below, missing).data, nothing,
		    "subdomains without a record of their own: %s; those that "
		    "do not exist: %s (RFC 9989)",
		    below, missing);
	}
	if (opinion->judgment.verdict == AUTHOR_PASSES && !q->signs)
		domain_report_add(q->report, DOMAIN_WARNING, "dmarc",
		    SLICE("forwarding"), "spf", nothing,
		    "only SPF makes mail "
		    "pass, and SPF does not survive forwarding: sign it");
}

static void
inquire_adsp(const struct inquiry *q)
{
	enum domain_level level = DOMAIN_NOTE;
	const char *about = "adsp";
	const struct passing passing = { .signers = &q->domain,
		.signer_count = q->signs ? 1 : 0 };
	struct adsp adsp;

	adsp_check(&q->dns, q->domain, &passing, &adsp);
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
	struct author_opinion walk, list;
	struct slice record = nothing, text;

	form_opinion(q, DMARC_TREE_WALK, &walk);
	/* Offers a first record, unless one was meant to be there. */
	if (walk.policy.state == AUTHOR_POLICY_ABSENT &&
	    (walk.policy.notes & (DMARC_NOTE_SEVERAL | DMARC_NOTE_NEARLY)) ==
		0) {
		text = q->sends_nothing ?
		    SLICE("v=DMARC1; p=reject") :
		    slice_format(q->mem,
			"v=DMARC1; p=none; rua=mailto:postmaster@%.*s",
			SLICE_ARGS(q->domain));
		record = zone_txt(q->mem,
		    slice_format(q->mem, "_dmarc.%.*s", SLICE_ARGS(q->domain)),
		    text);
	}
	report_opinion(q, &walk, record);
	if (q->facts->suffixes != NULL) {
		form_opinion(q, DMARC_SUFFIX_LIST, &list);
		report_opinion(q, &list, nothing);
		if (author_policy_disagree(&walk, &list, q->mem, &text))
			domain_report_add(q->report, DOMAIN_WARNING, "dmarc",
			    SLICE("methods"), "differ", nothing, "%.*s",
			    SLICE_ARGS(text));
	}
	report_details(q, &walk);
	inquire_adsp(q);
}
