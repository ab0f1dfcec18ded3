/* SPDX-License-Identifier: BSD-2-Clause */
#include <idn2.h>

#include "base/net.h"
#include "message/address.h"

enum { MAX_DOMAIN_OCTETS = 253, MAX_LABEL_OCTETS = 63 };

/* Labels of letters, digits, hyphens and the underscores that hosts have. */
static int
check_labels(struct slice domain, struct err *err)
{
	size_t label = 0;

	if (domain.len == 0)
		return err_set(err, ERR_DATA, "an empty domain");
	if (domain.len > MAX_DOMAIN_OCTETS)
		return err_set(err, ERR_DATA, "a domain that is too long");
	for (size_t i = 0; i <= domain.len; i++) {
		char c = i < domain.len ? domain.data[i] : '.';

		if (c == '.') {
			if (label == 0)
				return err_set(err, ERR_DATA,
				    "misplaced dots in a domain");
			if (domain.data[i - 1] == '-' ||
			    domain.data[i - label] == '-')
				return err_set(err, ERR_DATA,
				    "a hyphen at the edge of a domain label");
			if (label > MAX_LABEL_OCTETS)
				return err_set(err, ERR_DATA,
				    "a domain label that is too long");
			label = 0;
			continue;
		}
		if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' &&
		    c != '_')
			return err_set(
			    err, ERR_DATA, "a character that no domain has");
		label++;
	}
	return 0;
}

int
domain_canonical(struct slice domain, struct arena *mem,
    struct slice *ret_domain, struct err *err)
{
	struct slice lower;

	/* An A-label is longer than the letters it stands for: four octets each. */
	if (domain.len > (size_t)4 * MAX_DOMAIN_OCTETS)
		return err_set(err, ERR_DATA, "a domain that is too long");
	lower = slice_lower(mem, domain);
	if (!slice_is_ascii(lower)) {
		char *ascii = NULL;

		if (!slice_is_utf8(lower))
			return err_set(
			    err, ERR_DATA, "a domain that is not UTF-8");
		/*
		 * IDNA2008 without any mapping: what another reader would have
		 * to fold first (an ideographic dot, a full-width letter) is no
		 * name, so nobody can fold it to one that is owned.
		 */
		if (idn2_lookup_u8((const uint8_t *)slice_cstr(mem, lower),
			(uint8_t **)&ascii, IDN2_NO_TR46) != IDN2_OK)
			return err_set(err, ERR_DATA,
			    "an internationalized domain that IDNA2008 does not allow");
		lower = slice_lower(mem, slice_of(ascii));
		idn2_free(ascii);
	}
	if (check_labels(lower, err) != 0)
		return -1;
	*ret_domain = lower;
	return 0;
}

bool
domain_unicode(struct slice domain, struct arena *mem, struct slice *ret_domain)
{
	char *text = NULL;
	struct slice unicode, again = { NULL, 0 };
	struct err err;

	if (!slice_has_text_nocase(domain, SLICE("xn--")) ||
	    idn2_to_unicode_8z8z(slice_cstr(mem, domain), &text, 0) != IDN2_OK)
		return false;
	unicode = slice_dup(mem, slice_of(text));
	idn2_free(text);
	if (domain_canonical(unicode, mem, &again, &err) != 0 ||
	    !slice_eq(again, domain) || slice_eq(unicode, domain))
		return false;
	*ret_domain = unicode;
	return true;
}

void
local_part_append(struct strbuf *buf, struct slice local)
{
	if (local_part_is_dot_atom(local)) {
		strbuf_add(buf, local);
		return;
	}
	strbuf_add_char(buf, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.data[i] == '"' || local.data[i] == '\\')
			strbuf_add_char(buf, '\\');
		strbuf_add_char(buf, local.data[i]);
	}
	strbuf_add_char(buf, '"');
}

/* [192.0.2.1] or [IPv6:2001:db8::1], RFC 5321 section 4.1.3. */
static int
literal_canonical(struct slice literal, struct arena *mem,
    struct slice *ret_domain, struct err *err)
{
	struct slice inner = slice_sub(literal, 1, literal.len - 2);
	bool six = slice_starts_nocase(inner, SLICE("IPv6:"));
	struct net_addr addr;

	if (!net_addr_parse(inner, &addr) || (addr.bits == 128) != six)
		return err_set(
		    err, ERR_DATA, "a domain literal that is not an address");
	*ret_domain = slice_format(mem, "[%s%.*s]", six ? "ipv6:" : "",
	    SLICE_ARGS(net_addr_text(mem, &addr)));
	return 0;
}

int
address_canonical(const struct mailbox *mailbox, struct slice default_domain,
    bool utf8, struct arena *mem, struct address *ret_address,
    bool *ret_completed, struct err *err)
{
	struct slice domain = { NULL, 0 };
	struct address address;
	struct strbuf text;
	bool completed = false;

	if (!utf8 &&
	    (!slice_is_ascii(mailbox->local) ||
		!slice_is_ascii(mailbox->domain)))
		return err_set(err, ERR_DATA,
		    "an internationalized address in a message without SMTPUTF8");
	if (!slice_is_utf8(mailbox->local))
		return err_set(err, ERR_DATA, "a local part that is not UTF-8");
	if (slice_starts(mailbox->domain, SLICE("["))) {
		if (literal_canonical(mailbox->domain, mem, &domain, err) != 0)
			return -1;
	} else if (mailbox->domain.len != 0 &&
	    domain_canonical(mailbox->domain, mem, &domain, err) != 0) {
		return -1;
	}
	if (!slice_has(domain, '.') && !slice_starts(domain, SLICE("["))) {
		if (default_domain.len == 0)
			return err_set(
			    err, ERR_DATA, "an address without a full domain");
		domain = domain.len == 0 ?
		    default_domain :
		    slice_format(mem, "%.*s.%.*s", SLICE_ARGS(domain),
			SLICE_ARGS(default_domain));
		if (domain_canonical(domain, mem, &domain, err) != 0)
			return -1;
		completed = true;
	}
	address.domain = domain;
	address.local = slice_lower(mem, mailbox->local);
	strbuf_init(&text, mem);
	local_part_append(&text, address.local);
	strbuf_add_char(&text, '@');
	strbuf_add(&text, address.domain);
	address.text = strbuf_slice(&text);
	*ret_address = address;
	if (ret_completed != NULL)
		*ret_completed = completed;
	return 0;
}
