/* SPDX-License-Identifier: BSD-2-Clause */
/* Octets on their way from an old body to a new one, as they are or recoded. */
#include <string.h>

#include "base/octets.h"
#include "body_writer_priv.h"
#include "decode_priv.h"

enum { ENCODED_LINE_OCTETS = 76 };

static void
writer_hand_on(struct writer *writer, struct slice text)
{
	const struct body_target *target = writer->target;

	if (text.len > 0)
		(writer->is_behind ? target->rest : target->sink)(
		    target->arg, text);
}

void
writer_flush(struct writer *writer)
{
	writer_hand_on(
	    writer, (struct slice){ writer->gathered, writer->gathered_len });
	writer->gathered_len = 0;
}

void
writer_add(void *arg, struct slice text)
{
	struct writer *writer = arg;
	bool is_behind = writer->at >= writer->target->end;

	if (text.len == 0 || (is_behind && writer->target->rest == NULL))
		return;
	writer->last[0] =
	    text.len > 1 ? text.data[text.len - 2] : writer->last[1];
	writer->last[1] = text.data[text.len - 1];
	if (is_behind != writer->is_behind)
		writer_flush(writer);
	writer->is_behind = is_behind;
	while (text.len > 0) {
		size_t room = GATHERED_OCTETS - writer->gathered_len;
		size_t len = text.len < room ? text.len : room;

		memcpy(writer->gathered + writer->gathered_len, text.data, len);
		writer->gathered_len += len;
		text = slice_from(text, len);
		if (len == room)
			writer_flush(writer);
	}
}

static void
decode_into(void *arg, struct slice text)
{
	encoder_add(arg, text);
}

static void
decode_piece(void *arg, struct slice text)
{
	decoder_add(arg, text);
}

/* Octets of the old body, from where we are to an offset, through a function. */
int
writer_pass_to(struct writer *writer, uint64_t end,
    void (*take)(void *arg, struct slice text), void *arg)
{
	const struct body_target *target = writer->target;
	char buffer[BODY_PIECE_OCTETS];
	struct slice piece;

	while (writer->at < end &&
	    (writer->at < target->end || target->rest != NULL)) {
		if (body_piece(writer->body, writer->at, end, buffer, &piece,
			writer->err) != 0)
			return -1;
		take(arg, piece);
		writer->at += piece.len;
	}
	return 0;
}

int
writer_copy_to(struct writer *writer, uint64_t end)
{
	return writer_pass_to(writer, end, writer_add, writer);
}

static bool
body_write_is_base64(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '+' || c == '/' ||
	    c == '=';
}

/* How many octets of base64 are in front of text. */
static size_t
base64_run(struct slice text)
{
	enum { AT_ONCE = 16 };
	size_t len = 0;

	while (
	    len + AT_ONCE <= text.len && octets_16_are_base64(text.data + len))
		len += AT_ONCE;
	while (len < text.len && body_write_is_base64(text.data[len]))
		len++;
	return len;
}

/* base64 in other lines, without strays (RFC 2045 section 6.8). */
static void
write_rewrapped(void *arg, struct slice text)
{
	struct writer *writer = arg;

	while (text.len > 0) {
		size_t len;

		if (!body_write_is_base64(text.data[0])) {
			text = slice_from(text, 1);
			continue;
		}
		if (writer->column == ENCODED_LINE_OCTETS) {
			writer_add(writer, SLICE("\r\n"));
			writer->column = 0;
		}
		len = base64_run(
		    slice_sub(text, 0, ENCODED_LINE_OCTETS - writer->column));
		writer_add(writer, slice_sub(text, 0, len));
		writer->column += len;
		text = slice_from(text, len);
	}
}

static void
decode_strictly(void *arg, struct slice text)
{
	strict_decoder_add(arg, text);
}

/* The content of a part, decoded or in another encoding. */
int
writer_recode_to(struct writer *writer, uint64_t end,
    enum transfer_encoding from, const struct part_plan *want)
{
	struct line_ends ends = { .sink = writer_add, .arg = writer };
	struct strict_decoder strict;
	struct encoder encoder;
	struct decoder decoder;

	/* An attached message as it is; the plan has looked at it. */
	if (want->decode) {
		strict_decoder_init(&strict, from, line_ends_add, &ends);
		if (writer_pass_to(writer, end, decode_strictly, &strict) != 0)
			return -1;
		return strict_decoder_finish(&strict) &&
			line_ends_finish(&ends) ?
		    0 :
		    err_set(writer->err, ERR_DATA,
			"an attached message cannot be decoded");
	}
	if (want->from == TRANSFER_BASE64 && want->to == TRANSFER_BASE64) {
		writer->column = 0;
		if (writer_pass_to(writer, end, write_rewrapped, writer) != 0)
			return -1;
		writer_add(writer, SLICE("\r\n"));
		return 0;
	}
	encoder_init(&encoder, want->to, writer_add, writer);
	decoder_init(&decoder, want->from, decode_into, &encoder);
	if (writer_pass_to(writer, end, decode_piece, &decoder) != 0)
		return -1;
	decoder_finish(&decoder);
	encoder_finish(&encoder);
	return 0;
}
