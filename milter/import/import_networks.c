/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks of others, as the keys that identify.network is asked for. */
#include "import_priv.h"

/* A network that is no whole number of octets takes several rows. */
enum { MAX_ROWS_OF_NETWORK = 128, MAX_ROWS = 1000 };

static void
add_row(struct import *im, const struct import_place *place, struct slice key)
{
	for (size_t i = 0; i < im->networks.count; i++) {
		if (slice_eq(im->networks.items[i], key))
			return;
	}
	if (im->networks.count == MAX_ROWS) {
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%.*s is not taken over: too many networks",
		    SLICE_ARGS(key));
		return;
	}
	*IMPORT_ADD(im, im->networks) = key;
}

/* The first octets of an address, as its longest key has them. */
static struct slice
key_of(struct import *im, const struct net_addr *addr, unsigned int bits)
{
	unsigned int step = addr->bits == 32 ? 8 : 16;
	struct strbuf buf;

	if (bits == addr->bits)
		return net_addr_text(im->mem, addr);
	strbuf_init(&buf, im->mem);
	for (unsigned int i = 0; i < bits / step; i++) {
		if (step == 8)
			strbuf_addf(
			    &buf, "%s%u", i == 0 ? "" : ".", addr->octets[i]);
		else
			strbuf_addf(&buf, "%s%x", i == 0 ? "" : ":",
			    (unsigned int)addr->octets[2 * i] << 8 |
				addr->octets[2 * i + 1]);
	}
	return strbuf_slice(&buf);
}

static void
add_network(struct import *im, const struct import_place *place,
    const struct net_cidr *cidr)
{
	unsigned int step = cidr->addr.bits == 32 ? 8 : 16;
	unsigned int bits = (cidr->prefix_bits + step - 1) / step * step;
	struct net_addr addr = cidr->addr;
	unsigned long rows;

	if (cidr->prefix_bits == 0 || bits - cidr->prefix_bits > 7) {
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%.*s is not taken over: write it into a table of type "
		    "cidr (identify.network)",
		    SLICE_ARGS(net_cidr_text(im->mem, cidr)));
		return;
	}
	rows = 1UL << (bits - cidr->prefix_bits);
	for (unsigned long i = 0; i < rows; i++) {
		uint8_t *last = &addr.octets[bits / 8 - 1];

		*last = (uint8_t)(cidr->addr.octets[bits / 8 - 1] + i);
		add_row(im, place, key_of(im, &addr, bits));
	}
}

void
import_network(
    struct import *im, const struct import_place *place, struct slice text)
{
	struct net_cidr cidr;
	struct slice plain = text;
	struct err err;

	if (slice_starts(text, SLICE("!"))) {
		import_remark(im, IMPORT_DIFFERS, place,
		    "%s: an exception is not taken over: write the networks "
		    "into a table of type cidr (identify.network)",
		    import_shown(im, text));
		return;
	}
	/* Postfix writes [::1]/128. */
	if (slice_starts(text, SLICE("["))) {
		size_t end = slice_find(text, ']');

		plain = slice_format(im->mem, "%.*s%.*s",
		    SLICE_ARGS(slice_sub(text, 1, end - 1)),
		    SLICE_ARGS(slice_from(text, end + 1)));
	}
	if (net_cidr_parse(plain, &cidr, &err) == 0)
		add_network(im, place, &cidr);
	else
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%s is not taken over: it is no network; names of hosts "
		    "are for identify.hosts, tables for identify.network",
		    import_shown(im, text));
}
