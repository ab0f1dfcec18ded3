/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of two directions, in the orders in which programs show it. */
#include <string.h>
#include <unicode/ubidi.h>

#include "display_priv.h"

/* Which controls a program knows. */
enum controls { ALL_CONTROLS, NO_ISOLATES, NO_CONTROLS };

static void
close_bidi(UBiDi **bidi)
{
	ubidi_close(*bidi);
}

/* Text on one line as a program shows it that knows these controls. */
static struct display_order
reorder(const struct display_order *text, UBiDiLevel base,
    enum controls controls, struct arena *mem)
{
	size_t room = (size_t)text->len + 1;
	UChar *line = arena_array(mem, room, sizeof(*line));
	UChar *shown = arena_array(mem, room, sizeof(*shown));
	CLEANUP(close_bidi) UBiDi *bidi = ubidi_open();
	UErrorCode status = U_ZERO_ERROR;
	int32_t len = 0;

	ENSURE(bidi != NULL);
	for (int32_t at = 0; at < text->len;) {
		UChar32 c = display_next_char(text->text, text->len, &at);
		bool is_isolate = c >= 0x2066 && c <= 0x2069;

		if ((controls == NO_CONTROLS ||
			(controls == NO_ISOLATES && is_isolate)) &&
		    u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL))
			continue;
		if (u_charDirection(c) == U_BLOCK_SEPARATOR)
			c = ' ';
		if (c > 0xffff)
			line[len++] = (UChar)U16_LEAD(c);
		line[len++] = (UChar)(c > 0xffff ? U16_TRAIL(c) : c);
	}
	ubidi_setPara(bidi, line, len, base, NULL, &status);
	len = ubidi_writeReordered(bidi, shown, len + 1,
	    UBIDI_DO_MIRRORING | UBIDI_KEEP_BASE_COMBINING |
		UBIDI_REMOVE_BIDI_CONTROLS,
	    &status);
	ENSURE(U_SUCCESS(status));
	return (struct display_order){ shown, len };
}

size_t
display_orders(const UChar *text, int32_t len, struct arena *mem,
    struct display_order ret_orders[DISPLAY_ORDERS])
{
	static const UBiDiLevel bases[] = { 0, 1 };
	size_t count = 1;
	bool one_order = true;

	ret_orders[0] = (struct display_order){ text, len };
	for (int32_t at = 0; at < len && one_order;) {
		UChar32 c = display_next_char(text, len, &at);
		UCharDirection direction = u_charDirection(c);

		one_order = direction != U_RIGHT_TO_LEFT &&
		    direction != U_RIGHT_TO_LEFT_ARABIC &&
		    direction != U_ARABIC_NUMBER &&
		    !u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL);
	}
	/* Then it shows as it stands, whatever the program does. */
	if (one_order)
		return count;
	/*
	 * Some programs show a name from right to left, because it begins so or
	 * because their user reads so; isolates are younger than all others.
	 */
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		for (unsigned int controls = ALL_CONTROLS;
		     controls <= NO_CONTROLS; controls++) {
			struct display_order order = reorder(&ret_orders[0],
			    bases[i], (enum controls)controls, mem);

			size_t k = 0;

			while (k < count &&
			    (ret_orders[k].len != order.len ||
				u_memcmp(ret_orders[k].text, order.text,
				    order.len) != 0))
				k++;
			if (k == count)
				ret_orders[count++] = order;
		}
	}
	return count;
}
