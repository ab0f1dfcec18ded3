/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks of others, as the keys that identify.network is asked for. */
#include "import_priv.h"

/* A network that is no whole number of octets takes several rows. */
enum { MAX_ROWS_OF_NETWORK = 128, MAX_ROWS = 1000 };

static void
add_row(struct import *im, const struct import_place *place,
    const struct net_cidr *cidr, struct slice key)
{
	for (size_t i = 0; i < im->networks.count; i++) {
		if (slice_eq(im->networks.items[i].key, key))
			return;
	}
	if (im->networks.count == MAX_ROWS) {
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%.*s is not taken over: too many networks",
		    SLICE_ARGS(key));
		return;
	}
	if (im->networks.count == 0)
		im->networks_at = *place;
	*IMPORT_ADD(im, im->networks) = (struct import_network){ key, *cidr };
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
		add_row(im, place, &(struct net_cidr){ addr, bits },
		    key_of(im, &addr, bits));
	}
}

/* Whose place in the list does not matter: it takes away, and never gives. */
static void
add_exception(
    struct import *im, const struct import_place *place, struct slice text)
{
	struct net_cidr cidr;
	struct err err;

	import_remark(im, IMPORT_DIFFERS, place,
	    "!%s is an exception: what of a network would give it a row is "
	    "not taken over; a table of type cidr can hold both "
	    "(identify.network)",
	    import_shown(im, text));
	if (net_cidr_parse(text, &cidr, &err) == 0)
		*IMPORT_ADD(im, im->exceptions) = cidr;
	else
		im->has_other_exceptions = true;
}

static bool
has_exception(const struct import *im, const struct net_cidr *cidr)
{
	for (size_t i = 0; i < im->exceptions.count; i++) {
		const struct net_cidr *other = &im->exceptions.items[i];

		if (net_cidr_contains(cidr, &other->addr) ||
		    net_cidr_contains(other, &cidr->addr))
			return true;
	}
	return im->has_other_exceptions;
}

void
import_networks_finish(struct import *im)
{
	size_t kept = 0;

	for (size_t i = 0; i < im->networks.count; i++) {
		if (!has_exception(im, &im->networks.items[i].cidr))
			im->networks.items[kept++] = im->networks.items[i];
	}
	im->networks.count = kept;
}

/*
 * [::ffff:127.0.0.0]/104 stands in Debian's main.cf: it is IPv4, as libraries
 * of others see it.
 */
static struct slice
without_mapping(struct import *im, struct slice text)
{
	static const struct slice mapped = { "::ffff:", 7 };
	size_t slash = slice_find(text, '/');
	unsigned long prefix;

	if (!slice_eq_nocase(slice_sub(text, 0, mapped.len), mapped) ||
	    !slice_has(text, '.') ||
	    !slice_number(slice_from(text, slash + 1), 128, &prefix) ||
	    prefix < 96)
		return text;
	return slice_format(im->mem, "%.*s/%lu",
	    SLICE_ARGS(slice_sub(text, mapped.len, slash - mapped.len)),
	    prefix - 96);
}

/* Postfix writes [::1]/128. */
static struct slice
without_brackets(struct import *im, struct slice text)
{
	size_t end = slice_find(text, ']');

	return !slice_starts(text, SLICE("[")) ?
	    text :
	    slice_format(im->mem, "%.*s%.*s",
		SLICE_ARGS(slice_sub(text, 1, end - 1)),
		SLICE_ARGS(slice_from(text, end + 1)));
}

void
import_network(
    struct import *im, const struct import_place *place, struct slice text)
{
	struct net_cidr cidr;
	struct err err;

	if (slice_starts(text, SLICE("!"))) {
		add_exception(
		    im, place, without_brackets(im, slice_from(text, 1)));
		return;
	}
	/* Each TrustedHosts has it beside its addresses. */
	if (slice_eq_nocase(text, SLICE("localhost"))) {
		import_network(im, place, SLICE("127.0.0.1"));
		import_network(im, place, SLICE("::1"));
		return;
	}
	if (net_cidr_parse(without_mapping(im, without_brackets(im, text)),
		&cidr, &err) == 0)
		add_network(im, place, &cidr);
	else
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%s is not taken over: it is no network; names of hosts "
		    "are for identify.hosts, tables for identify.network",
		    import_shown(im, text));
}
