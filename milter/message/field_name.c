/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How programs read a field name that is legal (RFC 5322 section 2.2 allows all
 * printable ASCII but the colon) and not a simple token.
 */
#include "message/field_name.h"
#include "message/field_names.h"

enum reading {
	READING_BARE,  /* without comments and marks */
	READING_FIRST, /* the first run that could be a name */
	READING_TEXT,  /* up to a colon outside of comments, quotes */
};

static bool
is_plain_char(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '-';
}

bool
field_name_is_plain(struct slice name)
{
	size_t i = 0;

	while (i < name.len && is_plain_char(name.data[i]))
		i++;
	return i == name.len;
}

static bool
field_name_is_name_char(char c)
{
	return is_plain_char(c) || c == '_';
}

/* Marks are left out; FIELD_READING_OCTETS is the length of what is too long. */
static void
add_char(struct field_readings *readings, enum reading which, char c)
{
	size_t *len = &readings->len[which];

	if (!field_name_is_name_char(c) || *len == FIELD_READING_OCTETS)
		return;
	readings->text[which][(*len)++] = c == '_' ? '-' : c;
}

/* Where reading stands: in comments, in quotes, or in neither. */
struct state {
	size_t depth;
	bool quoted;
	bool escaped;
};

/* Whether an octet is text: not in a comment, nor in quotes if those count. */
static bool
is_text(struct state *state, char c, bool quotes)
{
	bool inside = state->depth > 0 || state->quoted;

	if (state->escaped) {
		state->escaped = false;
		return !inside;
	}
	if (c == '\\' && inside)
		state->escaped = true;
	else if (c == '"' && quotes && state->depth == 0)
		state->quoted = !state->quoted;
	else if (c == '(' && !state->quoted)
		state->depth++;
	else if (c == ')' && state->depth > 0)
		state->depth--;
	else
		return !inside;
	return false;
}

/* "(a: b)From: c": the MTA ends the name at the first colon, others do not. */
static void
field_name_read_text(const struct field *field, struct field_readings *readings)
{
	struct state state = { 0 };

	for (size_t i = 0; i < field->name.len; i++) {
		if (is_text(&state, field->name.data[i], true))
			add_char(readings, READING_TEXT, field->name.data[i]);
	}
	if (is_text(&state, ':', true))
		return;
	for (size_t i = 0; i < field->value.len; i++) {
		char c = field->value.data[i];

		if (!is_text(&state, c, true))
			continue;
		if (c == ':')
			return;
		add_char(readings, READING_TEXT, c);
	}
	/* Without a colon it is not a field to such a program. */
	readings->len[READING_TEXT] = 0;
}

void
field_readings_of(
    const struct field *field, struct field_readings *ret_readings)
{
	const struct slice name = field->name;
	struct state state = { 0 };
	size_t i;

	ret_readings->is_plain = field_name_is_plain(name);
	ret_readings->is_twofold = false;
	for (i = 0; i < FIELD_READINGS; i++)
		ret_readings->len[i] = 0;
	if (ret_readings->is_plain)
		return;
	ret_readings->is_twofold = slice_has(name, '(') ||
	    slice_has(name, ')') || slice_has_text_nocase(name, SLICE("=?"));
	for (i = 0; i < name.len; i++) {
		if (is_text(&state, name.data[i], false))
			add_char(ret_readings, READING_BARE, name.data[i]);
	}
	i = 0;
	while (i < name.len && !field_name_is_name_char(name.data[i]))
		i++;
	for (; i < name.len && field_name_is_name_char(name.data[i]); i++)
		add_char(ret_readings, READING_FIRST, name.data[i]);
	field_name_read_text(field, ret_readings);
	for (i = 0; i < FIELD_READINGS; i++) {
		if (ret_readings->len[i] == FIELD_READING_OCTETS)
			ret_readings->len[i] = 0;
	}
}

bool
field_readings_have(const struct field_readings *readings, struct slice name)
{
	ENSURE(name.len > 0);
	if (readings->is_plain)
		return false;
	for (size_t i = 0; i < FIELD_READINGS; i++) {
		if (slice_eq_nocase(
			(struct slice){ readings->text[i], readings->len[i] },
			name))
			return true;
	}
	return false;
}

bool
field_readings_mislead(const struct field_readings *readings)
{
	if (readings->is_plain)
		return false;
	if (readings->is_twofold)
		return true;
	/* policy/authors.c judges those of authors. */
	for (int i = field_with(FIELD_ACTED_UPON, 0); i != FIELD_END;
	     i = field_with(FIELD_ACTED_UPON, i + 1)) {
		if (field_readings_have(readings, field_known_name(i)))
			return true;
	}
	return false;
}
