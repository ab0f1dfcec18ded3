/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/world.h"

#include "base/file.h"
#include "dns/bounded.h"
#include "dns/resolver_unbound.h"
#include "dns/resolver_zone.h"
#include "outlook_cache_priv.h"

enum { MAX_ZONE_OCTETS = 16 * 1024 * 1024 };

bool
preflight_is_on(const struct config *config)
{
	return config->preflight.spf != PREFLIGHT_OFF ||
	    config->preflight.dmarc != PREFLIGHT_OFF ||
	    config->preflight.adsp != PREFLIGHT_OFF ||
	    config->preflight.sender_id != PREFLIGHT_OFF ||
	    config->preflight.unsubscribe != PREFLIGHT_OFF ||
	    config->preflight.levels.len != 0 ||
	    (config->preflight.dkim_key != DKIM_KEY_OFF &&
		config->main.keys.len != 0) ||
	    config->sign.self_verify == SELF_VERIFY_PUBLISHED;
}

bool
preflight_same_dns(const struct config *one, const struct config *other)
{
	if (one->dns.servers.count != other->dns.servers.count ||
	    one->dns.recursive != other->dns.recursive ||
	    /* Files may have changed: resolv.conf is one. */
	    (one->dns.servers.count == 0 && !one->dns.recursive) ||
	    one->dns.trust_anchor.len != 0 ||
	    other->dns.trust_anchor.len != 0 ||
	    one->dns.zone.len != 0 || other->dns.zone.len != 0)
		return false;
	for (size_t i = 0; i < one->dns.servers.count; i++) {
		if (!slice_eq(one->dns.servers.items[i],
		    other->dns.servers.items[i]))
			return false;
	}
	return true;
}

static int
zone_resolver(struct slice path, struct resolver **ret_resolver,
    struct err *err)
{
	struct arena mem;
	struct slice text;
	int status;

	arena_init(&mem);
	status = file_read(path, MAX_ZONE_OCTETS, &mem, &text, err);
	if (status != 0)
		err_wrap(err, "%s", slice_cstr(&mem, path));
	else
		status = zone_resolver_new(text, slice_cstr(&mem, path),
		    ret_resolver, err);
	arena_done(&mem);
	return status;
}

static int
unbound_resolver(const struct config *config, const struct slice *servers,
    size_t server_count, unsigned int cache_seconds,
    struct resolver **ret_resolver, struct err *err)
{
	const struct dns_settings settings = {
		.servers = servers,
		.server_count = server_count,
		.recursive = config->dns.recursive,
		.trust_anchor_file = config->dns.trust_anchor,
		.cache_seconds = cache_seconds,
	};

	return unbound_resolver_new(&settings, ret_resolver, err);
}

int
preflight_resolver(const struct config *config, struct resolver **ret_resolver,
    struct err *err)
{
	if (config->dns.zone.len != 0)
		return zone_resolver(config->dns.zone, ret_resolver, err);
	return unbound_resolver(config, config->dns.servers.items,
	    config->dns.servers.count, 0, ret_resolver, err);
}

int
preflight_resolver_of(const struct config *config, struct slice server,
    unsigned int cache_seconds, struct resolver **ret_resolver,
    struct err *err)
{
	return unbound_resolver(config, &server, server.len != 0 ? 1 : 0,
	    cache_seconds, ret_resolver, err);
}

/* The next address of a network; false behind its last one. */
static bool
next_address(const struct net_cidr *network, struct net_addr *addr)
{
	for (size_t i = addr->bits / 8; i > 0; i--) {
		if (++addr->octets[i - 1] != 0)
			break;
	}
	return net_cidr_contains(network, addr);
}

static struct net_addr
last_address(const struct net_cidr *network)
{
	struct net_addr addr = network->addr;

	for (unsigned int bit = network->prefix_bits; bit < addr.bits; bit++)
		addr.octets[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	return addr;
}

static int
add_address(const struct net_addr *addr, struct net_addr *list, size_t *count,
    struct err *err)
{
	if (*count == PREFLIGHT_MAX_EGRESS)
		return err_set(err, ERR_CONFIG, "more than %d addresses",
		    (int)PREFLIGHT_MAX_EGRESS);
	list[(*count)++] = *addr;
	return 0;
}

int
preflight_add_egress(struct slice text, struct net_addr *list, size_t *count,
    struct err *err)
{
	struct net_cidr network;
	struct net_addr addr;
	unsigned int host_bits;
	bool is_large;

	if (net_cidr_parse(slice_trim(text), &network, err) != 0)
		return -1;
	host_bits = network.addr.bits - network.prefix_bits;
	is_large = host_bits >= 32 ||
	    1UL << host_bits > PREFLIGHT_NETWORK_ADDRESSES;
	addr = network.addr;
	if (is_large) {
		addr = last_address(&network);
		return add_address(&network.addr, list, count, err) != 0 ? -1
		    : add_address(&addr, list, count, err);
	}
	do {
		if (add_address(&addr, list, count, err) != 0)
			return -1;
	} while (host_bits > 0 && next_address(&network, &addr));
	return 0;
}

static int
read_egress(struct preflight_world *world, const struct slice_list *items,
    struct arena *mem, struct err *err)
{
	struct net_addr *list = arena_array(mem, PREFLIGHT_MAX_EGRESS,
	    sizeof(*list));

	for (size_t i = 0; i < items->count; i++) {
		if (preflight_add_egress(items->items[i], list,
		    &world->egress_count, err) != 0)
			return err_wrap(err, "preflight.egress: %s",
			    escape(mem, items->items[i], 64));
	}
	world->egress = list;
	return 0;
}

static int
open_table(struct slice spec, table_report *report, void *arg,
    struct table **ret_table, struct err *err)
{
	return spec.len == 0 ? 0
	    : table_open_reported(spec, report, arg, ret_table, err);
}

int
preflight_world_open(struct preflight_world *world,
    const struct config *config, struct resolver *resolver,
    table_report *report, void *arg, struct arena *mem, struct err *err)
{
	*world = (struct preflight_world){ .in_use = true,
		.resolver = resolver,
		.questions = config->dns.questions,
		.quota = domain_quota_new(config->dns.domain_questions),
		.cache = outlook_cache_new(),
		.cache_seconds = config->preflight.cache_seconds,
		.method = config->preflight.dmarc_method == DMARC_BY_LIST
		    ? DMARC_SUFFIX_LIST : DMARC_TREE_WALK,
		.both_methods =
		    config->preflight.dmarc_method == DMARC_BY_BOTH };
	if (config->preflight.dmarc_method != DMARC_BY_WALK &&
	    suffix_list_load(config->preflight.suffix_list,
		&world->suffixes, err) != 0)
		return err_wrap(err, "preflight.suffix-list");
	if (open_table(config->preflight.levels, report, arg, &world->levels,
	    err) != 0 ||
	    open_table(config->preflight.egress_table, report, arg,
		&world->egress_table, err) != 0)
		return -1;
	return read_egress(world, &config->preflight.egress, mem, err);
}

void
preflight_world_close(struct preflight_world *world)
{
	resolver_unref(world->resolver);
	domain_quota_free(world->quota);
	outlook_cache_free(world->cache);
	suffix_list_free(world->suffixes);
	table_close(world->levels);
	table_close(world->egress_table);
	*world = (struct preflight_world){ .in_use = false };
}
