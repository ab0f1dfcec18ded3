/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type unionmap: what several tables have for one key. */
#include "table_parts_priv.h"

static int
unionmap_caps(struct slice name, unsigned int *ret_caps, struct err *err)
{
	unsigned int first;

	return table_parts_caps(name, ret_caps, &first, err);
}

static struct slice
unionmap_join(struct arena *mem, struct slice before, struct slice value)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add(&buf, before);
	strbuf_add_char(&buf, ',');
	strbuf_add(&buf, value);
	return strbuf_slice(&buf);
}

/* The values of all parts in their order, joined by commas. */
static enum table_answer
unionmap_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct table_parts *parts = handle;
	enum table_answer all = TABLE_ABSENT;
	struct slice *found =
	    arena_array(context->mem, keys->count, sizeof(*found));

	for (size_t part = 0; part < parts->count; part++) {
		switch (
		    table_lookup(parts->items[part], keys, context, found)) {
		case TABLE_FOUND:
			all = TABLE_FOUND;
			break;
		case TABLE_ABSENT:
			continue;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
		for (size_t i = 0; i < keys->count; i++) {
			if (found[i].data != NULL)
				ret_values[i] = ret_values[i].data == NULL ?
				    found[i] :
				    unionmap_join(
					context->mem, ret_values[i], found[i]);
		}
	}
	return all;
}

/* The rows of all parts, one part after the other. */
static bool
unionmap_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct table_parts *parts = handle;

	for (size_t part = 0; part < parts->count; part++) {
		size_t rows = parts->rows[part];

		if (index < rows)
			return table_row(parts->items[part], index, ret_row);
		index -= rows;
	}
	return false;
}

const struct table_ops table_unionmap = {
	.type = "unionmap",
	.caps_of = unionmap_caps,
	.name_word = "{TYPE:NAME, ...}",
	.open = table_parts_open,
	.lookup = unionmap_lookup,
	.row = unionmap_row,
	.source = &table_parts_source,
	.close = table_parts_close,
};
