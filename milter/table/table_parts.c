/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the tables that another one is made of, and watches their files. */
#include "table_parts_priv.h"

int
table_parts_caps(struct slice name, unsigned int *ret_all,
    unsigned int *ret_first, struct err *err)
{
	unsigned int patterns = TABLE_CAP_PATTERNS;
	struct slice rest, item;
	size_t count = 0;
	int status;

	*ret_all = TABLE_FOR_ANY;
	if (table_list_open(name, &rest, err) != 0)
		return -1;
	while ((status = table_list_next(&rest, &item, err)) > 0) {
		const struct table_ops *ops;
		struct slice part;
		unsigned int caps;

		if (count == TABLE_MAX_PARTS)
			return err_set(err, ERR_CONFIG, "more than %d tables",
			    (int)TABLE_MAX_PARTS);
		if (table_find_type(item, &ops, &part, &caps, err) != 0)
			return -1;
		*ret_all &= caps;
		patterns &= caps;
		if (count++ == 0)
			*ret_first = caps;
	}
	if (status == 0 && count == 0)
		status =
		    err_set(err, ERR_CONFIG, "there is no table in the braces");
	*ret_all = (*ret_all & TABLE_FOR_ANY) | patterns;
	*ret_first = (*ret_first & TABLE_FOR_ANY) | patterns;
	return status;
}

int
table_parts_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	const struct table_options options = { .report = opening->report,
		.may_be_down = opening->may_be_down,
		.world = opening->world };
	struct table_parts *parts = arena_alloc(opening->mem, sizeof(*parts));
	struct slice rest, item;
	struct table_row row;

	parts->count = 0;
	*ret_handle = parts;
	if (opening->text != NULL)
		return err_set(
		    err, ERR_CONFIG, "a table made of others has no text");
	if (table_list_open(opening->name, &rest, err) != 0)
		return -1;
	/* table_parts_caps() has read the list: it is right. */
	while (table_list_next(&rest, &item, err) > 0) {
		struct table **part = &parts->items[parts->count];

		if (table_open(item, &options, part, err) != 0) {
			opening->is_reported = report_is_read(opening->report);
			return -1;
		}
		opening->rows += table_rows(*part);
		if (!table_can_list(*part))
			opening->has_unlisted_rows = true;
		parts->rows[parts->count] = 0;
		while (table_row(*part, parts->rows[parts->count], &row))
			parts->rows[parts->count]++;
		parts->count++;
	}
	return 0;
}

void
table_parts_close(void *handle)
{
	struct table_parts *parts = handle;

	for (size_t i = 0; parts != NULL && i < parts->count; i++)
		table_close(parts->items[i]);
}

/* One number for all parts. */
static uint64_t
parts_state_of(const struct table_parts *parts, bool now)
{
	uint64_t all = TABLE_STATE_NONE;

	for (size_t i = 0; i < parts->count; i++) {
		uint64_t read = table_state(parts->items[i]);
		uint64_t state = now ? table_state_now(parts->items[i]) : read;

		if (state == TABLE_STATE_UNSURE)
			return TABLE_STATE_UNSURE;
		/* Nothing is kept of this part, or its file is gone. */
		if (state == TABLE_STATE_NONE && read == TABLE_STATE_NONE)
			continue;
		all = (all ^ state) * 1099511628211ULL + i + 1;
		if (all <= TABLE_STATE_UNSURE)
			all += 2;
	}
	return all;
}

static uint64_t
parts_state(const void *handle)
{
	return parts_state_of(handle, false);
}

static uint64_t
parts_state_now(const void *handle)
{
	return parts_state_of(handle, true);
}

static bool
parts_same(const void *a, const void *b)
{
	const struct table_parts *one = a, *other = b;

	for (size_t i = 0; i < one->count; i++) {
		if (i >= other->count ||
		    !table_same(one->items[i], other->items[i]))
			return false;
	}
	return one->count == other->count;
}

static int
parts_check_whole(
    const void *handle, const void *before, size_t *ret_lost, struct err *err)
{
	const struct table_parts *parts = handle, *old = before;

	*ret_lost = 0;
	for (size_t i = 0; i < parts->count && i < old->count; i++) {
		size_t lost;

		if (table_check_whole(
			parts->items[i], old->items[i], &lost, err) != 0)
			return -1;
		*ret_lost += lost;
	}
	return 0;
}

/* Without one of its parts a table cannot answer. */
static bool
parts_are_down(const void *handle, struct err *ret_why)
{
	const struct table_parts *parts = handle;

	for (size_t i = 0; i < parts->count; i++) {
		if (table_is_down(parts->items[i], ret_why))
			return true;
	}
	return false;
}

const struct table_source_ops table_parts_source = {
	.state = parts_state,
	.state_now = parts_state_now,
	.same = parts_same,
	.check_whole = parts_check_whole,
	.is_down = parts_are_down,
};
