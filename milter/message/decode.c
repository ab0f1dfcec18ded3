/* SPDX-License-Identifier: BSD-2-Clause */
/* Decodes text that all readers decode alike, and refuses any other. */
#include "message/decode.h"

#include "base/octets.h"

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
	/* Of ASCII. */
	static const signed char values[] = { -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, -1, 62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59,
		60, 61, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8,
		9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
		25, -1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31, 32, 33, 34,
		35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
		51, -1, -1, -1, -1, -1 };

	return char_is_8bit(c) ? -1 : values[(unsigned char)c];
}

/* Whole groups of digits in front of text; how many octets. */
static size_t
decode_groups(struct strict_decoder *decoder, struct slice text)
{
	size_t at = 0;

	for (; at + GROUP <= text.len; at += GROUP) {
		const char *digits = text.data + at;
		int a = base64_value(digits[0]), b = base64_value(digits[1]),
		    c = base64_value(digits[2]), d = base64_value(digits[3]);
		char *out;

		if ((a | b | c | d) < 0)
			break;
		if (decoder->used + 3 > sizeof(decoder->out))
			flush(decoder);
		out = decoder->out + decoder->used;
		out[0] = (char)(a << 2 | b >> 4);
		out[1] = (char)(b << 4 | c >> 2);
		out[2] = (char)(c << 6 | d);
		decoder->used += 3;
	}
	return at;
}

/* Quoted-printable text that stands as it is, in front; how many octets. */
static size_t
decode_plain(struct strict_decoder *decoder, struct slice text)
{
	enum { MOST = sizeof(decoder->out) - OCTETS_SLACK };
	size_t run;

	if (decoder->used >= MOST)
		flush(decoder);
	run = octets_copy_printable(
	    decoder->out + decoder->used, text, MOST - decoder->used);
	decoder->used += run;
	if (run > 0)
		decoder->blank = char_is_wsp(text.data[run - 1]);
	return run;
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
	bool is_base64 = decoder->from == TRANSFER_BASE64;

	for (size_t i = 0; i < text.len && !decoder->failed; i++) {
		char c;
		int value;

		if (is_base64 && decoder->digits == 0 && decoder->padding == 0)
			i += decode_groups(decoder, slice_from(text, i));
		else if (!is_base64 && decoder->state == IN_TEXT)
			i += decode_plain(decoder, slice_from(text, i));
		if (i == text.len)
			break;
		c = text.data[i];
		value = base64_value(c);
		if (!is_base64) {
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
