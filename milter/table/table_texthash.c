/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/map.h"
#include "table_priv.h"

/* What a row says, and where it stands. */
struct row {
	struct slice value;
	size_t line;
};

static int
texthash_open(struct slice name, struct arena *mem, void **ret_handle,
    size_t *ret_rows, struct err *err)
{
	struct map *map = map_new(mem);
	struct table_file file;
	struct slice text, key, value;
	size_t number;

	if (table_file_open(&file, name, mem, err) != 0)
		return -1;
	while (table_file_next(&file, &text, &number)) {
		struct row *row = arena_alloc(mem, sizeof(*row));
		const struct row *old;

		if (!table_split_row(text, &key, &value)) {
			table_file_fault(&file, number, "a key without a value");
			continue;
		}
		key = slice_lower(mem, key);
		*row = (struct row){ value, number };
		if (map_add(map, key, row))
			continue;
		/* Which of them holds would depend on the reader. */
		old = map_get(map, key);
		table_file_fault(&file, number,
		    "key \"%s\" stands in line %zu already",
		    escape(mem, key, 100), old->line);
	}
	*ret_handle = map;
	*ret_rows = map_count(map);
	return table_file_close(&file, err);
}

static enum table_answer
texthash_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	const struct row *row = map_get(handle, slice_lower(mem, key));

	(void)err;
	if (row == NULL)
		return TABLE_ABSENT;
	*ret_value = row->value;
	return TABLE_FOUND;
}

const struct table_ops table_texthash = {
	.type = { "texthash", 8 },
	.open = texthash_open,
	.lookup = texthash_lookup,
};
