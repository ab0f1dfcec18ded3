/* SPDX-License-Identifier: BSD-2-Clause */
/* Text as people see it: folded, by its skeleton, its words and addresses. */
#include <pthread.h>
#include <stdatomic.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>

#include "display_priv.h"

void
display_add_utf8(struct strbuf *buf, const UChar *text, int32_t len)
{
	CLEANUP(arena_done) struct arena scratch;
	UErrorCode status = U_ZERO_ERROR;
	int32_t used = 0;
	char *octets;

	arena_init(&scratch);
	/* Three octets a unit are enough for UTF-8. */
	octets = arena_alloc(&scratch, (size_t)len * 3 + 1);
	(void)u_strToUTF8WithSub(
	    octets, len * 3, &used, text, len, 0xfffd, NULL, &status);
	if (U_SUCCESS(status))
		strbuf_add(buf, (struct slice){ octets, (size_t)used });
}

UChar *
display_utf16(struct slice text, struct arena *mem, int32_t *ret_len)
{
	UChar *units = arena_array(mem, text.len + 1, sizeof(*units));
	UErrorCode status = U_ZERO_ERROR;

	ENSURE(text.len < INT32_MAX / 4);
	*ret_len = 0;
	(void)u_strFromUTF8WithSub(units, (int32_t)text.len + 1, ret_len,
	    text.data == NULL ? "" : text.data, (int32_t)text.len, 0xfffd, NULL,
	    &status);
	ENSURE(U_SUCCESS(status));
	return units;
}

UChar32
display_next_char(const UChar *text, int32_t len, int32_t *at)
{
	UChar32 c = text[(*at)++];

	if (U16_IS_LEAD(text[*at - 1]) && *at < len && U16_IS_TRAIL(text[*at]))
		c = U16_GET_SUPPLEMENTARY(c, text[(*at)++]);
	return c;
}

static bool
display_is_mark(UChar32 c)
{
	return c >= 0x300 && u_getCombiningClass(c) != 0;
}

/*
 * Blanks made one, other controls removed, dots of other scripts made plain.
 * Marks beyond thirty on a letter go (UAX 15, stream-safe text): to bring them
 * in order would take the square of their number.
 */
static int32_t
tidy(UChar *text, int32_t len)
{
	const int32_t most_marks = 30;
	int32_t used = 0, marks = 0;

	for (int32_t i = 0; i < len; i++) {
		UChar unit = text[i];

		if (U16_IS_TRAIL(unit) && i > 0 && U16_IS_LEAD(text[i - 1])) {
			text[used++] = unit;
			continue;
		}
		if (U16_IS_LEAD(unit) && i + 1 < len &&
		    U16_IS_TRAIL(text[i + 1]))
			marks = display_is_mark(
				    U16_GET_SUPPLEMENTARY(unit, text[i + 1])) ?
			    marks + 1 :
			    0;
		else
			marks = display_is_mark(unit) ? marks + 1 : 0;
		if (marks > most_marks) {
			i += U16_IS_LEAD(unit) && i + 1 < len ? 1 : 0;
			continue;
		}
		if (display_is_blank(unit)) {
			if (used == 0 || text[used - 1] == ' ')
				continue;
			unit = ' ';
		} else if (u_isISOControl(unit) ||
		    u_charType(unit) == U_FORMAT_CHAR) {
			continue;
		} else if (unit == 0x3002) {
			/* IDEOGRAPHIC FULL STOP separates labels, too. */
			unit = '.';
		}
		text[used++] = unit;
	}
	return used > 0 && text[used - 1] == ' ' ? used - 1 : used;
}

struct slice
display_fold(struct slice text, struct arena *mem)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfkc;
	struct strbuf buf;
	UChar *units, *folded;
	int32_t len, room;

	strbuf_init(&buf, mem);
	if (slice_is_ascii(text)) {
		for (size_t i = 0; i < text.len; i++) {
			char c = text.data[i];

			if (char_is_wsp(c) || c == '\n' || c == '\r') {
				if (buf.len != 0 &&
				    buf.data[buf.len - 1] != ' ')
					strbuf_add_char(&buf, ' ');
			} else if (!char_is_control(c)) {
				strbuf_add_char(&buf, char_lower(c));
			}
		}
		return slice_trim(strbuf_slice(&buf));
	}
	units = display_utf16(text, mem, &len);
	/* What nobody sees goes first: its neighbours may combine then. */
	len = tidy(units, len);
	nfkc = unorm2_getNFKCCasefoldInstance(&status);
	ENSURE(U_SUCCESS(status));
	/* One unit may become eighteen; ask how many there are in all. */
	room = unorm2_normalize(nfkc, units, len, NULL, 0, &status);
	ENSURE(status == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(status));
	folded = arena_array(mem, (size_t)room + 1, sizeof(*folded));
	status = U_ZERO_ERROR;
	len = unorm2_normalize(nfkc, units, len, folded, room + 1, &status);
	ENSURE(U_SUCCESS(status));
	len = tidy(folded, len);
	display_add_utf8(&buf, folded, len);
	return strbuf_slice(&buf);
}

const USpoofChecker *
display_spoof_checker(void)
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

/* The skeleton of each character of ASCII; empty: it is not ASCII. */
enum { ASCII_CHARS = 128, ASCII_LOOK_OCTETS = 8 };
static char ascii_looks[ASCII_CHARS][ASCII_LOOK_OCTETS];
static pthread_once_t ascii_looks_once = PTHREAD_ONCE_INIT;

static void
ascii_looks_fill(void)
{
	for (UChar c = 0; c < ASCII_CHARS; c++) {
		UErrorCode status = U_ZERO_ERROR;
		UChar look[ASCII_LOOK_OCTETS];
		int32_t len = uspoof_getSkeleton(display_spoof_checker(), 0, &c,
		    1, look, ASCII_LOOK_OCTETS, &status);

		if (U_FAILURE(status) || len >= ASCII_LOOK_OCTETS)
			continue;
		for (int32_t i = 0; i < len; i++) {
			ascii_looks[c][i] = (char)look[i];
			if (look[i] == 0 || look[i] >= ASCII_CHARS) {
				ascii_looks[c][0] = '\0';
				break;
			}
		}
	}
}

/*
 * A skeleton is made of those of its characters (TR 39, section 4), which are
 * normalized. Nothing in ASCII is changed by that, or joins its neighbour, so
 * that where all of it is ASCII, ICU need not be asked. False: ask it.
 */
static bool
skeleton_of_ascii(struct slice text, struct arena *mem, struct slice *ret_text)
{
	struct strbuf buf;

	ENSURE(pthread_once(&ascii_looks_once, ascii_looks_fill) == 0);
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		const char *look = c < ASCII_CHARS ? ascii_looks[c] : "";

		if (*look == '\0')
			return false;
		strbuf_add(&buf, slice_of(look));
	}
	*ret_text = display_fold(strbuf_slice(&buf), mem);
	return true;
}

struct slice
display_skeleton(struct slice folded, struct arena *mem)
{
	UErrorCode status = U_ZERO_ERROR;
	struct strbuf buf;
	struct slice plain;
	UChar *from, *to;
	int32_t units, len = 0, room;

	if (skeleton_of_ascii(folded, mem, &plain))
		return plain;
	from = display_utf16(folded, mem, &units);
	for (int32_t i = 0; i < units; i++) {
		UChar unit = from[i];

		/*
		 * Lines over and below letters, and rings around them: no
		 * language has such letters. Strokes, as in U+00F8, stay.
		 */
		if (unit == 0x305 || unit == 0x332 || unit == 0x333 ||
		    unit == 0x33f || unit == 0x347 || unit == 0x35f ||
		    (unit >= 0x20d0 && unit <= 0x20f0) ||
		    (unit >= 0xfe20 && unit <= 0xfe2f))
			continue;
		from[len++] = unit;
	}
	/* Mostly it is as long; else it says how long. */
	room = 2 * len + 8;
	to = arena_array(mem, (size_t)room, sizeof(*to));
	units = uspoof_getSkeleton(
	    display_spoof_checker(), 0, from, len, to, room, &status);
	if (status == U_BUFFER_OVERFLOW_ERROR) {
		room = units + 1;
		to = arena_array(mem, (size_t)room, sizeof(*to));
		status = U_ZERO_ERROR;
		units = uspoof_getSkeleton(
		    display_spoof_checker(), 0, from, len, to, room, &status);
	}
	ENSURE(U_SUCCESS(status));
	strbuf_init(&buf, mem);
	display_add_utf8(&buf, to, units);
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
	units = display_utf16(text, mem, &len);
	while (at < len) {
		UChar32 c = display_next_char(units, len, &at);

		if (c >= 0x80 && (U_MASK(u_charType(c)) & unseen) != 0)
			return true;
	}
	return false;
}

bool
display_is_letter(UChar32 c)
{
	return c > 0 &&
	    (U_MASK(u_charType(c)) &
		(U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) != 0;
}

/* Where the local part of an '@' begins, as people read it. */
static size_t
local_part_begin(struct slice text, size_t at)
{
	static const struct slice ends = { " <>()[]\",;:@\\'`", 15 };
	size_t begin = at;

	while (begin > 0) {
		int32_t before = (int32_t)begin;
		UChar32 c;

		U8_PREV((const uint8_t *)text.data, 0, before, c);
		if (!display_is_letter(c) &&
		    ((size_t)before + 1 != begin ||
			char_is_8bit(text.data[before]) ||
			slice_has(ends, text.data[before])))
			break;
		begin = (size_t)before;
	}
	return begin;
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
		size_t begin = local_part_begin(text, at);
		int32_t next = (int32_t)at + 1;
		size_t end = at + 1;
		struct slice domain;

		while (next < (int32_t)text.len) {
			UChar32 c;

			U8_NEXT((const uint8_t *)text.data, next,
			    (int32_t)text.len, c);
			if (!display_is_letter(c) && c != '-' && c != '.' &&
			    c != '_')
				break;
			end = (size_t)next;
		}
		while (end > at + 1 &&
		    (text.data[end - 1] == '.' || text.data[end - 1] == '-'))
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
	static const struct slice edges = { ".-_", 3 };
	struct slice text = *rest;
	size_t begin, end = 0;

	do {
		for (begin = end;
		     begin < text.len && !is_domain_char(text.data[begin]);)
			begin++;
		for (end = begin;
		     end < text.len && is_domain_char(text.data[end]);)
			end++;
		*rest = slice_from(text, end);
		*ret_word = slice_sub(text, begin, end - begin);
		while (ret_word->len > 0 && slice_has(edges, ret_word->data[0]))
			*ret_word = slice_from(*ret_word, 1);
		while (ret_word->len > 0 &&
		    slice_has(edges, ret_word->data[ret_word->len - 1]))
			ret_word->len--;
	} while (ret_word->len == 0 && end < text.len);
	return ret_word->len > 0;
}

bool
display_is_country(struct slice letters)
{
	/* Domains of countries that have another code, or none any more. */
	static const char *const others[] = { "ac", "eu", "su", "uk" };
	const char *const *country = uloc_getISOCountries();

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (slice_eq(letters, slice_of(others[i])))
			return true;
	}
	for (; *country != NULL; country++) {
		if (slice_eq_nocase(letters, slice_of(*country)))
			return true;
	}
	return false;
}

struct slice
display_words(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_char(&buf, ' ');
	for (int32_t at = 0, next = 0; at < (int32_t)text.len; at = next) {
		UChar32 c;

		U8_NEXT((const uint8_t *)text.data, next, (int32_t)text.len, c);
		if (display_is_letter(c))
			strbuf_add(&buf,
			    slice_sub(text, (size_t)at, (size_t)(next - at)));
		else if (buf.data[buf.len - 1] != ' ')
			strbuf_add_char(&buf, ' ');
	}
	if (buf.data[buf.len - 1] != ' ')
		strbuf_add_char(&buf, ' ');
	return strbuf_slice(&buf);
}
