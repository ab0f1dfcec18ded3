/* SPDX-License-Identifier: BSD-2-Clause */
/* Content-Type and Content-Transfer-Encoding, as readers take them. */
#include "message/content_type.h"

/* Skips blanks, folds and comments. */
static bool
content_type_skip_cfws(struct slice *s)
{
	unsigned int depth = 0;

	while (s->len > 0) {
		char c = s->data[0];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0 && s->len > 1)
			*s = slice_from(*s, 1);
		else if (depth == 0 && !char_is_wsp(c) && c != '\n' &&
		    c != '\r')
			return true;
		*s = slice_from(*s, 1);
	}
	return depth == 0;
}

/* token of RFC 2045 section 5.1. */
static struct slice
content_type_take_token(struct slice *s)
{
	static const struct slice specials = { "()<>@,;:\\\"/[]?=", 15 };
	struct slice token;
	size_t len = 0;

	while (len < s->len && s->data[len] > ' ' && s->data[len] < 0x7f &&
	    !slice_has(specials, s->data[len]))
		len++;
	token = slice_sub(*s, 0, len);
	*s = slice_from(*s, len);
	return token;
}

/* The same, or a quoted-string. */
static bool
take_value(struct slice *s, struct arena *mem, struct slice *ret_text)
{
	struct strbuf buf;

	if (s->len == 0 || s->data[0] != '"') {
		*ret_text = content_type_take_token(s);
		return ret_text->len > 0;
	}
	strbuf_init(&buf, mem);
	for (*s = slice_from(*s, 1); s->len > 0 && s->data[0] != '"';
	     *s = slice_from(*s, 1)) {
		if (s->data[0] == '\\' && s->len > 1)
			*s = slice_from(*s, 1);
		if (s->data[0] != '\n' && s->data[0] != '\r')
			strbuf_add_char(&buf, s->data[0]);
	}
	if (s->len == 0)
		return false;
	*s = slice_from(*s, 1);
	*ret_text = strbuf_slice(&buf);
	return true;
}

static bool
take_type(struct slice *s, struct arena *mem, struct slice *ret_type)
{
	struct slice type, subtype;

	if (!content_type_skip_cfws(s))
		return false;
	type = content_type_take_token(s);
	if (!content_type_skip_cfws(s) || s->len == 0 || s->data[0] != '/')
		return false;
	*s = slice_from(*s, 1);
	if (!content_type_skip_cfws(s))
		return false;
	subtype = content_type_take_token(s);
	if (type.len == 0 || subtype.len == 0)
		return false;
	*ret_type = slice_lower(mem,
	    slice_format(
		mem, "%.*s/%.*s", SLICE_ARGS(type), SLICE_ARGS(subtype)));
	return true;
}

bool
mime_type(struct slice value, struct arena *mem, struct slice *ret_type)
{
	struct slice rest = value;

	return take_type(&rest, mem, ret_type);
}

bool
mime_type_plain(struct slice value, struct arena *mem, struct slice *ret_plain)
{
	struct slice rest = value, type, name, text;
	struct strbuf buf;

	if (!take_type(&rest, mem, &type))
		return false;
	strbuf_init(&buf, mem);
	strbuf_add(&buf, type);
	while (content_type_skip_cfws(&rest)) {
		if (rest.len == 0) {
			*ret_plain = strbuf_slice(&buf);
			return true;
		}
		if (rest.data[0] != ';')
			return false;
		rest = slice_from(rest, 1);
		if (!content_type_skip_cfws(&rest))
			return false;
		if (rest.len == 0)
			continue;
		name = slice_lower(mem, content_type_take_token(&rest));
		if (name.len == 0 || !content_type_skip_cfws(&rest) ||
		    rest.len == 0 || rest.data[0] != '=')
			return false;
		rest = slice_from(rest, 1);
		if (!content_type_skip_cfws(&rest) ||
		    !take_value(&rest, mem, &text))
			return false;
		/* RFC 2046 section 4.1.2: the names of charsets have no case. */
		if (slice_eq(name, SLICE("charset")))
			text = slice_lower(mem, text);
		strbuf_addf(&buf, ";%.*s=%zu:%.*s", SLICE_ARGS(name), text.len,
		    SLICE_ARGS(text));
	}
	return false;
}

/* A parameter; false when there is none that can be read. */
static bool
find_parameter(struct slice value, struct slice name, struct arena *mem,
    struct slice *ret_text)
{
	struct slice rest = value, type;

	if (!take_type(&rest, mem, &type))
		return false;
	for (;;) {
		struct slice attribute, text, behind;

		if (!content_type_skip_cfws(&rest) || rest.len == 0 ||
		    rest.data[0] != ';')
			return false;
		rest = slice_from(rest, 1);
		if (!content_type_skip_cfws(&rest))
			return false;
		if (rest.len == 0 || rest.data[0] == ';')
			continue;
		attribute = content_type_take_token(&rest);
		if (!content_type_skip_cfws(&rest) || rest.len == 0 ||
		    rest.data[0] != '=')
			return false;
		rest = slice_from(rest, 1);
		if (!content_type_skip_cfws(&rest) ||
		    !take_value(&rest, mem, &text))
			return false;
		/* The next parameter or nothing follows. */
		behind = rest;
		if (!content_type_skip_cfws(&behind) ||
		    (behind.len > 0 && behind.data[0] != ';'))
			return false;
		if (slice_eq_nocase(attribute, name)) {
			*ret_text = text;
			return true;
		}
	}
}

/* Moves behind the next ';' outside of quotes; false when there is none. */
static bool
content_type_next_piece(struct slice *rest)
{
	bool quoted = false;

	while (rest->len > 0) {
		char c = rest->data[0];

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted && rest->len > 1)
			*rest = slice_from(*rest, 1);
		*rest = slice_from(*rest, 1);
		if (c == ';' && !quoted)
			return true;
	}
	return false;
}

/*
 * "NAME = VALUE" at the beginning: what is written for its value. 0 when it is
 * something else, -1 when a comment begins and does not end: nor does it for
 * any piece behind this one.
 */
static int
written_value(struct slice piece, struct slice name, struct slice *ret_written)
{
	size_t len = 0;

	if (!content_type_skip_cfws(&piece))
		return -1;
	if (!slice_eq_nocase(content_type_take_token(&piece), name))
		return 0;
	if (!content_type_skip_cfws(&piece))
		return -1;
	if (piece.len == 0 || piece.data[0] != '=')
		return 0;
	piece = slice_from(piece, 1);
	if (!content_type_skip_cfws(&piece))
		return -1;
	if (piece.len > 0 && piece.data[0] == '"') {
		len = 1 + slice_find(slice_from(piece, 1), '"') + 1;
		*ret_written = slice_sub(piece, 0, len);
		return len <= piece.len;
	}
	while (len < piece.len && (unsigned char)piece.data[len] > ' ' &&
	    piece.data[len] != ';')
		len++;
	*ret_written = slice_sub(piece, 0, len);
	return len > 0;
}

bool
mime_boundary(struct slice value, struct arena *mem, struct slice *ret_boundary,
    struct slice *ret_written)
{
	const struct slice name = SLICE("boundary");
	struct slice rest = value, text, written;
	int found = 0;

	if (find_parameter(value, name, mem, &text) && text.len > 0 &&
	    !char_is_wsp(text.data[text.len - 1])) {
		*ret_boundary = text;
		*ret_written = (struct slice){ NULL, 0 };
		return true;
	}
	while (found >= 0 && content_type_next_piece(&rest)) {
		found = written_value(rest, name, &written);
		if (found <= 0)
			continue;
		text = written.data[0] == '"' ?
		    slice_sub(written, 1, written.len - 2) :
		    written;
		text = slice_trim(text);
		if (text.len == 0 || slice_has(text, '"') ||
		    slice_has(text, '\\'))
			return false;
		*ret_boundary = slice_dup(mem, text);
		/* Nothing to be put right if the rest of the field is odd. */
		*ret_written =
		    written.data[0] == '"' && written.len == text.len + 2 ?
		    (struct slice){ NULL, 0 } :
		    written;
		return true;
	}
	return false;
}

bool
mime_has_boundaries(struct slice value)
{
	struct slice written;
	unsigned int count = 0;
	int found = 0;

	while (found >= 0 && count < 2 && content_type_next_piece(&value)) {
		found = written_value(value, SLICE("boundary"), &written);
		count += found > 0;
	}
	return count > 1;
}

struct slice
mime_type_as_file(struct slice value, struct slice name, struct arena *mem)
{
	/* Plain, and as RFC 2231 has it. */
	static const struct slice names[] = { { "name", 4 }, { "name*", 5 },
		{ "name*0", 6 }, { "name*0*", 7 } };
	struct slice rest = value, type, text;
	bool has_name = false;
	struct strbuf buf;

	if (!take_type(&rest, mem, &type))
		rest = (struct slice){ "", 0 };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		has_name =
		    has_name || find_parameter(value, names[i], mem, &text);
	strbuf_init(&buf, mem);
	strbuf_addf(&buf, " application/octet-stream");
	if (!has_name)
		strbuf_addf(&buf, "; name=\"%.*s\"", SLICE_ARGS(name));
	strbuf_add(&buf, rest);
	return strbuf_slice(&buf);
}

bool
mime_encoding_token(struct slice value, struct slice *ret_token)
{
	*ret_token = (struct slice){ "", 0 };
	if (!content_type_skip_cfws(&value))
		return false;
	*ret_token = content_type_take_token(&value);
	return content_type_skip_cfws(&value) && value.len == 0;
}
