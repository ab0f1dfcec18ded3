/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_STR_H
#define SUBMILTER_BASE_STR_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/ensure.h"

/*
 * Text as pointer and length. Mail data may hold NUL and 8-bit octets, so a
 * slice is not a C string. Nothing here knows a locale: letters are ASCII
 * letters. All functions are pure and thread-safe.
 */
struct slice {
	const char *data;
	size_t len;
};

/* A string literal as a slice. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

/*
 * For "%.*s": only where the text is known to be clean (see escape_append). It
 * is never cut: nothing that is taken in is near INT_MAX octets.
 */
#define SLICE_ARGS(s) slice_int_len(s), (s).data

static inline int
slice_int_len(struct slice s)
{
	ENSURE(s.len <= INT_MAX);
	return (int)s.len;
}

struct slice slice_of(const char *cstr);
bool slice_eq(struct slice a, struct slice b);
/*
 * The same as slice_eq(), in a time that depends on the length of `given` alone
 * and not on how much of a secret it has.
 */
bool slice_eq_secret(struct slice given, struct slice secret);
/* Order as by memcmp, shorter first: for qsort. */
int slice_cmp(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);

/*
 * Names are compared by the hundred: few have the same length, and fewer begin
 * alike. Two octets that differ in another bit than 0x20 are not one letter.
 */
static inline bool
slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || ((a.data[0] ^ b.data[0]) & ~0x20) == 0) &&
	    slice_starts_nocase(a, b);
}

bool slice_ends_nocase(struct slice s, struct slice suffix);
/* The text from offset on; empty when offset is behind the end. */
static inline struct slice
slice_from(struct slice s, size_t offset)
{
	if (offset >= s.len)
		return (struct slice){ NULL, 0 };
	return (struct slice){ s.data + offset, s.len - offset };
}

/* At most len octets from offset on. */
static inline struct slice
slice_sub(struct slice s, size_t offset, size_t len)
{
	struct slice rest = slice_from(s, offset);

	if (rest.len > len)
		rest.len = len;
	return rest;
}

/* Without blanks, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);
/* Offset of the first or last c, or s.len when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_find_last(struct slice s, char c);
bool slice_has(struct slice s, char c);
bool slice_has_control(struct slice s); /* see char_is_control() */
/* Whether needle stands in s, ASCII case ignored. */
bool slice_has_text_nocase(struct slice s, struct slice needle);

/* Copies in an arena; the copy is followed by a NUL that len leaves out. */
struct slice slice_dup(struct arena *mem, struct slice s);
struct slice slice_lower(struct arena *mem, struct slice s);
/* A C string of s; octets from the first NUL on are not seen by C. */
char *slice_cstr(struct arena *mem, struct slice s);
/* Text made as by printf. */
struct slice slice_format(struct arena *mem, const char *format, ...)
    PRINTF_LIKE(2, 3);
struct slice slice_format_args(
    struct arena *mem, const char *format, va_list args) PRINTF_LIKE(2, 0);

/*
 * Cuts *rest at the next run of octets that stand in separators and returns
 * the item before it; empty items are skipped. False when nothing is left.
 */
bool slice_next_item(
    struct slice *rest, const char *separators, struct slice *ret_item);

/* A number in decimal digits only, at most max; false for anything else. */
bool slice_number(struct slice s, unsigned long max, unsigned long *ret_number);

static inline char
char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
char_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit in either case; -1 for anything else. */
static inline int
char_hex_value(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Blank or tab: WSP of RFC 5234. */
static inline bool
char_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool
char_is_8bit(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

/* NUL to US, and DEL. */
static inline bool
char_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates. */
bool slice_is_utf8(struct slice s);
bool slice_is_ascii(struct slice s);

/*
 * Text that grows, in an arena. data is followed by a NUL that len leaves
 * out, so it may be used as a C string where it holds no NUL itself.
 */
struct strbuf {
	struct arena *mem;
	char *data;
	size_t len;
	size_t cap;
};

void strbuf_init(struct strbuf *buf, struct arena *mem);
void strbuf_add(struct strbuf *buf, struct slice s);
void strbuf_add_cstr(struct strbuf *buf, const char *cstr);
void strbuf_addf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* Most text is made octet by octet. */
static inline void
strbuf_add_char(struct strbuf *buf, char c)
{
	if (buf->len + 1 >= buf->cap) {
		strbuf_add(buf, (struct slice){ &c, 1 });
		return;
	}
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

/*
 * Room for so many octets behind the text; strbuf_filled() says how many of them
 * were written, and belong to it now.
 */
char *strbuf_room(struct strbuf *buf, size_t octets);
void strbuf_filled(struct strbuf *buf, size_t octets);

/* The text so far; valid until the next addition. */
struct slice strbuf_slice(const struct strbuf *buf);

/*
 * Adds s so that it fits one line of a log or an SMTP reply and can be read
 * back: printable ASCII as it is, backslash, quote and all else as \\xNN, at
 * most max octets of s, then "...".
 */
void escape_append(struct strbuf *buf, struct slice s, size_t max);
/* The same as a C string in an arena. */
const char *escape(struct arena *mem, struct slice s, size_t max);

/* Adds s as a JSON string with its quotes; invalid UTF-8 as U+FFFD. */
void json_append(struct strbuf *buf, struct slice s);

#endif
