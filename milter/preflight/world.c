/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts that preflight checks need; the addresses that mail leaves from. */
#include "preflight/world.h"

#include "dns/bounded.h"
#include "outlook_cache_priv.h"

enum { SHOWN_OCTETS = 60 };

bool
preflight_is_on(const struct config *config)
{
	return config->preflight.spf != PREFLIGHT_OFF ||
	    config->preflight.dmarc != PREFLIGHT_OFF ||
	    config->preflight.adsp != PREFLIGHT_OFF ||
	    config->preflight.sender_id != PREFLIGHT_OFF ||
	    config->preflight.unsubscribe != PREFLIGHT_OFF ||
	    config->preflight.levels.len != 0 ||
	    (config->sign.dkim_key != DKIM_KEY_OFF &&
		config_has_keys(config)) ||
	    config->sign.self_verify == SELF_VERIFY_PUBLISHED;
}

static int
world_add_address(const struct net_addr *addr, struct net_addr *list,
    size_t *count, struct err *err)
{
	if (*count == PREFLIGHT_MAX_EGRESS)
		return err_set(err, ERR_CONFIG, "more than %d addresses",
		    (int)PREFLIGHT_MAX_EGRESS);
	list[(*count)++] = *addr;
	return 0;
}

int
preflight_add_egress(
    struct slice text, struct net_addr *list, size_t *count, struct err *err)
{
	struct net_cidr network;
	struct net_addr addr;
	unsigned int host_bits;

	if (net_cidr_parse(slice_trim(text), &network, err) != 0)
		return -1;
	host_bits = network.addr.bits - network.prefix_bits;
	addr = network.addr;
	if (host_bits >= 32 || 1UL << host_bits > PREFLIGHT_NETWORK_ADDRESSES) {
		/* The last one has all host bits set. */
		for (unsigned int bit = network.prefix_bits; bit < addr.bits;
		     bit++)
			addr.octets[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
		return world_add_address(&network.addr, list, count, err) != 0 ?
		    -1 :
		    world_add_address(&addr, list, count, err);
	}
	for (unsigned long left = 1UL << host_bits; left > 0; left--) {
		if (world_add_address(&addr, list, count, err) != 0)
			return -1;
		for (size_t i = addr.bits / 8; i > 0; i--) {
			if (++addr.octets[i - 1] != 0)
				break;
		}
	}
	return 0;
}

int
preflight_check_config(const struct config *config, const struct report *report)
{
	static const char needs[] = "needs preflight.egress, the addresses "
				    "that mail leaves from";
	const struct slice_list *egress = &config->preflight.egress;
	struct net_addr list[PREFLIGHT_MAX_EGRESS];
	size_t count = 0;
	struct arena mem;
	struct err err;
	int status = 0;

	arena_init(&mem);
	for (size_t i = 0; i < egress->count; i++) {
		if (preflight_add_egress(
			egress->items[i], list, &count, &err) == 0)
			continue;
		err_wrap(&err, "\"%s\"",
		    escape(&mem, egress->items[i], SHOWN_OCTETS));
		report_error(report, "%s",
		    config_fault(config, "preflight.egress", err.text, &mem));
		status = -1;
	}
	/* SPF is about addresses: without any, the checks would say nothing. */
	if (egress->count == 0 && config->preflight.spf != PREFLIGHT_OFF) {
		report_error(report, "%s",
		    config_fault(config, "preflight.spf", needs, &mem));
		status = -1;
	}
	if (egress->count == 0 &&
	    config->preflight.sender_id != PREFLIGHT_OFF) {
		report_error(report, "%s",
		    config_fault(config, "preflight.sender-id", needs, &mem));
		status = -1;
	}
	arena_done(&mem);
	return status;
}

static int
check_levels(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct preflight_levels levels = { { PREFLIGHT_OFF } };

	(void)arg;
	if (preflight_levels_change(&levels, value, err) != 0)
		return err_wrap(err, "\"%s\"", escape(mem, value, 64));
	return 0;
}

static int
world_check_egress(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct net_addr *list =
	    arena_array(mem, PREFLIGHT_MAX_EGRESS, sizeof(*list));
	struct slice item;
	size_t count = 0;

	(void)arg;
	while (slice_next_item(&value, ", \t", &item)) {
		if (preflight_add_egress(item, list, &count, err) != 0)
			return err_wrap(err, "\"%s\"", escape(mem, item, 64));
	}
	return count > 0 ? 0 : err_set(err, ERR_CONFIG, "no address");
}

void
preflight_check_values(const struct preflight_world *world,
    const struct table *only, const struct report *report)
{
	if (only == NULL || world->levels == only)
		table_check_values(world->levels, check_levels, NULL, report);
	if (only == NULL || world->egress_table == only)
		table_check_values(
		    world->egress_table, world_check_egress, NULL, report);
}

int
preflight_world_open(struct preflight_world *world, const struct config *config,
    struct resolver *resolver, const struct table_set *tables,
    struct arena *mem, struct err *err)
{
	const struct slice_list *egress = &config->preflight.egress;
	struct net_addr *list =
	    arena_array(mem, PREFLIGHT_MAX_EGRESS, sizeof(*list));

	*world = (struct preflight_world){ .in_use = true,
		.levels = table_set_find(tables, config->preflight.levels),
		.egress_table =
		    table_set_find(tables, config->preflight.egress_table),
		.resolver = resolver,
		.questions = config->dns.questions,
		.quota = domain_quota_new(config->dns.domain_questions),
		.cache = outlook_cache_new(),
		.cache_seconds = config->preflight.cache_seconds,
		.method = config->preflight.dmarc_method == DMARC_BY_LIST ?
		    DMARC_SUFFIX_LIST :
		    DMARC_TREE_WALK,
		.both_methods =
		    config->preflight.dmarc_method == DMARC_BY_BOTH };
	if (config->preflight.dmarc_method != DMARC_BY_WALK &&
	    suffix_list_load(
		config->preflight.suffix_list, &world->suffixes, err) != 0)
		return err_wrap(err, "preflight.suffix-list");
	for (size_t i = 0; i < egress->count; i++)
		ENSURE(preflight_add_egress(egress->items[i], list,
			   &world->egress_count, err) == 0);
	world->egress = list;
	return 0;
}

void
preflight_world_close(struct preflight_world *world)
{
	resolver_unref(world->resolver);
	domain_quota_free(world->quota);
	outlook_cache_free(world->cache);
	suffix_list_free(world->suffixes);
	*world = (struct preflight_world){ .in_use = false };
}
