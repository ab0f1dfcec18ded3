/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of identify.certificates: text that no other certificate gives. */
#include "identity_priv.h"

enum { SHA256_OCTETS = 32, FINGERPRINT_OCTETS = 64, DELETE = 0x7f };

/* 0 to 15; 16: no digit. */
static unsigned int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 16;
}

bool
xtext_decode(struct arena *mem, struct slice text, struct slice *ret_decoded)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_cstr(&buf, "");
	for (size_t i = 0; i < text.len; i++) {
		unsigned int high, low;

		if (text.data[i] != '+') {
			strbuf_add_char(&buf, text.data[i]);
			continue;
		}
		if (text.len - i < 3)
			return false;
		high = hex_digit(text.data[i + 1]);
		low = hex_digit(text.data[i + 2]);
		if (high > 15 || low > 15)
			return false;
		strbuf_add_char(&buf, (char)(high << 4 | low));
		i += 2;
	}
	*ret_decoded = strbuf_slice(&buf);
	return true;
}

/* No blank, no mark of ours, and nothing that a text table reads otherwise. */
static void
add_part(struct strbuf *buf, struct slice part)
{
	bool is_utf8 = slice_is_utf8(part);

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.data[i];

		if (c <= ' ' || c == '+' || c == '|' || c == '"' || c == '#' ||
		    c == '\\' || c == DELETE || (c > DELETE && !is_utf8))
			strbuf_addf(buf, "+%02X", c);
		else
			strbuf_add_char(buf, (char)c);
	}
}

bool
certificate_name_key(struct arena *mem, struct slice issuer,
    struct slice subject, struct slice *ret_key)
{
	struct strbuf buf;

	if (slice_trim(issuer).len == 0 || slice_trim(subject).len == 0)
		return false;
	strbuf_init(&buf, mem);
	add_part(&buf, issuer);
	strbuf_add_char(&buf, '|');
	add_part(&buf, subject);
	*ret_key = strbuf_slice(&buf);
	return true;
}

bool
certificate_fingerprint_key(
    struct arena *mem, struct slice text, struct slice *ret_key)
{
	struct strbuf buf;
	size_t octets = (text.len + 1) / 3;

	if (text.len != octets * 3 - 1 || octets < SHA256_OCTETS ||
	    octets > FINGERPRINT_OCTETS)
		return false;
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		unsigned int digit = hex_digit(text.data[i]);

		if (i % 3 == 2 ? text.data[i] != ':' : digit > 15)
			return false;
		strbuf_add_char(
		    &buf, i % 3 == 2 ? ':' : "0123456789ABCDEF"[digit]);
	}
	*ret_key = strbuf_slice(&buf);
	return true;
}
