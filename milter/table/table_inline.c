/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type inline: inline:{key=value, {key = a value}}. */
#include "base/map.h"
#include "table_priv.h"

/* The item as "key=value", without the braces that it may stand in. */
static int
inline_split(struct slice item, struct slice *ret_key, struct slice *ret_value,
    struct err *err)
{
	size_t equal;

	if (item.data[0] == '{') {
		if (table_braces_end(item) != item.len)
			return err_set(
			    err, ERR_CONFIG, "text behind \"}\" in an item");
		item = slice_trim(slice_sub(item, 1, item.len - 2));
	}
	equal = slice_find(item, '=');
	if (equal == item.len)
		return err_set(
		    err, ERR_CONFIG, "an item is not written as key=value");
	*ret_key = slice_trim(slice_sub(item, 0, equal));
	*ret_value = slice_trim(slice_from(item, equal + 1));
	return 0;
}

static int
inline_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct map *map = map_new(opening->mem);
	struct slice rest, item;
	struct slice key = { NULL, 0 }, value = { NULL, 0 };
	int status;

	if (opening->text != NULL)
		return err_set(
		    err, ERR_CONFIG, "a table of type inline has no text");
	if (table_list_open(opening->name, &rest, err) != 0)
		return -1;
	while ((status = table_list_next(&rest, &item, err)) > 0) {
		struct slice *kept;

		if (inline_split(item, &key, &value, err) != 0)
			return -1;
		if (key.len == 0)
			continue;
		if (!slice_is_utf8(key))
			return err_set(err, ERR_CONFIG, "a key is not UTF-8");
		key = table_fold(opening->mem, key);
		kept = map_get(map, key);
		if (kept == NULL) {
			kept = arena_alloc(opening->mem, sizeof(*kept));
			ENSURE(map_add(map, key, kept));
		}
		/* As in Postfix, the last of several counts. */
		*kept = value;
	}
	if (status == 0 && map_count(map) == 0)
		status = err_set(
		    err, ERR_CONFIG, "there is no key=value in the braces");
	opening->rows = map_count(map);
	*ret_handle = map;
	return status;
}

static enum table_answer
inline_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	enum table_answer all = TABLE_ABSENT;

	(void)context;
	for (size_t i = 0; i < keys->count; i++) {
		const struct slice *value = map_get(handle, keys->items[i]);

		if (value == NULL)
			continue;
		ret_values[i] = value->data == NULL ? SLICE("") : *value;
		all = TABLE_FOUND;
	}
	return all;
}

static bool
inline_row(const void *handle, size_t index, struct table_row *ret_row)
{
	struct slice *value;

	if (index >= map_count(handle))
		return false;
	value = map_entry(handle, index, &ret_row->key);
	ret_row->value = *value;
	return true;
}

const struct table_ops table_inline = {
	.type = "inline",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "{key=value, ...}",
	.open = inline_open,
	.lookup = inline_lookup,
	.row = inline_row,
};
