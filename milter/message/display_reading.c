/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways in which people may read a text that holds an address. */
#include "display_priv.h"

/* A character, and what it is to whoever looks for an address. */
struct glyph {
	UChar32 c;
	enum display_mark mark;
	enum display_mark after;	/* behind the blanks and marks behind it */
};

struct glyphs {
	struct glyph *items;
	size_t count;
};

/* What is left open by how a text looks: eight ways to take it. */
enum { DISPLAY_DOUBTS = 8 };

struct doubts {
	bool tight;		/* narrow blanks are overlooked, and others
				 * between the letters of a domain, if loose */
	bool ringed;		/* small things in rings are '@' */
	bool loose;		/* marks with blanks beside them are dots */
};

static void
add_glyph(struct glyphs *glyphs, UChar32 c, enum display_mark mark)
{
	glyphs->items[glyphs->count++] = (struct glyph){ c, mark, MARK_OTHER };
}

/* The text without what is not seen. */
static struct glyphs
read_glyphs(const UChar *text, int32_t len, struct arena *mem)
{
	struct glyphs glyphs = { arena_array(mem, (size_t)len + 1,
	    sizeof(*glyphs.items)), 0 };

	for (int32_t at = 0; at < len;) {
		struct glyph *last = glyphs.count == 0 ? NULL
		    : &glyphs.items[glyphs.count - 1];
		UChar32 c = display_next_char(text, len, &at);
		enum display_mark mark = display_mark_of(c);

		/* U+20DD puts a ring around what stands before it. */
		if (u_charType(c) == U_ENCLOSING_MARK && last != NULL)
			last->mark = last->c == 'a' || last->c == 'A'
			    ? MARK_RINGED_A : MARK_RINGED;
		else if (mark != MARK_UNSEEN)
			add_glyph(&glyphs, c, mark);
	}
	return glyphs;
}

/* Brackets and quotes, which may stand around an '@'. */
static bool
is_bracket(const struct glyph *glyph)
{
	return glyph->mark == MARK_OTHER && (glyph->c == '[' ||
	    glyph->c == ']' || glyph->c == '{' || glyph->c == '}' ||
	    glyph->c == '\'' || (glyph->c >= 0x80 &&
	    (U_MASK(u_charType(glyph->c)) & (U_GC_PS_MASK | U_GC_PE_MASK |
	    U_GC_PI_MASK | U_GC_PF_MASK)) != 0));
}

static bool
has_mark(const struct glyphs *glyphs, enum display_mark first,
    enum display_mark last)
{
	for (size_t i = 0; i < glyphs->count; i++) {
		if (glyphs->items[i].mark >= first &&
		    glyphs->items[i].mark <= last)
			return true;
	}
	return false;
}

static bool
is_word_glyph(const struct glyph *glyph)
{
	return (glyph->mark == MARK_OTHER || glyph->mark == MARK_RINGED_A ||
	    glyph->mark == MARK_RINGED || glyph->mark == MARK_DOT_LETTER) &&
	    display_is_letter(display_plain_letter(glyph->c));
}

/* One in a ring is no '@' beside others of its kind: that is a word. */
static bool
is_ringed_at(const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];

	if (glyph->mark != MARK_RINGED && glyph->mark != MARK_RINGED_A)
		return false;
	if (i == 0 || i + 1 == glyphs->count)
		return false;
	if (glyph->mark == MARK_RINGED_A && (glyph[-1].mark == MARK_BLANK ||
	    glyph[1].mark == MARK_BLANK))
		return true;
	return glyph[-1].mark == MARK_OTHER && glyph[1].mark == MARK_OTHER &&
	    is_word_glyph(glyph - 1) && is_word_glyph(glyph + 1);
}

static bool
is_dot_mark(enum display_mark mark)
{
	return mark == MARK_DOT || mark == MARK_BETWEEN;
}

/* One blank for several, and what the doubts make of each glyph. */
static struct glyphs
settle(const struct glyphs *glyphs, struct doubts doubts, struct arena *mem)
{
	struct glyphs all = { arena_array(mem, glyphs->count + 1,
	    sizeof(*all.items)), 0 };
	enum display_mark after = MARK_OTHER;

	for (size_t i = 0; i < glyphs->count; i++) {
		struct glyph glyph = glyphs->items[i];

		if (glyph.mark == MARK_NARROW && doubts.tight)
			continue;
		if (doubts.ringed && is_ringed_at(glyphs, i))
			glyph.mark = MARK_AT;
		if (glyph.mark == MARK_NARROW)
			glyph.mark = MARK_BLANK;
		/* Marks that touch are one. */
		if (all.count > 0 && glyph.mark == MARK_BETWEEN &&
		    is_dot_mark(all.items[all.count - 1].mark))
			continue;
		if (all.count > 0 && glyph.mark == MARK_DOT &&
		    all.items[all.count - 1].mark == MARK_BETWEEN)
			all.count--;
		if (glyph.mark != MARK_BLANK || (all.count > 0 &&
		    all.items[all.count - 1].mark != MARK_BLANK))
			add_glyph(&all, glyph.mark == MARK_BLANK ? ' '
			    : glyph.c, glyph.mark);
	}
	for (size_t i = all.count; i-- > 0;) {
		struct glyph *glyph = &all.items[i];

		glyph->after = after;
		if (glyph->mark != MARK_BLANK &&
		    glyph->mark != MARK_BETWEEN && !is_bracket(glyph))
			after = glyph->mark;
	}
	return all;
}

/* A reading while it is written. */
struct writing {
	struct strbuf text;
	bool loose;
	bool tight;
	bool behind_at;		/* in what may be a domain */
	bool at_ended;		/* an '@' is the last that was written */
	bool joins;		/* blanks here are none */
	bool joined;		/* there were some */
};

/*
 * Whether a mark with a word on either side is a dot between labels. In a
 * sentence, "St. Mary", a blank is behind it and a capital letter follows.
 */
static bool
is_dot(const struct writing *writing, const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];
	bool before = i > 0 && glyph[-1].mark == MARK_BLANK;
	bool behind = i + 1 < glyphs->count && glyph[1].mark == MARK_BLANK;
	size_t left = i - (before ? 2 : 1), right = i + (behind ? 2 : 1);
	UChar32 next;

	if (i < (before ? 2 : 1) || right >= glyphs->count ||
	    !is_word_glyph(&glyphs->items[left]) ||
	    !is_word_glyph(&glyphs->items[right]))
		return false;
	next = glyphs->items[right].c;
	if (display_is_of_script(glyph->c, glyphs->items[left].c, next))
		return false;
	if (glyph->mark == MARK_DOT_LETTER)
		return !before && !behind && (writing->loose ||
		    writing->behind_at) && u_charDirection(next) ==
		    U_LEFT_TO_RIGHT && u_charDirection(
			glyphs->items[left].c) == U_LEFT_TO_RIGHT;
	if (glyph->mark == MARK_OTHER || glyph->mark == MARK_DOT_OVER)
		return writing->loose && writing->behind_at && !before &&
		    !behind && (glyph->mark == MARK_DOT_OVER ||
		    !display_is_letter(glyph->c) || display_is_stray(glyph->c,
			glyphs->items[left].c, next));
	if (writing->loose)
		return true;
	if (glyph->mark == MARK_BETWEEN)
		return writing->behind_at && !before && !behind;
	return writing->behind_at && (before || !behind ||
	    !u_isupper(next));
}

static void
write_char(struct writing *writing, UChar32 c)
{
	uint8_t octets[U8_MAX_LENGTH];
	size_t len = 0;

	U8_APPEND_UNSAFE(octets, len, (uint32_t)c);
	strbuf_add(&writing->text, (struct slice){ (char *)octets, len });
}

static bool
may_be_dot(enum display_mark mark)
{
	return mark == MARK_DOT || mark == MARK_DOT_LETTER ||
	    mark == MARK_BETWEEN;
}

static void
write_blank(struct writing *writing, const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];

	/* Letters may stand apart. */
	if (writing->joins || glyph->after == MARK_AT || (writing->loose &&
	    writing->tight && writing->behind_at) ||
	    (i + 1 < glyphs->count && may_be_dot(glyph[1].mark) &&
	    is_dot(writing, glyphs, i + 1))) {
		writing->joined = true;
		return;
	}
	writing->behind_at = false;
	write_char(writing, ' ');
}

static void
write_mark(struct writing *writing, const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];
	bool touches = i > 0 && glyph[-1].mark != MARK_BLANK;

	/* A mark beside an '@' or a dot is an ornament. */
	if (writing->at_ended || (glyph->mark == MARK_BETWEEN &&
	    (glyph->after == MARK_AT || (writing->joins && touches))))
		return;
	writing->joins = is_dot(writing, glyphs, i);
	write_char(writing, writing->joins ? '.' : glyph->c);
}

static void
write_other(struct writing *writing, const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];
	UChar32 c = glyph->mark == MARK_DASH ? '-'
	    : display_plain_letter(glyph->c);
	bool letter = c == '-' || c == '_' || display_is_letter(c);

	if (is_bracket(glyph) && (glyph->after == MARK_AT ||
	    writing->at_ended))
		return;
	/* ',' and the like. */
	if (glyph->mark != MARK_DASH && c != '-' && c != '_' &&
	    is_dot(writing, glyphs, i)) {
		c = '.';
		letter = true;
	}
	write_char(writing, c);
	writing->joins = writing->at_ended = false;
	writing->behind_at = writing->behind_at && letter;
}

static struct writing
write_reading(const struct glyphs *glyphs, struct doubts doubts,
    struct arena *mem)
{
	struct writing writing = { .loose = doubts.loose,
		.tight = doubts.tight };

	strbuf_init(&writing.text, mem);
	for (size_t i = 0; i < glyphs->count; i++) {
		const struct glyph *glyph = &glyphs->items[i];

		if (glyph->mark == MARK_BLANK) {
			write_blank(&writing, glyphs, i);
		} else if (glyph->mark == MARK_AT) {
			write_char(&writing, '@');
			writing.behind_at = writing.joins = true;
			writing.at_ended = true;
		} else if (may_be_dot(glyph->mark)) {
			write_mark(&writing, glyphs, i);
		} else {
			write_other(&writing, glyphs, i);
		}
	}
	return writing;
}

/* Text that is shown from right to left is no address in its other order. */
static struct slice
without_rtl(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (int32_t at = 0, next = 0; at < (int32_t)text.len; at = next) {
		UChar32 c;

		U8_NEXT((const uint8_t *)text.data, next, (int32_t)text.len,
		    c);
		if (u_charDirection(c) == U_RIGHT_TO_LEFT ||
		    u_charDirection(c) == U_RIGHT_TO_LEFT_ARABIC)
			strbuf_add_char(&buf, ';');
		else
			strbuf_add(&buf, slice_sub(text, (size_t)at,
			    (size_t)(next - at)));
	}
	return strbuf_slice(&buf);
}

static void
add_reading(struct display_readings *all, const struct glyphs *glyphs,
    struct doubts doubts, bool is_visual, struct arena *scratch,
    struct arena *mem)
{
	struct glyphs settled = settle(glyphs, doubts, scratch);
	struct writing writing = write_reading(&settled, doubts, scratch);
	struct slice text = display_fold(strbuf_slice(&writing.text), scratch);
	struct display_reading *reading = &all->items[all->count];

	for (size_t i = 0; i < all->count; i++) {
		if (slice_eq(all->items[i].text, text) &&
		    all->items[i].is_visual == is_visual)
			return;
	}
	text = slice_dup(mem, text);
	*reading = (struct display_reading){
		.text = text,
		.addresses = is_visual ? without_rtl(text, mem) : text,
		.is_visual = is_visual,
		.is_joined = writing.joined,
		.is_loose = doubts.loose,
	};
	all->count++;
}

/* One order of a text, with each doubt that it leaves. */
static void
add_order(struct display_readings *all, const struct display_order *order,
    bool is_visual, struct arena *mem)
{
	struct glyphs glyphs;
	struct arena scratch;
	bool narrow, ringed, at;

	arena_init(&scratch);
	glyphs = read_glyphs(order->text, order->len, &scratch);
	narrow = has_mark(&glyphs, MARK_NARROW, MARK_NARROW);
	ringed = has_mark(&glyphs, MARK_RINGED_A, MARK_RINGED);
	at = ringed || has_mark(&glyphs, MARK_AT, MARK_AT);
	/* The surer ones first: what is found there counts more. */
	for (unsigned int bits = 0; bits < DISPLAY_DOUBTS; bits++) {
		struct doubts doubts = { .tight = (bits & 1) != 0,
			.ringed = (bits & 2) != 0, .loose = (bits & 4) != 0 };
		struct arena once;

		if ((doubts.tight && !narrow && !(doubts.loose && at)) || (doubts.ringed && !ringed))
			continue;
		arena_init(&once);
		add_reading(all, &glyphs, doubts, is_visual, &once, mem);
		arena_done(&once);
	}
	arena_done(&scratch);
}

struct display_readings
display_read(struct slice text, struct arena *mem)
{
	struct display_order orders[DISPLAY_ORDERS];
	struct display_readings all = { arena_array(mem, DISPLAY_DOUBTS *
	    DISPLAY_ORDERS, sizeof(*all.items)), 0 };
	struct arena scratch;
	UChar *units;
	int32_t len;
	size_t count;

	arena_init(&scratch);
	units = display_utf16(text, &scratch, &len);
	count = display_orders(units, len, &scratch, orders);
	for (size_t i = 0; i < count; i++)
		add_order(&all, &orders[i], i > 0, mem);
	arena_done(&scratch);
	return all;
}
