/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_DISPLAY_H
#define SUBMILTER_MESSAGE_DISPLAY_H

#include "base/str.h"

/*
 * The text around an address as people see it. For comparison only: except for
 * display_settle() and display_neutral(), no result ever goes into a message.
 * All functions are linear in their input, pure and thread-safe; results are in
 * memory of mem.
 */

/*
 * A piece of a field as a mail program shows it, in UTF-8: quotes, escapes and
 * parentheses removed, encoded words (RFC 2047) decoded wherever they stand,
 * also in quotes and also those that only decoding brings to light. Octets that
 * no charset explains become U+FFFD.
 */
struct slice display_decode(struct slice raw, struct arena *mem);

/*
 * The same with all that programs may show: a word of the charset unknown-8bit
 * that is not UTF-8 becomes both things that programs guess, UTF-8 with faults
 * and Windows-1252.
 */
struct slice display_decode_all(struct slice raw, struct arena *mem);

/*
 * Whether a token is one encoded word as RFC 2047 section 2 has it, and what it
 * decodes to has no mark that a program might take for syntax if it decodes
 * first and parses then: quotes, backslashes, angle brackets, '@', controls, a
 * parenthesis without the other. It is in UTF-8, US-ASCII or a charset of one
 * octet a character, and not odd (display_is_odd()).
 */
bool display_word_is_plain(struct slice token, struct arena *mem);

/*
 * Whether text (UTF-8) has characters that programs show in more than one way:
 * private and unassigned ones, line ends and controls beyond ASCII, and marks
 * that turn what follows round, beyond the text if nothing ends that.
 */
bool display_is_odd(struct slice text);

/*
 * Text as it may be written into a message: where it is odd, without those
 * marks and controls, and with U+FFFD for unassigned characters. Not odd.
 */
struct slice display_settle(struct slice text, struct arena *mem);

/*
 * A stranger's name (UTF-8) as it may stand in ours: settled, with nothing in it
 * that turns text round or is not seen, and with blanks for what looks like '@'.
 */
struct slice display_neutral(struct slice text, struct arena *mem);

/*
 * Text in the form in which names are compared: NFKC with case folded (full-width
 * letters become plain ones), format and control characters removed, blanks
 * made one. Invalid UTF-8 becomes U+FFFD.
 */
struct slice display_fold(struct slice text, struct arena *mem);

/*
 * Folded text with look-alikes made one (the skeleton of Unicode TR 39), so
 * that Cyrillic, Greek and Latin letters that look the same are the same. Two
 * texts that people cannot tell apart have the same skeleton.
 */
struct slice display_skeleton(struct slice folded, struct arena *mem);

/* One way in which people may read a text. */
struct display_reading {
	struct slice text;	/* folded */
	struct slice addresses; /* what of it may hold one */
	bool is_visual;		/* in the order in which it is seen */
	bool is_joined;		/* without blanks around an '@' or a dot */
	bool is_loose;		/* a domain in it may be two words */
};

struct display_readings {
	struct display_reading *items;
	size_t count; /* one at least */
};

/*
 * All ways in which people may read decoded text: as it is stored and, if it
 * has letters or marks that are shown from right to left, as it is seen (UAX 9),
 * with all look-alikes of '@', of dots between the labels of a domain and of
 * hyphens made these, and with no blanks around the former. Texts that are the
 * same stand there once, as what is surer. At most 56.
 */
struct display_readings display_read(struct slice text, struct arena *mem);

/*
 * Whether text has characters beyond ASCII that nobody sees or that programs
 * trim: blanks, line ends, format and control characters, unassigned ones.
 */
bool display_has_blank(struct slice text, struct arena *mem);

/*
 * The next thing that looks like an address, in folded text: *ret_address is
 * "local@domain" with a dot in the domain; *rest is what stands behind it.
 * False when there is none.
 */
bool display_next_address(struct slice *rest, struct slice *ret_address);

/*
 * The words of folded text, made of letters, marks and digits, with one blank
 * before, between and behind them.
 */
struct slice display_words(struct slice folded, struct arena *mem);

/* Whether two lower-case letters are a country's, as top-level domains are. */
bool display_is_country(struct slice letters);

/* The next thing of folded text that may be a domain; false at the end. */
bool display_next_word(struct slice *rest, struct slice *ret_word);

#endif
