/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_OCTETS_H
#define SUBMILTER_BASE_OCTETS_H

#include "base/str.h"

/*
 * Long text, looked at in whole runs of octets (16 at a time, where the machine
 * can). All functions are pure and thread-safe.
 */

/*
 * How many stand in front of the first tab, and of the first blank that a
 * blank, a tab or CR follows. The last octet counts only as what follows.
 */
size_t octets_before_blanks(struct slice text);

/* What was seen in text; what stands close behind it may count, too. */
struct octets_seen {
	bool is_odd; /* a CR or LF that is no half of a CRLF */
	bool is_8bit;
};

/*
 * Where the next line after `from`, which begins a line itself, begins with '-'
 * or 'c' of either case; text.len: none does. text ends with LF.
 */
size_t octets_to_line(struct slice text, size_t from, struct octets_seen *seen);

size_t octets_8bit(struct slice text);

/* Whether there is a control character: those of ASCII but tab and LF. */
bool octets_have_controls(struct slice text);

/*
 * Whether each octet that begins a character of UTF-8 is followed by as many as
 * that needs, and no other is of that kind. Overlong forms and surrogates are
 * not looked for: slice_is_utf8() does. A character must not end behind text.
 */
bool octets_have_utf8_form(struct slice text);

/* Whether all 16 octets are of the alphabet of base64, or "=". */
bool octets_16_are_base64(const char octets[16]);

/*
 * Copies the printable octets in front, blanks and tabs among them but not '=',
 * `max` at most; how many. There is room for OCTETS_SLACK more in *ret_copy, of
 * which anything may be written.
 */
enum { OCTETS_SLACK = 16 };
size_t octets_copy_printable(char *ret_copy, struct slice text, size_t max);

/*
 * The beginning of text in quoted-printable (RFC 2045 section 6.7): up to the
 * first CR, or to what does not fit in `room` octets, which is under 255. Returns
 * how many octets of text that is, and in *ret_len how many it takes. What
 * stands at a beginning or end of a line is the caller's to look at. There is room
 * for OCTETS_SLACK more in *ret_quoted, of which anything may be written.
 */
size_t octets_in_quoted_printable(
    char *ret_quoted, size_t room, struct slice text, size_t *ret_len);

/* Octets of a line of base64 (RFC 2045 section 6.8): its 76 digits. */
void octets_57_in_base64(char ret_digits[76], const char octets[57]);

#endif
