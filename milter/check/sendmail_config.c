/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a configuration of Sendmail. */
#include "check/sendmail_config.h"

bool
sendmail_next_line(struct line_reader *reader)
{
	struct strbuf text;

	strbuf_init(&text, reader->mem);
	strbuf_add_cstr(&text, "");
	while (reader->rest.len > 0) {
		size_t end = slice_find(reader->rest, '\n');
		struct slice part = slice_sub(reader->rest, 0, end);

		if (text.len > 0 &&
		    (part.len == 0 || !char_is_wsp(part.data[0])))
			break;
		reader->rest = slice_from(reader->rest, end + 1);
		reader->lines++;
		if (slice_trim(part).len == 0 || part.data[0] == '#')
			continue;
		if (text.len == 0)
			reader->line = reader->lines;
		strbuf_add(&text, part);
	}
	reader->text = strbuf_slice(&text);
	return text.len > 0;
}

bool
sendmail_find_field(struct slice list, char key, struct slice *ret_value)
{
	struct slice item;

	while (slice_next_item(&list, ",", &item)) {
		size_t equals;

		item = slice_trim(item);
		equals = slice_find(item, '=');
		if (equals > 0 && equals < item.len &&
		    char_lower(item.data[0]) == char_lower(key)) {
			*ret_value = slice_trim(slice_from(item, equals + 1));
			return true;
		}
	}
	return false;
}

bool
sendmail_is_option(
    struct slice line, struct slice name, struct slice *ret_value)
{
	size_t equals = slice_find(line, '=');

	if (!slice_starts(line, SLICE("O")) || equals == line.len ||
	    !slice_eq_nocase(slice_trim(slice_sub(line, 1, equals - 1)), name))
		return false;
	*ret_value = slice_trim(slice_from(line, equals + 1));
	return true;
}
