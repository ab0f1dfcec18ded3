/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "message/address.h"

enum { MAX_MAILBOXES = 50 };

/* What is accepted as an author is one address, and prints as itself. */
static void
check_author(struct slice value, const struct mailbox *mailbox,
    struct arena *mem)
{
	struct address address, again;
	struct mailbox_list list;
	struct mailbox path;
	struct slice span;
	bool is_null;
	struct err err;

	ENSURE(mailbox->offset <= value.len &&
	    mailbox->len <= value.len - mailbox->offset);
	span = slice_sub(value, mailbox->offset, mailbox->len);
	ENSURE(!slice_has(span, '\n') && !slice_has(span, '<'));
	if (address_canonical(mailbox, SLICE("corp.example"), true, mem,
	    &address, NULL, &err) != 0) {
		ENSURE(err.text[0] != '\0');
		return;
	}
	ENSURE(slice_is_ascii(address.domain) && slice_has(address.domain, '.'));
	ENSURE(slice_find_last(address.text, '@') + 1 + address.domain.len ==
	    address.text.len);
	ENSURE(mailbox_list_parse(address.text, ADDRESS_AUTHOR, 1, mem, &list,
	    &err) == 0 && list.count == 1 && list.items[0].display.len == 0);
	ENSURE(address_canonical(&list.items[0], SLICE(""), true, mem, &again,
	    NULL, &err) == 0 && slice_eq(again.text, address.text));
	ENSURE(reverse_path_parse(address.text, mem, &is_null, &path,
	    &err) == 0 && !is_null && slice_eq(path.local, address.local));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = { (const char *)data, size };
	struct mailbox_list authors, others;
	struct mailbox path;
	struct arena mem;
	struct err err;
	bool is_null;

	arena_init(&mem);
	if (mailbox_list_parse(value, ADDRESS_AUTHOR, MAX_MAILBOXES, &mem,
	    &authors, &err) == 0) {
		for (size_t i = 0; i < authors.count; i++)
			check_author(value, &authors.items[i], &mem);
		/* What is strict is no other thing where it need not be. */
		ENSURE(mailbox_list_parse(value, ADDRESS_ANY, MAX_MAILBOXES,
		    &mem, &others, &err) == 0);
		ENSURE(others.count == authors.count);
	} else {
		ENSURE(err.kind == ERR_DATA || err.kind == ERR_LIMIT);
		(void)!mailbox_list_parse(value, ADDRESS_ANY, MAX_MAILBOXES,
		    &mem, &others, &err);
	}
	(void)!reverse_path_parse(value, &mem, &is_null, &path, &err);
	arena_done(&mem);
	return 0;
}
