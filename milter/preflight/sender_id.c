/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/sender_id.h"

static bool
is_field(const struct field *field, const char *name)
{
	return slice_eq_nocase(field->name, slice_of(name)) &&
	    slice_trim(field->value).len > 0;
}

/* The first of these that is not empty; count: there is none. */
static size_t
find_field(const struct field *fields, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && !is_field(&fields[i], name))
		i++;
	return i;
}

/*
 * Trace fields between two fields, the first of which stands above the other:
 * what is above them was added later.
 */
static bool
has_trace(const struct field *fields, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (slice_eq_nocase(fields[i].name, SLICE("Received")) ||
		    slice_eq_nocase(fields[i].name, SLICE("Return-Path")))
			return true;
	}
	return false;
}

/*
 * Steps 1 and 2: the upper block of Resent fields counts. A Resent-Sender
 * belongs to a later Resent-From only if no trace field stands between them.
 */
static size_t
find_resent(const struct field *fields, size_t count)
{
	size_t sender = find_field(fields, count, "Resent-Sender");
	size_t from = find_field(fields, count, "Resent-From");

	if (sender == count || has_trace(fields, from, sender))
		return from;
	return sender;
}

/* Steps 3 and 4: a field that must not be there twice. */
static int
find_only(const struct field *fields, size_t count, const char *name,
    size_t *ret_index, struct err *err)
{
	size_t first = find_field(fields, count, name);

	if (first < count && find_field(&fields[first + 1], count - first - 1,
	    name) < count - first - 1)
		return err_set(err, ERR_DATA, "more than one %s", name);
	*ret_index = first;
	return 0;
}

/* Step 5. */
static int
read_mailbox(const struct field *field, bool utf8, struct arena *mem,
    struct responsible *ret_responsible, struct err *err)
{
	struct responsible found = { .field = field->name };
	struct mailbox_list list;

	if (mailbox_list_parse(field->value, 2, mem, &list, err) != 0)
		return err_wrap(err, "%s", escape(mem, field->name, 32));
	if (list.count != 1)
		return err_set(err, ERR_DATA, "%s holds %s mailbox",
		    escape(mem, field->name, 32),
		    list.count == 0 ? "no" : "more than one");
	if (address_canonical(&list.items[0], SLICE(""), utf8, mem,
	    &found.address, NULL, err) != 0)
		return err_wrap(err, "%s", escape(mem, field->name, 32));
	*ret_responsible = found;
	return 0;
}

int
responsible_address(const struct field *fields, size_t count, bool utf8,
    struct arena *mem, struct responsible *ret_responsible, struct err *err)
{
	size_t index = find_resent(fields, count);

	if (index == count &&
	    find_only(fields, count, "Sender", &index, err) != 0)
		return -1;
	if (index == count &&
	    find_only(fields, count, "From", &index, err) != 0)
		return -1;
	if (index == count)
		return err_set(err, ERR_DATA, "no From");
	return read_mailbox(&fields[index], utf8, mem, ret_responsible, err);
}
