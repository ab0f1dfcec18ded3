/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight_priv.h"

static struct slice
finding(struct arena *mem, const struct author_policy *policy,
    const char *text)
{
	struct slice notes = dmarc_notes_text(policy->notes, mem);

	return slice_format(mem, "%.*s%s%s%.*s", SLICE_ARGS(policy->author),
	    text, notes.len > 0 ? "; " : "", SLICE_ARGS(notes));
}

static void
set_unknown(struct author_policy *policy, const struct err *err,
    struct arena *mem)
{
	policy->state = AUTHOR_POLICY_UNKNOWN;
	policy->text = finding(mem, policy, slice_format(mem, ": not known "
	    "whether there is a DMARC record: %s", err->text).data);
}

static void
set_absent(struct author_policy *policy, struct arena *mem)
{
	policy->state = AUTHOR_POLICY_ABSENT;
	policy->text = finding(mem, policy,
	    " publishes no DMARC policy, and none above it applies");
}

static bool
is_below(const struct author_policy *policy)
{
	return policy->author.len != policy->record_domain.len;
}

/*
 * Whether the record asks for anything: RFC 9989 section 4.10.1, RFC 7489
 * section 6.6.3. Without a valid policy only the wish for reports makes it
 * a record, which then says p=none.
 */
static bool
make_usable(struct author_policy *policy)
{
	struct dmarc_record *record = &policy->record;
	bool valid = record->p.state == DMARC_REQUEST_VALID &&
	    record->sp.state != DMARC_REQUEST_INVALID &&
	    (record->np.state != DMARC_REQUEST_INVALID ||
	    policy->method == DMARC_SUFFIX_LIST);

	if (!valid && record->has_rua) {
		record->p = (struct dmarc_request){ DMARC_REQUEST_VALID,
			DMARC_NONE };
		record->sp = record->np =
		    (struct dmarc_request){ DMARC_REQUEST_ABSENT, DMARC_NONE };
		valid = true;
	}
	return valid;
}

/*
 * Whether the author domain exists, which only np= asks for (RFC 9989 section
 * 3.2.13). TXT, since SPF asks for that, too. False: not known.
 */
static bool
author_exists(const struct dmarc_world *world, struct author_policy *policy,
    struct arena *mem, bool *ret_exists, struct err *err)
{
	struct dns_answer answer;
	enum dns_outcome outcome;

	policy->queries++;
	outcome = resolver_lookup(world->resolver, policy->author, DNS_TXT,
	    world->deadline_us, mem, &answer, err);
	if (outcome == DNS_FAILED)
		return false;
	*ret_exists = outcome != DNS_NO_NAME;
	return true;
}

/* p=, sp= or np=: 0, or -1 when np= is there and DNS does not say. */
static int
select_request(const struct dmarc_world *world, struct author_policy *policy,
    struct arena *mem, struct err *err)
{
	const struct dmarc_record *record = &policy->record;
	const struct dmarc_request *request = &record->p;
	bool exists = true;

	policy->tag = "p";
	if (is_below(policy) && record->sp.state == DMARC_REQUEST_VALID) {
		policy->tag = "sp";
		request = &record->sp;
	}
	if (is_below(policy) && record->np.state == DMARC_REQUEST_VALID &&
	    policy->method == DMARC_TREE_WALK &&
	    record->np.policy != request->policy) {
		if (!author_exists(world, policy, mem, &exists, err))
			return -1;
		if (!exists) {
			policy->tag = "np";
			request = &record->np;
		}
	}
	policy->published = policy->policy = request->policy;
	return 0;
}

/* The record of policy->record_domain applies. */
static void
apply_record(const struct dmarc_world *world, struct author_policy *policy,
    struct arena *mem)
{
	struct err err;
	bool lowered;

	policy->notes |= policy->record.notes;
	if (!make_usable(policy)) {
		policy->state = AUTHOR_POLICY_UNUSABLE;
		policy->text = finding(mem, policy, slice_format(mem,
		    ": the DMARC record at _dmarc.%.*s turns DMARC off",
		    SLICE_ARGS(policy->record_domain)).data);
		return;
	}
	if (select_request(world, policy, mem, &err) != 0) {
		set_unknown(policy, &err, mem);
		return;
	}
	/* RFC 9989 section 4.7 (t=); RFC 7489 section 6.6.4 (pct=). */
	lowered = policy->method == DMARC_TREE_WALK ? policy->record.testing
	    : policy->record.pct == 0;
	policy->state = AUTHOR_POLICY_FOUND;
	policy->text = finding(mem, policy, slice_format(mem,
	    ": %s=%s at _dmarc.%.*s applies", policy->tag,
	    dmarc_policy_name(policy->policy),
	    SLICE_ARGS(policy->record_domain)).data);
	if (lowered)
		policy->policy = dmarc_policy_lower(policy->policy);
}

/*
 * The record that applies (RFC 9989 section 4.10.1): at the author domain, at
 * its organizational domain, or at the public suffix domain over that.
 */
static const struct walk_step *
select_step(const struct walk *walk, struct slice organization)
{
	const struct walk_step *step = walk_find(walk, walk->start);

	if (step == NULL)
		step = walk_find(walk, organization);
	/* Only below psd=y is an organization without a record of its own. */
	if (step == NULL && walk->count > 0)
		step = &walk->steps[walk->count - 1];
	return step;
}

static void
find_by_walk(const struct dmarc_world *world, struct author_policy *policy,
    struct arena *mem)
{
	const struct walk_step *step;
	struct walk walk;

	walk_up(world, policy->author, mem, &walk);
	policy->queries = walk.queries;
	policy->notes = walk.notes;
	if (walk.complete)
		policy->organization = walk_organization(&walk);
	step = walk.complete ? select_step(&walk, policy->organization)
	    : walk_find(&walk, walk.start);
	if (step != NULL) {
		policy->record = step->record;
		policy->record_domain = step->domain;
		apply_record(world, policy, mem);
	} else if (walk.complete) {
		set_absent(policy, mem);
	} else {
		set_unknown(policy, &walk.err, mem);
	}
}

/* RFC 7489 section 6.6.3: two names at most, and several records end it. */
static void
find_by_list(const struct dmarc_world *world, struct author_policy *policy,
    struct arena *mem)
{
	struct slice names[2];
	enum record_answer answer = RECORD_NONE;
	struct err err;

	policy->organization = suffix_list_organization(world->suffixes,
	    policy->author);
	names[0] = policy->author;
	names[1] = policy->organization;
	for (size_t i = 0; i < 2 && answer == RECORD_NONE; i++) {
		if (i == 1 && names[1].len == names[0].len)
			break;
		policy->queries++;
		policy->record_domain = names[i];
		answer = dmarc_record_fetch(world, names[i], mem,
		    &policy->record, &policy->notes, &err);
	}
	if (answer == RECORD_ONE) {
		apply_record(world, policy, mem);
		return;
	}
	policy->record_domain = (struct slice){ NULL, 0 };
	if (answer == RECORD_FAILED)
		set_unknown(policy, &err, mem);
	else
		set_absent(policy, mem);
}

void
author_policy_find(const struct dmarc_world *world, struct slice author,
    struct arena *mem, struct author_policy *ret_policy)
{
	struct author_policy policy = { .method = world->method,
		.author = author, .tag = "p" };

	if (author.len == 0 || author.data[0] == '[') {
		policy.organization = author;
		set_absent(&policy, mem);
	} else if (world->method == DMARC_TREE_WALK) {
		find_by_walk(world, &policy, mem);
	} else {
		find_by_list(world, &policy, mem);
	}
	*ret_policy = policy;
}
