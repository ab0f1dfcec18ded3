/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair/repair_body.h"

#include "message/content_type.h"
#include "message/part_header.h"
#include "repair_priv.h"

/* What Sendmail cuts short (MaxMimeHeaderLength) or does not look into. */
enum {
	SENDMAIL_FIELD_OCTETS = 2000,
	SENDMAIL_PARAMETER_OCTETS = 1010,
	SENDMAIL_MULTIPARTS = 20,	/* one in another */
};

/* So many 8-bit octets do not make a text long. */
enum { FEW_OCTETS = 64 };

/* How far repairs go. */
struct rules {
	const struct config *config;
	size_t line_limit;
	bool postfix;		/* this MTA may send it */
	bool sendmail;
	bool all;		/* also what only some MTA changes */
	bool to_7bit;		/* a next hop may lack 8BITMIME */
	/* Sendmail would look for 8 bits in all parts, and write all headers. */
	bool converts;
};

static int
refuse(struct err *err, const char *what, const char *advice)
{
	return err_set(err, ERR_DATA, "%s would be broken on the way%s", what,
	    advice);
}

static bool
is_labelled_8bit(const struct mime_part *part)
{
	return part->encoding == TRANSFER_8BIT ||
	    part->encoding == TRANSFER_BINARY;
}

static bool
is_inside_seal(const struct mime_part *parts, size_t index)
{
	return index > 0 && parts[parts[index].parent].seal != MIME_UNSEALED;
}

/* Sendmail opens message/rfc822, and gives it a MIME-Version. */
static bool
lacks_version(const struct mime_part *parts, size_t index)
{
	const struct mime_part *above = &parts[parts[index].parent];

	return index > 0 && above->kind == MIME_MESSAGE && above->is_rfc822 &&
	    !parts[index].header.has_version;
}

/* Sendmail would cut such a field short, or close its quotes. */
static bool
has_cut_field(const struct mime_header *header)
{
	return header->has_open_quote ||
	    header->longest_field > SENDMAIL_FIELD_OCTETS ||
	    header->longest_parameter > SENDMAIL_PARAMETER_OCTETS;
}

/* What Sendmail never sends on as it is. */
static bool
is_odd_for_sendmail(const struct mime_part *part)
{
	const struct mime_header *header = &part->header;

	return !header->ended || header->has_junk || header->has_name_blank ||
	    header->has_mbox_line || has_cut_field(header) ||
	    part->is_unreadable || part->boundary_is_odd ||
	    (part->kind == MIME_LEAF && part->is_rfc822) ||
	    (part->kind == MIME_MULTIPART &&
		(!part->is_closed || part->has_8bit));
}

/* Whether a part inside of a seal is converted for a 7-bit hop. */
static bool
is_converted(const struct rules *rules, const struct mime_part *parts,
    size_t index)
{
	const struct mime_part *part = &parts[index];

	if (rules->postfix && rules->to_7bit && is_labelled_8bit(part))
		return true;
	/* It does not look into multipart/signed for that. */
	return rules->converts && part->seal == MIME_ENCRYPTED &&
	    (part->has_8bit || lacks_version(parts, index) ||
		(part->header.encodings > 0 && (part->kind != MIME_LEAF ||
		!part->header.encoding_is_last)));
}

/* What stands from that octet on may change on the way. */
static void
leave_unsigned(struct body_plan *plan, uint64_t from)
{
	if (from < plan->signed_end)
		plan->signed_end = from;
}

/* What may not be touched, but would have to be. */
static int
judge_sealed(enum sealed_choice choice, struct body_plan *plan, size_t index,
    const char *what, struct err *err)
{
	if (choice == SEALED_PASS)
		return 0;
	/* A signature of nothing is no help, and some verifiers take l=0 amiss. */
	if (choice == SEALED_PASS_UNSIGNED &&
	    plan->parts[index].header_start > 0) {
		leave_unsigned(plan, plan->parts[index].header_start);
		return 0;
	}
	return err_set(err, ERR_DATA, "a signed or encrypted part with %s would "
	    "be broken on the way: have your mail program encode it", what);
}

/* This MTA changes it, whatever the next hop is. */
static int
judge_sealed_form(const struct rules *rules, struct body_plan *plan,
    size_t index, const char *what, struct err *err)
{
	return judge_sealed(rules->config->repair.sealed, plan, index, what,
	    err);
}

/* The MTA changes it for a next hop without 8BITMIME alone. */
static int
judge_sealed_8bit(const struct rules *rules, struct body_plan *plan,
    size_t index, struct err *err)
{
	return judge_sealed(rules->config->repair.sealed_8bit, plan, index,
	    "8-bit content", err);
}

static int
judge_inside_seal(const struct rules *rules, struct body_plan *plan,
    size_t index, struct err *err)
{
	const struct mime_part *part = &plan->parts[index];

	/* What closes the multipart around it would end that header. */
	if (rules->sendmail && !part->header.ended)
		return refuse(err,
		    "a part without an empty line below its header", "");
	if (part->longest_line > rules->line_limit ||
	    part->header.longest_line > rules->line_limit)
		return judge_sealed_form(rules, plan, index, "long lines",
		    err);
	if (rules->sendmail && is_odd_for_sendmail(part))
		return judge_sealed_form(rules, plan, index,
		    "odd lines around its content", err);
	if (is_converted(rules, plan->parts, index))
		return judge_sealed_8bit(rules, plan, index, err);
	return 0;
}

/* The header is written anew, with what the part says of its encoding. */
static int
plan_rewriting(const struct mime_part *part, struct part_plan *plan,
    struct err *err)
{
	if (part->encoding == TRANSFER_OTHER && part->encoding_token.len == 0)
		return refuse(err, "a part whose encoding cannot be read", "");
	if (!plan->header)
		plan->encoding = part->encoding_token;
	plan->header = true;
	return 0;
}

static void
plan_encoding(struct part_plan *plan, enum transfer_encoding encoding)
{
	plan->header = true;
	plan->encoding = slice_of(transfer_encoding_name(encoding));
}

static int
plan_header(const struct rules *rules, const struct mime_part *parts,
    size_t index, struct part_plan *plan, struct err *err)
{
	const struct mime_part *part = &parts[index];
	const struct mime_header *header = &part->header;

	if (index > 0 && header->encodings > 1)
		return refuse(err, "a part with two encodings", "");
	if (rules->sendmail && header->has_junk)
		return refuse(err,
		    "a line in the header of a part that is no field", "");
	if (rules->sendmail && has_cut_field(header))
		return refuse(err, "a very long field, or one with an open "
		    "quote, in the header of a part", "");
	plan->drop_mbox_line = rules->sendmail && header->has_mbox_line;
	if (header->longest_line > rules->line_limit && (header->has_junk ||
	    (header->has_mbox_line && !plan->drop_mbox_line)))
		return refuse(err, "a long line in the header of a part", "");
	plan->add_version = rules->converts && lacks_version(parts, index);
	/* What is written anew ends with an empty line; Sendmail wants one. */
	if (header->longest_line > rules->line_limit || plan->add_version ||
	    header->has_copy || (rules->sendmail &&
		((index > 0 && !header->ended) || header->has_name_blank || header->has_mbox_line)))
		return plan_rewriting(part, plan, err);
	return 0;
}

/* Whether a leaf cannot stay as it is; *ret_certain: any MTA would change it. */
static bool
must_change(const struct rules *rules, const struct mime_part *part,
    bool *ret_certain)
{
	bool lies = part->has_8bit && !is_labelled_8bit(part);

	*ret_certain = part->longest_line > rules->line_limit;
	if (*ret_certain)
		return true;
	if (!rules->all)
		return false;
	return lies || part->has_nul || part->has_bare ||
	    (rules->postfix && part->has_lookalike) ||
	    (part->has_8bit && rules->to_7bit);
}

/* A leaf that nobody may encode; encoded: it would have to be. */
static int
judge_unencodable(const struct rules *rules, struct body_plan *plan,
    size_t index, bool encoded, bool certain, struct err *err)
{
	const struct mime_part *part = &plan->parts[index];

	if (part->is_unreadable && (encoded || rules->sendmail))
		return refuse(err,
		    "a multipart whose boundary cannot be read", "");
	/* Postfix opens it as well, but changes no more than that field. */
	if (part->is_rfc822 && (rules->sendmail ||
	    (rules->to_7bit && part->has_label)))
		return refuse(err, "an attached message that is encoded",
		    ": attach it as a file");
	if (!encoded)
		return 0;
	if (part->seal != MIME_UNSEALED && certain)
		return judge_sealed_form(rules, plan, index, "long lines",
		    err);
	if (part->seal != MIME_UNSEALED)
		return judge_sealed_8bit(rules, plan, index, err);
	/* What neither says nor is 8bit passes as it is. */
	if (part->is_message && (certain ||
	    (rules->postfix && is_labelled_8bit(part))))
		return refuse(err, "a report or a piece of a message with 8-bit "
		    "content or long lines", "");
	if (part->encoding == TRANSFER_OTHER && certain)
		return refuse(err, "a part of unknown encoding with long lines",
		    "");
	return 0;
}

static bool
is_encodable(const struct mime_part *part)
{
	return part->seal == MIME_UNSEALED && !part->is_unreadable &&
	    part->encoding != TRANSFER_OTHER && (!part->is_message ||
		(part->is_rfc822 && part->encoding > TRANSFER_BINARY));
}

/*
 * What is labelled so, holds what base64 never does, and is for the most part
 * none is text as it is. In the rest such octets are strays that no reader
 * sees (a footer that some gateway has appended).
 */
static bool
is_false_base64(const struct mime_part *part)
{
	return part->encoding == TRANSFER_BASE64 &&
	    (part->has_8bit || part->has_nul) && part->base64_octets <
	    (part->content_end - part->content_start) / 2;
}

/*
 * Text that quoted-printable keeps shorter than base64, or that is short in
 * any case: it makes three octets of an 8-bit one, where base64 makes four of
 * three of any kind.
 */
static bool
is_mostly_ascii(const struct mime_part *part)
{
	uint64_t octets = part->content_end - part->content_start;

	return part->is_text && (part->octets_8bit < FEW_OCTETS ||
	    part->octets_8bit < octets / 5);
}

static int
plan_leaf(const struct rules *rules, struct body_plan *plan, size_t index,
    struct err *err)
{
	const struct mime_part *part = &plan->parts[index];
	struct part_plan *want = &plan->plans[index];
	bool certain, encoded = must_change(rules, part, &certain);

	if (judge_unencodable(rules, plan, index, encoded, certain, err) != 0)
		return -1;
	if (encoded && is_encodable(part)) {
		want->encode = true;
		want->from = is_false_base64(part) ? TRANSFER_8BIT
		    : part->encoding;
		/* What is encoded stays in that encoding, in shorter lines. */
		if (want->from == TRANSFER_BASE64 ||
		    want->from == TRANSFER_QUOTED_PRINTABLE)
			want->to = want->from;
		else
			want->to = is_mostly_ascii(part)
			    ? TRANSFER_QUOTED_PRINTABLE : TRANSFER_BASE64;
		plan_encoding(want, want->to);
		return 0;
	}
	/* A label alone makes MTAs convert. */
	if (is_labelled_8bit(part) && !part->has_8bit && rules->to_7bit) {
		plan_encoding(want, TRANSFER_7BIT);
		return 0;
	}
	if ((rules->converts && part->header.encodings > 0 &&
	    !part->header.encoding_is_last) ||
	    (part->encoding_has_more && rules->to_7bit))
		return plan_rewriting(part, want, err);
	return 0;
}

/* Whether anything 8-bit is left in a part or below it. */
static bool
stays_8bit(const struct body_plan *plan, size_t index)
{
	for (size_t i = index; i < plan->count; i++) {
		size_t up = i;

		while (up > index)
			up = plan->parts[up].parent;
		if (up == index && plan->parts[i].has_8bit &&
		    !plan->plans[i].encode && !plan->plans[i].beside)
			return true;
	}
	return false;
}

static bool
has_parts(const struct body_plan *plan, size_t index)
{
	return index + 1 < plan->count &&
	    plan->parts[index + 1].parent == index;
}

/* Multiparts that a part is in, with itself. */
static unsigned int
multiparts_around(const struct mime_part *parts, size_t index)
{
	unsigned int count = parts[index].kind == MIME_MULTIPART;

	while (index > 0) {
		index = parts[index].parent;
		count += parts[index].kind == MIME_MULTIPART;
	}
	return count;
}

/* The delimiters of a multipart, and what stands beside its parts. */
static int
plan_multipart(const struct rules *rules, struct body_plan *plan, size_t index,
    struct err *err)
{
	const struct mime_part *part = &plan->parts[index];
	struct part_plan *want = &plan->plans[index];

	/*
	 * Sendmail drops blanks behind delimiters. Postfix never converts what
	 * is beside parts, and sealed parts stay as they are.
	 */
	want->beside = part->longest_line > rules->line_limit ||
	    (part->has_8bit && (rules->sendmail || (rules->to_7bit &&
		part->seal == MIME_UNSEALED))) ||
	    (part->has_padding && rules->sendmail &&
		part->seal == MIME_UNSEALED);
	want->close = rules->sendmail && !part->is_closed;
	want->quote_boundary = rules->sendmail && part->boundary_is_odd;
	if ((want->beside || want->close) && !has_parts(plan, index))
		return refuse(err, "a multipart without parts", "");
	/* A delimiter, which is no text to be broken: "--", the boundary, "--". */
	if (want->beside && part->boundary.len + 4 >= rules->line_limit)
		return refuse(err, "a multipart with a long boundary", "");
	if (rules->sendmail &&
	    multiparts_around(plan->parts, index) > SENDMAIL_MULTIPARTS)
		return refuse(err, "a part in so many others", "");
	if ((want->beside || want->close) && part->seal != MIME_UNSEALED) {
		want->beside = want->close = false;
		return judge_sealed_form(rules, plan, index,
		    "odd lines around its content", err);
	}
	return want->quote_boundary ? plan_rewriting(part, want, err) : 0;
}

/*
 * What a multipart or message says of its encoding. Without that field it says
 * 7bit, and of these Sendmail removes it.
 */
static int
plan_composite_encoding(const struct rules *rules, struct body_plan *plan,
    size_t index, struct err *err)
{
	const struct mime_part *part = &plan->parts[index];
	struct part_plan *want = &plan->plans[index];
	/* Sendmail treats these as leaves; illegal encodings make others so. */
	bool as_leaf = part->seal == MIME_SIGNED ||
	    part->encoding > TRANSFER_BINARY ||
	    (part->kind == MIME_MESSAGE && !part->is_rfc822);

	if (is_labelled_8bit(part) && rules->to_7bit) {
		/* Postfix would make 7bit of it whatever stays 8-bit inside. */
		if (!stays_8bit(plan, index) ||
		    (part->seal == MIME_UNSEALED && rules->postfix)) {
			want->header = true;
			want->encoding = (struct slice){ NULL, 0 };
			return 0;
		}
		if (rules->postfix && index == 0 &&
		    rules->config->repair.sealed_8bit == SEALED_PASS_UNSIGNED)
			leave_unsigned(plan, part->content_end);
		else if (rules->postfix)
			return judge_sealed_8bit(rules, plan, index, err);
	}
	if (!rules->converts || part->header.encodings == 0 ||
	    (as_leaf && part->header.encoding_is_last))
		return 0;
	if (plan_rewriting(part, want, err) != 0)
		return -1;
	if (!as_leaf)
		want->encoding = (struct slice){ NULL, 0 };
	return 0;
}

static bool
any_8bit(const struct mime_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (parts[i].has_8bit || parts[i].header.has_8bit)
			return true;
	}
	return is_labelled_8bit(&parts[0]);
}

/* The message's own fields: Sendmail cuts them short like those of parts. */
static int
judge_fields(const struct edits *edits, struct err *err)
{
	for (size_t i = 0; i < edits->count; i++) {
		const struct field *field = &edits->fields[i].field;
		struct mime_header facts = { .longest_line = 0 };

		mime_measure_field(&facts, field->name, field->value);
		if (edits->fields[i].state != FIELD_DELETED &&
		    has_cut_field(&facts))
			return err_set(err, ERR_DATA, "a very long %s, or one "
			    "with an open quote, would be broken on the way",
			    escape(edits->mem, field->name, 64));
	}
	return 0;
}

/* Whether Postfix might change something, wherever it finds parts. */
static bool
may_be_changed(const struct rules *rules, const struct mime_part *part)
{
	return part->longest_line > rules->line_limit ||
	    part->header.longest_line > rules->line_limit ||
	    (rules->to_7bit && (part->has_label || part->has_8bit ||
		is_labelled_8bit(part)));
}

/*
 * A part that programs take apart in different ways can go on only where that
 * makes no difference: nothing in the whole body has to be changed.
 */
static int
judge_ambiguous(const struct rules *rules, const struct body_plan *plan,
    struct err *err)
{
	bool changes = rules->sendmail;

	for (size_t i = 0; i < plan->count && !changes; i++)
		changes = may_be_changed(rules, &plan->parts[i]);
	return changes ? refuse(err,
	    "a part whose Content-Type can be read in two ways", "") : 0;
}

static int
plan_part(const struct rules *rules, struct body_plan *plan, size_t index,
    struct err *err)
{
	const struct mime_part *part = &plan->parts[index];
	struct part_plan *want = &plan->plans[index];

	if (rules->config->repair.bare_octets == BARE_REFUSE &&
	    (part->has_nul || part->has_bare || part->header.has_bare))
		return err_set(err, ERR_DATA, "NUL, or CR or LF alone, in the "
		    "body");
	if (part->is_ambiguous)
		return judge_ambiguous(rules, plan, err);
	if (is_inside_seal(plan->parts, index))
		return judge_inside_seal(rules, plan, index, err);
	if (plan_header(rules, plan->parts, index, want, err) != 0)
		return -1;
	if (part->kind == MIME_LEAF)
		return plan_leaf(rules, plan, index, err);
	return part->kind == MIME_MULTIPART
	    ? plan_multipart(rules, plan, index, err) : 0;
}

/*
 * What is written for octets beside parts that cannot stay: of no boundary, so
 * that no line becomes a delimiter.
 */
static int
pick_stand_in(struct body_plan *plan, struct err *err)
{
	static const struct slice choice = { "?*!#~", 5 };

	for (size_t i = 0; i < choice.len; i++) {
		bool is_used = false;

		for (size_t p = 0; p < plan->count && !is_used; p++)
			is_used = slice_has(plan->parts[p].boundary,
			    choice.data[i]);
		plan->stand_in = choice.data[i];
		if (!is_used)
			return 0;
	}
	return refuse(err, "a multipart whose boundary cannot be read", "");
}

/* What all parts come to. */
static int
plan_whole(struct body_plan *plan, struct err *err)
{
	bool any_beside = false;

	for (size_t i = 0; i < plan->count; i++) {
		const struct part_plan *want = &plan->plans[i];

		/* Some programs begin the content at such a line. */
		if (plan->parts[i].header.has_junk &&
		    (want->encode || want->header))
			return refuse(err, "a line in the header of a part that "
			    "is no field", "");
		/* With its empty line other parts would begin there. */
		if (want->header && plan->parts[i].header.would_open)
			return refuse(err, "a part without an empty line below "
			    "its header", "");
		any_beside = any_beside || want->beside;
		plan->changes_body = plan->changes_body || want->encode ||
		    (want->header && i > 0) || want->beside || want->close;
	}
	plan->changes = plan->changes_body || plan->plans[0].header;
	return any_beside ? pick_stand_in(plan, err) : 0;
}

int
body_plan_make(const struct config *config, const struct body_facts *facts,
    const struct mime_part *parts, size_t count, const struct edits *edits,
    struct arena *mem, struct body_plan *ret_plan, struct err *err)
{
	struct rules rules = {
		.config = config,
		.line_limit = facts->line_limit,
		.postfix = facts->mta != MTA_SENDMAIL,
		.sendmail = facts->mta != MTA_POSTFIX,
		.all = config->repair.body == BODY_ALL && !facts->certain_only,
	};
	struct body_plan plan = { .parts = parts, .count = count,
		.line_limit = facts->line_limit, .signed_end = UINT64_MAX };

	rules.to_7bit = rules.all && !facts->smtputf8;
	plan.has_8bit = any_8bit(parts, count);
	rules.converts = rules.sendmail && rules.to_7bit &&
	    (facts->header_8bit || plan.has_8bit);
	plan.plans = arena_array(mem, count, sizeof(*plan.plans));
	if (rules.sendmail && judge_fields(edits, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (plan_part(&rules, &plan, i, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (parts[i].kind != MIME_LEAF && !is_inside_seal(parts, i) &&
		    plan_composite_encoding(&rules, &plan, i, err) != 0)
			return -1;
	}
	if (plan_whole(&plan, err) != 0)
		return -1;
	*ret_plan = plan;
	return 0;
}
