/* SPDX-License-Identifier: BSD-2-Clause */
/* Domain names: read from text or wire, written as text. */
#include "name_priv.h"

#include <string.h>

const struct dns_name dns_root = { 1, { 0 } };

bool
dns_text_octet(
    struct slice text, size_t *at, unsigned char *ret_octet, bool *ret_escaped)
{
	struct slice rest = slice_from(text, *at);
	unsigned long number;

	if (rest.len == 0)
		return false;
	*ret_escaped = rest.data[0] == '\\';
	if (!*ret_escaped) {
		*ret_octet = (unsigned char)rest.data[0];
		*at += 1;
		return true;
	}
	if (rest.len < 2)
		return false;
	if (!char_is_digit(rest.data[1])) {
		*ret_octet = (unsigned char)rest.data[1];
		*at += 2;
		return true;
	}
	rest = slice_sub(rest, 1, 3);
	if (rest.len != 3 || !slice_number(rest, 255, &number))
		return false;
	*ret_octet = (unsigned char)number;
	*at += 4;
	return true;
}

/* Ends the label whose length octet is at label; false for one of no octets. */
static bool
end_label(struct dns_name *name, size_t label)
{
	size_t len = name->len - label - 1;

	if (len == 0 || len > DNS_LABEL_OCTETS)
		return false;
	name->wire[label] = (unsigned char)len;
	return true;
}

bool
dns_name_read(
    struct slice text, const struct dns_name *origin, struct dns_name *ret_name)
{
	struct dns_name name = { .len = 1 };
	size_t label = 0;

	if (slice_eq(text, SLICE("."))) {
		*ret_name = dns_root;
		return true;
	}
	for (size_t at = 0; at < text.len;) {
		unsigned char octet;
		bool escaped;

		if (!dns_text_octet(text, &at, &octet, &escaped))
			return false;
		if (octet != '.' || escaped) {
			/* The next label's length octet must fit, or the
			 * root's. */
			if (name.len >= DNS_NAME_OCTETS - 1)
				return false;
			name.wire[name.len++] = octet;
			continue;
		}
		if (!end_label(&name, label))
			return false;
		label = name.len++;
		if (at == text.len) {
			name.wire[label] = 0;
			*ret_name = name;
			return true;
		}
	}
	if (!end_label(&name, label) || origin == NULL ||
	    name.len + origin->len > DNS_NAME_OCTETS)
		return false;
	memcpy(name.wire + name.len, origin->wire, origin->len);
	name.len += origin->len;
	*ret_name = name;
	return true;
}

bool
dns_name_from_wire(struct slice wire, struct dns_name *ret_name)
{
	size_t at = 0;

	/* A length over 63 is a pointer or a label type that nobody uses. */
	while (at < wire.len && at < DNS_NAME_OCTETS) {
		size_t len = (unsigned char)wire.data[at++];

		if (len > DNS_LABEL_OCTETS)
			return false;
		if (len == 0) {
			memcpy(ret_name->wire, wire.data, at);
			ret_name->len = at;
			return true;
		}
		at += len;
	}
	return false;
}

struct slice
dns_name_wire(const struct dns_name *name)
{
	return (struct slice){ (const char *)name->wire, name->len };
}

struct slice
dns_name_print(const struct dns_name *name, struct arena *mem)
{
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	for (size_t at = 0; name->wire[at] != 0;) {
		size_t end = at + 1 + name->wire[at];

		if (at != 0)
			strbuf_add_char(&text, '.');
		while (++at < end) {
			char c = (char)name->wire[at];

			if (char_is_alpha(c) || char_is_digit(c) || c == '-' ||
			    c == '_')
				strbuf_add_char(&text, c);
			else
				strbuf_addf(&text, "\\%03u",
				    (unsigned int)name->wire[at]);
		}
	}
	return strbuf_slice(&text);
}

void
dns_name_lower(struct dns_name *name)
{
	/* A length octet is at most 63: no letter. */
	for (size_t i = 0; i < name->len; i++)
		name->wire[i] = (unsigned char)char_lower((char)name->wire[i]);
}
