/* SPDX-License-Identifier: BSD-2-Clause */
#include "table_priv.h"

/* static:VALUE or static:{ VALUE }: every key has that value. */
static int
static_open(struct slice name, struct table_file *file, struct arena *mem,
    void **ret_handle, size_t *ret_rows, struct err *err)
{
	struct slice *value = arena_alloc(mem, sizeof(*value));

	(void)file;
	*value = slice_trim(name);
	if (value->len >= 2 && value->data[0] == '{' &&
	    value->data[value->len - 1] == '}')
		*value = slice_trim(slice_sub(*value, 1, value->len - 2));
	if (value->len == 0)
		return err_set(err, ERR_CONFIG, "a value is missing");
	*ret_handle = value;
	*ret_rows = 0;
	return 0;
}

static enum table_answer
static_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	const struct slice *value = handle;

	(void)key;
	(void)mem;
	(void)err;
	*ret_value = *value;
	return TABLE_FOUND;
}

const struct table_ops table_static = {
	.type = "static",
	.caps = TABLE_CAP_PATTERNS,
	.open = static_open,
	.lookup = static_lookup,
};
