/* SPDX-License-Identifier: BSD-2-Clause */
/* Characters that programs show in different ways, or that turn others. */
#include "display_priv.h"

/* UAX 9 allows many more; nobody's name has them. */
enum { MAX_DEPTH = 8 };

/* A character that begins or ends a stretch of one direction. */
static bool
is_stretch(UChar32 c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/*
 * A private or unassigned character, or a line end. Not those that are reserved
 * for pictures: a program with a newer Unicode than ours shows them.
 */
static bool
is_odd_char(UChar32 c)
{
	const uint32_t odd = U_GC_CC_MASK | U_GC_CO_MASK | U_GC_CS_MASK |
	    U_GC_ZL_MASK | U_GC_ZP_MASK;
	uint32_t type = U_MASK(u_charType(c));

	if (c < 0x80)
		return false;
	return (type & odd) != 0 || (c >= 0xfff9 && c <= 0xfffc) ||
	    (type == U_GC_CN_MASK &&
		!u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC));
}

static UChar32
next_char(struct slice text, int32_t *at)
{
	UChar32 c;

	U8_NEXT((const uint8_t *)text.data, *at, (int32_t)text.len, c);
	return c;
}

bool
display_is_odd(struct slice text)
{
	const UChar32 end_embedding = 0x202c, end_isolate = 0x2069;
	UChar32 ends[MAX_DEPTH]; /* of the stretches that are open */
	size_t depth = 0;

	for (int32_t at = 0; at < (int32_t)text.len;) {
		UChar32 c = next_char(text, &at);

		if (c < 0x80)
			continue;
		/* The last two turn text that has a direction of its own. */
		if (is_odd_char(c) || c == 0x202d || c == 0x202e)
			return true;
		if (!is_stretch(c))
			continue;
		if (c == end_embedding || c == end_isolate) {
			if (depth == 0 || ends[--depth] != c)
				return true;
			continue;
		}
		if (depth == MAX_DEPTH)
			return true;
		ends[depth++] = c >= 0x2066 ? end_isolate : end_embedding;
	}
	return depth > 0;
}

struct slice
display_settle(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	if (!display_is_odd(text))
		return text;
	strbuf_init(&buf, mem);
	for (int32_t at = 0, next = 0; at < (int32_t)text.len; at = next) {
		UChar32 c = next_char(text, &next);

		if (is_stretch(c))
			continue;
		if (c >= 0x80 && is_odd_char(c))
			strbuf_add_cstr(&buf,
			    (U_MASK(u_charType(c)) &
				(U_GC_CO_MASK | U_GC_CN_MASK)) != 0 ?
				"\xef\xbf\xbd" :
				" ");
		else
			strbuf_add(&buf,
			    slice_sub(text, (size_t)at, (size_t)(next - at)));
	}
	return strbuf_slice(&buf);
}

struct slice
display_neutral(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	text = display_settle(text, mem);
	for (int32_t at = 0, next = 0; at < (int32_t)text.len; at = next) {
		UChar32 c = next_char(text, &next);
		enum display_mark mark;

		if (c < 0) {
			strbuf_add_cstr(&buf, "\xef\xbf\xbd");
			continue;
		}
		mark = display_mark_of(c);
		/* Joiners of Persian and Indic letters, and of pictures, stay. */
		if (c >= 0x80 && mark == MARK_UNSEEN && c != 0x200c &&
		    c != 0x200d && (c < 0xfe00 || c > 0xfe0f))
			continue;
		if (mark == MARK_AT || mark == MARK_RINGED_A)
			strbuf_add_char(&buf, ' ');
		else
			strbuf_add(&buf,
			    slice_sub(text, (size_t)at, (size_t)(next - at)));
	}
	return strbuf_slice(&buf);
}
