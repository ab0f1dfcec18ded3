/* SPDX-License-Identifier: BSD-2-Clause */
/* The resolver that the block dns names. */
#include "conf/config_dns.h"

#include <stdlib.h>

#include "base/file.h"
#include "dns/resolver_later.h"
#include "dns/resolver_unbound.h"
#include "dns/resolver_zone.h"

enum { MAX_ZONE_OCTETS = 16 * 1024 * 1024 };

bool
config_same_dns(const struct config *one, const struct config *other)
{
	if (one->dns.servers.count != other->dns.servers.count ||
	    one->dns.recursive != other->dns.recursive ||
	    /* Files may have changed: resolv.conf is one. */
	    (one->dns.servers.count == 0 && !one->dns.recursive) ||
	    one->dns.trust_anchor.len != 0 ||
	    other->dns.trust_anchor.len != 0 || one->dns.zone.len != 0 ||
	    other->dns.zone.len != 0)
		return false;
	for (size_t i = 0; i < one->dns.servers.count; i++) {
		if (!slice_eq(
			one->dns.servers.items[i], other->dns.servers.items[i]))
			return false;
	}
	return true;
}

/* But for the servers, all that the block says of a resolver. */
static struct dns_settings
settings_of(const struct config *config)
{
	return (struct dns_settings){
		.recursive = config->dns.recursive,
		.trust_anchor_file = config->dns.trust_anchor,
	};
}

int
config_resolver(const struct config *config, struct resolver **ret_resolver,
    struct err *err)
{
	struct dns_settings settings = settings_of(config);
	const char *zone;
	struct arena mem;
	struct slice text;
	int status;

	if (config->dns.zone.len == 0) {
		settings.servers = config->dns.servers.items;
		settings.server_count = config->dns.servers.count;
		return unbound_resolver_new(&settings, ret_resolver, err);
	}
	arena_init(&mem);
	zone = slice_cstr(&mem, config->dns.zone);
	status = file_read(
	    &(struct file_request){ config->dns.zone, MAX_ZONE_OCTETS, &mem },
	    &text, err);
	if (status != 0)
		err_wrap(err, "%s", zone);
	else
		status = zone_resolver_new(text, zone, ret_resolver, err);
	arena_done(&mem);
	return status;
}

/* The block dns, for longer than its configuration lasts. */
struct dns_block {
	struct arena mem;
	struct config config; /* nothing of it but the block */
};

static int
dns_block_resolver(void *arg, struct resolver **ret_resolver, struct err *err)
{
	const struct dns_block *block = arg;

	return config_resolver(&block->config, ret_resolver, err);
}

static void
dns_block_free(void *arg)
{
	struct dns_block *block = arg;

	arena_done(&block->mem);
	free(block);
}

struct resolver *
config_resolver_later(const struct config *config)
{
	static const struct resolver_maker maker = { dns_block_resolver,
		dns_block_free };
	struct dns_block *block = calloc(1, sizeof(*block));
	struct slice *servers;

	ENSURE(block != NULL);
	arena_init(&block->mem);
	if (config == NULL)
		return resolver_later_new(&maker, block);
	block->config.dns = config->dns;
	servers = arena_array(
	    &block->mem, config->dns.servers.count, sizeof(*servers));
	for (size_t i = 0; i < config->dns.servers.count; i++)
		servers[i] =
		    slice_dup(&block->mem, config->dns.servers.items[i]);
	block->config.dns.servers.items = servers;
	block->config.dns.trust_anchor =
	    slice_dup(&block->mem, config->dns.trust_anchor);
	block->config.dns.zone = slice_dup(&block->mem, config->dns.zone);
	return resolver_later_new(&maker, block);
}

struct table_world *
config_table_world(const struct config *config)
{
	struct table_world *world = table_world_new();
	struct resolver *resolver = config_resolver_later(config);

	table_world_set(world, &(struct cache_ages){ .bytes = 0 }, resolver);
	resolver_unref(resolver);
	return world;
}

int
config_resolver_of(const struct config *config, struct slice server,
    unsigned int cache_seconds, struct resolver **ret_resolver, struct err *err)
{
	struct dns_settings settings = settings_of(config);

	settings.servers = &server;
	settings.server_count = server.len != 0 ? 1 : 0;
	settings.cache_seconds = cache_seconds;
	return unbound_resolver_new(&settings, ret_resolver, err);
}
