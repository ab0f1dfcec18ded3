/* SPDX-License-Identifier: BSD-2-Clause */
/* Content transfer encodings: their names, and lenient decoding. */
#include "message/encode.h"

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
