/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that are too long for an MTA: cut at a word, and written in whatever
 * way takes the fewest octets.
 */
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "address_priv.h"
#include "message/display.h"
#include "message/encode.h"

/* So many in base64, with what stands around them, are a word of 75 octets. */
enum { WORD_TEXT_OCTETS = 45 };

size_t
address_octets(struct slice text)
{
	size_t count = text.len;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if ((c >= 0x80 && c <= 0x9f) || c == 0xff)
			count++;
	}
	return count;
}

/* The last place up to an offset where a character begins. */
static size_t
character_before(struct slice text, size_t at)
{
	while (
	    at > 0 && at < text.len && !address_begins_character(text.data[at]))
		at--;
	return at < text.len ? at : text.len;
}

static void
add_encoded(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

struct slice
address_in_base64(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (text.len > 0) {
		size_t len = character_before(text, WORD_TEXT_OCTETS);
		struct encoder encoder;

		strbuf_add_cstr(
		    &buf, buf.len == 0 ? "=?utf-8?B?" : "\n =?utf-8?B?");
		encoder_init(&encoder, TRANSFER_BASE64, add_encoded, &buf);
		encoder_add(&encoder, slice_sub(text, 0, len));
		encoder_finish(&encoder);
		strbuf_add_cstr(&buf, "?=");
		text = slice_from(text, len);
	}
	return strbuf_slice(&buf);
}

size_t
address_base64_octets(struct slice text)
{
	size_t octets = 0;

	while (text.len > 0) {
		size_t len = character_before(text, WORD_TEXT_OCTETS);

		octets += (octets == 0 ? sizeof("=?utf-8?B?") :
					 sizeof("\n =?utf-8?B?")) -
		    1;
		octets += (len + 2) / 3 * 4 + sizeof("?=") - 1;
		text = slice_from(text, len);
	}
	return octets;
}

/*
 * The octets of what print_shortest() makes: where to cut is tried at so many
 * places that to print each would take long.
 */
static size_t
shortest_octets(struct slice text)
{
	size_t words, other;

	text = slice_trim(text);
	if (text.len == 0)
		return 0;
	if (slice_is_ascii(text))
		return text.len + 2;
	words = address_words_octets(sizeof("utf-8") - 1, text);
	other = address_base64_octets(text);
	return other < words ? other : words;
}

/* Text as a name, in whatever way is shortest. */
static struct slice
print_shortest(struct slice text, struct arena *mem)
{
	struct strbuf buf;
	struct slice other;

	text = slice_trim(text);
	strbuf_init(&buf, mem);
	if (text.len == 0)
		return text;
	if (slice_is_ascii(text)) {
		address_print_quoted(&buf, text);
		return strbuf_slice(&buf);
	}
	encoded_words_append(&buf, "utf-8", text);
	other = address_in_base64(text, mem);
	return other.len < buf.len ? other : strbuf_slice(&buf);
}

/*
 * What a name says, without anything that would be syntax where it is cut; and
 * without characters that say in which direction others run, since the one that
 * ends such a run may be cut off. U+FFFD says nothing.
 */
static struct slice
text_of_name(struct slice name, struct arena *mem)
{
	struct slice text = display_decode(name, mem);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (int32_t at = 0, next = 0; at < (int32_t)text.len; at = next) {
		UChar32 c;

		U8_NEXT((const uint8_t *)text.data, next, (int32_t)text.len, c);
		if (c >= 0 && c < 0x80 && char_is_control((char)c))
			strbuf_add_char(&buf, ' ');
		else if (c >= 0 && c != 0xfffd && c != 0x200e && c != 0x200f &&
		    c != 0x061c && (c < 0x202a || c > 0x202e) &&
		    (c < 0x2066 || c > 0x2069))
			strbuf_add(&buf,
			    slice_sub(text, (size_t)at, (size_t)(next - at)));
	}
	text = display_settle(slice_trim(strbuf_slice(&buf)), mem);
	/* Quotes do not keep all programs from decoding what is in them. */
	return slice_is_ascii(text) &&
		!slice_has_text_nocase(text, SLICE("=?")) ?
	    text :
	    address_without_marks(text, mem);
}

/*
 * Where text is cut of which so many octets fit: at a blank; in a word only if
 * a blank would cost half of what fits, and then before what people see as one
 * character.
 */
static size_t
cut_at(struct slice text, size_t fit)
{
	const UChar32 joiner = 0x200d;
	const uint8_t *octets = (const uint8_t *)text.data;
	int32_t at = (int32_t)fit, len = (int32_t)text.len;

	if (fit == text.len || text.data[fit] == ' ')
		return fit;
	for (size_t blank = fit; blank > fit / 2; blank--) {
		if (text.data[blank - 1] == ' ')
			return blank - 1;
	}
	while (at > 0 && at < len) {
		int32_t before = at, next = at;
		UChar32 left, right;

		U8_PREV(octets, 0, before, left);
		U8_NEXT(octets, next, len, right);
		if (left != joiner && right != joiner &&
		    (right < 0x1f3fb || right > 0x1f3ff) &&
		    (right <= 0 ||
			(U_MASK(u_charType(right)) & U_GC_M_MASK) == 0))
			return (size_t)at;
		at = before;
	}
	return fit;
}

struct slice
address_name_within(struct slice name, size_t max_octets, struct arena *mem)
{
	static const struct slice marks = { " ,;:-/(&", 8 };
	struct slice text;
	size_t low = 0, high;

	if (address_octets(name) <= max_octets)
		return name;
	text = text_of_name(name, mem);
	/* No octet takes less than one. */
	high = text.len < max_octets ? text.len : max_octets;
	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;
		struct slice some =
		    slice_sub(text, 0, character_before(text, middle));

		if (shortest_octets(some) <= max_octets)
			low = middle;
		else
			high = middle - 1;
	}
	low = character_before(text, low);
	if (low < text.len) {
		text = slice_sub(text, 0, cut_at(text, low));
		/* A mark at the end belonged to a word that is gone. */
		while (
		    text.len > 0 && slice_has(marks, text.data[text.len - 1]))
			text.len--;
	}
	return print_shortest(text, mem);
}
