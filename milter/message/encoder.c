/* SPDX-License-Identifier: BSD-2-Clause */
/* Quoted-printable and base64 (RFC 2045 sections 6.7 and 6.8), by runs. */
#include <string.h>

#include "base/octets.h"
#include "message/encode.h"

/*
 * Of quoted-printable a line has TEXT_OCTETS: one column is kept for the "=" of a
 * soft break. A line of base64 is made of GROUP_OCTETS several times: of
 * PLAIN_OCTETS.
 */
enum {
	LINE_OCTETS = 76,
	TEXT_OCTETS = LINE_OCTETS - 1,
	GROUP_OCTETS = 3,
	PLAIN_OCTETS = LINE_OCTETS / 4 * GROUP_OCTETS, /* of base64 */
	/* Room that a line takes with all that stands behind it. */
	LINE_ROOM = 128,
};
_Static_assert(PLAIN_OCTETS == 57, "octets_57_in_base64()");
_Static_assert(LINE_ROOM > LINE_OCTETS + 8 + OCTETS_SLACK, "room of a line");

void
encoder_init(struct encoder *encoder, enum transfer_encoding to,
    encode_sink *sink, void *arg)
{
	ENSURE(to == TRANSFER_QUOTED_PRINTABLE || to == TRANSFER_BASE64);
	encoder->to = to;
	encoder->sink = sink;
	encoder->arg = arg;
	encoder->held_count = 0;
	encoder->pending_cr = false;
	encoder->line = encoder->len = 0;
}

static void
encoder_flush(struct encoder *encoder)
{
	if (encoder->len > 0)
		encoder->sink(
		    encoder->arg, (struct slice){ encoder->out, encoder->len });
	encoder->line = encoder->len = 0;
}

static size_t
line_octets(const struct encoder *encoder)
{
	return encoder->len - encoder->line;
}

static void
encode_put(struct encoder *encoder, char c)
{
	encoder->out[encoder->len++] = c;
}

static void
encode_end_line(struct encoder *encoder)
{
	encode_put(encoder, '\r');
	encode_put(encoder, '\n');
	encoder->line = encoder->len;
	if (encoder->len > sizeof(encoder->out) - LINE_ROOM)
		encoder_flush(encoder);
}

static void
encode_soft_break(struct encoder *encoder)
{
	encode_put(encoder, '=');
	encode_end_line(encoder);
}

/* One octet as =XX, after a soft break if it does not fit. */
static void
encode_escaped(struct encoder *encoder, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out;

	if (line_octets(encoder) + 3 > TEXT_OCTETS)
		encode_soft_break(encoder);
	out = encoder->out + encoder->len;
	out[0] = '=';
	out[1] = hex[(unsigned char)c >> 4];
	out[2] = hex[(unsigned char)c & 15];
	encoder->len += 3;
}

/* White space that turns out to stand at the end of a line. */
static void
escape_last(struct encoder *encoder)
{
	const char *last = encoder->out + encoder->len - 1;

	if (line_octets(encoder) == 0 || !char_is_wsp(*last))
		return;
	encoder->len--;
	encode_escaped(encoder, *last);
}

static bool
line_is(const struct encoder *encoder, struct slice text)
{
	return line_octets(encoder) == text.len &&
	    memcmp(encoder->out + encoder->line, text.data, text.len) == 0;
}

/* "From " and "." alone tempt relays; an encoded first octet does not. */
static void
escape_first(struct encoder *encoder)
{
	static const struct slice from = { "=46rom ", 7 }, dot = { "=2E", 3 };
	const struct slice *escaped = line_is(encoder, SLICE(".")) ? &dot :
	    line_is(encoder, SLICE("From "))			   ? &from :
								     NULL;

	if (escaped == NULL)
		return;
	memcpy(encoder->out + encoder->line, escaped->data, escaped->len);
	encoder->len = encoder->line + escaped->len;
}

static void
encode_line_end(struct encoder *encoder)
{
	escape_last(encoder);
	escape_first(encoder);
	encode_end_line(encoder);
}

/* Whether the line, with what comes, may begin with "From " or "-". */
static bool
line_begins_badly(const struct encoder *encoder, struct slice text)
{
	enum { FROM_OCTETS = sizeof("From ") - 1 };
	size_t used = line_octets(encoder);

	if (used == 0)
		return text.data[0] == 'F' || text.data[0] == '-';
	return used < FROM_OCTETS && encoder->out[encoder->line] == 'F';
}

/* What is in front of text, as far as the line has room; how many octets. */
static size_t
encode_text(struct encoder *encoder, struct slice text)
{
	char *out = encoder->out + encoder->len;
	size_t len,
	    used = octets_in_quoted_printable(
		out, TEXT_OCTETS - line_octets(encoder), text, &len);

	encoder->len += len;
	return used;
}

/* A soft break must not make a boundary: no line begins with "-". */
static bool
stands_in_line(const struct encoder *encoder, char c)
{
	size_t used = line_octets(encoder);

	return c == '-' ? used > 0 && used < TEXT_OCTETS :
			  c == '\t' || (c >= ' ' && c < 0x7f && c != '=');
}

/* One octet that does not fit, is not text, or begins a line; or a line end. */
static size_t
encode_special(struct encoder *encoder, struct slice text)
{
	bool is_full = line_octets(encoder) == TEXT_OCTETS;

	if (text.data[0] == '\r' && text.len == 1) {
		encoder->pending_cr = true;
		return 1;
	}
	if (text.data[0] == '\r' && text.data[1] == '\n') {
		encode_line_end(encoder);
		return 2;
	}
	if (is_full && text.data[0] != '-') {
		encode_soft_break(encoder);
		return 0;
	}
	if (stands_in_line(encoder, text.data[0])) {
		encode_put(encoder, text.data[0]);
		escape_first(encoder);
	} else {
		encode_escaped(encoder, text.data[0]);
	}
	return 1;
}

static void
encode_quoted(struct encoder *encoder, struct slice text)
{
	if (encoder->pending_cr && text.len > 0) {
		encoder->pending_cr = false;
		if (text.data[0] == '\n') {
			encode_line_end(encoder);
			text = slice_from(text, 1);
		} else {
			encode_escaped(encoder, '\r');
		}
	}
	while (text.len > 0) {
		size_t used = line_begins_badly(encoder, text) ?
		    0 :
		    encode_text(encoder, text);

		if (used == 0)
			used = encode_special(encoder, text);
		text = slice_from(text, used);
	}
}

/* The octets that are held, which are one at least. */
static void
base64_group(struct encoder *encoder)
{
	enum { OF_GROUP = 4 };
	char octets[PLAIN_OCTETS] = { 0 }, digits[LINE_OCTETS];

	memcpy(octets, encoder->held, encoder->held_count);
	octets_57_in_base64(digits, octets);
	for (size_t i = encoder->held_count + 1; i < OF_GROUP; i++)
		digits[i] = '=';
	memcpy(encoder->out + encoder->len, digits, OF_GROUP);
	encoder->len += OF_GROUP;
	encoder->held_count = 0;
	if (line_octets(encoder) == LINE_OCTETS)
		encode_end_line(encoder);
}

static void
encode_base64(struct encoder *encoder, struct slice text)
{
	while (text.len > 0) {
		if (encoder->held_count == 0 && line_octets(encoder) == 0 &&
		    text.len >= PLAIN_OCTETS) {
			octets_57_in_base64(
			    encoder->out + encoder->len, text.data);
			encoder->len += LINE_OCTETS;
			encode_end_line(encoder);
			text = slice_from(text, PLAIN_OCTETS);
			continue;
		}
		encoder->held[encoder->held_count++] =
		    (unsigned char)text.data[0];
		text = slice_from(text, 1);
		if (encoder->held_count == GROUP_OCTETS)
			base64_group(encoder);
	}
}

void
encoder_add(struct encoder *encoder, struct slice text)
{
	if (encoder->to == TRANSFER_BASE64)
		encode_base64(encoder, text);
	else
		encode_quoted(encoder, text);
}

void
encoder_finish(struct encoder *encoder)
{
	if (encoder->to == TRANSFER_BASE64) {
		if (encoder->held_count > 0)
			base64_group(encoder);
	} else {
		if (encoder->pending_cr)
			encode_escaped(encoder, '\r');
		escape_last(encoder);
		escape_first(encoder);
	}
	encoder_flush(encoder);
}
