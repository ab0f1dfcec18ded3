/* SPDX-License-Identifier: BSD-2-Clause */
/* What tables are asked for a client: its address and networks. */
#include "identity_priv.h"

struct table_keys
client_address_keys(
    struct arena *mem, const struct net_addr *addr, bool has_networks)
{
	struct slice *keys =
	    arena_array(mem, CLIENT_ADDRESS_KEYS, sizeof(*keys));
	unsigned int step = addr->bits == 32 ? 1 : 2;
	struct slice network = { NULL, 0 };
	size_t groups = addr->bits / 8 / step, count = 1;

	keys[0] = net_addr_text(mem, addr);
	if (!has_networks)
		return (struct table_keys){ keys, 1 };
	/* The shortest one is made first, and stands last. */
	for (size_t i = 0; i + 1 < groups; i++) {
		const uint8_t *at = addr->octets + i * step;

		network = step == 1 ?
		    slice_format(mem, "%.*s%s%u", SLICE_ARGS(network),
			i == 0 ? "" : ".", at[0]) :
		    slice_format(mem, "%.*s%s%x", SLICE_ARGS(network),
			i == 0 ? "" : ":", (unsigned int)at[0] << 8 | at[1]);
		keys[groups - 1 - i] = network;
		count++;
	}
	return (struct table_keys){ keys, count };
}
