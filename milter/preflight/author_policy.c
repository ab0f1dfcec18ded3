/* SPDX-License-Identifier: BSD-2-Clause */
/* Which DMARC record applies to an author domain, and what it asks for. */
#include "preflight_priv.h"

static struct slice
finding(struct arena *mem, const struct author_policy *policy, const char *text)
{
	struct slice notes = dmarc_notes_text(policy->notes, mem);

	return slice_format(mem, "%.*s%s%s%.*s", SLICE_ARGS(policy->author),
	    text, notes.len > 0 ? "; " : "", SLICE_ARGS(notes));
}

static void
set_unknown(
    struct author_policy *policy, const struct err *err, struct arena *mem)
{
	policy->state = AUTHOR_POLICY_UNKNOWN;
	policy->text = finding(mem, policy,
	    slice_format(mem,
		": not known "
		"whether there is a DMARC record: %s",
		err->text)
		.data);
}

static void
set_absent(struct author_policy *policy, struct arena *mem)
{
	policy->state = AUTHOR_POLICY_ABSENT;
	policy->text = finding(mem, policy,
	    " publishes no DMARC policy, and none above it applies");
}

/*
 * p=, sp= or np=: 0, or -1 when np= is there and DNS does not say whether the
 * author domain exists (RFC 9989 section 3.2.13).
 */
static int
select_request(const struct dmarc_world *world, struct author_policy *policy,
    struct err *err)
{
	const struct dmarc_record *record = &policy->record;
	const struct dmarc_request *request = &record->p;
	bool below = policy->author.len != policy->record_domain.len;

	policy->tag = "p";
	if (below && record->sp.state == DMARC_REQUEST_VALID) {
		policy->tag = "sp";
		request = &record->sp;
	}
	if (below && record->np.state == DMARC_REQUEST_VALID &&
	    policy->method == DMARC_TREE_WALK &&
	    record->np.policy != request->policy) {
		struct dns_answer answer;

		policy->queries++;
		/* Any type would do; SPF asks for this one, too. */
		switch (resolver_lookup(
		    &world->dns, policy->author, DNS_TXT, &answer, err)) {
		case DNS_FAILED:
			return -1;
		case DNS_NO_NAME:
			policy->tag = "np";
			request = &record->np;
			break;
		case DNS_FOUND:
		case DNS_NO_DATA:
			break;
		}
	}
	policy->published = policy->policy = request->policy;
	return 0;
}

/* The record of policy->record_domain applies. */
static void
apply_record(const struct dmarc_world *world, struct author_policy *policy)
{
	struct dmarc_record *record = &policy->record;
	struct arena *mem = world->dns.mem;
	bool walk = policy->method == DMARC_TREE_WALK;
	struct err err;

	policy->notes |= record->notes;
	/*
	 * A record without a valid policy counts only if it has rua=; it says
	 * p=none then (RFC 9989 section 4.10.1, RFC 7489 section 6.6.3).
	 */
	if (record->p.state != DMARC_REQUEST_VALID ||
	    record->sp.state == DMARC_REQUEST_INVALID ||
	    (record->np.state == DMARC_REQUEST_INVALID && walk)) {
		if (!record->has_rua) {
			policy->state = AUTHOR_POLICY_UNUSABLE;
			policy->text = finding(mem, policy,
			    slice_format(mem,
				": the DMARC record at _dmarc.%.*s turns DMARC "
				"off",
				SLICE_ARGS(policy->record_domain))
				.data);
			return;
		}
		record->p =
		    (struct dmarc_request){ DMARC_REQUEST_VALID, DMARC_NONE };
		record->sp = record->np =
		    (struct dmarc_request){ DMARC_REQUEST_ABSENT, DMARC_NONE };
	}
	if (select_request(world, policy, &err) != 0) {
		set_unknown(policy, &err, mem);
		return;
	}
	policy->state = AUTHOR_POLICY_FOUND;
	policy->text = finding(mem, policy,
	    slice_format(mem, ": %s=%s at _dmarc.%.*s applies", policy->tag,
		dmarc_policy_name(policy->policy),
		SLICE_ARGS(policy->record_domain))
		.data);
	/* RFC 9989 section 4.7 (t=); RFC 7489 section 6.6.4 (pct=). */
	if (walk ? record->testing : record->pct == 0)
		policy->policy = dmarc_policy_lower(policy->policy);
}

/* RFC 7489 section 6.6.3: two names at most, and several records end it. */
static void
find_by_list(const struct dmarc_world *world, struct author_policy *policy)
{
	struct slice names[2];
	enum record_answer answer = RECORD_NONE;
	struct err err;

	policy->organization =
	    suffix_list_organization(world->suffixes, policy->author);
	names[0] = policy->author;
	names[1] = policy->organization;
	for (size_t i = 0; i < 2 && answer == RECORD_NONE; i++) {
		if (i == 1 && names[1].len == names[0].len)
			break;
		policy->queries++;
		policy->record_domain = names[i];
		answer = dmarc_record_fetch(
		    world, names[i], &policy->record, &policy->notes, &err);
	}
	if (answer == RECORD_ONE) {
		apply_record(world, policy);
		return;
	}
	policy->record_domain = (struct slice){ NULL, 0 };
	if (answer == RECORD_FAILED)
		set_unknown(policy, &err, world->dns.mem);
	else
		set_absent(policy, world->dns.mem);
}

void
author_policy_find(const struct dmarc_world *world, struct slice author,
    struct author_policy *ret_policy)
{
	const struct walk_step *step;
	struct walk walk;

	*ret_policy = (struct author_policy){
		.method = world->method, .author = author, .tag = "p"
	};
	if (author.len == 0 || author.data[0] == '[') {
		ret_policy->organization = author;
		set_absent(ret_policy, world->dns.mem);
		return;
	}
	if (world->method == DMARC_SUFFIX_LIST) {
		find_by_list(world, ret_policy);
		return;
	}
	/*
	 * The record that applies (RFC 9989 section 4.10.1): at the author
	 * domain, at its organizational domain, or at the public suffix domain
	 * over that.
	 */
	walk_up(world, author, &walk);
	ret_policy->queries = walk.queries;
	ret_policy->notes = walk.notes;
	step = walk_find(&walk, walk.start);
	if (walk.complete) {
		ret_policy->organization = walk_organization(&walk);
		if (step == NULL)
			step = walk_find(&walk, ret_policy->organization);
		/* Without a record of its own it is right below psd=y. */
		if (step == NULL && walk.count > 0)
			step = &walk.steps[walk.count - 1];
	}
	if (step != NULL) {
		ret_policy->record = step->record;
		ret_policy->record_domain = step->domain;
		apply_record(world, ret_policy);
	} else if (walk.complete) {
		set_absent(ret_policy, world->dns.mem);
	} else {
		set_unknown(ret_policy, &walk.err, world->dns.mem);
	}
}
