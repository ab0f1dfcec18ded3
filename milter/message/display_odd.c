/* SPDX-License-Identifier: BSD-2-Clause */
/* Characters that programs show in more than one way, or that turn others. */
#include "display_priv.h"

/* UAX 9 allows many more; nobody's name has them. */
enum { MAX_DEPTH = 8 };

static bool
is_override(UChar32 c)
{
	return c == 0x202d || c == 0x202e;
}

/* What begins or ends a stretch of one direction. */
static bool
is_stretch(UChar32 c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/*
 * A character of nobody, of some programs only, or a line end. Reserved ones
 * that will be pictures are shown as such by whoever knows more than ICU does.
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

/* The stretches that are open, by what ends them. */
struct stretches {
	UChar32 ends[MAX_DEPTH];
	size_t depth;
};

/* False when one ends that has not begun, or when there are too many. */
static bool
follow_stretch(struct stretches *open, UChar32 c)
{
	const UChar32 end_embedding = 0x202c, end_isolate = 0x2069;

	if (c == end_embedding || c == end_isolate)
		return open->depth > 0 && open->ends[--open->depth] == c;
	if (open->depth == MAX_DEPTH)
		return false;
	open->ends[open->depth++] = c >= 0x2066 ? end_isolate : end_embedding;
	return true;
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
	struct stretches open = { .depth = 0 };

	for (int32_t at = 0; at < (int32_t)text.len;) {
		UChar32 c = next_char(text, &at);

		if (c < 0x80)
			continue;
		if (is_odd_char(c) || is_override(c) ||
		    (is_stretch(c) && !follow_stretch(&open, c)))
			return true;
	}
	return open.depth > 0;
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
			strbuf_add_cstr(&buf, (U_MASK(u_charType(c)) &
			    (U_GC_CO_MASK | U_GC_CN_MASK)) != 0
			    ? "\xef\xbf\xbd" : " ");
		else
			strbuf_add(&buf, slice_sub(text, (size_t)at,
			    (size_t)(next - at)));
	}
	return strbuf_slice(&buf);
}

/* What joins letters of Persian and of Indic scripts, and parts of pictures. */
static bool
is_joiner(UChar32 c)
{
	return c == 0x200c || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f);
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
		if (c >= 0x80 && mark == MARK_UNSEEN && !is_joiner(c))
			continue;
		if (mark == MARK_AT || mark == MARK_RINGED_A)
			strbuf_add_char(&buf, ' ');
		else
			strbuf_add(&buf, slice_sub(text, (size_t)at,
			    (size_t)(next - at)));
	}
	return strbuf_slice(&buf);
}
