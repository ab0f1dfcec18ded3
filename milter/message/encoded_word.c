/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words, RFC 2047, as mail programs decode them: leniently. */
#include <unicode/ucnv.h>

#include "display_priv.h"
#include "message/decode.h"

/* Words in words in words: more layers than any program decodes. */
enum { DECODE_LAYERS = 3, CHARSET_OCTETS = 40 };

/* Charsets that ICU does not know by the names that mail programs know. */
static const struct {
	const char *name;
	const char *icu;
} aliases[] = { { "cp65001", "utf-8" }, { "cn-big5", "big5" },
	{ "x-x-big5", "big5" }, { "unicode-1-1-utf-7", "utf-7" },
	{ "unicode-1-1-utf-8", "utf-8" }, { "unicode-2-0-utf-8", "utf-8" },
	{ "x-unicode-2-0-utf-7", "utf-7" } };

/* Charsets whose octets may be in either order; nobody sends these in names. */
static bool
has_two_orders(struct slice charset)
{
	static const char *const begin[] = { "utf-16", "utf16", "utf-32",
		"utf32", "ucs", "csucs", "unicode", "csunicode", "iso-10646",
		"csiso10646" };

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		if (slice_starts_nocase(charset, slice_of(begin[i])))
			return !slice_ends_nocase(charset, SLICE("utf-8")) &&
			    !slice_ends_nocase(charset, SLICE("utf-7"));
	}
	return false;
}

static bool
is_unknown_8bit(struct slice charset)
{
	return slice_eq_nocase(charset, SLICE("unknown-8bit")) ||
	    slice_eq_nocase(charset, SLICE("x-unknown"));
}

/* NULL: nobody knows that charset. */
static UConverter *
open_charset(struct slice charset, struct arena *mem)
{
	UErrorCode status = U_ZERO_ERROR;
	UConverter *converter;

	/* ICU looks for a file for a charset that it does not know. */
	if (charset.len == 0 || charset.len >= CHARSET_OCTETS ||
	    is_unknown_8bit(charset))
		return NULL;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (slice_eq_nocase(charset, slice_of(aliases[i].name)))
			charset = slice_of(aliases[i].icu);
	}
	converter = ucnv_open(slice_cstr(mem, charset), &status);
	return U_FAILURE(status) ? NULL : converter;
}

static void
close_converter(UConverter **converter)
{
	if (*converter != NULL)
		ucnv_close(*converter);
}

static bool
read_units(UConverter *converter, struct slice octets, bool strict,
    struct arena *mem, UChar **ret_units, int32_t *ret_len)
{
	size_t room = octets.len * 2 + 4;
	UErrorCode status = U_ZERO_ERROR;

	ENSURE(room < INT32_MAX);
	if (strict)
		ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL,
		    NULL, NULL, &status);
	*ret_units = arena_array(mem, room, sizeof(UChar));
	*ret_len = ucnv_toUChars(converter, *ret_units, (int32_t)room,
	    octets.data == NULL ? "" : octets.data, (int32_t)octets.len,
	    &status);
	return U_SUCCESS(status);
}

static bool
is_utf8(struct slice charset)
{
	return slice_eq_nocase(charset, SLICE("utf-8"));
}

/*
 * Text of a charset as UTF-16. What is not of that charset becomes U+FFFD. False
 * when nobody knows the charset.
 */
static bool
to_units(struct slice octets, struct slice charset, struct arena *mem,
    UChar **ret_units, int32_t *ret_len)
{
	CLEANUP(close_converter) UConverter *converter = NULL;

	*ret_len = 0;
	/* Nearly all words are; it takes no converter. */
	if (is_utf8(charset)) {
		*ret_units = display_utf16(octets, mem, ret_len);
		return true;
	}
	converter = open_charset(charset, mem);
	return converter != NULL &&
	    read_units(converter, octets, false, mem, ret_units, ret_len);
}

static void
convert_as(struct slice octets, const char *charset, struct strbuf *buf,
    struct arena *scratch)
{
	UChar *units;
	int32_t len;

	if (to_units(octets, slice_of(charset), scratch, &units, &len))
		display_add_utf8(buf, units, len);
}

/*
 * Octets of a charset as UTF-8. Those of an unknown one are UTF-8 or
 * Windows-1252, as programs guess, and with all_guesses both; those of two
 * orders are shown in both.
 */
static void
convert(struct slice octets, struct slice charset, bool all_guesses,
    struct strbuf *buf, struct arena *scratch)
{
	UChar *units;
	int32_t len;

	if (has_two_orders(charset)) {
		bool four = slice_has(charset, '4') ||
		    slice_has_text_nocase(charset, SLICE("32"));

		convert_as(
		    octets, four ? "UTF-32BE" : "UTF-16BE", buf, scratch);
		strbuf_add_char(buf, ' ');
		convert_as(
		    octets, four ? "UTF-32LE" : "UTF-16LE", buf, scratch);
	} else if (to_units(octets, charset, scratch, &units, &len)) {
		size_t begin = buf->len;
		struct slice shown;

		display_add_utf8(buf, units, len);
		shown = slice_from(strbuf_slice(buf), begin);
		/*
		 * An '@' of broken text in a double-byte charset is gone: some
		 * programs take it for the end of an unknown character, and
		 * others for itself.
		 */
		if (slice_has(octets, '@') && !slice_is_ascii(octets) &&
		    !slice_has(shown, '@') &&
		    (display_is_odd(shown) ||
			slice_has_text_nocase(shown, SLICE("\xef\xbf\xbd")))) {
			strbuf_add_char(buf, ' ');
			convert_as(octets, "US-ASCII", buf, scratch);
		}
	} else if (slice_is_utf8(octets)) {
		strbuf_add(buf, octets);
	} else {
		if (all_guesses) {
			convert_as(octets, "utf-8", buf, scratch);
			strbuf_add_char(buf, ' ');
		}
		convert_as(octets, "windows-1252", buf, scratch);
	}
}

/* "=?charset*language?Q?encoded?=" and its length. */
struct word {
	struct slice charset;
	char kind; /* 'q' or 'b' */
	struct slice encoded;
	size_t len;
};

/*
 * Text in which words are looked for from its beginning to its end. Where the
 * next "?=" stands is kept: each octet is looked at once, however many words
 * begin and do not end.
 */
struct word_text {
	struct slice text;
	size_t end;	  /* of the last search; text.len: no more */
	bool all_guesses; /* at what no charset says */
};

/*
 * An encoded word at an offset. The encoded text ends at "?=": some programs let
 * it have blanks.
 */
static bool
encoded_word_read_word(struct word_text *in, size_t at, struct word *ret_word)
{
	struct slice text = slice_from(in->text, at);
	struct slice rest = slice_from(text, 2);
	size_t question, begin, end;
	struct word word;

	if (!slice_starts(text, SLICE("=?")))
		return false;
	question = slice_find(rest, '?');
	if (question == 0 || question + 3 > rest.len ||
	    rest.data[question + 2] != '?')
		return false;
	/* RFC 2231 section 5. */
	word.charset = slice_sub(rest, 0, question);
	word.charset =
	    slice_sub(word.charset, 0, slice_find(word.charset, '*'));
	word.kind = char_lower(rest.data[question + 1]);
	if (word.kind != 'q' && word.kind != 'b')
		return false;
	begin = at + 2 + question + 3;
	/* The first "?=" from there on; begin never decreases. */
	for (end = in->end < begin ? begin : in->end; end < in->text.len;
	     end++) {
		end += slice_find(slice_from(in->text, end), '?');
		if (end + 1 < in->text.len && in->text.data[end + 1] == '=')
			break;
	}
	in->end = end < in->text.len ? end : in->text.len;
	if (end >= in->text.len)
		return false;
	word.encoded = slice_sub(in->text, begin, end - begin);
	word.len = end + 2 - at;
	*ret_word = word;
	return true;
}

static struct slice
octets_of(struct slice encoded, char kind, struct arena *mem)
{
	unsigned int bits = 0, have = 0;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; kind == 'q' && i < encoded.len; i++) {
		char c = encoded.data[i];

		if (c == '=' && i + 2 < encoded.len &&
		    char_hex_value(encoded.data[i + 1]) >= 0 &&
		    char_hex_value(encoded.data[i + 2]) >= 0) {
			c = (char)(char_hex_value(encoded.data[i + 1]) << 4 |
			    char_hex_value(encoded.data[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		strbuf_add_char(&buf, c);
	}
	for (size_t i = 0; kind == 'b' && i < encoded.len; i++) {
		int value = base64_value(encoded.data[i]);

		/* Another word may begin behind padding. */
		if (encoded.data[i] == '=')
			have = 0;
		/* Programs skip what is not base64. */
		if (value < 0)
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
 * Words of one charset that follow each other: programs join what stands in
 * them before they decode it, so that a character may be in two of them. The
 * length of all.
 */
static size_t
decode_run(struct word_text *in, size_t start, struct strbuf *buf)
{
	CLEANUP(arena_done) struct arena mem;
	struct strbuf octets, encoded;
	struct word first, word;
	size_t at = start, next;
	char kind;

	arena_init(&mem);
	if (!encoded_word_read_word(in, at, &first))
		return 0;
	strbuf_init(&octets, &mem);
	strbuf_init(&encoded, &mem);
	kind = first.kind;
	while (encoded_word_read_word(in, at, &word) &&
	    slice_eq_nocase(word.charset, first.charset)) {
		if (word.kind != kind) {
			strbuf_add(&octets,
			    octets_of(strbuf_slice(&encoded), kind, &mem));
			encoded.len = 0;
			kind = word.kind;
		}
		strbuf_add(&encoded, word.encoded);
		at += word.len;
		/* Blanks between two words are not shown (section 6.2). */
		next = at;
		while (next < in->text.len &&
		    (char_is_wsp(in->text.data[next]) ||
			in->text.data[next] == '\n'))
			next++;
		if (slice_starts(slice_from(in->text, next), SLICE("=?")))
			at = next;
	}
	strbuf_add(&octets, octets_of(strbuf_slice(&encoded), kind, &mem));
	convert(strbuf_slice(&octets), first.charset,
	    in->all_guesses && is_unknown_8bit(first.charset), buf, &mem);
	return at - start;
}

static struct slice
encoded_word_decode(struct slice raw, bool all_guesses, struct arena *mem)
{
	CLEANUP(arena_done) struct arena scratch;
	struct slice text;
	struct strbuf buf;
	bool found = true; /* an encoded word, in the layer before */

	arena_init(&scratch);
	strbuf_init(&buf, &scratch);
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
	for (int layer = 0; found && layer < DECODE_LAYERS &&
	     slice_has_text_nocase(text, SLICE("=?"));
	     layer++) {
		struct word_text in = { text, 0, all_guesses };
		struct strbuf decoded;
		size_t at = 0;

		found = false;
		strbuf_init(&decoded, &scratch);
		while (at < text.len) {
			size_t len = text.data[at] == '=' ?
			    decode_run(&in, at, &decoded) :
			    0;

			found = found || len > 0;
			if (len == 0)
				strbuf_add_char(&decoded, text.data[at]);
			at += len == 0 ? 1 : len;
		}
		text = strbuf_slice(&decoded);
	}
	return slice_dup(mem, text);
}

struct slice
display_decode(struct slice raw, struct arena *mem)
{
	return encoded_word_decode(raw, false, mem);
}

struct slice
display_decode_all(struct slice raw, struct arena *mem)
{
	return encoded_word_decode(raw, true, mem);
}

/*
 * Whether all programs read a charset alike: UTF-8, US-ASCII, and those of one
 * octet a character in which ASCII is what it is. In all others an octet means
 * what the ones before it make of it, and programs disagree where they are
 * broken, so that one sees an '@' that another one does not.
 */
static bool
is_simple_charset(UConverter *converter)
{
	UConverterType type = ucnv_getType(converter);
	UErrorCode status = U_ZERO_ERROR;
	enum { FIRST = 0x20, LAST = 0x7e };
	char ascii[LAST - FIRST + 1];
	UChar units[2 * sizeof(ascii)];

	if (type == UCNV_UTF8 || type == UCNV_US_ASCII || type == UCNV_LATIN_1)
		return true;
	if (type != UCNV_SBCS)
		return false;
	for (size_t i = 0; i < sizeof(ascii); i++)
		ascii[i] = (char)(FIRST + i);
	if (ucnv_toUChars(converter, units, 2 * (int32_t)sizeof(ascii), ascii,
		(int32_t)sizeof(ascii), &status) != (int32_t)sizeof(ascii) ||
	    U_FAILURE(status))
		return false;
	for (size_t i = 0; i < sizeof(ascii); i++) {
		if (units[i] != (UChar)ascii[i])
			return false;
	}
	return true;
}

/*
 * Adds the text of a word that is whole by itself: nothing is left for the next
 * one, and all programs read it alike.
 */
static bool
add_whole(const struct word *word, struct slice octets, struct strbuf *buf)
{
	CLEANUP(close_converter) UConverter *converter = NULL;
	struct arena *mem = buf->mem;
	UChar *units;
	int32_t len;

	if (word->kind == 'b' ?
		word->encoded.len % 4 != 0 :
		slice_has(
		    slice_from(word->encoded,
			word->encoded.len > 2 ? word->encoded.len - 2 : 0),
		    '=') &&
		    word->encoded.len > 0 &&
		    !(word->encoded.len > 2 &&
			word->encoded.data[word->encoded.len - 3] == '='))
		return false;
	if (is_unknown_8bit(word->charset) || is_utf8(word->charset)) {
		strbuf_add(buf, octets);
		return !is_utf8(word->charset) || slice_is_utf8(octets);
	}
	converter = open_charset(word->charset, mem);
	if (converter == NULL || !is_simple_charset(converter) ||
	    !read_units(converter, octets, true, mem, &units, &len))
		return false;
	display_add_utf8(buf, units, len);
	return true;
}

/* Text that no program takes for syntax when it has decoded it. */
static bool
has_no_syntax(struct slice text)
{
	int depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_control(c) || c == '"' || c == '\\' || c == '<' ||
		    c == '>' || c == '@' ||
		    (c == '=' && i + 1 < text.len && text.data[i + 1] == '?'))
			return false;
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (depth < 0)
			return false;
	}
	return depth == 0;
}

bool
display_word_is_plain(struct slice token, struct arena *mem)
{
	static const struct slice specials = { " ()<>[]:;@\\,\"", 13 };
	struct word_text in = { token, 0, false };
	struct slice octets;
	struct strbuf buf;
	struct word word;
	size_t questions = 0;

	for (size_t i = 0; i < token.len; i++) {
		char c = token.data[i];

		if (char_is_alpha(c) || char_is_digit(c))
			continue;
		if (char_is_8bit(c) || char_is_control(c) ||
		    slice_has(specials, c))
			return false;
		/* The charset comes before the second question mark. */
		if (questions == 1 && c != '?' && c != '-' && c != '_' &&
		    c != '*')
			return false;
		questions += c == '?';
	}
	/* No dot stands in base64; in the other encoding it can be encoded. */
	if (questions != 4 || !encoded_word_read_word(&in, 0, &word) ||
	    word.len != token.len || word.encoded.len == 0 ||
	    (word.kind == 'b' && slice_has(word.encoded, '.')))
		return false;
	octets = octets_of(word.encoded, word.kind, mem);
	strbuf_init(&buf, mem);
	return add_whole(&word, octets, &buf) && buf.len > 0 &&
	    has_no_syntax(strbuf_slice(&buf)) &&
	    (is_unknown_8bit(word.charset) ||
		!display_is_odd(strbuf_slice(&buf)));
}
