/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields of the header of a part, as readers take them. */
#include "message/part_header.h"

size_t
part_line_length(struct slice text)
{
	size_t at = slice_find(text, '\n');

	while (at < text.len && (at == 0 || text.data[at - 1] != '\r'))
		at += 1 + slice_find(slice_from(text, at + 1), '\n');
	return at < text.len ? at + 1 : text.len;
}

/* NAME=VALUE and no more; a boundary would make parts of what follows. */
static bool
is_parameter(struct slice line)
{
	size_t equals = slice_find(line, '=');
	struct slice name = slice_sub(line, 0, equals);
	struct slice value;

	if (name.len == 0 || equals == line.len ||
	    slice_eq_nocase(name, SLICE("boundary")))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!char_is_alpha(name.data[i]) &&
		    !char_is_digit(name.data[i]) && name.data[i] != '-' &&
		    name.data[i] != '*')
			return false;
	}
	value = slice_trim(slice_from(line, equals + 1));
	if (value.len > 0 && value.data[value.len - 1] == ';')
		value.len--;
	if (value.len > 1 && value.data[0] == '"' &&
	    value.data[value.len - 1] == '"')
		value = slice_sub(value, 1, value.len - 2);
	else if (slice_has(value, ' '))
		return false;
	return value.len > 0 && !slice_has(value, '"') &&
	    !slice_has(value, '\\');
}

/*
 * The end of a field whose first line ends at an offset. A parameter at the
 * begin of a line continues a value that ends with ";", although the blank of
 * the fold is missing.
 */
static size_t
field_end(struct slice text, struct slice name, size_t end, bool *ret_unfolded)
{
	size_t start = slice_find(text, ':') + 1;
	bool has_parameters = slice_eq_nocase(name, SLICE("Content-Type")) ||
	    slice_eq_nocase(name, SLICE("Content-Disposition"));

	*ret_unfolded = false;
	while (end < text.len) {
		struct slice rest = slice_from(text, end);
		size_t len = part_line_length(rest);

		if (!char_is_wsp(rest.data[0])) {
			struct slice value =
			    slice_trim(slice_sub(text, start, end - start));

			if (!has_parameters || value.len == 0 ||
			    value.data[value.len - 1] != ';' ||
			    !is_parameter(slice_sub(rest, 0, len)))
				break;
			*ret_unfolded = true;
		}
		end += len;
	}
	return end;
}

bool
part_field_next(struct slice header, size_t at, struct part_field *ret_field)
{
	size_t start = at, colon, end;
	struct slice text, name;
	bool unfolded;

	while (slice_starts(slice_from(header, at), SLICE(">From ")))
		at += part_line_length(slice_from(header, at));
	text = slice_from(header, at);
	colon = slice_find(text, ':');
	end = part_line_length(text);
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
	end = field_end(text, name, end, &unfolded);
	*ret_field = (struct part_field){ .name = name,
		.value = slice_sub(text, colon + 1, end - colon - 1),
		.start = at,
		.end = at + end,
		.has_blank = name.len != colon,
		.has_unfolded = unfolded,
		.has_mbox_line = at != start };
	return true;
}

size_t
part_header_mbox_line(struct slice header)
{
	return slice_starts(header, SLICE("From ")) &&
		slice_find(header, ' ') < slice_find(header, ':') &&
		!slice_starts(slice_trim(slice_from(header, 4)), SLICE(":")) ?
	    part_line_length(header) :
	    0;
}
