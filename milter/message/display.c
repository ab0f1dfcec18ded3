/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/display.h"

#include <stdatomic.h>
#include <unicode/ucnv.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

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

static void
add_utf8(struct strbuf *buf, const UChar *text, int32_t len)
{
	/* Three octets a unit are enough for UTF-8. */
	char *octets = arena_alloc(buf->mem, (size_t)len * 3 + 1);
	UErrorCode status = U_ZERO_ERROR;
	int32_t used = 0;

	(void)u_strToUTF8WithSub(octets, len * 3, &used, text, len, 0xfffd,
	    NULL, &status);
	if (U_SUCCESS(status))
		strbuf_add(buf, (struct slice){ octets, (size_t)used });
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
		add_utf8(buf, text, len);
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

/* UTF-8 as UTF-16 in an arena. */
static UChar *
to_utf16(struct slice text, struct arena *mem, int32_t *ret_len)
{
	UChar *units = arena_array(mem, text.len + 1, sizeof(*units));
	UErrorCode status = U_ZERO_ERROR;

	ENSURE(text.len < INT32_MAX / 4);
	*ret_len = 0;
	(void)u_strFromUTF8WithSub(units, (int32_t)text.len + 1, ret_len,
	    text.data == NULL ? "" : text.data, (int32_t)text.len, 0xfffd,
	    NULL, &status);
	ENSURE(U_SUCCESS(status));
	return units;
}

static bool
is_blank_unit(UChar unit)
{
	return unit == ' ' || unit == '\t' || unit == '\n' || unit == '\r' ||
	    unit == 0x2028 || unit == 0x2029;
}

/* Blanks made one, other controls removed, dots of other scripts made plain. */
static int32_t
tidy(UChar *text, int32_t len)
{
	int32_t used = 0;

	for (int32_t i = 0; i < len; i++) {
		UChar unit = text[i];

		if (is_blank_unit(unit)) {
			if (used == 0 || text[used - 1] == ' ')
				continue;
			unit = ' ';
		} else if (u_isISOControl(unit) || u_charType(unit) ==
		    U_FORMAT_CHAR) {
			continue;
		} else if (unit == 0x3002) {
			/* IDEOGRAPHIC FULL STOP separates labels, too. */
			unit = '.';
		}
		text[used++] = unit;
	}
	return used > 0 && text[used - 1] == ' ' ? used - 1 : used;
}

/* ASCII needs none of Unicode's tables. */
static struct slice
fold_ascii(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_wsp(c) || c == '\n' || c == '\r') {
			if (buf.len != 0 && buf.data[buf.len - 1] != ' ')
				strbuf_add_char(&buf, ' ');
		} else if (!char_is_control(c)) {
			strbuf_add_char(&buf, char_lower(c));
		}
	}
	return slice_trim(strbuf_slice(&buf));
}

/* NFKC with case folded; *len units of the result. */
static UChar *
normalize(const UChar *from, int32_t *len, struct arena *mem)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfkc = unorm2_getNFKCCasefoldInstance(&status);
	UChar *to;
	int32_t room;

	ENSURE(U_SUCCESS(status));
	/* One unit may become eighteen; ask how many there are in all. */
	room = unorm2_normalize(nfkc, from, *len, NULL, 0, &status);
	ENSURE(status == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(status));
	to = arena_array(mem, (size_t)room + 1, sizeof(*to));
	status = U_ZERO_ERROR;
	*len = unorm2_normalize(nfkc, from, *len, to, room + 1, &status);
	ENSURE(U_SUCCESS(status));
	return to;
}

struct slice
display_fold(struct slice text, struct arena *mem)
{
	struct strbuf buf;
	UChar *units;
	int32_t len;

	if (slice_is_ascii(text))
		return fold_ascii(text, mem);
	units = to_utf16(text, mem, &len);
	/* What nobody sees goes first: what stood around it may then combine. */
	len = tidy(units, len);
	units = normalize(units, &len, mem);
	len = tidy(units, len);
	strbuf_init(&buf, mem);
	add_utf8(&buf, units, len);
	return strbuf_slice(&buf);
}

/* Opened once, never closed; thread-safe to read (ICU: uspoof.h). */
static const USpoofChecker *
spoof_checker(void)
{
	static const USpoofChecker *_Atomic shared;
	const USpoofChecker *checker = shared;
	const USpoofChecker *none = NULL;
	UErrorCode status = U_ZERO_ERROR;
	USpoofChecker *mine;

	if (checker != NULL)
		return checker;
	mine = uspoof_open(&status);
	ENSURE(U_SUCCESS(status) && mine != NULL);
	if (atomic_compare_exchange_strong(&shared, &none, mine))
		return mine;
	uspoof_close(mine);
	return none;
}

struct slice
display_skeleton(struct slice folded, struct arena *mem)
{
	UErrorCode status = U_ZERO_ERROR;
	struct strbuf buf;
	UChar *from, *to;
	int32_t len, room;

	from = to_utf16(folded, mem, &len);
	room = uspoof_getSkeleton(spoof_checker(), 0, from, len, NULL, 0,
	    &status);
	ENSURE(status == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(status));
	to = arena_array(mem, (size_t)room + 1, sizeof(*to));
	status = U_ZERO_ERROR;
	len = uspoof_getSkeleton(spoof_checker(), 0, from, len, to, room + 1,
	    &status);
	ENSURE(U_SUCCESS(status));
	strbuf_init(&buf, mem);
	add_utf8(&buf, to, len);
	/* '0' and 'o' share the skeleton 'O' and 'o': fold once more. */
	return display_fold(strbuf_slice(&buf), mem);
}

bool
display_has_blank(struct slice text, struct arena *mem)
{
	const uint32_t unseen = U_GC_Z_MASK | U_GC_CC_MASK | U_GC_CF_MASK |
	    U_GC_CN_MASK | U_GC_CO_MASK | U_GC_CS_MASK;
	int32_t at = 0, len;
	const UChar *units;

	if (slice_is_ascii(text))
		return false;
	units = to_utf16(text, mem, &len);
	while (at < len) {
		UChar32 c = units[at++];

		if (U16_IS_LEAD(units[at - 1]) && at < len &&
		    U16_IS_TRAIL(units[at]))
			c = U16_GET_SUPPLEMENTARY(c, units[at++]);
		if (c >= 0x80 && (U_MASK(u_charType(c)) & unseen) != 0)
			return true;
	}
	return false;
}

/* What may stand in an address as people read it, '@' apart. */
static bool
is_address_char(char c)
{
	static const struct slice ends = { " <>()[]\",;:@\\'`", 15 };

	return !slice_has(ends, c);
}

static bool
is_domain_char(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || char_is_8bit(c) ||
	    c == '-' || c == '.' || c == '_';
}

bool
display_next_address(struct slice *rest, struct slice *ret_address)
{
	struct slice text = *rest;

	for (size_t at = slice_find(text, '@'); at < text.len;
	    at += 1 + slice_find(slice_from(text, at + 1), '@')) {
		size_t begin = at, end = at + 1;
		struct slice domain;

		while (begin > 0 && is_address_char(text.data[begin - 1]))
			begin--;
		while (end < text.len && is_domain_char(text.data[end]))
			end++;
		while (end > at + 1 && (text.data[end - 1] == '.' ||
		    text.data[end - 1] == '-'))
			end--;
		domain = slice_sub(text, at + 1, end - at - 1);
		if (begin == at || !slice_has(domain, '.') ||
		    domain.data[0] == '.')
			continue;
		*ret_address = slice_sub(text, begin, end - begin);
		*rest = slice_from(text, end);
		return true;
	}
	return false;
}

bool
display_next_word(struct slice *rest, struct slice *ret_word)
{
	struct slice text = *rest;
	size_t begin = 0, end;

	while (begin < text.len && !is_domain_char(text.data[begin]))
		begin++;
	for (end = begin; end < text.len && is_domain_char(text.data[end]);)
		end++;
	*rest = slice_from(text, end);
	while (begin < end && text.data[begin] == '.')
		begin++;
	while (end > begin && text.data[end - 1] == '.')
		end--;
	*ret_word = slice_sub(text, begin, end - begin);
	return begin < end || (rest->len > 0 &&
	    display_next_word(rest, ret_word));
}
