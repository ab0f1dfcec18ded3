/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether what passes is aligned with the author domain, and the verdict. */
#include "dns/record.h"
#include "preflight_priv.h"

enum alignment
author_policy_align(const struct dmarc_world *world,
    const struct author_policy *policy, struct slice domain, bool strict)
{
	struct slice top = policy->organization;
	struct walk walk;

	if (slice_eq(domain, policy->author))
		return ALIGNMENT_SAME;
	if (strict || domain.len == 0)
		return ALIGNMENT_NONE;
	if (world->method == DMARC_SUFFIX_LIST)
		return slice_eq(
			   suffix_list_organization(world->suffixes, domain),
			   top) ?
		    ALIGNMENT_RELAXED :
		    ALIGNMENT_NONE;
	/* Even unknown, the organization has the author's last label. */
	if (top.len == 0)
		return dns_is_within(domain,
			   slice_from(policy->author,
			       slice_find_last(policy->author, '.') + 1)) ?
		    ALIGNMENT_UNKNOWN :
		    ALIGNMENT_NONE;
	/* Its organization is above it, so most need no walk. */
	if (!dns_is_within(domain, top))
		return ALIGNMENT_NONE;
	walk_up(world, domain, &walk);
	if (!walk.complete)
		return ALIGNMENT_UNKNOWN;
	return slice_eq(walk_organization(&walk), top) ? ALIGNMENT_RELAXED :
							 ALIGNMENT_NONE;
}

static bool
is_aligned(enum alignment alignment)
{
	return alignment == ALIGNMENT_SAME || alignment == ALIGNMENT_RELAXED;
}

/* "corp.example publishes p=reject". */
static struct slice
publishes(const struct author_policy *policy, struct arena *mem)
{
	bool below = policy->author.len != policy->record_domain.len;
	struct slice lowered = SLICE("");

	if (policy->method == DMARC_TREE_WALK && policy->record.testing)
		lowered = SLICE(" with t=y");
	else if (policy->method == DMARC_SUFFIX_LIST &&
	    policy->record.pct < 100)
		lowered = slice_format(mem, " with pct=%u", policy->record.pct);
	return slice_format(mem, "%.*s publishes %s=%s%.*s%s%.*s",
	    SLICE_ARGS(policy->record_domain), policy->tag,
	    dmarc_policy_name(policy->published), SLICE_ARGS(lowered),
	    below ? ", which applies to " : "",
	    SLICE_ARGS(below ? policy->author : SLICE("")));
}

/* Fills in what is aligned; false: DNS did not answer for all. */
static bool
align_all(const struct dmarc_world *world, const struct author_policy *policy,
    const struct passing *passing, struct author_judgment *judgment)
{
	enum alignment alignment;
	bool known = true;

	for (size_t i = 0; i < passing->signer_count; i++) {
		alignment = author_policy_align(world, policy,
		    passing->signers[i], policy->record.adkim_strict);
		known = known && alignment != ALIGNMENT_UNKNOWN;
		if (is_aligned(alignment) && judgment->aligned_signer.len == 0)
			judgment->aligned_signer = passing->signers[i];
	}
	alignment = author_policy_align(
	    world, policy, passing->spf_domain, policy->record.aspf_strict);
	judgment->spf_aligned = is_aligned(alignment);
	return known && alignment != ALIGNMENT_UNKNOWN;
}

void
author_policy_judge(const struct dmarc_world *world,
    const struct author_policy *policy, const struct passing *passing,
    struct author_judgment *ret_judgment)
{
	static const char *const consequences[] = {
		[DMARC_NONE] = "receivers are asked to do nothing about that",
		[DMARC_QUARANTINE] = "receivers will treat it as suspicious",
		[DMARC_REJECT] = "receivers will refuse it",
	};
	struct author_judgment judgment = { .verdict = AUTHOR_NOT_ASKED,
		.text = policy->text };
	struct arena *mem = world->dns.mem;
	struct slice head;
	bool known;

	if (policy->state != AUTHOR_POLICY_FOUND) {
		if (policy->state == AUTHOR_POLICY_UNKNOWN)
			judgment.verdict = AUTHOR_UNKNOWN;
		*ret_judgment = judgment;
		return;
	}
	known = align_all(world, policy, passing, &judgment);
	head = publishes(policy, mem);
	if (judgment.aligned_signer.len > 0 || judgment.spf_aligned) {
		judgment.verdict = AUTHOR_PASSES;
		judgment.text = slice_format(mem,
		    "%.*s; %s%.*s%s%s aligned "
		    "with it",
		    SLICE_ARGS(head),
		    judgment.aligned_signer.len > 0 ? "the signature of " : "",
		    SLICE_ARGS(judgment.aligned_signer),
		    judgment.aligned_signer.len == 0 ? "the SPF pass" :
			judgment.spf_aligned	     ? " and the SPF pass" :
						       "",
		    judgment.aligned_signer.len > 0 && judgment.spf_aligned ?
			" are" :
			" is");
	} else if (!known) {
		judgment.verdict = AUTHOR_UNKNOWN;
		judgment.text = slice_format(mem,
		    "%.*s; DNS did not say "
		    "whether a signature or SPF pass of this service is "
		    "aligned with it",
		    SLICE_ARGS(head));
	} else {
		judgment.verdict = AUTHOR_FAILS;
		judgment.text = slice_format(mem,
		    "%.*s, but no signature or "
		    "SPF pass of this service is aligned with it: %s",
		    SLICE_ARGS(head), consequences[policy->policy]);
	}
	*ret_judgment = judgment;
}

/* "by RFC 9989 the organization is a.example and the message fails". */
static struct slice
conclusion(const struct author_opinion *opinion, struct arena *mem)
{
	static const char *const verdicts[] = {
		[AUTHOR_PASSES] = "the message passes",
		[AUTHOR_FAILS] = "the message fails",
		[AUTHOR_NOT_ASKED] = "DMARC does not apply",
		[AUTHOR_UNKNOWN] = "nothing is known",
	};
	const struct author_policy *policy = &opinion->policy;
	bool found = policy->state == AUTHOR_POLICY_FOUND;

	return slice_format(mem, "by %s the organization is %.*s and %s%s%s",
	    policy->method == DMARC_TREE_WALK ?
		"the tree walk (RFC 9989)" :
		"the public suffix list (RFC 7489)",
	    SLICE_ARGS(policy->organization.len > 0 ? policy->organization :
						      SLICE("not known")),
	    verdicts[opinion->judgment.verdict],
	    found ? " under the policy " : "",
	    found ? dmarc_policy_name(policy->policy) : "");
}

bool
author_policy_disagree(const struct author_opinion *one,
    const struct author_opinion *other, struct arena *mem,
    struct slice *ret_text)
{
	const struct author_policy *a = &one->policy, *b = &other->policy;
	bool found = a->state == AUTHOR_POLICY_FOUND;
	/* Empty where DNS was silent about a parent: not a difference. */
	bool known = a->organization.len > 0 && b->organization.len > 0;

	if (one->judgment.verdict == AUTHOR_UNKNOWN ||
	    other->judgment.verdict == AUTHOR_UNKNOWN)
		return false;
	if (one->judgment.verdict == other->judgment.verdict &&
	    found == (b->state == AUTHOR_POLICY_FOUND) &&
	    (!found ||
		(a->policy == b->policy &&
		    (!known || slice_eq(a->organization, b->organization)))))
		return false;
	*ret_text = slice_format(mem,
	    "%.*s: receivers disagree: %.*s, "
	    "%.*s",
	    SLICE_ARGS(a->author), SLICE_ARGS(conclusion(one, mem)),
	    SLICE_ARGS(conclusion(other, mem)));
	return true;
}
