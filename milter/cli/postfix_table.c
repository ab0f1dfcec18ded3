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
add_row(struct rows *rows, unsigned int line, struct slice key,
    struct slice value)
{
	void *items = rows->items;

	arena_reserve_one(rows->mem, &items, &rows->cap, rows->count,
	    sizeof(rows->items[0]));
	rows->items = items;
	rows->items[rows->count++] = (struct postfix_row){ line,
		slice_trim(key), slice_trim(value) };
}

static size_t
first_blank(struct slice text)
{
	size_t i = 0;

	while (i < text.len && !char_is_wsp(text.data[i]))
		i++;
	return i;
}

/* Octets of "/pattern/flags", also behind "!"; any mark delimits a pattern. */
static size_t
pattern_length(struct slice text)
{
	size_t i = 0;
	char mark;

	while (i < text.len && (text.data[i] == '!' ||
	    char_is_wsp(text.data[i])))
		i++;
	if (i == text.len)
		return i;
	mark = text.data[i++];
	while (i < text.len && text.data[i] != mark)
		i += text.data[i] == '\\' ? 2 : 1;
	text = slice_from(text, i);
	return i + first_blank(text);
}

static bool
is_pattern_type(struct slice type)
{
	return slice_eq(type, SLICE("regexp")) || slice_eq(type, SLICE("pcre"));
}

static void
add_text(struct rows *rows, struct slice type, struct slice text,
    unsigned int line)
{
	size_t key;

	/* "if" and "endif" only choose the rows between them. */
	if ((is_pattern_type(type) || slice_eq(type, SLICE("cidr"))) &&
	    (slice_starts(text, SLICE("if")) ||
		slice_starts(text, SLICE("endif"))))
		return;
	key = is_pattern_type(type) ? pattern_length(text) : first_blank(text);
	add_row(rows, line, slice_sub(text, 0, key), slice_from(text, key));
}

/* "inline:{key=value, {key = value}}" */
static void
add_inline(struct rows *rows, struct slice text)
{
	struct slice item;

	while (postfix_next_item(&text, ",", &item)) {
		size_t equals = slice_find(item, '=');

		add_row(rows, 0, slice_sub(item, 0, equals),
		    slice_from(item, equals + 1));
	}
}

static bool
add_file(struct rows *rows, struct slice type, struct slice name)
{
	struct slice rest, text;
	unsigned int line = 0, first = 0;
	struct err err;

	if (text_file_read(slice_cstr(rows->mem, name), rows->mem, &rest,
	    &err) != 0)
		return false;
	while (postfix_next_line(&rest, &line, rows->mem, &text, &first))
		add_text(rows, type, text, first);
	return true;
}

bool
postfix_table_rows(struct slice spec, struct arena *mem,
    struct postfix_row **ret_rows, size_t *ret_count)
{
	static const char *const files[] = { "cidr", "regexp", "pcre",
		"texthash", "hash", "btree", "lmdb", "cdb", "dbm", "sdbm" };
	struct rows rows = { .mem = mem };
	struct slice type, name, item;
	bool known = false, braced;

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
		add_inline(&rows, item);
		known = true;
	} else if (braced && (is_pattern_type(type) ||
	    slice_eq(type, SLICE("cidr")))) {
		struct slice rest = item;

		while (postfix_next_item(&rest, ",", &item))
			add_text(&rows, type, item, 0);
		known = true;
	}
	for (size_t i = 0; !known && i < sizeof(files) / sizeof(files[0]); i++)
		known = slice_eq(type, slice_of(files[i])) &&
		    add_file(&rows, type, name);
	if (known) {
		*ret_rows = rows.items;
		*ret_count = rows.count;
	}
	return known;
}
