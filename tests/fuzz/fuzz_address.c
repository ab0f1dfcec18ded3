/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "message/address.h"
#include "message/header.h"

enum { MAX_MAILBOXES = 50 };

/* What is in a name or a local part, and stays there when it is printed. */
static const unsigned int lasting = CONSTRUCT_BIT(CONSTRUCT_RELAY_MARK) |
    CONSTRUCT_BIT(CONSTRUCT_DOMAIN_LITERAL) |
    CONSTRUCT_BIT(CONSTRUCT_QUOTED_LOCAL) |
    CONSTRUCT_BIT(CONSTRUCT_ENCODED_ADDRESS) |
    CONSTRUCT_BIT(CONSTRUCT_NOT_UTF8);

/* An address is one address, and prints as itself. */
static void
check_author(
    struct slice value, const struct mailbox *mailbox, struct arena *mem)
{
	struct address address, again;
	struct mailbox_list list;
	struct mailbox path;
	unsigned int constructs;
	bool is_null;
	struct err err;

	ENSURE(mailbox->offset <= value.len &&
	    mailbox->len <= value.len - mailbox->offset);
	if (address_canonical(mailbox, SLICE("corp.example"), true, mem,
		&address, NULL, &err) != 0) {
		ENSURE(err.text[0] != '\0');
		return;
	}
	ENSURE(slice_is_ascii(address.domain) &&
	    (slice_has(address.domain, '.') || address.domain.data[0] == '['));
	ENSURE(slice_find_last(address.text, '@') + 1 + address.domain.len ==
	    address.text.len);
	ENSURE(mailbox_list_parse(address.text, 1, mem, &list, &err) == 0 &&
	    list.count == 1 && list.items[0].display.len == 0);
	ENSURE(address_canonical(&list.items[0], SLICE(""), true, mem, &again,
		   NULL, &err) == 0 &&
	    slice_eq(again.text, address.text));
	ENSURE(reverse_path_parse(address.text, mem, &is_null, &path,
		   &constructs, &err) == 0 &&
	    !is_null && slice_eq(path.local, address.local));
}

/* Printed plainly a list says the same, in one way only, and for good. */
static void
check_print(const struct mailbox_list *list, struct arena *mem)
{
	struct slice text =
	    mailbox_list_print(list->items, list->count, NULL, mem);
	struct mailbox_list again;
	struct err err;

	ENSURE(!slice_has(text, '\r') && !slice_has(text, '\0'));
	for (size_t i = 0; i < text.len; i++)
		ENSURE(text.data[i] != '\n' || text.data[i + 1] == ' ');
	ENSURE(mailbox_list_parse(text, MAX_MAILBOXES, mem, &again, &err) == 0);
	ENSURE(again.count == list->count);
	ENSURE((again.constructs & ~lasting) == 0);
	for (size_t i = 0; i < list->count; i++) {
		ENSURE(slice_eq(again.items[i].local, list->items[i].local));
		ENSURE(slice_eq(again.items[i].domain, list->items[i].domain));
	}
	/* Only folds may be at other blanks. */
	ENSURE(slice_eq(
	    field_unfold(
		mem, mailbox_list_print(again.items, again.count, NULL, mem)),
	    field_unfold(mem, text)));
}

/* Cut to any length a list says the same but for its names, in one way. */
static void
check_cut(const struct mailbox_list *list, size_t max, struct arena *mem)
{
	struct slice text =
	    mailbox_list_print_within(list->items, list->count, max, mem);
	struct mailbox_list again;
	struct err err;

	ENSURE(!slice_has(text, '\r') && !slice_has(text, '\0'));
	ENSURE(mailbox_list_parse(text, MAX_MAILBOXES, mem, &again, &err) == 0);
	ENSURE(again.count == list->count);
	ENSURE((again.constructs & ~lasting) == 0);
	for (size_t i = 0; i < list->count; i++) {
		size_t alone = address_octets(slice_sub(text,
				   again.items[i].offset, again.items[i].len)) +
		    2;
		size_t name = address_octets(again.items[i].display);

		ENSURE(slice_eq(again.items[i].local, list->items[i].local));
		ENSURE(slice_eq(again.items[i].domain, list->items[i].domain));
		ENSURE(name == 0 || name + 1 + alone <= max);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = { (const char *)data, size };
	struct mailbox_list list;
	struct mailbox path;
	unsigned int constructs;
	struct arena mem;
	struct err err;
	bool is_null;

	arena_init(&mem);
	if (mailbox_list_parse(value, MAX_MAILBOXES, &mem, &list, &err) == 0) {
		for (size_t i = 0; i < list.count; i++)
			check_author(value, &list.items[i], &mem);
		check_print(&list, &mem);
		check_cut(&list, 1 + size % 97, &mem);
	} else {
		ENSURE(err.kind == ERR_DATA || err.kind == ERR_LIMIT);
	}
	(void)!reverse_path_parse(
	    value, &mem, &is_null, &path, &constructs, &err);
	arena_done(&mem);
	return 0;
}
