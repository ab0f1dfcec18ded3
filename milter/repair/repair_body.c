/* SPDX-License-Identifier: BSD-2-Clause */
/* The changes that a body needs, part by part. */
#include "repair/repair_body.h"

#include "body_rules_priv.h"

/* A text with fewer 8-bit octets does not become long. */
enum { FEW_OCTETS = 64 };

static void
plan_encoding(struct part_plan *plan, enum transfer_encoding encoding)
{
	plan->header = true;
	plan->encoding = slice_of(transfer_encoding_name(encoding));
}

static int
plan_header(struct planning *planning, size_t index, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct mime_part *parts = planning->plan.parts;
	const struct mime_header *header = &parts[index].header;
	struct part_plan *plan = &planning->plan.plans[index];
	bool parsed = rules->traits->parses_part_headers;
	bool is_long = header->longest_line > rules->line_limit;

	if (index > 0 && header->encodings > 1)
		return body_refuse(err, "a part with two encodings", "");
	if (parsed && header->has_junk)
		return body_refuse(err,
		    "a line in the header of a part that is not a field", "");
	if (header_has_cut_field(rules->traits, header))
		return body_refuse(err,
		    "a very long field, or one with an open "
		    "quote, in the header of a part",
		    "");
	/* Fields that would not stay there. */
	if (rules->traits->rewrites_headers_behind_parts &&
	    (header->has_lost_field || header->has_address_field) &&
	    part_is_behind_others(parts, index)) {
		if (header->has_address_field)
			return body_refuse(
			    err, "an address in the header of a part", "");
		plan->drop_lost_fields = true;
	}
	plan->drop_mbox_line = parsed && header->has_mbox_line;
	if (is_long &&
	    (header->longest_piece > rules->line_limit || header->has_junk ||
		(header->has_mbox_line && !plan->drop_mbox_line)))
		return body_refuse(
		    err, "a long line in the header of a part", "");
	plan->add_version = rules->converts && part_lacks_version(parts, index);
	plan->attach_version = rules->converts && header->names_message;
	/* A header that is written anew ends with an empty line. */
	if (is_long || plan->add_version || plan->drop_lost_fields ||
	    header->has_copy ||
	    (parsed &&
		((index > 0 && !header->ended) || header->has_name_blank ||
		    header->has_mbox_line || header->has_quoted_mbox ||
		    header->has_unfolded)))
		return part_plan_header(&parts[index], plan, err);
	return 0;
}

/* Whether a leaf has to be changed: by some MTA, or by any. */
enum need { STAYS, MAY_CHANGE, CHANGES };

/*
 * A multipart whose boundary cannot be read. An MTA may take parts apart at a
 * boundary of its own, and close it.
 */
static int
judge_unreadable(
    struct planning *planning, size_t index, enum need need, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct mime_part *part = &planning->plan.parts[index];
	bool invents = rules->traits->invents_boundaries;
	bool is_unsure = need == CHANGES || part->has_8bit || part->has_nul ||
	    part->has_dashes || !part->lacks_boundary ||
	    part->seal != MIME_UNSEALED;

	if (need == STAYS && !(invents && is_unsure)) {
		planning->plan.plans[index].close = invents && !part->is_closed;
		return 0;
	}
	/* As in sealed ones: a next hop without 8BITMIME alone converts it. */
	if (!invents && need != CHANGES && rules->sealed_8bit == SEALED_PASS)
		return 0;
	if (!invents && need != CHANGES &&
	    rules->sealed_8bit == SEALED_PASS_UNSIGNED &&
	    part->header_start > 0) {
		plan_leave_unsigned(&planning->plan, part->header_start);
		return 0;
	}
	return body_refuse(
	    err, "a multipart whose boundary cannot be read", "");
}

/* Whether a leaf that cannot be encoded may go on. */
static int
judge_unencodable(
    struct planning *planning, size_t index, enum need need, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct mime_part *part = &planning->plan.parts[index];
	bool certain = need == CHANGES;

	if (part->is_unreadable)
		return judge_unreadable(planning, index, need, err);
	if (encoded_message_is_opened(rules, part) &&
	    plan_as_file(planning, index, err) != 0)
		return -1;
	if (need == STAYS)
		return 0;
	if (part->seal != MIME_UNSEALED && certain)
		return sealed_judge_form(planning, index, "long lines", err);
	if (part->seal != MIME_UNSEALED)
		return sealed_judge_8bit(planning, index, err);
	/* A part without 8-bit content and label passes as it is. */
	if (part->is_message && !part_is_encoded_message(part) &&
	    (certain ||
		(rules->traits->converts_by_label &&
		    part_is_labelled_8bit(part))))
		return body_refuse(err,
		    "a report or a piece of a message with 8-bit "
		    "content or long lines",
		    "");
	if (part->encoding == TRANSFER_OTHER && certain)
		return body_refuse(
		    err, "a part of unknown encoding with long lines", "");
	return 0;
}

/* How a leaf is encoded that can be. */
static void
plan_encode(const struct mime_part *part, struct part_plan *want)
{
	uint64_t octets = part->content_end - part->content_start;

	want->encode = true;
	want->from = part->encoding;
	/*
	 * Labelled base64 but mostly not base64: it is text as it is. In other
	 * base64 such octets are strays that no reader sees (a footer that some
	 * gateway has appended).
	 */
	if (part->encoding == TRANSFER_BASE64 &&
	    (part->has_8bit || part->has_nul) &&
	    part->base64_octets < octets / 2)
		want->from = TRANSFER_8BIT;
	/*
	 * Encoded content stays in its encoding, in shorter lines. Else
	 * quoted-printable, for text that it keeps shorter than base64 or that
	 * is short in any case: it makes three octets of an 8-bit one, where
	 * base64 makes four of three of any kind.
	 */
	if (want->from == TRANSFER_BASE64 ||
	    want->from == TRANSFER_QUOTED_PRINTABLE)
		want->to = want->from;
	else if (part->is_headers)
		want->to = TRANSFER_QUOTED_PRINTABLE;
	else if (part->is_text &&
	    (part->octets_8bit < FEW_OCTETS || part->octets_8bit < octets / 5))
		want->to = TRANSFER_QUOTED_PRINTABLE;
	else
		want->to = TRANSFER_BASE64;
	plan_encoding(want, want->to);
}

static int
plan_leaf(struct planning *planning, size_t index, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct mime_part *part = &planning->plan.parts[index];
	struct part_plan *want = &planning->plan.plans[index];
	enum need need = STAYS;

	if (part->longest_line > rules->line_limit)
		need = CHANGES;
	else if (rules->all &&
	    ((part->has_8bit && !part_is_labelled_8bit(part)) ||
		part->has_nul || part->has_bare ||
		(rules->traits->takes_lookalikes_for_delimiters &&
		    part->has_lookalike) ||
		(part->has_8bit && rules->to_7bit)))
		need = MAY_CHANGE;
	if (judge_unencodable(planning, index, need, err) != 0)
		return -1;
	if (need != STAYS && part->seal == MIME_UNSEALED &&
	    !part->is_unreadable && part->encoding != TRANSFER_OTHER &&
	    (!part->is_message || part_is_encoded_message(part))) {
		plan_encode(part, want);
		return 0;
	}
	/* A label alone makes MTAs convert. */
	if (part_is_labelled_8bit(part) && !part->has_8bit && rules->to_7bit) {
		plan_encoding(want, TRANSFER_7BIT);
		return 0;
	}
	if ((rules->converts && part->header.encodings > 0 &&
		!part->header.encoding_is_last) ||
	    (part->encoding_has_more && rules->to_7bit))
		return part_plan_header(part, want, err);
	return 0;
}

/* The delimiters of a multipart, and what stands beside its parts. */
static int
plan_multipart(struct planning *planning, size_t index, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct mta_traits *traits = rules->traits;
	const struct body_plan *plan = &planning->plan;
	const struct mime_part *part = &plan->parts[index];
	struct part_plan *want = &plan->plans[index];
	unsigned int around = 1;

	/*
	 * No seal covers what is beside the parts of the outermost sealed
	 * multipart (RFC 1847 section 2.1).
	 */
	want->beside = part->longest_line > rules->line_limit ||
	    (part->has_8bit &&
		(traits->changes_8bit_beside_parts ||
		    (rules->to_7bit && part->seal == MIME_UNSEALED))) ||
	    (part->has_padding && traits->drops_blanks_behind_delimiters);
	want->close = traits->closes_multiparts && !part->is_closed;
	want->quote_boundary =
	    traits->misreads_odd_boundaries && part->boundary_is_odd;
	if (want->beside &&
	    (index + 1 == plan->count ||
		plan->parts[index + 1].parent != index))
		return body_refuse(err, "a multipart without parts", "");
	/* A delimiter, which is not text to be broken: "--", boundary, "--". */
	if (want->beside && part->boundary.len + 4 >= rules->line_limit)
		return body_refuse(err, "a multipart with a long boundary", "");
	for (size_t i = index; i > 0;) {
		i = plan->parts[i].parent;
		around += plan->parts[i].kind == MIME_MULTIPART;
	}
	if (around > traits->max_multiparts)
		return body_refuse(err, "a part in so many others", "");
	return want->quote_boundary ? part_plan_header(part, want, err) : 0;
}

/*
 * The label of a multipart or message. Without that field it means 7bit, and
 * Sendmail removes it there.
 */
static int
plan_composite_encoding(
    struct planning *planning, size_t index, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	struct body_plan *plan = &planning->plan;
	const struct mime_part *part = &plan->parts[index];
	struct part_plan *want = &plan->plans[index];
	bool by_label = rules->traits->converts_by_label;
	/* Sendmail treats these as leaves; illegal encodings make others so. */
	bool as_leaf = part->seal == MIME_SIGNED ||
	    part->encoding > TRANSFER_BINARY ||
	    (part->kind == MIME_MESSAGE && !part->is_rfc822);

	if (part_is_labelled_8bit(part) && rules->to_7bit) {
		bool stays_8bit = false;

		for (size_t i = index; i < plan->count && !stays_8bit; i++) {
			size_t up = i;

			while (up > index)
				up = plan->parts[up].parent;
			stays_8bit = up == index && plan->parts[i].has_8bit &&
			    !plan->plans[i].encode && !plan->plans[i].beside;
		}
		/* It would be made 7bit, whatever stays 8-bit inside. */
		if (!stays_8bit || (part->seal == MIME_UNSEALED && by_label)) {
			want->header = true;
			want->encoding = (struct slice){ NULL, 0 };
			return 0;
		}
		if (by_label && index == 0 &&
		    rules->sealed_8bit == SEALED_PASS_UNSIGNED)
			plan_leave_unsigned(plan, part->content_end);
		else if (by_label)
			return sealed_judge_8bit(planning, index, err);
	}
	if (!rules->converts || part->header.encodings == 0 ||
	    (as_leaf && part->header.encoding_is_last))
		return 0;
	if (part_plan_header(part, want, err) != 0)
		return -1;
	if (!as_leaf)
		want->encoding = (struct slice){ NULL, 0 };
	return 0;
}

int
body_plan_part(struct planning *planning, size_t index, struct err *err)
{
	const struct body_rules *rules = &planning->rules;
	const struct body_plan *plan = &planning->plan;
	const struct mime_part *part = &plan->parts[index];
	bool changes = rules->traits->takes_multiparts_apart;

	if (rules->bare_octets == BARE_REFUSE &&
	    (part->has_nul || part->has_bare || part->header.has_bare))
		return err_set(
		    err, ERR_DATA, "NUL, or CR or LF alone, in the body");
	/*
	 * A part that programs take apart in different ways can go on only
	 * where that makes no difference: nothing in the whole body has to be
	 * changed, wherever the MTA finds parts.
	 */
	for (size_t i = 0; part->is_ambiguous && i < plan->count && !changes;
	     i++) {
		const struct mime_part *other = &plan->parts[i];

		changes = other->longest_line > rules->line_limit ||
		    other->header.longest_line > rules->line_limit ||
		    (rules->to_7bit &&
			(other->has_label || other->has_8bit ||
			    part_is_labelled_8bit(other)));
	}
	if (part->is_ambiguous)
		return changes ?
		    body_refuse(err,
			"a part whose Content-Type can be read in two ways",
			"") :
		    0;
	if (part_is_inside_seal(plan->parts, index))
		return sealed_judge_inside(planning, index, err);
	if (plan_header(planning, index, err) != 0)
		return -1;
	if (part->kind == MIME_LEAF)
		return plan_leaf(planning, index, err);
	return part->kind == MIME_MULTIPART ?
	    plan_multipart(planning, index, err) :
	    0;
}

static int
plan_parts(struct planning *planning, struct err *err)
{
	const struct body_plan *plan = &planning->plan;

	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->plans[i].pass &&
		    body_plan_part(planning, i, err) != 0 &&
		    attached_pass(planning, i, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->parts[i].kind != MIME_LEAF && !plan->plans[i].pass &&
		    !part_is_inside_seal(plan->parts, i) &&
		    plan_composite_encoding(planning, i, err) != 0 &&
		    attached_pass(planning, i, err) != 0)
			return -1;
	}
	/* A header that is written anew must not end elsewhere for some. */
	for (size_t i = 0; i < plan->count; i++) {
		const struct mime_header *header = &plan->parts[i].header;
		const struct part_plan *want = &plan->plans[i];
		int status = 0;

		/* Some programs begin the content at such a line. */
		if (header->has_junk && (want->encode || want->header))
			status = body_refuse(err,
			    "a line in the header of a part that is not a "
			    "field",
			    "");
		/* With its empty line other parts would begin there. */
		else if (want->header && header->names_parts &&
		    !header->names_message)
			status = body_refuse(err,
			    "a part without an empty line below its header",
			    "");
		if (status != 0 && attached_pass(planning, i, err) != 0)
			return -1;
	}
	return 0;
}

/* The sum of the plans for all parts. */
static int
plan_whole(struct body_plan *plan, struct err *err)
{
	static const struct slice stand_ins = { "?*!#~", 5 };
	bool any_beside = false, is_used = true;

	for (size_t i = 0; i < plan->count; i++) {
		const struct part_plan *want = &plan->plans[i];

		any_beside = any_beside || want->beside;
		plan->changes_body = plan->changes_body || want->encode ||
		    (want->header && i > 0) || want->beside || want->close;
	}
	plan->changes = plan->changes_body || plan->plans[0].header;
	/*
	 * The octet that replaces those beside parts that cannot stay. It is in
	 * no boundary, so that no line becomes a delimiter.
	 */
	for (size_t i = 0; any_beside && is_used && i < stand_ins.len; i++) {
		plan->stand_in = stand_ins.data[i];
		is_used = false;
		for (size_t p = 0; p < plan->count && !is_used; p++)
			is_used =
			    slice_has(plan->parts[p].boundary, plan->stand_in);
	}
	return any_beside && is_used ?
	    body_refuse(err, "a multipart whose boundary cannot be read", "") :
	    0;
}

int
body_plan_make(const struct config *config, const struct body_facts *facts,
    const struct edits *edits, struct body_plan *ret_plan, struct err *err)
{
	struct planning planning = {
		.rules = body_rules_of(config, facts),
		.plan = { .parts = facts->parts,
		    .count = facts->count,
		    .line_limit = facts->line_limit,
		    .signed_end = UINT64_MAX },
		.mem = edits->mem,
	};
	struct body_rules *rules = &planning.rules;
	struct body_plan *plan = &planning.plan;

	plan->has_8bit = part_is_labelled_8bit(&plan->parts[0]);
	for (size_t i = 0; i < plan->count; i++)
		plan->has_8bit = plan->has_8bit || plan->parts[i].has_8bit ||
		    plan->parts[i].header.has_8bit;
	rules->converts = rules->traits->converts_all_parts && rules->to_7bit &&
	    (facts->header_8bit || plan->has_8bit);
	plan->plans =
	    arena_array(planning.mem, plan->count, sizeof(*plan->plans));
	/* The message's own fields are cut short like those of parts. */
	for (size_t i = 0; i < edits->count; i++) {
		const struct field *field = &edits->fields[i].field;
		struct mime_header header = { .longest_line = 0 };

		mime_measure_field(&header, field->name, field->value);
		if (edits->fields[i].state != FIELD_DELETED &&
		    header_has_cut_field(rules->traits, &header))
			return err_set(err, ERR_DATA,
			    "a very long %s, or one "
			    "with an open quote, would be broken on the way",
			    escape(edits->mem, field->name, 64));
	}
	if (plan_parts(&planning, err) != 0 || plan_whole(plan, err) != 0)
		return -1;
	*ret_plan = *plan;
	return 0;
}
