/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs make of a field name that is legal (RFC 5322 section 2.2 allows
 * all printable ASCII but the colon) and no simple token.
 */
#include "message/field_name.h"

enum reading {
	READING_BARE,		/* without comments and marks */
	READING_FIRST,		/* the first run that could be a name */
	READING_TEXT,		/* up to a colon outside of comments, quotes */
};

static bool
is_plain_char(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '-';
}

static bool
is_name_char(char c)
{
	return is_plain_char(c) || c == '_';
}

static bool
is_plain(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_plain_char(name.data[i]))
			return false;
	}
	return true;
}

/* Marks are left out; FIELD_READING_OCTETS is the length of what is too long. */
static void
add_char(struct field_readings *readings, enum reading which, char c)
{
	size_t *len = &readings->len[which];

	if (!is_name_char(c) || *len == FIELD_READING_OCTETS)
		return;
	readings->text[which][(*len)++] = c == '_' ? '-' : c;
}

/* Where reading stands: in comments, in quotes, or in neither. */
struct state {
	size_t depth;
	bool quoted;
	bool escaped;
};

/* Whether an octet is text: no comment, and, if quotes count, not quoted. */
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

static void
read_bare(const struct field *field, struct field_readings *readings)
{
	struct state state = { 0 };

	for (size_t i = 0; i < field->name.len; i++) {
		if (is_text(&state, field->name.data[i], false))
			add_char(readings, READING_BARE, field->name.data[i]);
	}
}

static void
read_first(const struct field *field, struct field_readings *readings)
{
	size_t i = 0;

	while (i < field->name.len && !is_name_char(field->name.data[i]))
		i++;
	for (; i < field->name.len && is_name_char(field->name.data[i]); i++)
		add_char(readings, READING_FIRST, field->name.data[i]);
}

/* "(a: b)From: c": the MTA ends the name at the first colon, others do not. */
static void
read_text(const struct field *field, struct field_readings *readings)
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
	/* Without a colon it is no field for such a program. */
	readings->len[READING_TEXT] = 0;
}

void
field_readings_of(const struct field *field,
    struct field_readings *ret_readings)
{
	*ret_readings = (struct field_readings){ .is_plain = true };
	if (is_plain(field->name))
		return;
	ret_readings->is_plain = false;
	ret_readings->is_twofold = slice_has(field->name, '(') ||
	    slice_has(field->name, ')') ||
	    slice_has_text_nocase(field->name, SLICE("=?"));
	read_bare(field, ret_readings);
	read_first(field, ret_readings);
	read_text(field, ret_readings);
	for (size_t i = 0; i < FIELD_READINGS; i++) {
		if (ret_readings->len[i] == FIELD_READING_OCTETS)
			ret_readings->len[i] = 0;
	}
}

bool
field_readings_have(const struct field_readings *readings, struct slice name)
{
	ENSURE(name.len > 0);
	for (size_t i = 0; i < FIELD_READINGS; i++) {
		if (slice_eq_nocase((struct slice){ readings->text[i],
		    readings->len[i] }, name))
			return true;
	}
	return false;
}

/* Those of authors stand in policy/authors.c. */
static const struct slice acted_upon[] = {
	{ "Reply-To", 8 }, { "To", 2 }, { "Cc", 2 }, { "Bcc", 3 },
	{ "Subject", 7 }, { "Date", 4 }, { "Message-ID", 10 },
	{ "In-Reply-To", 11 }, { "References", 10 }, { "Received", 8 },
	{ "Return-Path", 11 }, { "Delivered-To", 12 }, { "Resent-To", 9 },
	{ "Resent-Cc", 9 }, { "Resent-Bcc", 10 }, { "Resent-Reply-To", 15 },
	{ "Resent-Date", 11 }, { "Resent-Message-ID", 17 },
	{ "MIME-Version", 12 }, { "Content-Type", 12 },
	{ "Content-Transfer-Encoding", 25 }, { "Content-Disposition", 19 },
	{ "Content-ID", 10 }, { "Content-Description", 19 },
	{ "Content-Location", 16 }, { "Content-Base", 12 },
	{ "Content-Language", 16 }, { "Content-Length", 14 },
	{ "Content-MD5", 11 }, { "DKIM-Signature", 14 },
	{ "DomainKey-Signature", 19 }, { "Authentication-Results", 22 },
	{ "ARC-Seal", 8 }, { "ARC-Message-Signature", 21 },
	{ "ARC-Authentication-Results", 26 }, { "Received-SPF", 12 },
	{ "List-ID", 7 }, { "List-Help", 9 }, { "List-Unsubscribe", 16 },
	{ "List-Unsubscribe-Post", 21 }, { "List-Subscribe", 14 },
	{ "List-Post", 9 }, { "List-Owner", 10 }, { "List-Archive", 12 },
	{ "Disposition-Notification-To", 27 }, { "Return-Receipt-To", 17 },
	{ "Errors-To", 9 }, { "Autocrypt", 9 }, { "BIMI-Selector", 13 },
	{ "BIMI-Indicator", 14 }, { "BIMI-Location", 13 },
	{ "X-Submilter-Preflight", 21 },
};

bool
field_readings_mislead(const struct field_readings *readings)
{
	if (readings->is_plain)
		return false;
	if (readings->is_twofold)
		return true;
	for (size_t i = 0; i < sizeof(acted_upon) / sizeof(acted_upon[0]);
	    i++) {
		if (field_readings_have(readings, acted_upon[i]))
			return true;
	}
	return false;
}
