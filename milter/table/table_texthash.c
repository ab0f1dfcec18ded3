/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type texthash: keys with values, as postmap(1) reads them. */
#include "base/map.h"
#include "base/net.h"
#include "table_text_priv.h"

/* A value, and the line that it stands on. */
struct row {
	struct slice value;
	size_t line;
};

/*
 * The key of a row ends at the first blank outside of quotes, which stay part
 * of it: postmap(1). NULL, or what is wrong.
 */
static const char *
split_row(struct slice text, struct slice *ret_key, struct slice *ret_value)
{
	bool quoted = false;
	size_t end = 0;
	struct net_addr addr;

	while (end < text.len && (quoted || !char_is_wsp(text.data[end]))) {
		if (text.data[end] == '\\' && end + 1 < text.len)
			end++;
		else if (text.data[end] == '"')
			quoted = !quoted;
		end++;
	}
	if (quoted)
		return "a quote that is not closed";
	*ret_key = slice_sub(text, 0, end);
	*ret_value = slice_trim(slice_from(text, end));
	if (ret_key->len > TABLE_MAX_KEY_BYTES)
		return "a key that is too long";
	if (ret_value->len == 0)
		return "a key without a value";
	if (text.data[end - 1] == ':' && !net_addr_parse(*ret_key, &addr))
		return "a key that ends in a colon: is this a file of aliases?";
	return NULL;
}

/* Lines that begin a row; one that has no value is counted, too. */
static size_t
count_rows(struct slice text)
{
	size_t count = 0;

	while (text.len > 0) {
		count += text.data[0] != '#' && !char_is_wsp(text.data[0]) &&
		    !char_is_control(text.data[0]);
		text = slice_from(text, slice_find(text, '\n') + 1);
	}
	return count;
}

static void *
texthash_read(struct table_file *file, struct arena *mem, size_t *ret_count)
{
	struct map *map = map_new(mem);
	struct slice text, key, value;

	map_expect(map, count_rows(file->rest));
	while (table_file_next(file, &text)) {
		const char *fault = split_row(text, &key, &value);
		size_t line = file->row_line;
		struct row *row;

		if (fault != NULL) {
			table_file_fault(file, line, "\"%s\": %s",
			    escape(mem, text, 60), fault);
			continue;
		}
		if (!slice_is_utf8(key)) {
			table_file_fault(file, line, "key \"%s\" is not UTF-8",
			    escape(mem, key, 100));
			continue;
		}
		key = table_fold(mem, key);
		row = arena_alloc(mem, sizeof(*row));
		*row = (struct row){ value, line };
		if (map_add(map, key, row))
			continue;
		/* Which of them holds would depend on the reader. */
		row = map_get(map, key);
		table_file_fault(file, line,
		    "key \"%s\" stands in line %zu already",
		    escape(mem, key, 100), row->line);
	}
	*ret_count = map_count(map);
	return map;
}

static enum table_answer
texthash_find(const void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct row *row = map_get(handle, key);

	(void)context;
	if (row == NULL)
		return TABLE_ABSENT;
	*ret_value = row->value;
	return TABLE_FOUND;
}

static bool
texthash_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct row *row;
	struct slice key;

	if (index >= map_count(handle))
		return false;
	row = map_entry(handle, index, &key);
	ret_row->key = key;
	ret_row->value = row->value;
	ret_row->line = row->line;
	return true;
}

static const struct text_format format = {
	.read = texthash_read,
	.find = texthash_find,
	.row = texthash_row,
};

static int
texthash_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	return text_table_open(&format, opening, ret_handle, err);
}

const struct table_ops table_texthash = {
	.type = "texthash",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.open = texthash_open,
	TEXT_TABLE_OPS,
};
