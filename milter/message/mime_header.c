/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a part: its labels, and the lengths that MTAs measure. */
#include "message/content_type.h"
#include "message/part_header.h"
#include "mime_priv.h"

bool
mime_is_plain_encoding(struct slice value)
{
	struct slice token;

	return mime_encoding_token(value, &token) && token.len > 0 &&
	    value.data[0] == ' ' && token.data == value.data + 1 &&
	    slice_trim(value).len == token.len;
}

/* Whether a quoted-string begins and does not end. */
static bool
has_open_quote(struct slice value)
{
	bool quoted = false;

	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\\')
			i++;
		else if (value.data[i] == '"')
			quoted = !quoted;
	}
	return quoted;
}

void
mime_measure_field(
    struct mime_header *facts, struct slice name, struct slice value)
{
	struct slice rest = value, piece;

	if (!slice_starts_nocase(name, SLICE("Content-")) &&
	    !slice_eq_nocase(name, SLICE("MIME-Version")))
		return;
	if (value.len > facts->longest_field)
		facts->longest_field = value.len;
	if (!slice_eq_nocase(name, SLICE("Content-Type")) &&
	    !slice_eq_nocase(name, SLICE("Content-Disposition")))
		return;
	facts->has_open_quote = facts->has_open_quote || has_open_quote(value);
	while (slice_next_item(&rest, ";", &piece)) {
		if (piece.len > facts->longest_parameter)
			facts->longest_parameter = piece.len;
	}
}

static bool
mime_header_is_one_of(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (slice_eq_nocase(name, slice_of(*names)))
			return true;
	}
	return false;
}

bool
mime_is_lost_field(struct slice name)
{
	static const char *const names[] = { "Bcc", "Return-Path",
		"Content-Length", "Full-Name", NULL };

	return mime_header_is_one_of(name, names) ||
	    slice_starts_nocase(name, SLICE("Resent-"));
}

/* Counts a field that may occur once; a copy of the first does not count. */
static void
count_once(const struct part_field *field, struct slice *first,
    unsigned int *count, bool *ret_has_copy)
{
	if (*count > 0 &&
	    slice_eq(slice_trim(field->value), slice_trim(*first)))
		*ret_has_copy = true;
	else if ((*count)++ == 0)
		*first = field->value;
}

/*
 * The longest piece of a field between two places where it may be folded, as
 * octets of a line: blanks go with the text behind them.
 */
static size_t
longest_piece(const struct part_field *field)
{
	struct slice value = field->value;
	size_t piece = field->name.len + 1, longest = 0;
	bool in_blanks = false;

	for (size_t i = 0; i < value.len; i++) {
		bool is_blank = char_is_wsp(value.data[i]);

		if (value.data[i] == '\r' || value.data[i] == '\n' ||
		    (is_blank && !in_blanks))
			piece = 0;
		if (value.data[i] != '\r' && value.data[i] != '\n')
			piece++;
		in_blanks = is_blank;
		if (piece > longest)
			longest = piece;
	}
	return longest;
}

static void
note_field(struct mime_header *facts, const struct part_field *field,
    struct mime_labels *labels)
{
	/* Sendmail reads and writes these anew as addresses (docs/mta-changes.md). */
	static const char *const addresses[] = { "From", "Sender", "Reply-To",
		"To", "Cc", "Apparently-To", "Errors-To",
		"Disposition-Notification-To", NULL };

	size_t piece = longest_piece(field);

	mime_measure_field(facts, field->name, field->value);
	if (piece > facts->longest_piece)
		facts->longest_piece = piece;
	facts->has_name_blank = facts->has_name_blank || field->has_blank;
	facts->has_quoted_mbox = facts->has_quoted_mbox || field->has_mbox_line;
	facts->has_unfolded = facts->has_unfolded || field->has_unfolded;
	facts->has_lost_field =
	    facts->has_lost_field || mime_is_lost_field(field->name);
	facts->has_address_field = facts->has_address_field ||
	    mime_header_is_one_of(field->name, addresses);
	if (slice_eq_nocase(field->name, SLICE("MIME-Version")))
		facts->has_version = true;
	if (slice_eq_nocase(field->name, SLICE("Content-Type")))
		count_once(
		    field, &labels->type, &facts->types, &facts->has_copy);
	facts->encoding_is_last = false;
	if (!slice_eq_nocase(field->name, SLICE("Content-Transfer-Encoding")))
		return;
	count_once(
	    field, &labels->encoding, &facts->encodings, &facts->has_copy);
	facts->encoding_is_last = facts->encodings == 1 &&
	    slice_eq(field->name, SLICE("Content-Transfer-Encoding")) &&
	    !field->has_blank && mime_is_plain_encoding(field->value);
}

void
mime_read_header(struct mime_header *facts, struct slice text, bool in_message,
    struct mime_labels *ret_labels)
{
	struct part_field field = { .end = 0 };
	size_t begin = in_message ? part_header_mbox_line(text) : 0;

	*ret_labels = (struct mime_labels){ .type = { NULL, 0 } };
	facts->has_mbox_line = begin != 0;
	field.end = begin;
	while (part_field_next(text, field.end, &field))
		note_field(facts, &field, ret_labels);
	facts->has_junk = !slice_eq(slice_from(text, field.end),
	    facts->ended ? SLICE("\r\n") : SLICE(""));
	/*
	 * Readers disagree about two encodings, about a continuation of
	 * nothing, and about CR or LF alone: the encoding is not usable.
	 */
	if (facts->encodings > 1 || facts->has_bare ||
	    (text.len > begin && char_is_wsp(text.data[begin])))
		ret_labels->encoding = SLICE("=");
}

bool
mime_lacks_header(struct slice text)
{
	struct part_field field;

	if (text.len == 0 || char_is_wsp(text.data[0]) ||
	    slice_starts(text, SLICE("\r\n")) ||
	    part_header_mbox_line(text) > 0)
		return false;
	while (text.len > 0) {
		if (part_field_next(text, 0, &field))
			return false;
		text = slice_from(text, part_line_length(text));
	}
	return true;
}

void
mime_measure_text(struct mime_part *part, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		part->octets_8bit += char_is_8bit(text.data[i]);
		part->has_nul = part->has_nul || text.data[i] == '\0';
	}
	part->has_8bit = part->has_8bit || part->octets_8bit > 0;
	part->has_bare = part->has_bare || part->header.has_bare;
	if (part->header.longest_line > part->longest_line)
		part->longest_line = part->header.longest_line;
}

bool
mime_is_8bit_label(struct slice line)
{
	const struct slice name = SLICE("Content-Transfer-Encoding");
	struct slice value;

	if (!slice_starts_nocase(line, name))
		return false;
	value = slice_trim(slice_from(line, slice_find(line, ':') + 1));
	return value.len == 0 || slice_has_text_nocase(value, SLICE("8bit")) ||
	    slice_has_text_nocase(value, SLICE("binary"));
}
