/* SPDX-License-Identifier: BSD-2-Clause */
/* 8-bit names in address fields become encoded words. */
#include "message/display.h"
#include "message/field_names.h"
#include "repair_priv.h"

enum { MAX_RECIPIENTS = 10000 };

void
repair_8bit_names(struct header_repair *repair)
{
	const struct config *config = repair->config;
	struct edits *edits = repair->edits;

	for (size_t i = 0; config->repair.header_8bit && i < edits->count;
	     i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		bool is_author = field_is(field->name, FIELD_AUTHOR);
		struct mailbox_list list;
		struct slice value;
		struct err err;

		arena_init(&scratch);
		/* A list that cannot be read, or with a group, has no such form. */
		if (edits->fields[i].state == FIELD_DELETED ||
		    cover_has_field(repair->facts->cover, i) ||
		    slice_is_ascii(field->value) ||
		    !field_is(field->name, FIELD_ADDRESSES) ||
		    (is_author && config->authors.raw_8bit == RRA_ACCEPT &&
			!slice_is_utf8(field->value)) ||
		    mailbox_list_parse(field->value, MAX_RECIPIENTS, &scratch,
			&list, &err) != 0 ||
		    list.count == 0 ||
		    (list.constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0)
			continue;
		for (size_t m = 0; m < list.count; m++) {
			struct mailbox *mailbox = &list.items[m];
			struct slice name = mailbox->display.len != 0 ?
			    mailbox->display :
			    mailbox->comment;
			struct strbuf buf;

			if (slice_is_ascii(name))
				continue;
			strbuf_init(&buf, &scratch);
			display_name_encode(&buf, name);
			mailbox->display = strbuf_slice(&buf);
			mailbox->comment = (struct slice){ NULL, 0 };
		}
		/* 8-bit octets of an address stay. */
		value =
		    mailbox_list_print(list.items, list.count, NULL, &scratch);
		if (slice_eq(value, field->value))
			continue;
		edits_change(edits, i, slice_dup(edits->mem, value));
		repair->done |= REPAIRED_8BIT;
		/* It is judged again. */
		repair->done |= is_author ? REPAIRED_AUTHORS : 0;
	}
}
