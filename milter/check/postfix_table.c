/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of Postfix's lookup tables, as far as they are text. */
#include "check_postfix_priv.h"

struct rows {
	struct postfix_row *items;
	size_t count;
	size_t cap;
	struct arena *mem;
};

static void
add_row(
    struct rows *rows, unsigned int line, struct slice key, struct slice value)
{
	void *items = rows->items;

	arena_reserve_one(
	    rows->mem, &items, &rows->cap, rows->count, sizeof(rows->items[0]));
	rows->items = items;
	rows->items[rows->count++] =
	    (struct postfix_row){ line, slice_trim(key), slice_trim(value) };
}

static bool
is_pattern_type(struct slice type)
{
	return slice_eq(type, SLICE("regexp")) || slice_eq(type, SLICE("pcre"));
}

static void
postfix_table_add_text(
    struct rows *rows, struct slice type, struct slice text, unsigned int line)
{
	bool is_pattern = is_pattern_type(type);
	size_t key = 0;
	char mark;

	/* "if" and "endif" only choose the rows between them. */
	if ((is_pattern || slice_eq(type, SLICE("cidr"))) &&
	    (slice_starts(text, SLICE("if")) ||
		slice_starts(text, SLICE("endif"))))
		return;
	/* "/pattern/flags", also behind "!"; any mark delimits a pattern. */
	while (is_pattern && key < text.len &&
	    (text.data[key] == '!' || char_is_wsp(text.data[key])))
		key++;
	if (is_pattern && key < text.len) {
		mark = text.data[key++];
		while (key < text.len && text.data[key] != mark)
			key += text.data[key] == '\\' ? 2 : 1;
	}
	while (key < text.len && !char_is_wsp(text.data[key]))
		key++;
	add_row(rows, line, slice_sub(text, 0, key), slice_from(text, key));
}

bool
postfix_table_rows(struct slice spec, struct arena *mem,
    struct postfix_row **ret_rows, size_t *ret_count)
{
	static const char *const files[] = { "cidr", "regexp", "pcre",
		"texthash", "hash", "btree", "lmdb", "cdb", "dbm", "sdbm" };
	struct rows rows = { .mem = mem };
	struct slice type, name, item, rest;
	struct line_reader reader = { .mem = mem };
	bool known = false, braced;
	struct err err;

	while (slice_starts(spec, SLICE("proxy:")) ||
	    slice_starts(spec, SLICE("debug:")))
		spec = slice_from(spec, 6);
	type = slice_sub(spec, 0, slice_find(spec, ':'));
	name = slice_from(spec, type.len + 1);
	braced = name.len >= 2 && name.data[0] == '{' &&
	    name.data[name.len - 1] == '}';
	item = braced ? slice_trim(slice_sub(name, 1, name.len - 2)) : name;
	if (slice_eq(type, SLICE("static"))) {
		add_row(&rows, 0, SLICE("all"), item);
		known = true;
	} else if (slice_eq(type, SLICE("inline")) && braced) {
		/* "{key=value, {key = value}}" */
		for (rest = item; postfix_next_item(&rest, ",", &item);) {
			size_t equals = slice_find(item, '=');

			add_row(&rows, 0, slice_sub(item, 0, equals),
			    slice_from(item, equals + 1));
		}
		known = true;
	} else if (braced &&
	    (is_pattern_type(type) || slice_eq(type, SLICE("cidr")))) {
		for (rest = item; postfix_next_item(&rest, ",", &item);)
			postfix_table_add_text(&rows, type, item, 0);
		known = true;
	}
	for (size_t i = 0; !known && i < sizeof(files) / sizeof(files[0]); i++)
		known = slice_eq(type, slice_of(files[i])) &&
		    text_file_read(
			slice_cstr(mem, name), mem, &reader.rest, &err) == 0;
	while (postfix_next_line(&reader))
		postfix_table_add_text(&rows, type, reader.text, reader.line);
	if (known) {
		*ret_rows = rows.items;
		*ret_count = rows.count;
	}
	return known;
}
