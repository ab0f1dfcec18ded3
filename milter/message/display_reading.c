/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways in which people may read a text that holds an address. */
#include "display_priv.h"

/* A character, and what it is in an address. */
struct glyph {
	UChar32 c;
	enum display_mark mark;
	enum display_mark after; /* behind the blanks and marks behind it */
};

struct glyphs {
	struct glyph *items;
	size_t count;
};

/* The look of a text leaves three questions open: eight ways to read it. */
enum { DISPLAY_DOUBTS = 8 };

struct doubts {
	bool tight;  /* narrow blanks are overlooked; others and
				 * quotes inside of a domain, if loose */
	bool ringed; /* small things in rings are '@' */
	bool loose;  /* marks with blanks beside them are dots */
};

static void
add_glyph(struct glyphs *glyphs, UChar32 c, enum display_mark mark)
{
	glyphs->items[glyphs->count++] = (struct glyph){ c, mark, MARK_OTHER };
}

/* Brackets and quotes, which may stand around an '@'. */
static bool
is_bracket(const struct glyph *glyph)
{
	return glyph->mark == MARK_OTHER &&
	    (glyph->c == '[' || glyph->c == ']' || glyph->c == '{' ||
		glyph->c == '}' || glyph->c == '\'' ||
		(glyph->c >= 0x80 &&
		    (U_MASK(u_charType(glyph->c)) &
			(U_GC_PS_MASK | U_GC_PE_MASK | U_GC_PI_MASK |
			    U_GC_PF_MASK)) != 0));
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
		   glyph->mark == MARK_RINGED ||
		   glyph->mark == MARK_DOT_LETTER) &&
	    display_is_letter(display_plain_letter(glyph->c));
}

/* One in a ring is not an '@' beside others of its kind: that is a word. */
static bool
is_ringed_at(const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];

	if (glyph->mark != MARK_RINGED && glyph->mark != MARK_RINGED_A)
		return false;
	if (i == 0 || i + 1 == glyphs->count)
		return false;
	if (glyph->mark == MARK_RINGED_A &&
	    (glyph[-1].mark == MARK_BLANK || glyph[1].mark == MARK_BLANK))
		return true;
	return glyph[-1].mark == MARK_OTHER && glyph[1].mark == MARK_OTHER &&
	    is_word_glyph(glyph - 1) && is_word_glyph(glyph + 1);
}

static bool
is_dot_mark(enum display_mark mark)
{
	return mark == MARK_DOT || mark == MARK_BETWEEN;
}

static bool
is_quote(const struct glyph *glyph)
{
	return glyph->mark == MARK_OTHER && display_is_quote(glyph->c);
}

/* One blank for several, and each glyph as the doubts have it. */
static struct glyphs
settle(const struct glyphs *glyphs, struct doubts doubts, struct arena *mem)
{
	struct glyphs all = {
		arena_array(mem, glyphs->count + 1, sizeof(*all.items)), 0
	};
	enum display_mark after = MARK_OTHER;

	for (size_t i = 0; i < glyphs->count; i++) {
		struct glyph glyph = glyphs->items[i];

		if (glyph.mark == MARK_NARROW && doubts.tight)
			continue;
		if (doubts.ringed && is_ringed_at(glyphs, i))
			glyph.mark = MARK_AT;
		if (glyph.mark == MARK_NARROW)
			glyph.mark = MARK_BLANK;
		/* A quote that touches a dot is an ornament: "corp'.example". */
		while (is_dot_mark(glyph.mark) && all.count > 0 &&
		    is_quote(&all.items[all.count - 1]))
			all.count--;
		if (all.count > 0 && is_quote(&glyph) &&
		    is_dot_mark(all.items[all.count - 1].mark))
			continue;
		/* Marks that touch are one. */
		if (all.count > 0 && glyph.mark == MARK_BETWEEN &&
		    is_dot_mark(all.items[all.count - 1].mark))
			continue;
		if (all.count > 0 && glyph.mark == MARK_DOT &&
		    all.items[all.count - 1].mark == MARK_BETWEEN)
			all.count--;
		if (glyph.mark != MARK_BLANK ||
		    (all.count > 0 &&
			all.items[all.count - 1].mark != MARK_BLANK))
			add_glyph(&all,
			    glyph.mark == MARK_BLANK ? ' ' : glyph.c,
			    glyph.mark);
	}
	for (size_t i = all.count; i-- > 0;) {
		struct glyph *glyph = &all.items[i];

		glyph->after = after;
		if (glyph->mark != MARK_BLANK && glyph->mark != MARK_BETWEEN &&
		    !is_bracket(glyph))
			after = glyph->mark;
	}
	return all;
}

/* A reading while it is written. */
struct writing {
	struct strbuf text;
	bool loose;
	bool tight;
	bool behind_at; /* in what may be a domain */
	bool at_ended;	/* an '@' is the last that was written */
	bool joins;	/* blanks here are left out */
	bool joined;	/* there were some */
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
		return !before && !behind &&
		    (writing->loose || writing->behind_at) &&
		    u_charDirection(next) == U_LEFT_TO_RIGHT &&
		    u_charDirection(glyphs->items[left].c) == U_LEFT_TO_RIGHT;
	if (glyph->mark == MARK_OTHER || glyph->mark == MARK_DOT_OVER)
		return writing->loose && writing->behind_at && !before &&
		    !behind &&
		    (glyph->mark == MARK_DOT_OVER ||
			!display_is_letter(glyph->c) ||
			display_is_stray(
			    glyph->c, glyphs->items[left].c, next));
	if (writing->loose)
		return true;
	if (glyph->mark == MARK_BETWEEN)
		return writing->behind_at && !before && !behind;
	return writing->behind_at && (before || !behind || !u_isupper(next));
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

/*
 * A blank before "@host", as a name at some services is written, ends an
 * address; that it does not is one of the loose readings.
 */
static void
write_blank(struct writing *writing, const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];
	size_t next = i + 1;
	bool is_handle;

	while (glyph->after == MARK_AT && next < glyphs->count &&
	    is_bracket(&glyphs->items[next]))
		next++;
	is_handle = next + 1 < glyphs->count &&
	    glyphs->items[next].mark == MARK_AT &&
	    is_word_glyph(&glyphs->items[next + 1]);
	/* Letters may stand apart. */
	if (writing->joins ||
	    (glyph->after == MARK_AT && (writing->loose || !is_handle)) ||
	    (writing->loose && writing->tight && writing->behind_at) ||
	    (i + 1 < glyphs->count && may_be_dot(glyph[1].mark) &&
		is_dot(writing, glyphs, i + 1))) {
		writing->joined = true;
		return;
	}
	writing->behind_at = false;
	write_char(writing, ' ');
}

static void
write_other(struct writing *writing, const struct glyphs *glyphs, size_t i)
{
	const struct glyph *glyph = &glyphs->items[i];
	UChar32 c =
	    glyph->mark == MARK_DASH ? '-' : display_plain_letter(glyph->c);
	bool letter = c == '-' || c == '_' || display_is_letter(c);

	if (is_bracket(glyph) && (glyph->after == MARK_AT || writing->at_ended))
		return;
	if (writing->loose && writing->tight && writing->behind_at &&
	    is_quote(glyph))
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
write_reading(
    const struct glyphs *glyphs, struct doubts doubts, struct arena *mem)
{
	struct writing writing = { .loose = doubts.loose,
		.tight = doubts.tight };

	strbuf_init(&writing.text, mem);
	for (size_t i = 0; i < glyphs->count; i++) {
		const struct glyph *glyph = &glyphs->items[i];

		if (glyph->mark == MARK_BLANK) {
			write_blank(&writing, glyphs, i);
		} else if (glyph->mark == MARK_AT) {
			/* Several that touch are one. */
			if (!writing.at_ended)
				write_char(&writing, '@');
			writing.behind_at = writing.joins = true;
			writing.at_ended = true;
		} else if (!may_be_dot(glyph->mark)) {
			write_other(&writing, glyphs, i);
		} else if (!writing.at_ended &&
		    (glyph->mark != MARK_BETWEEN ||
			(glyph->after != MARK_AT &&
			    (!writing.joins || i == 0 ||
				glyph[-1].mark == MARK_BLANK)))) {
			/* Beside an '@' or a dot it would be an ornament. */
			writing.joins = is_dot(&writing, glyphs, i);
			write_char(&writing, writing.joins ? '.' : glyph->c);
		}
	}
	return writing;
}

/* Adds one reading, if it is another than those that are there. */
static void
add_reading(struct display_readings *all, const struct glyphs *glyphs,
    struct doubts doubts, bool is_visual, struct arena *mem)
{
	CLEANUP(arena_done) struct arena scratch;
	struct glyphs settled;
	struct writing writing;
	struct slice text;
	struct strbuf addresses;

	arena_init(&scratch);
	settled = settle(glyphs, doubts, &scratch);
	writing = write_reading(&settled, doubts, &scratch);
	text = display_fold(strbuf_slice(&writing.text), &scratch);
	for (size_t i = 0; i < all->count; i++) {
		if (slice_eq(all->items[i].text, text) &&
		    all->items[i].is_visual == is_visual)
			return;
	}
	text = slice_dup(mem, text);
	strbuf_init(&addresses, mem);
	/* In its other order, text from right to left is not an address. */
	for (int32_t at = 0, next = 0; is_visual && at < (int32_t)text.len;
	     at = next) {
		UChar32 c;

		U8_NEXT((const uint8_t *)text.data, next, (int32_t)text.len, c);
		if (u_charDirection(c) == U_RIGHT_TO_LEFT ||
		    u_charDirection(c) == U_RIGHT_TO_LEFT_ARABIC)
			strbuf_add_char(&addresses, ';');
		else
			strbuf_add(&addresses,
			    slice_sub(text, (size_t)at, (size_t)(next - at)));
	}
	all->items[all->count++] = (struct display_reading){
		.text = text,
		.addresses = is_visual ? strbuf_slice(&addresses) : text,
		.is_visual = is_visual,
		.is_joined = writing.joined,
		.is_loose = doubts.loose,
	};
}

/* One order of a text, with each doubt that it leaves. */
static void
add_order(struct display_readings *all, const struct display_order *order,
    bool is_visual, struct arena *mem)
{
	struct glyphs glyphs = { NULL, 0 };
	struct arena scratch;
	bool narrow, ringed, at;

	arena_init(&scratch);
	glyphs.items = arena_array(
	    &scratch, (size_t)order->len + 1, sizeof(*glyphs.items));
	for (int32_t i = 0; i < order->len;) {
		struct glyph *last =
		    glyphs.count == 0 ? NULL : &glyphs.items[glyphs.count - 1];
		UChar32 c = display_next_char(order->text, order->len, &i);
		enum display_mark mark = display_mark_of(c);

		/* U+20DD puts a ring around what stands before it. */
		if (u_charType(c) == U_ENCLOSING_MARK && last != NULL)
			last->mark = last->c == 'a' || last->c == 'A' ?
			    MARK_RINGED_A :
			    MARK_RINGED;
		else if (mark != MARK_UNSEEN)
			add_glyph(&glyphs, c, mark);
	}
	narrow = has_mark(&glyphs, MARK_NARROW, MARK_NARROW);
	ringed = has_mark(&glyphs, MARK_RINGED_A, MARK_RINGED);
	at = ringed || has_mark(&glyphs, MARK_AT, MARK_AT);
	/* The surer ones first: what is found there counts more. */
	for (unsigned int bits = 0; bits < DISPLAY_DOUBTS; bits++) {
		struct doubts doubts = { .tight = (bits & 1) != 0,
			.ringed = (bits & 2) != 0,
			.loose = (bits & 4) != 0 };

		if ((doubts.tight && !narrow && !(doubts.loose && at)) ||
		    (doubts.ringed && !ringed))
			continue;
		add_reading(all, &glyphs, doubts, is_visual, mem);
	}
	arena_done(&scratch);
}

struct display_readings
display_read(struct slice text, struct arena *mem)
{
	struct display_order orders[DISPLAY_ORDERS];
	struct display_readings all = {
		arena_array(mem, (size_t)DISPLAY_DOUBTS * DISPLAY_ORDERS,
		    sizeof(*all.items)),
		0
	};
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
