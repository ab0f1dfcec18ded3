/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type static: one value for every key. */
#include "table_priv.h"

/* static:VALUE or static:{ VALUE }: every key has that value. */
static int
static_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct slice *value = arena_alloc(opening->mem, sizeof(*value));

	if (opening->text != NULL)
		return err_set(
		    err, ERR_CONFIG, "a table of type static has no text");
	*value = slice_trim(opening->name);
	if (value->len >= 2 && value->data[0] == '{' &&
	    value->data[value->len - 1] == '}')
		*value = slice_trim(slice_sub(*value, 1, value->len - 2));
	if (value->len == 0)
		return err_set(err, ERR_CONFIG, "a value is missing");
	*ret_handle = value;
	return 0;
}

static enum table_answer
static_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct slice *value = handle;

	(void)context;
	for (size_t i = 0; i < keys->count; i++)
		ret_values[i] = *value;
	return keys->count > 0 ? TABLE_FOUND : TABLE_ABSENT;
}

static bool
static_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct slice *value = handle;

	if (index > 0)
		return false;
	ret_row->key = SLICE("");
	ret_row->value = *value;
	return true;
}

const struct table_ops table_static = {
	.type = "static",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	.name_word = "a value",
	.open = static_open,
	.lookup = static_lookup,
	.row = static_row,
};
