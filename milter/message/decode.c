/* SPDX-License-Identifier: BSD-2-Clause */
/* Decodes text that all readers decode alike, and refuses any other. */
#include "message/decode.h"

/* Which quoted-printable text was read last. */
enum { IN_TEXT, AT_CR, AT_EQUALS, AT_DIGIT, AT_SOFT_BLANK, AT_SOFT_CR };

enum { GROUP = 4 };

void
strict_decoder_init(struct strict_decoder *decoder, enum transfer_encoding from,
    encode_sink *sink, void *arg)
{
	ENSURE(from == TRANSFER_QUOTED_PRINTABLE || from == TRANSFER_BASE64);
	*decoder =
	    (struct strict_decoder){ .from = from, .sink = sink, .arg = arg };
}

static void
flush(struct strict_decoder *decoder)
{
	if (decoder->used > 0)
		decoder->sink(decoder->arg,
		    (struct slice){ decoder->out, decoder->used });
	decoder->used = 0;
}

static void
decode_put(struct strict_decoder *decoder, char c)
{
	if (decoder->used == sizeof(decoder->out))
		flush(decoder);
	decoder->out[decoder->used++] = c;
}

int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (char_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void
decode_quoted_octet(struct strict_decoder *decoder, char c)
{
	bool is_digit = char_hex_value(c) >= 0;

	switch (decoder->state) {
	case IN_TEXT:
		if (c == '=') {
			decoder->state = AT_EQUALS;
		} else if (c == '\r') {
			/* Readers disagree whether a blank there is text. */
			decoder->failed = decoder->blank;
			decoder->state = AT_CR;
		} else if (char_is_8bit(c) ||
		    (char_is_control(c) && c != '\t')) {
			decoder->failed = true;
		} else {
			decode_put(decoder, c);
		}
		decoder->blank = char_is_wsp(c);
		return;
	case AT_CR:
	case AT_SOFT_CR:
		decoder->failed = c != '\n';
		if (decoder->state == AT_CR) {
			decode_put(decoder, '\r');
			decode_put(decoder, '\n');
		}
		decoder->state = IN_TEXT;
		return;
	case AT_DIGIT:
		if (!is_digit) {
			decoder->failed = true;
			return;
		}
		decode_put(decoder,
		    (char)(char_hex_value(decoder->first) * 16 +
			char_hex_value(c)));
		decoder->state = IN_TEXT;
		return;
	default: /* behind "=", or behind a blank there */
		if (decoder->state == AT_EQUALS && is_digit) {
			decoder->first = c;
			decoder->state = AT_DIGIT;
		} else if (char_is_wsp(c)) {
			decoder->state = AT_SOFT_BLANK;
		} else if (c == '\r') {
			decoder->state = AT_SOFT_CR;
		} else {
			decoder->failed = true;
		}
	}
}

void
strict_decoder_add(struct strict_decoder *decoder, struct slice text)
{
	for (size_t i = 0; i < text.len && !decoder->failed; i++) {
		char c = text.data[i];
		int value = base64_value(c);

		if (decoder->from != TRANSFER_BASE64) {
			decode_quoted_octet(decoder, c);
			continue;
		}
		if (c == '\r' || c == '\n' || char_is_wsp(c))
			continue;
		if (c == '=' && decoder->digits >= 2) {
			decoder->padding++;
			value = 0;
		} else if (value < 0 || decoder->padding > 0) {
			decoder->failed = true;
			return;
		}
		decoder->bits = decoder->bits << 6 | (unsigned int)value;
		if (++decoder->digits < GROUP)
			continue;
		/* Bits of a group that belong to no octet are 0. */
		decoder->failed =
		    (decoder->bits & ((1U << decoder->padding * 8) - 1)) != 0;
		for (unsigned int o = 0; o < 3 - decoder->padding; o++)
			decode_put(
			    decoder, (char)(decoder->bits >> (16 - 8 * o)));
		decoder->bits = 0;
		decoder->digits = 0;
	}
}

bool
strict_decoder_finish(struct strict_decoder *decoder)
{
	if (decoder->digits != 0 || decoder->blank || decoder->state == AT_CR ||
	    decoder->state == AT_DIGIT || decoder->state == AT_SOFT_CR)
		decoder->failed = true;
	if (decoder->failed)
		return false;
	flush(decoder);
	return true;
}
