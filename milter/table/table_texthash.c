/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/map.h"
#include "base/net.h"
#include "table_file_priv.h"
#include "table_priv.h"

/* What a row says, and where it stands. */
struct row {
	struct slice value;
	size_t line;
};

/* Holds the longest key that can be asked for. */
struct key_buffer {
	char octets[TABLE_MAX_KEY_BYTES];
};

static struct slice
fold_key(struct slice key, struct key_buffer *buffer)
{
	ENSURE(key.len <= sizeof(buffer->octets));
	for (size_t i = 0; i < key.len; i++)
		buffer->octets[i] = char_lower(key.data[i]);
	return (struct slice){ buffer->octets, key.len };
}

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

static int
texthash_open(struct slice name, struct table_file *file, struct arena *mem,
    void **ret_handle, size_t *ret_rows, struct err *err)
{
	struct map *map = map_new(mem);
	struct slice text, key, value;
	struct key_buffer buffer;
	size_t line;

	(void)name;
	(void)err;
	while (table_file_next(file, &text, &line)) {
		const char *fault = split_row(text, &key, &value);
		struct row *row;

		if (fault != NULL) {
			table_file_fault(file, line, "\"%s\": %s",
			    escape(mem, text, 60), fault);
			continue;
		}
		key = fold_key(key, &buffer);
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
	*ret_handle = map;
	*ret_rows = map_count(map);
	return 0;
}

static enum table_answer
texthash_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	struct key_buffer buffer;
	const struct row *row = map_get(handle, fold_key(key, &buffer));

	(void)mem;
	(void)err;
	if (row == NULL)
		return TABLE_ABSENT;
	*ret_value = row->value;
	return TABLE_FOUND;
}

static bool
texthash_row(const void *handle, size_t index, struct slice *ret_key,
    struct slice *ret_value)
{
	const struct row *row;

	if (index >= map_count(handle))
		return false;
	row = map_entry(handle, index, ret_key);
	*ret_value = row->value;
	return true;
}

const struct table_ops table_texthash = {
	.type = "texthash",
	.has_file = true,
	.open = texthash_open,
	.lookup = texthash_lookup,
	.row = texthash_row,
};
