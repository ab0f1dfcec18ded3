/* SPDX-License-Identifier: BSD-2-Clause */
/* The purported responsible address: RFC 4407 section 2. */
#include "preflight/sender_id.h"

/* The first of these at or after `from` that is not empty; count: none. */
static size_t
sender_id_find_field(
    const struct field *fields, size_t count, const char *name, size_t from)
{
	size_t i = from;

	while (i < count &&
	    (!slice_eq_nocase(fields[i].name, slice_of(name)) ||
		slice_trim(fields[i].value).len == 0))
		i++;
	return i;
}

int
responsible_address(const struct field *fields, size_t count, bool utf8,
    struct arena *mem, struct responsible *ret_responsible, struct err *err)
{
	static const char *const names[] = { "Sender", "From" };
	size_t index = sender_id_find_field(fields, count, "Resent-Sender", 0);
	size_t from = sender_id_find_field(fields, count, "Resent-From", 0);
	struct responsible found;
	struct mailbox_list list;
	const char *name;

	/*
	 * Steps 1 and 2: the upper block of Resent fields counts. Trace fields
	 * between the two show that what is above them was added later.
	 */
	for (size_t i = from; i < index && index < count; i++) {
		if (slice_eq_nocase(fields[i].name, SLICE("Received")) ||
		    slice_eq_nocase(fields[i].name, SLICE("Return-Path")))
			index = from;
	}
	if (index == count)
		index = from;
	/* Steps 3 and 4: neither may be there twice. */
	for (size_t i = 0; i < 2 && index == count; i++) {
		index = sender_id_find_field(fields, count, names[i], 0);
		if (index < count &&
		    sender_id_find_field(fields, count, names[i], index + 1) <
			count)
			return err_set(
			    err, ERR_DATA, "more than one %s", names[i]);
	}
	if (index == count)
		return err_set(err, ERR_DATA, "no From");
	/* Step 5. */
	found.field = fields[index].name;
	name = escape(mem, found.field, 32);
	if (mailbox_list_parse(fields[index].value, 2, mem, &list, err) != 0)
		return err_wrap(err, "%s", name);
	if (list.count != 1)
		return err_set(err, ERR_DATA, "%s holds %s mailbox", name,
		    list.count == 0 ? "no" : "more than one");
	if (address_canonical(&list.items[0], SLICE(""), utf8, mem,
		&found.address, NULL, err) != 0)
		return err_wrap(err, "%s", name);
	*ret_responsible = found;
	return 0;
}
