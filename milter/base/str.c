/* SPDX-License-Identifier: BSD-2-Clause */
/* Slices, text that grows, and what is printed of mail. */
#include "base/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct slice
slice_of(const char *cstr)
{
	return (struct slice){ cstr, cstr == NULL ? 0 : strlen(cstr) };
}

bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
slice_eq_secret(struct slice given, struct slice secret)
{
	volatile unsigned char differ = given.len != secret.len;

	for (size_t i = 0; i < given.len; i++) {
		char c = secret.len == 0 ? '\0' : secret.data[i % secret.len];

		differ = (unsigned char)(differ |
		    ((unsigned char)given.data[i] ^ (unsigned char)c));
	}
	return differ == 0;
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	    slice_eq(slice_sub(s, 0, prefix.len), prefix);
}

bool
slice_starts_nocase(struct slice s, struct slice prefix)
{
	if (s.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++) {
		if (s.data[i] != prefix.data[i] &&
		    char_lower(s.data[i]) != char_lower(prefix.data[i]))
			return false;
	}
	return true;
}

bool
slice_ends_nocase(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	    slice_eq_nocase(slice_from(s, s.len - suffix.len), suffix);
}

static bool
is_space(char c)
{
	return char_is_wsp(c) || c == '\r' || c == '\n';
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && is_space(s.data[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

size_t
slice_find(struct slice s, char c)
{
	const char *p = s.len == 0 ? NULL : memchr(s.data, c, s.len);

	return p == NULL ? s.len : (size_t)(p - s.data);
}

size_t
slice_find_last(struct slice s, char c)
{
	const char *p = s.len == 0 ? NULL : memrchr(s.data, c, s.len);

	return p == NULL ? s.len : (size_t)(p - s.data);
}

bool
slice_has(struct slice s, char c)
{
	return slice_find(s, c) != s.len;
}

bool
slice_has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (char_is_control(s.data[i]))
			return true;
	}
	return false;
}

bool
slice_has_text_nocase(struct slice s, struct slice needle)
{
	char first = needle.len == 0 ? '\0' : char_lower(needle.data[0]);

	for (size_t i = 0; i + needle.len <= s.len; i++) {
		if (needle.len == 0 ||
		    (char_lower(s.data[i]) == first &&
			slice_starts_nocase(slice_from(s, i), needle)))
			return true;
	}
	return needle.len == 0;
}

struct slice
slice_dup(struct arena *mem, struct slice s)
{
	ENSURE(s.len < SIZE_MAX);
	char *copy = arena_alloc(mem, s.len + 1);

	if (s.len != 0)
		memcpy(copy, s.data, s.len);
	return (struct slice){ copy, s.len };
}

struct slice
slice_lower(struct arena *mem, struct slice s)
{
	char *copy = arena_alloc(mem, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		copy[i] = char_lower(s.data[i]);
	return (struct slice){ copy, s.len };
}

char *
slice_cstr(struct arena *mem, struct slice s)
{
	char *copy = arena_alloc(mem, s.len + 1);

	if (s.len != 0)
		memcpy(copy, s.data, s.len);
	return copy;
}

struct slice
slice_format_args(struct arena *mem, const char *format, va_list args)
{
	va_list again;
	int len;
	char *text;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	ENSURE(len >= 0);
	text = arena_alloc(mem, (size_t)len + 1);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	return (struct slice){ text, (size_t)len };
}

struct slice
slice_format(struct arena *mem, const char *format, ...)
{
	struct slice s;
	va_list args;

	va_start(args, format);
	s = slice_format_args(mem, format, args);
	va_end(args);
	return s;
}

bool
slice_next_item(
    struct slice *rest, const char *separators, struct slice *ret_item)
{
	struct slice s = *rest;
	size_t end = 0;

	while (s.len > 0 && s.data[0] != '\0' &&
	    strchr(separators, s.data[0]) != NULL)
		s = slice_from(s, 1);
	while (end < s.len &&
	    (s.data[end] == '\0' || strchr(separators, s.data[end]) == NULL))
		end++;
	*rest = slice_from(s, end);
	if (end == 0)
		return false;
	*ret_item = slice_sub(s, 0, end);
	return true;
}

bool
slice_number(struct slice s, unsigned long max, unsigned long *ret_number)
{
	unsigned long number = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned long digit;

		if (!char_is_digit(s.data[i]))
			return false;
		digit = (unsigned long)(s.data[i] - '0');
		if (digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

bool
slice_is_ascii(struct slice s)
{
	size_t i = 0;

	/* Eight octets at a time: each key of a table is asked for this. */
	for (uint64_t word; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.data + i, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			return false;
	}
	while (i < s.len && !char_is_8bit(s.data[i]))
		i++;
	return i == s.len;
}

/*
 * Octets of the UTF-8 sequence that s begins with, by the table of RFC 3629
 * section 4; 0 when it does not begin with one.
 */
static size_t
utf8_length(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.data;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (s.len < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return len;
}

bool
slice_is_utf8(struct slice s)
{
	if (slice_is_ascii(s))
		return true;
	while (s.len > 0) {
		size_t len = utf8_length(s);

		if (len == 0)
			return false;
		s = slice_from(s, len);
	}
	return true;
}

void
strbuf_init(struct strbuf *buf, struct arena *mem)
{
	*buf = (struct strbuf){ .mem = mem };
}

char *
strbuf_room(struct strbuf *buf, size_t octets)
{
	ENSURE(octets < SIZE_MAX / 4 && buf->len < SIZE_MAX / 4);
	if (buf->len + octets + 1 > buf->cap) {
		size_t cap = buf->cap == 0 ? 64 : buf->cap;

		while (cap < buf->len + octets + 1)
			cap *= 2;
		buf->data = arena_grow(buf->mem, buf->data, buf->len, cap, 1);
		buf->cap = cap;
	}
	return buf->data + buf->len;
}

void
strbuf_filled(struct strbuf *buf, size_t octets)
{
	ENSURE(octets < buf->cap - buf->len);
	buf->len += octets;
	buf->data[buf->len] = '\0';
}

void
strbuf_add(struct strbuf *buf, struct slice s)
{
	(void)strbuf_room(buf, s.len);
	if (s.len != 0)
		memcpy(buf->data + buf->len, s.data, s.len);
	buf->len += s.len;
	buf->data[buf->len] = '\0';
}

void
strbuf_add_cstr(struct strbuf *buf, const char *cstr)
{
	strbuf_add(buf, slice_of(cstr));
}

void
strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ENSURE(len >= 0);
	if ((size_t)len < sizeof(text)) {
		strbuf_add(buf, (struct slice){ text, (size_t)len });
		return;
	}
	va_start(args, format);
	strbuf_add(buf, slice_format_args(buf->mem, format, args));
	va_end(args);
}

struct slice
strbuf_slice(const struct strbuf *buf)
{
	return (struct slice){ buf->data, buf->len };
}

void
escape_append(struct strbuf *buf, struct slice s, size_t max)
{
	bool cut = s.len > max;

	if (cut)
		s.len = max;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (char_is_control(c) || char_is_8bit(c) || c == '\\' ||
		    c == '"')
			strbuf_addf(
			    buf, "\\x%02x", (unsigned int)(unsigned char)c);
		else
			strbuf_add_char(buf, c);
	}
	if (cut)
		strbuf_add_cstr(buf, "...");
}

const char *
escape(struct arena *mem, struct slice s, size_t max)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_cstr(&buf, "");
	escape_append(&buf, s, max);
	return buf.data;
}

void
json_append(struct strbuf *buf, struct slice s)
{
	strbuf_add_char(buf, '"');
	while (s.len > 0) {
		size_t len = utf8_length(s);
		char c = s.data[0];

		if (len == 0) {
			strbuf_add_cstr(buf, "\\ufffd");
			len = 1;
		} else if (char_is_control(c)) {
			strbuf_addf(
			    buf, "\\u%04x", (unsigned int)(unsigned char)c);
		} else {
			if (c == '"' || c == '\\')
				strbuf_add_char(buf, '\\');
			strbuf_add(buf, slice_sub(s, 0, len));
		}
		s = slice_from(s, len);
	}
	strbuf_add_char(buf, '"');
}
