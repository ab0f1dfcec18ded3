/* SPDX-License-Identifier: BSD-2-Clause */
/* Content transfer encodings: lenient decoding, and encoding. */
#include "message/encode.h"

/* RFC 2045 sections 6.7 and 6.8. */
enum { LINE_OCTETS = 76 };

static const char *const names[] = { "7bit", "8bit", "binary",
	"quoted-printable", "base64" };

enum transfer_encoding
transfer_encoding_find(struct slice name)
{
	if (name.len == 0)
		return TRANSFER_7BIT;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase(name, slice_of(names[i])))
			return (enum transfer_encoding)i;
	}
	return TRANSFER_OTHER;
}

const char *
transfer_encoding_name(enum transfer_encoding encoding)
{
	ENSURE(encoding < TRANSFER_OTHER);
	return names[encoding];
}

void
decoder_init(struct decoder *decoder, enum transfer_encoding from,
    encode_sink *sink, void *arg)
{
	*decoder = (struct decoder){ .from = from, .sink = sink, .arg = arg };
}

static void
emit(const struct decoder *decoder, const char *data, size_t len)
{
	if (len > 0)
		decoder->sink(decoder->arg, (struct slice){ data, len });
}

/* The text that was held is not an escape, and stands for itself. */
static void
release_held(struct decoder *decoder)
{
	emit(decoder, decoder->held, decoder->held_count);
	decoder->held_count = 0;
}

/*
 * An octet behind a '='. "=XX" is an octet; "=" and CRLF is nothing; all else
 * stands for itself. True when c was used.
 */
static bool
decode_escape(struct decoder *decoder, char c)
{
	char last = decoder->held[decoder->held_count - 1];
	bool blanks = last == '=' || char_is_wsp(last);
	char octet;

	if (last == '\r' && c == '\n') {
		decoder->held_count = 0;
		return true;
	}
	if ((blanks && (c == '\r' || char_is_wsp(c)) &&
		decoder->held_count < sizeof(decoder->held)) ||
	    (last == '=' && char_hex_value(c) >= 0)) {
		decoder->held[decoder->held_count++] = c;
		return true;
	}
	if (decoder->held_count == 2 && char_hex_value(last) >= 0 &&
	    char_hex_value(c) >= 0) {
		octet = (char)(char_hex_value(last) << 4 | char_hex_value(c));
		decoder->held_count = 0;
		emit(decoder, &octet, 1);
		return true;
	}
	release_held(decoder);
	return false;
}

void
decoder_add(struct decoder *decoder, struct slice text)
{
	size_t start = 0;

	for (size_t i = 0;
	     decoder->from == TRANSFER_QUOTED_PRINTABLE && i < text.len; i++) {
		if (decoder->held_count > 0) {
			if (decode_escape(decoder, text.data[i])) {
				start = i + 1;
				continue;
			}
			start = i;
		}
		if (text.data[i] != '=')
			continue;
		emit(decoder, text.data + start, i - start);
		decoder->held[decoder->held_count++] = '=';
		start = i + 1;
	}
	if (text.len > 0)
		emit(decoder, text.data + start, text.len - start);
}

void
decoder_finish(struct decoder *decoder)
{
	size_t blanks = 1;

	while (
	    blanks < decoder->held_count && char_is_wsp(decoder->held[blanks]))
		blanks++;
	/* A soft break before the end of the text. */
	if (blanks == decoder->held_count)
		decoder->held_count = 0;
	release_held(decoder);
}

void
encoder_init(struct encoder *encoder, enum transfer_encoding to,
    encode_sink *sink, void *arg)
{
	ENSURE(to == TRANSFER_QUOTED_PRINTABLE || to == TRANSFER_BASE64);
	*encoder = (struct encoder){ .to = to, .sink = sink, .arg = arg };
}

/* The line that is gathered, and what ends it. */
static void
encode_end_line(struct encoder *encoder, const char *end)
{
	encoder->sink(
	    encoder->arg, (struct slice){ encoder->line, encoder->used });
	encoder->sink(encoder->arg, slice_of(end));
	encoder->used = 0;
}

static void
base64_group(struct encoder *encoder)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = encoder->held;
	size_t count = encoder->held_count;
	char *out = encoder->line + encoder->used;

	out[0] = digits[in[0] >> 2];
	out[1] = digits[(in[0] & 3) << 4 | in[1] >> 4];
	out[2] = count > 1 ? digits[(in[1] & 15) << 2 | in[2] >> 6] : '=';
	out[3] = count > 2 ? digits[in[2] & 63] : '=';
	encoder->used += 4;
	encoder->held_count = 0;
	encoder->held[0] = encoder->held[1] = encoder->held[2] = 0;
	if (encoder->used == LINE_OCTETS)
		encode_end_line(encoder, "\r\n");
}

static void
encode_put(struct encoder *encoder, char c)
{
	encoder->line[encoder->used++] = c;
}

/* One octet as it stands, or as =XX, after a soft break if it does not fit. */
static void
encode_quoted_octet(struct encoder *encoder, char c, bool escape)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t need = escape ? 3 : 1;

	/* One column is kept for the "=" of a soft break. */
	if (encoder->used + need > LINE_OCTETS - 1) {
		encode_put(encoder, '=');
		encode_end_line(encoder, "\r\n");
	}
	if (!escape) {
		encode_put(encoder, c);
		return;
	}
	encode_put(encoder, '=');
	encode_put(encoder, hex[(unsigned char)c >> 4]);
	encode_put(encoder, hex[(unsigned char)c & 15]);
}

/* White space that turns out to stand at the end of a line. */
static void
escape_last(struct encoder *encoder)
{
	char last;

	if (encoder->used == 0 ||
	    !char_is_wsp(encoder->line[encoder->used - 1]))
		return;
	last = encoder->line[--encoder->used];
	encode_quoted_octet(encoder, last, true);
}

/* "From " and "." alone tempt relays; an encoded first octet does not. */
static void
escape_first(struct encoder *encoder)
{
	static const char from[] = "From ";
	struct slice line = { encoder->line, encoder->used };
	char rest[8] = { 0 };
	size_t len = encoder->used;

	if (!slice_eq(line, SLICE(".")) && !slice_eq(line, slice_of(from)))
		return;
	for (size_t i = 0; i < len; i++)
		rest[i] = encoder->line[i];
	encoder->used = 0;
	encode_quoted_octet(encoder, rest[0], true);
	for (size_t i = 1; i < len; i++)
		encode_put(encoder, rest[i]);
}

void
encoder_add(struct encoder *encoder, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (encoder->to != TRANSFER_QUOTED_PRINTABLE) {
			encoder->held[encoder->held_count++] = (unsigned char)c;
			if (encoder->held_count == 3)
				base64_group(encoder);
			continue;
		}
		if (encoder->pending_cr && c == '\n') {
			encoder->pending_cr = false;
			escape_last(encoder);
			escape_first(encoder);
			encode_end_line(encoder, "\r\n");
			continue;
		}
		if (encoder->pending_cr)
			encode_quoted_octet(encoder, '\r', true);
		encoder->pending_cr = c == '\r';
		if (encoder->pending_cr)
			continue;
		/*
		 * A soft break must not make a boundary: no line begins with
		 * "-".
		 */
		encode_quoted_octet(encoder, c,
		    c == '=' || char_is_8bit(c) ||
			(char_is_control(c) && c != '\t') ||
			(c == '-' &&
			    (encoder->used == 0 ||
				encoder->used + 1 > LINE_OCTETS - 1)));
		if (encoder->used == sizeof("From ") - 1)
			escape_first(encoder);
	}
}

void
encoder_finish(struct encoder *encoder)
{
	if (encoder->to == TRANSFER_BASE64) {
		if (encoder->held_count > 0)
			base64_group(encoder);
		if (encoder->used > 0)
			encode_end_line(encoder, "");
		return;
	}
	if (encoder->pending_cr) {
		encoder->pending_cr = false;
		encode_quoted_octet(encoder, '\r', true);
	}
	escape_last(encoder);
	escape_first(encoder);
	if (encoder->used > 0)
		encode_end_line(encoder, "");
}
