/* SPDX-License-Identifier: BSD-2-Clause */
/* The resolver that the block dns names. */
#include "conf/config_dns.h"

#include "base/file.h"
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
