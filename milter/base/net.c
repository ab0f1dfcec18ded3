/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and networks. */
#include "base/net.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void
from_ipv6(const uint8_t *octets, struct net_addr *addr)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		0xff };

	*addr = (struct net_addr){ .bits = 128 };
	if (memcmp(octets, mapped, sizeof(mapped)) == 0) {
		addr->bits = 32;
		memcpy(addr->octets, octets + 12, 4);
		return;
	}
	memcpy(addr->octets, octets, 16);
}

bool
net_addr_parse(struct slice text, struct net_addr *ret_addr)
{
	char cstr[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (slice_starts_nocase(text, SLICE("IPv6:")))
		text = slice_from(text, 5);
	else if (text.len > 2 && text.data[0] == '[' &&
	    text.data[text.len - 1] == ']')
		text = slice_sub(text, 1, text.len - 2);
	if (text.len == 0 || text.len >= sizeof(cstr) || slice_has(text, '\0'))
		return false;
	memcpy(cstr, text.data, text.len);
	cstr[text.len] = '\0';
	if (inet_pton(AF_INET, cstr, &four) == 1) {
		*ret_addr = (struct net_addr){ .bits = 32 };
		memcpy(ret_addr->octets, &four, 4);
		return true;
	}
	if (inet_pton(AF_INET6, cstr, &six) == 1) {
		from_ipv6(six.s6_addr, ret_addr);
		return true;
	}
	return false;
}

bool
net_addr_from_sockaddr(const struct sockaddr *sa, struct net_addr *ret_addr)
{
	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in four;

		memcpy(&four, sa, sizeof(four));
		*ret_addr = (struct net_addr){ .bits = 32 };
		memcpy(ret_addr->octets, &four.sin_addr, 4);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 six;

		memcpy(&six, sa, sizeof(six));
		from_ipv6(six.sin6_addr.s6_addr, ret_addr);
		return true;
	}
	return false;
}

bool
net_addr_eq(const struct net_addr *a, const struct net_addr *b)
{
	return a->bits == b->bits &&
	    memcmp(a->octets, b->octets, a->bits / 8) == 0;
}

bool
net_addr_is_loopback(const struct net_addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };

	return (addr->bits == 32 && addr->octets[0] == 127) ||
	    (addr->bits == 128 && memcmp(addr->octets, one, sizeof(one)) == 0);
}

bool
net_addr_is_local(const struct net_addr *addr)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *i = all; i != NULL && !found;
	     i = i->ifa_next) {
		struct net_addr own;

		found = net_addr_from_sockaddr(i->ifa_addr, &own) &&
		    net_addr_eq(&own, addr);
	}
	freeifaddrs(all);
	return found;
}

struct slice
net_addr_text(struct arena *mem, const struct net_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (addr->bits == 0 ||
	    inet_ntop(addr->bits == 32 ? AF_INET : AF_INET6, addr->octets, text,
		sizeof(text)) == NULL)
		return SLICE("unknown");
	return slice_dup(mem, slice_of(text));
}

static uint8_t
octet_mask(unsigned int prefix_bits, unsigned int index)
{
	if (prefix_bits >= (index + 1) * 8)
		return 0xff;
	if (prefix_bits <= index * 8)
		return 0;
	return (uint8_t)(0xff << (8 - (prefix_bits - index * 8)));
}

/* Says which network was meant, or which host. */
static int
host_bits_fault(const struct net_cidr *cidr, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct net_addr network = cidr->addr;

	arena_init(&mem);
	for (unsigned int i = 0; i < network.bits / 8; i++)
		network.octets[i] &= octet_mask(cidr->prefix_bits, i);
	return err_set(err, ERR_CONFIG,
	    "the address has bits set behind its "
	    "prefix length: write %s/%u or %s",
	    slice_cstr(&mem, net_addr_text(&mem, &network)), cidr->prefix_bits,
	    slice_cstr(&mem, net_addr_text(&mem, &cidr->addr)));
}

int
net_cidr_parse(struct slice text, struct net_cidr *ret_cidr, struct err *err)
{
	size_t slash = slice_find(text, '/');
	struct net_cidr cidr = { 0 };
	unsigned long prefix;

	if (!net_addr_parse(slice_sub(text, 0, slash), &cidr.addr))
		return err_set(err, ERR_CONFIG, "not an IP address or network");
	prefix = cidr.addr.bits;
	if (slash < text.len &&
	    !slice_number(slice_from(text, slash + 1), cidr.addr.bits, &prefix))
		return err_set(err, ERR_CONFIG,
		    "the prefix length is not a number from 0 to %u",
		    cidr.addr.bits);
	cidr.prefix_bits = (unsigned int)prefix;
	for (unsigned int i = 0; i < cidr.addr.bits / 8; i++) {
		if ((cidr.addr.octets[i] & ~octet_mask(cidr.prefix_bits, i)) !=
		    0)
			return host_bits_fault(&cidr, err);
	}
	*ret_cidr = cidr;
	return 0;
}

struct slice
net_cidr_text(struct arena *mem, const struct net_cidr *cidr)
{
	struct slice addr = net_addr_text(mem, &cidr->addr);

	return cidr->prefix_bits == cidr->addr.bits ?
	    addr :
	    slice_format(mem, "%.*s/%u", SLICE_ARGS(addr), cidr->prefix_bits);
}

bool
net_cidr_contains(const struct net_cidr *cidr, const struct net_addr *addr)
{
	if (addr->bits != cidr->addr.bits)
		return false;
	for (unsigned int i = 0; i < addr->bits / 8; i++) {
		if ((addr->octets[i] & octet_mask(cidr->prefix_bits, i)) !=
		    cidr->addr.octets[i])
			return false;
	}
	return true;
}
