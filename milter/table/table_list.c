/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in braces behind the type: "{item, {an item}}". */
#include "table_priv.h"

/* Tables within tables are opened one within the other. */
enum { TABLE_MAX_DEPTH = 16 };

static bool
is_separator(char c)
{
	return c == ',' || char_is_wsp(c);
}

/* How many braces are open at once, at most. */
static size_t
braces_depth(struct slice text)
{
	size_t depth = 0, deepest = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '{' && ++depth > deepest)
			deepest = depth;
		else if (text.data[i] == '}' && depth > 0)
			depth--;
	}
	return deepest;
}

int
table_list_open(struct slice name, struct slice *ret_rest, struct err *err)
{
	name = slice_trim(name);
	if (name.len < 2 || name.data[0] != '{')
		return err_set(err, ERR_CONFIG, "a \"{\" is missing");
	if (braces_depth(name) > TABLE_MAX_DEPTH)
		return err_set(err, ERR_CONFIG,
		    "more than %d braces within each other",
		    (int)TABLE_MAX_DEPTH);
	if (table_braces_end(name) != name.len)
		return err_set(err, ERR_CONFIG,
		    table_braces_end(name) == 0 ? "a \"}\" is missing" :
						  "text behind the last \"}\"");
	*ret_rest = slice_sub(name, 1, name.len - 2);
	return 0;
}

size_t
table_braces_end(struct slice text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '{')
			depth++;
		else if (text.data[i] == '}' && --depth == 0)
			return i + 1;
		if (depth == 0)
			break;
	}
	return 0;
}

int
table_list_next(struct slice *rest, struct slice *ret_item, struct err *err)
{
	size_t end = 0;

	while (rest->len > 0 && is_separator(rest->data[0]))
		*rest = slice_from(*rest, 1);
	if (rest->len == 0)
		return 0;
	while (end < rest->len && !is_separator(rest->data[end])) {
		size_t braces = rest->data[end] != '{' ?
		    1 :
		    table_braces_end(slice_from(*rest, end));

		if (braces == 0)
			return err_set(err, ERR_CONFIG, "a \"}\" is missing");
		end += braces;
	}
	*ret_item = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end);
	return 1;
}
