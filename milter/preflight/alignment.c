/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight_priv.h"

/* Whether a domain is an other one or below it. */
static bool
is_within(struct slice domain, struct slice top)
{
	return slice_eq(domain, top) || (domain.len > top.len &&
	    slice_ends_nocase(domain, top) &&
	    domain.data[domain.len - top.len - 1] == '.');
}

enum alignment
author_policy_align(const struct dmarc_world *world,
    const struct author_policy *policy, struct slice domain, bool strict,
    struct arena *mem)
{
	struct slice top = policy->organization;
	struct walk walk;

	if (slice_eq(domain, policy->author))
		return ALIGNMENT_SAME;
	if (strict || domain.len == 0)
		return ALIGNMENT_NONE;
	if (world->method == DMARC_SUFFIX_LIST)
		return slice_eq(suffix_list_organization(world->suffixes,
		    domain), top) ? ALIGNMENT_RELAXED : ALIGNMENT_NONE;
	/* Even unknown, the organization has the author's last label. */
	if (top.len == 0)
		return is_within(domain, slice_from(policy->author,
		    slice_find_last(policy->author, '.') + 1))
		    ? ALIGNMENT_UNKNOWN : ALIGNMENT_NONE;
	/* Its organization is above it, so most need no walk. */
	if (!is_within(domain, top))
		return ALIGNMENT_NONE;
	walk_up(world, domain, mem, &walk);
	if (!walk.complete)
		return ALIGNMENT_UNKNOWN;
	return slice_eq(walk_organization(&walk), top) ? ALIGNMENT_RELAXED
	    : ALIGNMENT_NONE;
}

static bool
is_aligned(enum alignment alignment)
{
	return alignment == ALIGNMENT_SAME || alignment == ALIGNMENT_RELAXED;
}

/* What receivers are asked to do, in words. */
static const char *
consequence(const struct author_policy *policy)
{
	switch (policy->policy) {
	case DMARC_NONE:
		return "receivers are asked to do nothing about that";
	case DMARC_QUARANTINE:
		return "receivers will take it for suspicious";
	case DMARC_REJECT:
		return "receivers will refuse it";
	}
	return "";
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
		lowered = slice_format(mem, " with pct=%u",
		    policy->record.pct);
	return slice_format(mem, "%.*s publishes %s=%s%.*s%s%.*s",
	    SLICE_ARGS(policy->record_domain), policy->tag,
	    dmarc_policy_name(policy->published), SLICE_ARGS(lowered),
	    below ? ", which applies to " : "",
	    SLICE_ARGS(below ? policy->author : SLICE("")));
}

static void
align_all(const struct dmarc_world *world, const struct author_policy *policy,
    const struct passing *passing, struct arena *mem,
    struct author_judgment *judgment, bool *unknown)
{
	enum alignment alignment;

	for (size_t i = 0; i < passing->signer_count; i++) {
		alignment = author_policy_align(world, policy,
		    passing->signers[i], policy->record.adkim_strict, mem);
		*unknown = *unknown || alignment == ALIGNMENT_UNKNOWN;
		if (is_aligned(alignment) && judgment->aligned_signer.len == 0)
			judgment->aligned_signer = passing->signers[i];
	}
	alignment = author_policy_align(world, policy, passing->spf_domain,
	    policy->record.aspf_strict, mem);
	*unknown = *unknown || alignment == ALIGNMENT_UNKNOWN;
	judgment->spf_aligned = is_aligned(alignment);
}

void
author_policy_judge(const struct dmarc_world *world,
    const struct author_policy *policy, const struct passing *passing,
    struct arena *mem, struct author_judgment *ret_judgment)
{
	struct author_judgment judgment = { .verdict = AUTHOR_NOT_ASKED,
		.text = policy->text };
	struct slice head;
	bool unknown = false;

	if (policy->state != AUTHOR_POLICY_FOUND) {
		if (policy->state == AUTHOR_POLICY_UNKNOWN)
			judgment.verdict = AUTHOR_UNKNOWN;
		*ret_judgment = judgment;
		return;
	}
	align_all(world, policy, passing, mem, &judgment, &unknown);
	head = publishes(policy, mem);
	if (judgment.aligned_signer.len > 0 || judgment.spf_aligned) {
		judgment.verdict = AUTHOR_PASSES;
		judgment.text = slice_format(mem, "%.*s; %s%.*s%s%s aligned "
		    "with it", SLICE_ARGS(head),
		    judgment.aligned_signer.len > 0 ? "the signature of " : "",
		    SLICE_ARGS(judgment.aligned_signer),
		    judgment.aligned_signer.len == 0 ? "the SPF pass"
		    : judgment.spf_aligned ? " and the SPF pass" : "",
		    judgment.aligned_signer.len > 0 && judgment.spf_aligned
		    ? " are" : " is");
	} else if (unknown) {
		judgment.verdict = AUTHOR_UNKNOWN;
		judgment.text = slice_format(mem, "%.*s; DNS did not say "
		    "whether a signature or SPF pass of this service is "
		    "aligned with it", SLICE_ARGS(head));
	} else {
		judgment.verdict = AUTHOR_FAILS;
		judgment.text = slice_format(mem, "%.*s, but no signature or "
		    "SPF pass of this service is aligned with it: %s",
		    SLICE_ARGS(head), consequence(policy));
	}
	*ret_judgment = judgment;
}

static const char *
verdict_words(const struct author_judgment *judgment)
{
	switch (judgment->verdict) {
	case AUTHOR_PASSES:
		return "the message passes";
	case AUTHOR_FAILS:
		return "the message fails";
	case AUTHOR_NOT_ASKED:
		return "DMARC does not apply";
	case AUTHOR_UNKNOWN:
		return "nothing is known";
	}
	return "";
}

/* "by RFC 9989 the organization is a.example and the message fails". */
static struct slice
conclusion(const struct author_policy *policy,
    const struct author_judgment *judgment, struct arena *mem)
{
	bool found = policy->state == AUTHOR_POLICY_FOUND;

	return slice_format(mem, "by %s the organization is %.*s and %s%s%s",
	    policy->method == DMARC_TREE_WALK ? "the tree walk (RFC 9989)"
	    : "the public suffix list (RFC 7489)",
	    SLICE_ARGS(policy->organization), verdict_words(judgment),
	    found ? " under the policy " : "",
	    found ? dmarc_policy_name(policy->policy) : "");
}

bool
author_policy_disagree(const struct author_policy *one,
    const struct author_judgment *one_judgment,
    const struct author_policy *other,
    const struct author_judgment *other_judgment, struct arena *mem,
    struct slice *ret_text)
{
	bool one_found = one->state == AUTHOR_POLICY_FOUND;
	bool other_found = other->state == AUTHOR_POLICY_FOUND;

	if (one_judgment->verdict == AUTHOR_UNKNOWN ||
	    other_judgment->verdict == AUTHOR_UNKNOWN)
		return false;
	if (one_judgment->verdict == other_judgment->verdict &&
	    one_found == other_found && (!one_found ||
	    (one->policy == other->policy &&
	    slice_eq(one->organization, other->organization))))
		return false;
	*ret_text = slice_format(mem, "%.*s: receivers disagree: %.*s, "
	    "%.*s", SLICE_ARGS(one->author),
	    SLICE_ARGS(conclusion(one, one_judgment, mem)),
	    SLICE_ARGS(conclusion(other, other_judgment, mem)));
	return true;
}
