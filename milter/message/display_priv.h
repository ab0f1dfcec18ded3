/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_DISPLAY_PRIV_H
#define SUBMILTER_MESSAGE_DISPLAY_PRIV_H

#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include "message/display.h"

/* Adds UTF-16 as UTF-8; a surrogate that is alone becomes U+FFFD. */
void display_add_utf8(struct strbuf *buf, const UChar *text, int32_t len);

/* UTF-8 as UTF-16, *ret_len units, in an arena; invalid octets are U+FFFD. */
UChar *display_utf16(struct slice text, struct arena *mem, int32_t *ret_len);

/* The character at *at, which moves behind it; a surrogate may be alone. */
UChar32 display_next_char(const UChar *text, int32_t len, int32_t *at);

/* Opened once, never closed; thread-safe to read (ICU: uspoof.h). */
const USpoofChecker *display_spoof_checker(void);

/* What a character is in an address. */
enum display_mark {
	MARK_OTHER, /* letters, and all that is not one of these */
	MARK_UNSEEN,
	MARK_BLANK,
	MARK_NARROW, /* a blank that may be overlooked */
	MARK_AT,
	MARK_RINGED_A, /* an 'a' in a ring: that letter or '@' */
	MARK_RINGED,   /* another small thing in a ring */
	MARK_DOT,
	MARK_DOT_LETTER, /* a digit or letter that looks like one */
	MARK_DOT_OVER,	 /* a dot at the letter before it */
	MARK_BETWEEN,	 /* another mark: a dot, if it stands like one */
	MARK_DASH,
};

enum display_mark display_mark_of(UChar32 c);

/* Quotes and apostrophes. */
bool display_is_quote(UChar32 c);

/* Whether a mark is part of the script of two letters, as U+00B7 of "l.l". */
bool display_is_of_script(UChar32 c, UChar32 left, UChar32 right);

/* A letter between two others of another script, unlike any ASCII letter. */
bool display_is_stray(UChar32 c, UChar32 left, UChar32 right);

/* Shown as a blank: separators, fillers, the empty braille pattern. */
bool display_is_blank(UChar32 c);

/* Controls, format characters and what is not shown by default. */
bool display_is_unseen(UChar32 c);

/* The ASCII letter that a character is in another shape, or the character. */
UChar32 display_plain_letter(UChar32 c);

/* A letter, a mark on one or a digit. */
bool display_is_letter(UChar32 c);

/* The most orders in which display_orders() puts a text. */
enum { DISPLAY_ORDERS = 7 };

/* Text in the order in which it stands, or in that in which it is seen. */
struct display_order {
	const UChar *text;
	int32_t len;
};

/*
 * The orders in which programs show a text from left to right (UAX 9), the
 * stored one first; how many. Those that are the same are one.
 */
size_t display_orders(const UChar *text, int32_t len, struct arena *mem,
    struct display_order ret_orders[DISPLAY_ORDERS]);

#endif
