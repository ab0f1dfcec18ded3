/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a message as it came. */
#include "message/header.h"

#include "message/field_name.h"

void
header_init(struct header *header, struct arena *mem)
{
	*header = (struct header){ .mem = mem };
}

/* ftext of RFC 5322 section 2.2: printable ASCII except the colon. */
static bool
name_is_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (c <= ' ' || c == ':' || c == 0x7f || char_is_8bit(c))
			return false;
	}
	return name.len != 0;
}

/*
 * Copies a value without the CR of its line ends. A line end that is not a fold
 * is refused: to the next reader another field would begin there.
 */
static int
copy_value(struct arena *mem, struct slice value, struct slice *ret_copy,
    struct err *err)
{
	char *copy = arena_alloc(mem, value.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		bool more = i + 1 < value.len;

		if (c == '\0')
			return err_set(err, ERR_DATA, "NUL in the header");
		if (c == '\r') {
			if (more && value.data[i + 1] == '\n')
				continue;
			return err_set(err, ERR_DATA, "bare CR in the header");
		}
		if (c == '\n' && !(more && char_is_wsp(value.data[i + 1])))
			return err_set(err, ERR_DATA, "bare LF in the header");
		copy[len++] = c;
	}
	*ret_copy = (struct slice){ copy, len };
	return 0;
}

int
header_add(struct header *header, struct slice name, struct slice value,
    const struct header_limits *limits, struct err *err)
{
	struct field field;
	void *fields = header->fields;

	if (limits->fields != 0 && header->count >= limits->fields)
		return err_set(err, ERR_LIMIT, "more than %zu header fields",
		    limits->fields);
	if (limits->field_bytes != 0 &&
	    (value.len > limits->field_bytes || name.len > limits->field_bytes))
		return err_set(err, ERR_LIMIT,
		    "a header field of more than %zu octets",
		    limits->field_bytes);
	if (limits->bytes != 0 &&
	    name.len + value.len > limits->bytes - header->bytes)
		return err_set(err, ERR_LIMIT,
		    "a header of more than %zu octets", limits->bytes);
	if (!name_is_valid(name))
		return err_set(err, ERR_DATA,
		    "a header field name with blanks, controls or 8-bit octets");
	if (copy_value(header->mem, value, &field.value, err) != 0)
		return -1;
	field.name = slice_dup(header->mem, name);
	arena_reserve_one(header->mem, &fields, &header->cap, header->count,
	    sizeof(*header->fields));
	header->fields = fields;
	header->fields[header->count++] = field;
	header->bytes += name.len + value.len;
	header->odd_names += !field_name_is_plain(name);
	return 0;
}

size_t
header_find(const struct header *header, struct slice name, size_t from)
{
	for (size_t i = from; i < header->count; i++) {
		if (slice_eq_nocase(header->fields[i].name, name))
			return i;
	}
	return header->count;
}

size_t
header_count(const struct header *header, struct slice name)
{
	size_t count = 0;

	for (size_t i = header_find(header, name, 0); i < header->count;
	     i = header_find(header, name, i + 1))
		count++;
	return count;
}

bool
header_has_8bit(const struct header *header)
{
	for (size_t i = 0; i < header->count; i++) {
		if (!slice_is_ascii(header->fields[i].value))
			return true;
	}
	return false;
}

struct slice
field_unfold(struct arena *mem, struct slice value)
{
	char *copy = arena_alloc(mem, value.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] != '\n' && value.data[i] != '\r')
			copy[len++] = value.data[i];
	}
	return slice_trim((struct slice){ copy, len });
}

/* The line that text begins with, its line end left out of *ret_line. */
static struct slice
header_next_line(struct slice text, struct slice *ret_line)
{
	size_t end = slice_find(text, '\n');

	*ret_line = slice_sub(text, 0, end);
	if (end < text.len && end > 0 && text.data[end - 1] == '\r')
		ret_line->len--;
	return slice_from(text, end + 1);
}

int
header_parse(struct header *header, struct slice text,
    const struct header_limits *limits, struct slice *ret_body, struct err *err)
{
	struct slice line, rest;

	rest = header_next_line(text, &line);
	/* The separator of an mbox file is not part of the message. */
	if (slice_starts(line, SLICE("From ")) ||
	    slice_starts(line, SLICE(">From ")))
		text = rest;
	while (text.len > 0) {
		struct slice name, value;
		size_t colon;

		rest = header_next_line(text, &line);
		if (line.len == 0) {
			*ret_body = rest;
			return 0;
		}
		colon = slice_find(line, ':');
		name = slice_sub(line, 0, colon);
		while (name.len > 0 && char_is_wsp(name.data[name.len - 1]))
			name.len--;
		if (colon == line.len || !name_is_valid(name))
			break;
		/* Lines that begin with white space go on with this field. */
		while (rest.len > 0 && char_is_wsp(rest.data[0]))
			rest = header_next_line(rest, &line);
		value.data = text.data + colon + 1;
		value.len = (size_t)(line.data + line.len - value.data);
		if (header_add(header, name, value, limits, err) != 0)
			return -1;
		text = rest;
	}
	*ret_body = text;
	return 0;
}
