/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words, RFC 2047, as mail programs decode them: leniently. */
#include <unicode/ucnv.h>

#include "display_priv.h"

/* Words in words in words: more layers than any program decodes. */
enum { DECODE_LAYERS = 3, CHARSET_OCTETS = 40 };

/* A converter is kept for the words that follow: they mostly share it. */
struct decoder {
	struct arena *mem;
	char charset[CHARSET_OCTETS];
	UConverter *converter;		/* NULL: nobody knows that charset */
};

static void
decoder_done(struct decoder *decoder)
{
	if (decoder->converter != NULL)
		ucnv_close(decoder->converter);
}

/* Whoever writes a charset that nobody knows is read as ASCII. */
static void
choose_charset(struct decoder *decoder, struct slice name)
{
	/* RFC 2231 section 5: "charset*language". */
	struct slice charset = slice_sub(name, 0, slice_find(name, '*'));
	UErrorCode status = U_ZERO_ERROR;

	if (charset.len >= CHARSET_OCTETS)
		charset.len = 0;
	if (slice_eq(charset, slice_of(decoder->charset)))
		return;
	decoder_done(decoder);
	for (size_t i = 0; i < charset.len; i++)
		decoder->charset[i] = charset.data[i];
	decoder->charset[charset.len] = '\0';
	decoder->converter = charset.len == 0 ? NULL
	    : ucnv_open(decoder->charset, &status);
	if (U_FAILURE(status))
		decoder->converter = NULL;
}

/* Text of the chosen charset as UTF-8. */
static void
convert(struct decoder *decoder, struct slice octets, struct strbuf *buf)
{
	size_t room = octets.len * 2 + 4;
	UErrorCode status = U_ZERO_ERROR;
	UChar *text;
	int32_t len;

	if (decoder->converter == NULL) {
		for (size_t i = 0; i < octets.len; i++) {
			if (char_is_8bit(octets.data[i]))
				strbuf_add_cstr(buf, "\xef\xbf\xbd");
			else
				strbuf_add_char(buf, octets.data[i]);
		}
		return;
	}
	ENSURE(room < INT32_MAX);
	text = arena_array(decoder->mem, room, sizeof(*text));
	ucnv_resetToUnicode(decoder->converter);
	len = ucnv_toUChars(decoder->converter, text, (int32_t)room,
	    octets.data, (int32_t)octets.len, &status);
	if (U_SUCCESS(status))
		display_add_utf8(buf, text, len);
}

static int
hex_value(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct slice
decode_q(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '=' && i + 2 < text.len &&
		    hex_value(text.data[i + 1]) >= 0 &&
		    hex_value(text.data[i + 2]) >= 0) {
			c = (char)(hex_value(text.data[i + 1]) << 4 |
			    hex_value(text.data[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		strbuf_add_char(&buf, c);
	}
	return strbuf_slice(&buf);
}

/* What is no base64 is passed over, as programs do. */
static struct slice
decode_b(struct slice text, struct arena *mem)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	static const struct slice alphabet = { digits, 64 };
	unsigned int bits = 0, have = 0;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		size_t value = slice_find(alphabet, text.data[i]);

		if (value == alphabet.len)
			continue;
		bits = (bits << 6 | (unsigned int)value) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			strbuf_add_char(&buf, (char)(bits >> have & 0xff));
		}
	}
	return strbuf_slice(&buf);
}

/*
 * An encoded word at the beginning of text: its length, or 0. The encoded text
 * ends at "?=": some programs let it have blanks.
 */
static size_t
decode_word(struct decoder *decoder, struct slice text, struct strbuf *buf)
{
	struct slice rest = slice_from(text, 2);
	size_t question = slice_find(rest, '?');
	struct slice charset = slice_sub(rest, 0, question);
	struct slice encoded, octets;
	size_t end;
	char kind;

	if (!slice_starts(text, SLICE("=?")) || charset.len == 0 ||
	    charset.len >= CHARSET_OCTETS || question + 3 > rest.len ||
	    rest.data[question + 2] != '?')
		return 0;
	kind = char_lower(rest.data[question + 1]);
	encoded = slice_from(rest, question + 3);
	for (end = 0; end + 1 < encoded.len; end++) {
		if (encoded.data[end] == '?' && encoded.data[end + 1] == '=')
			break;
	}
	if (end + 1 >= encoded.len || (kind != 'q' && kind != 'b'))
		return 0;
	octets = kind == 'q' ? decode_q(slice_sub(encoded, 0, end),
	    decoder->mem) : decode_b(slice_sub(encoded, 0, end), decoder->mem);
	choose_charset(decoder, charset);
	convert(decoder, octets, buf);
	return 2 + question + 3 + end + 2;
}

/* Blanks between two encoded words are not shown (RFC 2047 section 6.2). */
static size_t
blanks_before_word(struct slice text)
{
	size_t i = 0;

	while (i < text.len && (char_is_wsp(text.data[i]) ||
	    text.data[i] == '\n'))
		i++;
	return slice_starts(slice_from(text, i), SLICE("=?")) ? i : 0;
}

/* Decodes each encoded word; whether there was one. */
static bool
decode_words(struct slice text, struct arena *mem, struct slice *ret_text)
{
	struct decoder decoder = { .mem = mem };
	struct strbuf buf;
	bool found = false;
	size_t at = 0;

	strbuf_init(&buf, mem);
	while (at < text.len) {
		struct slice rest = slice_from(text, at);
		size_t len = rest.data[0] == '=' ?
		    decode_word(&decoder, rest, &buf) : 0;

		if (len == 0) {
			strbuf_add_char(&buf, rest.data[0]);
			at++;
			continue;
		}
		found = true;
		at += len;
		at += blanks_before_word(slice_from(text, at));
	}
	decoder_done(&decoder);
	*ret_text = strbuf_slice(&buf);
	return found;
}

struct slice
display_decode(struct slice raw, struct arena *mem)
{
	struct slice text;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.data[i];

		if (c == '\\' && i + 1 < raw.len)
			c = raw.data[++i];
		else if (c == '"')
			continue;
		else if (c == '(' || c == ')' || c == '\n')
			c = ' ';
		strbuf_add_char(&buf, c);
	}
	text = strbuf_slice(&buf);
	for (int layer = 0; layer < DECODE_LAYERS; layer++) {
		if (!slice_has_text_nocase(text, SLICE("=?")) ||
		    !decode_words(text, mem, &text))
			break;
	}
	return text;
}

bool
display_word_is_plain(struct slice token, struct arena *mem)
{
	static const struct slice specials = { " ()<>[]:;@\\,\"", 13 };
	struct decoder decoder = { .mem = mem };
	struct strbuf buf;
	struct slice text;
	size_t questions = 0, len;
	int depth = 0;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < token.len; i++) {
		char c = token.data[i];

		if (char_is_8bit(c) || char_is_control(c) ||
		    slice_has(specials, c))
			return false;
		/* The charset comes before the second question mark. */
		if (questions == 1 && c != '?' && c != '-' && c != '_' &&
		    c != '*' && !char_is_alpha(c) && !char_is_digit(c))
			return false;
		questions += c == '?';
	}
	len = decode_word(&decoder, token, &buf);
	decoder_done(&decoder);
	if (questions != 4 || len != token.len || buf.len == 0)
		return false;
	/* No dot stands in base64; in the other encoding it can be encoded. */
	if (slice_has(token, '.') && slice_has_text_nocase(token, SLICE("?b?")))
		return false;
	text = strbuf_slice(&buf);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_control(c) || c == '"' || c == '\\' || c == '<' ||
		    c == '>' || c == '@' || (c == '=' && i + 1 < text.len &&
		    text.data[i + 1] == '?'))
			return false;
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (depth < 0)
			return false;
	}
	return depth == 0;
}
