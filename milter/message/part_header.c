/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/part_header.h"

size_t
part_line_length(struct slice text)
{
	size_t at = slice_find(text, '\n');

	while (at < text.len && (at == 0 || text.data[at - 1] != '\r'))
		at += 1 + slice_find(slice_from(text, at + 1), '\n');
	return at < text.len ? at + 1 : text.len;
}

bool
part_field_next(struct slice header, size_t at, struct part_field *ret_field)
{
	struct slice text = slice_from(header, at);
	size_t colon = slice_find(text, ':');
	size_t end = part_line_length(text);
	struct slice name;

	if (text.len == 0 || colon >= end)
		return false;
	name = slice_sub(text, 0, colon);
	while (name.len > 0 && char_is_wsp(name.data[name.len - 1]))
		name.len--;
	if (name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f ||
		    char_is_8bit(name.data[i]))
			return false;
	}
	while (end < text.len && char_is_wsp(text.data[end]))
		end += part_line_length(slice_from(text, end));
	*ret_field = (struct part_field){ name,
		slice_sub(text, colon + 1, end - colon - 1), at, at + end,
		name.len != colon };
	return true;
}

size_t
part_header_mbox_line(struct slice header)
{
	return slice_starts(header, SLICE("From ")) &&
	    slice_find(header, ' ') < slice_find(header, ':') &&
	    !slice_starts(slice_trim(slice_from(header, 4)), SLICE(":"))
	    ? part_line_length(header) : 0;
}
