/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a plan changes the body first, and what it changes in the header. */
#include "message/content_type.h"
#include "repair/repair_body.h"
#include "repair_priv.h"

uint64_t
body_plan_first_change(const struct body_plan *plan)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < plan->count; i++) {
		const struct part_plan *want = &plan->plans[i];
		const struct mime_part *part = &plan->parts[i];
		uint64_t from = part->content_start;

		/* The header of the message itself is not in the body. */
		if (want->header && i > 0)
			from = part->header_start;
		else if (!want->encode && !want->decode && !want->beside &&
		    !want->close)
			continue;
		first = from < first ? from : first;
	}
	return first;
}

struct slice
type_as_file(struct slice value, struct arena *mem)
{
	return mime_type_as_file(value, SLICE("message.eml"), mem);
}

void
body_plan_edit(const struct body_plan *plan, struct edits *edits)
{
	const struct part_plan *top = &plan->plans[0];
	const struct mime_part *part = &plan->parts[0];
	size_t type;

	if (!top->header)
		return;
	if (edits_find(edits, SLICE("MIME-Version"), 0) == edits->count)
		edits_add(edits, SLICE("MIME-Version"), SLICE(" 1.0"));
	type = edits_find(edits, SLICE("Content-Type"), 0);
	if (type == edits->count)
		edits_add(edits, SLICE("Content-Type"),
		    slice_format(edits->mem, " text/plain; charset=%s",
			!part->has_8bit	  ? "us-ascii" :
			    part->is_utf8 ? "utf-8" :
					    "unknown-8bit"));
	else if (top->quote_boundary)
		edits_change(edits, type,
		    with_quoted_boundary(
			edits->fields[type].field.value, edits->mem));
	else if (top->as_file)
		edits_change(edits, type,
		    type_as_file(edits->fields[type].field.value, edits->mem));
	if (top->encoding.len == 0)
		(void)edits_delete_all(
		    edits, SLICE("Content-Transfer-Encoding"));
	else
		repair_set_field(edits, SLICE("Content-Transfer-Encoding"),
		    slice_format(
			edits->mem, " %.*s", SLICE_ARGS(top->encoding)));
}
