/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions that several rules for bodies ask. */
#include "body_rules_priv.h"

struct body_rules
body_rules_of(const struct config *config, const struct body_facts *facts)
{
	struct body_rules rules = {
		.bare_octets = config->repair.bare_octets,
		.sealed = config->repair.sealed,
		.sealed_8bit = config->repair.sealed_8bit,
		.attached = config->repair.attached,
		.traits = facts->traits,
		.line_limit = facts->line_limit,
		.all = config->repair.body == BODY_ALL && !facts->certain_only,
	};

	rules.to_7bit = rules.all && !facts->smtputf8;
	return rules;
}

int
body_refuse(struct err *err, const char *what, const char *advice)
{
	return err_set(
	    err, ERR_DATA, "%s would be broken on the way%s", what, advice);
}

bool
part_is_labelled_8bit(const struct mime_part *part)
{
	return part->encoding == TRANSFER_8BIT ||
	    part->encoding == TRANSFER_BINARY;
}

bool
body_will_change(const struct config *config, const struct body_facts *facts)
{
	const struct body_rules rules = body_rules_of(config, facts);

	for (size_t i = 0; i < facts->count; i++) {
		const struct mime_part *part = &facts->parts[i];

		if (part->longest_line > rules.line_limit || part->has_bare ||
		    part->has_nul ||
		    (rules.to_7bit &&
			(part->has_8bit || part_is_labelled_8bit(part))))
			return true;
	}
	return false;
}

bool
part_is_encoded_message(const struct mime_part *part)
{
	return part->kind == MIME_LEAF && part->is_rfc822 &&
	    (part->encoding == TRANSFER_BASE64 ||
		part->encoding == TRANSFER_QUOTED_PRINTABLE);
}

bool
part_is_inside_seal(const struct mime_part *parts, size_t index)
{
	return index > 0 && parts[parts[index].parent].seal != MIME_UNSEALED;
}

/* Others open it for a label to change, and change no more than that. */
bool
encoded_message_is_opened(
    const struct body_rules *rules, const struct mime_part *part)
{
	return part->kind == MIME_LEAF && part->is_rfc822 &&
	    (rules->traits->opens_encoded_messages ||
		(rules->to_7bit && part->has_label));
}

bool
part_lacks_version(const struct mime_part *parts, size_t index)
{
	const struct mime_part *above = &parts[parts[index].parent];

	return index > 0 && above->kind == MIME_MESSAGE && above->is_rfc822 &&
	    !parts[index].header.has_version;
}

bool
part_is_behind_others(const struct mime_part *parts, size_t index)
{
	size_t above = parts[index].parent;

	if (index == 0 || parts[above].kind != MIME_MULTIPART)
		return false;
	for (size_t i = above + 1; i < index; i++) {
		if (parts[i].kind == MIME_MULTIPART || parts[i].is_rfc822 ||
		    parts[i].is_unreadable)
			return true;
	}
	return false;
}

bool
header_has_cut_field(
    const struct mta_traits *traits, const struct mime_header *header)
{
	return (traits->closes_quotes && header->has_open_quote) ||
	    header->longest_field > traits->cuts_content_fields_at ||
	    header->longest_parameter > traits->cuts_parameters_at;
}

void
plan_leave_unsigned(struct body_plan *plan, uint64_t from)
{
	if (from < plan->signed_end)
		plan->signed_end = from;
}

int
part_plan_header(
    const struct mime_part *part, struct part_plan *plan, struct err *err)
{
	if (part->encoding == TRANSFER_OTHER && part->encoding_token.len == 0)
		return body_refuse(
		    err, "a part whose encoding cannot be read", "");
	if (!plan->header)
		plan->encoding = part->encoding_token;
	plan->header = true;
	return 0;
}
