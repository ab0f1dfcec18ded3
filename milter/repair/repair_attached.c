/* SPDX-License-Identifier: BSD-2-Clause */
/* Attached messages and reports whose form cannot be put right. */
#include "body_rules_priv.h"

/* What the type of a file is longer by than that of a message, at most. */
enum { FILE_TYPE_OCTETS = 64 };

int
plan_as_file(struct planning *planning, size_t index, struct err *err)
{
	const struct mime_part *part = &planning->plan.parts[index];
	struct part_plan *want = &planning->plan.plans[index];
	size_t longest = part->header.longest_field + FILE_TYPE_OCTETS;

	if (part->header.has_junk || part->header.names_parts ||
	    longest > planning->rules.traits->cuts_content_fields_at)
		return body_refuse(err, "an attached message that is encoded",
		    ": attach it as a file");
	want->as_file = true;
	return part_plan_header(part, want, err);
}

/* Whether this MTA changes an attachment, whatever the next hop is. */
static bool
is_certain_to_change(const struct planning *planning, size_t root, size_t end)
{
	struct planning look = *planning;
	struct err ignored;

	look.rules.all = look.rules.to_7bit = look.rules.converts = false;
	look.rules.line_limit = look.rules.traits->breaks_lines_at;
	look.plan.plans =
	    arena_array(look.mem, look.plan.count, sizeof(*look.plan.plans));
	look.plan.signed_end = UINT64_MAX;
	for (size_t i = root; i < end; i++) {
		const struct part_plan *want = &look.plan.plans[i];

		if (body_plan_part(&look, i, &ignored) != 0 || want->encode ||
		    want->header || want->beside || want->close)
			return true;
	}
	return look.plan.signed_end != UINT64_MAX;
}

/*
 * All that was planned for an attachment goes; around it nothing is moved.
 * *ret_end is behind its last part. Where readers differ about its parts they
 * may differ about all that follows.
 */
static int
keep_as_it_came(struct body_plan *plan, size_t root, size_t *ret_end)
{
	bool ambiguous = false;
	size_t end;

	for (end = root; end < plan->count; end++) {
		size_t up = end;

		while (up > root)
			up = plan->parts[up].parent;
		if (up != root)
			break;
		ambiguous = ambiguous || plan->parts[end].is_ambiguous;
	}
	if (ambiguous)
		end = plan->count;
	for (size_t i = root; i != 0 && end == plan->count;) {
		i = plan->parts[i].parent;
		if (plan->plans[i].beside)
			return -1;
		plan->plans[i].close = false;
	}
	for (size_t i = root; i < end; i++)
		plan->plans[i] = (struct part_plan){ .pass = true };
	*ret_end = end;
	return 0;
}

int
attached_pass(struct planning *planning, size_t index, const struct err *why)
{
	const struct body_rules *rules = &planning->rules;
	struct body_plan *plan = &planning->plan;
	const struct mime_part *part = &plan->parts[index];
	size_t root = SIZE_MAX, end;
	uint64_t from;

	/* The outermost message/ANY that the part is, or is in. */
	for (size_t i = index;; i = plan->parts[i].parent) {
		if (plan->parts[i].is_message)
			root = i;
		if (i == 0)
			break;
	}
	if (rules->attached == ATTACHED_REFUSE || root == SIZE_MAX ||
	    part_is_inside_seal(plan->parts, root))
		return -1;
	/* The MTA would lose content of it, or the configuration refuses it. */
	if ((rules->traits->opens_encoded_messages &&
		encoded_message_is_opened(rules, part)) ||
	    (rules->bare_octets == BARE_REFUSE &&
		(part->has_nul || part->has_bare || part->header.has_bare)))
		return -1;
	from = plan->parts[root].header_start;
	if (keep_as_it_came(plan, root, &end) != 0)
		return -1;
	if (rules->attached == ATTACHED_PASS)
		return 0;
	if (is_certain_to_change(planning, root, end))
		from = root == 0 || rules->attached == ATTACHED_PASS_UNSIGNED ?
		    0 :
		    from;
	else if (rules->sealed_8bit != SEALED_PASS_UNSIGNED)
		return 0;
	plan_leave_unsigned(plan, from);
	plan->unsigned_why = slice_dup(planning->mem, slice_of(why->text));
	return 0;
}
