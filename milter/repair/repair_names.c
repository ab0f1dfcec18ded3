/* SPDX-License-Identifier: BSD-2-Clause */
/* 8-bit names in address fields become encoded words. */
#include "message/display.h"
#include "repair_priv.h"

enum { MAX_RECIPIENTS = 10000 };

static bool
is_author_field(struct slice name)
{
	static const struct slice fields[] = { { "From", 4 }, { "Sender", 6 },
		{ "Author", 6 }, { "Resent-From", 11 },
		{ "Resent-Sender", 13 } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (slice_eq_nocase(fields[i], name))
			return true;
	}
	return false;
}

/*
 * The list with encoded words for names; what is 8-bit in an address stays. False
 * when it cannot be read, or has no such form (a group).
 */
static bool
encode_names(struct slice value, struct arena *mem, struct slice *ret_value)
{
	struct mailbox_list list;
	struct err err;

	if (mailbox_list_parse(value, MAX_RECIPIENTS, mem, &list, &err) != 0 ||
	    list.count == 0 ||
	    (list.constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		struct mailbox *mailbox = &list.items[i];
		struct slice name = mailbox->display.len != 0
		    ? mailbox->display : mailbox->comment;
		struct strbuf buf;

		if (slice_is_ascii(name))
			continue;
		strbuf_init(&buf, mem);
		display_name_encode(&buf, name);
		mailbox->display = strbuf_slice(&buf);
		mailbox->comment = (struct slice){ NULL, 0 };
	}
	*ret_value = mailbox_list_print(list.items, list.count, NULL, mem);
	return !slice_eq(*ret_value, value);
}

void
repair_8bit_names(const struct config *config, const struct cover *cover,
    struct edits *edits, unsigned int *repairs)
{
	for (size_t i = 0; config->repair.header_8bit && i < edits->count;
	    i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		bool is_author = is_author_field(field->name);
		struct slice value;

		arena_init(&scratch);
		if (edits->fields[i].state == FIELD_DELETED ||
		    cover_has_field(cover, i) ||
		    slice_is_ascii(field->value) ||
		    !repair_is_address_field(field->name) ||
		    (is_author && config->authors.raw_8bit == RRA_ACCEPT &&
		    !slice_is_utf8(field->value)) ||
		    !encode_names(field->value, &scratch, &value))
			continue;
		edits_change(edits, i, slice_dup(edits->mem, value));
		*repairs |= REPAIRED_8BIT;
		/* It is judged again. */
		*repairs |= is_author ? REPAIRED_AUTHORS : 0;
	}
}
