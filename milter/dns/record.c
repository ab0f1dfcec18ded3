/* SPDX-License-Identifier: BSD-2-Clause */
/* Rdata as text. */
#include "dns/record.h"

#include "name_priv.h"

/* The 16-bit number at offset, in network order; the octets are there. */
static unsigned int
number16(struct slice rdata, size_t offset)
{
	return (unsigned int)(unsigned char)rdata.data[offset] << 8 |
	    (unsigned char)rdata.data[offset + 1];
}

/* The rest of rdata from offset on is one name. */
static bool
read_last_name(struct slice rdata, size_t offset, struct arena *mem,
    struct slice *ret_name)
{
	struct slice wire = slice_from(rdata, offset);
	struct dns_name name;

	if (!dns_name_from_wire(wire, &name) || name.len != wire.len)
		return false;
	*ret_name = dns_name_print(&name, mem);
	return true;
}

bool
dns_name_text(struct slice rdata, struct arena *mem, struct slice *ret_name)
{
	return read_last_name(rdata, 0, mem, ret_name);
}

bool
dns_is_within(struct slice name, struct slice domain)
{
	return slice_eq_nocase(name, domain) ||
	    (name.len > domain.len && slice_ends_nocase(name, domain) &&
		name.data[name.len - domain.len - 1] == '.');
}

bool
dns_txt_text(struct slice rdata, struct arena *mem, struct slice *ret_text)
{
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	/* At least one string (RFC 1035 section 3.3.14). */
	if (rdata.len == 0)
		return false;
	for (size_t at = 0; at < rdata.len;) {
		size_t len = (unsigned char)rdata.data[at++];

		if (len > rdata.len - at)
			return false;
		strbuf_add(&text, slice_sub(rdata, at, len));
		at += len;
	}
	*ret_text = strbuf_slice(&text);
	return true;
}

bool
dns_mx_read(struct slice rdata, struct arena *mem, unsigned int *ret_preference,
    struct slice *ret_name)
{
	if (rdata.len < 2 || !read_last_name(rdata, 2, mem, ret_name))
		return false;
	*ret_preference = number16(rdata, 0);
	return true;
}

bool
dns_srv_read(struct slice rdata, struct arena *mem, struct dns_srv *ret_srv)
{
	struct slice target;

	if (rdata.len < 6 || !read_last_name(rdata, 6, mem, &target))
		return false;
	ret_srv->priority = number16(rdata, 0);
	ret_srv->weight = number16(rdata, 2);
	ret_srv->port = number16(rdata, 4);
	ret_srv->target = target;
	return true;
}

struct slice
dns_reverse_name(const unsigned char *octets, size_t count, struct arena *mem)
{
	struct strbuf text;

	ENSURE(count == 4 || count == 16);
	strbuf_init(&text, mem);
	for (size_t i = count; i > 0; i--) {
		unsigned int octet = octets[i - 1];

		if (count == 4)
			strbuf_addf(&text, "%u.", octet);
		else
			strbuf_addf(&text, "%x.%x.", octet & 15, octet >> 4);
	}
	strbuf_add_cstr(&text, count == 4 ? "in-addr.arpa" : "ip6.arpa");
	return strbuf_slice(&text);
}
