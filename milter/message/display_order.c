/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of two directions, in the orders in which programs show it. */
#include <string.h>
#include <unicode/ubidi.h>

#include "display_priv.h"

static bool
is_isolate(UChar32 c)
{
	return c >= 0x2066 && c <= 0x2069;
}

/* Whether text shows as it stands, whatever the program does. */
static bool
has_one_order(const UChar *text, int32_t len)
{
	for (int32_t at = 0; at < len;) {
		UChar32 c = display_next_char(text, len, &at);
		UCharDirection direction = u_charDirection(c);

		if (direction == U_RIGHT_TO_LEFT ||
		    direction == U_RIGHT_TO_LEFT_ARABIC ||
		    direction == U_ARABIC_NUMBER ||
		    u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL))
			return false;
	}
	return true;
}

static int32_t
append(UChar *to, int32_t used, UChar32 c)
{
	if (c > 0xffff)
		to[used++] = (UChar)U16_LEAD(c);
	to[used++] = (UChar)(c > 0xffff ? U16_TRAIL(c) : c);
	return used;
}

/* Which controls a program knows. */
enum controls { ALL_CONTROLS, NO_ISOLATES, NO_CONTROLS };

/* Text on one line, without the controls that are not known; its length. */
static int32_t
prepare(const UChar *text, int32_t len, enum controls controls, UChar *to)
{
	int32_t used = 0;

	for (int32_t at = 0; at < len;) {
		UChar32 c = display_next_char(text, len, &at);
		bool control = u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL);
		if (control && (controls == NO_CONTROLS ||
		    (controls == NO_ISOLATES && is_isolate(c))))
			continue;
		if (u_charDirection(c) == U_BLOCK_SEPARATOR)
			c = ' ';
		used = append(to, used, c);
	}
	return used;
}

static void
close_bidi(UBiDi **bidi)
{
	ubidi_close(*bidi);
}

static struct display_order
reorder(const UChar *text, int32_t len, UBiDiLevel base,
    enum controls controls, struct arena *mem)
{
	UChar *line = arena_array(mem, (size_t)len + 1, sizeof(*line));
	UChar *shown = arena_array(mem, (size_t)len + 1, sizeof(*shown));
	CLEANUP(close_bidi) UBiDi *bidi = ubidi_open();
	UErrorCode status = U_ZERO_ERROR;

	ENSURE(bidi != NULL);
	len = prepare(text, len, controls, line);
	ubidi_setPara(bidi, line, len, base, NULL, &status);
	len = ubidi_writeReordered(bidi, shown, len + 1, UBIDI_DO_MIRRORING |
	    UBIDI_KEEP_BASE_COMBINING | UBIDI_REMOVE_BIDI_CONTROLS, &status);
	ENSURE(U_SUCCESS(status));
	return (struct display_order){ shown, len };
}

static bool
is_there(const struct display_order *orders, size_t count,
    const struct display_order *order)
{
	for (size_t i = 0; i < count; i++) {
		if (orders[i].len == order->len && u_memcmp(orders[i].text,
		    order->text, order->len) == 0)
			return true;
	}
	return false;
}

size_t
display_orders(const UChar *text, int32_t len, struct arena *mem,
    struct display_order ret_orders[DISPLAY_ORDERS])
{
	static const UBiDiLevel bases[] = { 0, 1 };
	size_t count = 1;

	ret_orders[0] = (struct display_order){ text, len };
	if (len == 0 || has_one_order(text, len))
		return count;
	/*
	 * Some programs show a name from right to left, because it begins so or
	 * because their user reads so; isolates are younger than all others.
	 */
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		for (unsigned int controls = ALL_CONTROLS;
		    controls <= NO_CONTROLS; controls++) {
			struct display_order order = reorder(text, len,
			    bases[i], (enum controls)controls, mem);

			if (!is_there(ret_orders, count, &order))
				ret_orders[count++] = order;
		}
	}
	return count;
}
