/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of signed and encrypted parts, where nothing is changed. */
#include "body_rules_priv.h"

/* A part would have to be changed, and may not be. */
static int
judge_sealed(struct body_plan *plan, size_t index, enum sealed_choice choice,
    const char *what, struct err *err)
{
	if (choice == SEALED_PASS)
		return 0;
	/* A signature of nothing does not help; some verifiers reject l=0. */
	if (choice == SEALED_PASS_UNSIGNED &&
	    plan->parts[index].header_start > 0) {
		plan_leave_unsigned(plan, plan->parts[index].header_start);
		return 0;
	}
	return err_set(err, ERR_DATA,
	    "a signed or encrypted part with %s would "
	    "be broken on the way: have your mail program encode it",
	    what);
}

int
sealed_judge_form(
    struct planning *planning, size_t index, const char *what, struct err *err)
{
	return judge_sealed(
	    &planning->plan, index, planning->rules.sealed, what, err);
}

int
sealed_judge_8bit(struct planning *planning, size_t index, struct err *err)
{
	return judge_sealed(&planning->plan, index, planning->rules.sealed_8bit,
	    "8-bit content", err);
}

int
sealed_judge_inside(struct planning *planning, size_t index, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct mta_traits *traits = rules->traits;
	const struct mime_part *parts = planning->plan.parts;
	const struct mime_part *part = &parts[index];
	const struct mime_header *header = &part->header;

	/* The delimiter that closes the multipart around it would be in it. */
	if (traits->parses_part_headers && !header->ended)
		return body_refuse(
		    err, "a part without an empty line below its header", "");
	if (part->longest_line > rules->line_limit ||
	    header->longest_line > rules->line_limit)
		return sealed_judge_form(planning, index, "long lines", err);
	/* The MTA never sends it on in its form, whatever the next hop is. */
	if ((traits->parses_part_headers &&
		(header->has_junk || header->has_name_blank ||
		    header->has_mbox_line || header->has_quoted_mbox ||
		    header->has_unfolded)) ||
	    header_has_cut_field(traits, header) ||
	    (traits->invents_boundaries && part->is_unreadable) ||
	    (traits->misreads_odd_boundaries && part->boundary_is_odd) ||
	    (traits->rewrites_headers_behind_parts &&
		(header->has_lost_field || header->has_address_field) &&
		part_is_behind_others(parts, index)) ||
	    (traits->opens_encoded_messages && part->kind == MIME_LEAF &&
		part->is_rfc822) ||
	    (part->kind == MIME_MULTIPART &&
		((traits->closes_multiparts && !part->is_closed) ||
		    (traits->changes_8bit_beside_parts && part->has_8bit))))
		return sealed_judge_form(
		    planning, index, "odd lines around its content", err);
	if (traits->converts_by_label && rules->to_7bit &&
	    part_is_labelled_8bit(part))
		return sealed_judge_8bit(planning, index, err);
	/* The MTA that converts all parts does not look into multipart/signed. */
	if (rules->converts && part->seal == MIME_ENCRYPTED &&
	    (part->has_8bit || part_lacks_version(parts, index) ||
		(header->encodings > 0 &&
		    (part->kind != MIME_LEAF || !header->encoding_is_last))))
		return sealed_judge_8bit(planning, index, err);
	return 0;
}
