/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type pipemap: the value of one table is the key of the next. */
#include "table_parts_priv.h"

static int
pipemap_caps(struct slice name, unsigned int *ret_caps, struct err *err)
{
	unsigned int all;

	return table_parts_caps(name, &all, ret_caps, err);
}

/* What the parts behind the first one make of its value. */
static enum table_answer
pipemap_follow(const struct table_parts *parts,
    const struct table_context *context, struct slice *value)
{
	enum table_answer answer = TABLE_FOUND;

	for (size_t part = 1; part < parts->count && answer == TABLE_FOUND;
	     part++)
		answer = table_lookup_one(
		    parts->items[part], *value, context, value);
	return answer;
}

static enum table_answer
pipemap_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct table_parts *parts = handle;
	enum table_answer answer =
	    table_lookup(parts->items[0], keys, context, ret_values);
	enum table_answer all = TABLE_ABSENT;

	for (size_t i = 0; i < keys->count && answer == TABLE_FOUND; i++) {
		if (ret_values[i].data == NULL)
			continue;
		switch (pipemap_follow(parts, context, &ret_values[i])) {
		case TABLE_FOUND:
			all = TABLE_FOUND;
			break;
		case TABLE_ABSENT:
			ret_values[i] = (struct slice){ NULL, 0 };
			break;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
	}
	return answer == TABLE_FOUND ? all : answer;
}

const struct table_ops table_pipemap = {
	.type = "pipemap",
	.caps_of = pipemap_caps,
	.name_word = "{TYPE:NAME, ...}",
	.open = table_parts_open,
	.lookup = pipemap_lookup,
	.source = &table_parts_source,
	.close = table_parts_close,
};
