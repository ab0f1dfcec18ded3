/* SPDX-License-Identifier: BSD-2-Clause */
/* What tables are asked for a client: its address, networks, its name. */
#include "identity_priv.h"

enum { MAX_LABEL = 63, MAX_HOST_NAME = 253 };

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

/* Whether it is a key of some address in this network. */
static bool
is_network_key(struct slice key, struct arena *mem)
{
	bool is_ipv6 = slice_has(key, ':');
	size_t groups = is_ipv6 ? 8 : 4, marks = 0;
	struct table_keys keys;
	struct net_addr addr;
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add(&text, key);
	for (size_t i = 0; i < key.len; i++)
		marks += key.data[i] == (is_ipv6 ? ':' : '.');
	for (; marks + 1 < groups; marks++)
		strbuf_add_cstr(&text, is_ipv6 ? ":1" : ".1");
	if (!net_addr_parse(strbuf_slice(&text), &addr))
		return false;
	keys = client_address_keys(mem, &addr, true);
	for (size_t i = 0; i < keys.count; i++) {
		if (slice_eq_nocase(keys.items[i], key))
			return true;
	}
	return false;
}

const char *
client_address_fault(const void *arg, struct slice key, struct arena *mem)
{
	struct net_addr addr;
	struct slice text;

	(void)arg;
	if (!net_addr_parse(key, &addr))
		return "is not looked up: it is no address";
	text = net_addr_text(mem, &addr);
	return slice_eq_nocase(text, key) ?
	    NULL :
	    slice_format(mem, "is not looked up: write %.*s", SLICE_ARGS(text))
		.data;
}

const char *
client_network_fault(const void *arg, struct slice key, struct arena *mem)
{
	struct net_addr addr;

	if (net_addr_parse(key, &addr))
		return client_address_fault(arg, key, mem);
	if (is_network_key(key, mem))
		return NULL;
	return slice_has(key, '/') ?
	    "is not looked up: a table of type cidr takes networks with a "
	    "length" :
	    "is not looked up: it is neither an address nor its first octets";
}

static bool
char_is_of_name(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_';
}

/*
 * A whole name of at least two labels, in lower case: none that could be an
 * address or a part of one, and none of this host alone.
 */
static bool
host_name_read(struct arena *mem, struct slice text, struct slice *ret_name)
{
	struct slice rest = text, label = { NULL, 0 };
	size_t labels = 0;
	bool has_letter = false;

	if (text.len > 0 && text.data[text.len - 1] == '.')
		text.len--;
	rest = text;
	while (rest.len > 0 || labels == 0) {
		label = slice_sub(rest, 0, slice_find(rest, '.'));
		if (label.len == 0 || label.len > MAX_LABEL)
			return false;
		has_letter = false;
		for (size_t i = 0; i < label.len; i++) {
			if (!char_is_of_name(label.data[i]))
				return false;
			has_letter = has_letter || char_is_alpha(label.data[i]);
		}
		if (label.len + 1 == rest.len)
			return false;
		rest = slice_from(rest, label.len + 1);
		labels++;
	}
	if (labels < 2 || !has_letter || text.len > MAX_HOST_NAME)
		return false;
	*ret_name = slice_lower(mem, text);
	return true;
}

struct table_keys
client_name_keys(struct arena *mem, struct slice text, bool has_parents)
{
	struct slice *keys = arena_array(mem, CLIENT_NAME_KEYS, sizeof(*keys));
	struct slice name;
	size_t count = 0, dots = 0, seen = 0;

	if (!host_name_read(mem, text, &name))
		return (struct table_keys){ NULL, 0 };
	keys[count++] = name;
	if (!has_parents)
		return (struct table_keys){ keys, count };
	for (size_t i = 0; i < name.len; i++)
		dots += name.data[i] == '.';
	/* Of a name with more labels those that are nearest to the root. */
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '.' &&
		    dots - seen++ < (size_t)CLIENT_NAME_KEYS)
			keys[count++] = slice_from(name, i);
	}
	return (struct table_keys){ keys, count };
}
