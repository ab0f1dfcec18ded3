/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proxies in front of Postfix, which tell it who sends (XCLIENT). What a proxy
 * does not tell is that of the proxy itself, so its address proves nothing.
 */
#include "base/net.h"
#include "check_postfix_priv.h"
#include "table/table.h"

enum { MANY_HOSTS_BITS = 8 };

static const char option[] = "smtpd_authorized_xclient_hosts";

/* "192.0.2.80", "192.0.2.0/28" or "[2001:db8::1]"; no name, and no table. */
static bool
read_host(struct arena *mem, struct slice item, struct net_cidr *ret_host)
{
	struct strbuf plain;
	struct err err;

	strbuf_init(&plain, mem);
	for (size_t i = 0; i < item.len; i++) {
		if (item.data[i] != '[' && item.data[i] != ']')
			strbuf_add_char(&plain, item.data[i]);
	}
	return net_cidr_parse(strbuf_slice(&plain), ret_host, &err) == 0;
}

static bool
uses_method(const struct config *config, struct slice name)
{
	const struct slice_list *methods = &config->identify.methods;

	for (size_t i = 0; i < methods->count; i++) {
		if (slice_eq(methods->items[i], name))
			return true;
	}
	return false;
}

/* Rows of ours that are at hand: no server is asked for this. */
static bool
is_at_hand(struct slice spec)
{
	return slice_starts(spec, SLICE("cidr:")) ||
	    slice_starts(spec, SLICE("texthash:")) ||
	    slice_starts(spec, SLICE("inline:"));
}

/* The login that identify.network gives to an address; empty: none. */
static struct slice
login_of(const struct checked *c, struct slice address)
{
	struct slice spec = c->config->identify.network, login = { NULL, 0 };
	struct table *table = NULL;
	struct err err;
	const struct table_context context = { .mem = c->found->mem,
		.err = &err };

	/* A table that cannot be opened is reported elsewhere. */
	if (!uses_method(c->config, SLICE("network")) || !is_at_hand(spec) ||
	    table_open(spec, &(struct table_options){ .report = NULL }, &table,
		&err) != 0)
		return login;
	if (table_lookup_one(table, address, &context, &login) != TABLE_FOUND)
		login = (struct slice){ NULL, 0 };
	table_close(table);
	return login;
}

/* Whether POP before SMTP may count for a host of that network. */
static bool
pop_counts(const struct config *config, const struct net_cidr *host)
{
	const struct slice_list *never = &config->identify.pop_never;
	struct net_cidr network;
	struct err err;

	for (size_t i = 0; i < never->count; i++) {
		if (net_cidr_parse(
			slice_trim(never->items[i]), &network, &err) == 0 &&
		    network.prefix_bits <= host->prefix_bits &&
		    net_cidr_contains(&network, &host->addr))
			return false;
	}
	return uses_method(config, SLICE("pop-before-smtp"));
}

static void
check_proxy(const struct postfix_check *p,
    const struct postfix_service *service, const struct net_cidr *host)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);
	const char *where = postfix_seen_at(p, service, option);
	const char *shown =
	    slice_cstr(found->mem, net_cidr_text(found->mem, host));
	struct slice login =
	    login_of(p->c, net_addr_text(found->mem, &host->addr));

	if (host->addr.bits - host->prefix_bits > MANY_HOSTS_BITS &&
	    !net_addr_is_loopback(&host->addr))
		finding_add(found, FINDING_WARNING,
		    "smtpd_authorized_xclient_hosts with the addresses of the "
		    "proxies alone",
		    "%s: every host of %s may send as any login (%s in %s)",
		    name, shown, option, where);
	if (login.len != 0)
		finding_add(found, FINDING_WARNING,
		    slice_format(
			found->mem, "no row for %s in identify.network", shown)
			.data,
		    "%s: whoever comes by the proxy %s without XCLIENT has its "
		    "login %s (identify.network)",
		    name, shown, postfix_shown(p, login));
	if (pop_counts(p->c->config, host))
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem, "%s in identify.pop-never", shown)
			.data,
		    "%s: whoever comes by the proxy %s without XCLIENT has the "
		    "login of whoever fetched mail by it (pop-before-smtp)",
		    name, shown);
}

void
check_postfix_proxies(
    const struct postfix_check *p, const struct postfix_service *service)
{
	struct slice hosts = postfix_seen(p, service, option, "");
	struct net_cidr host;
	struct slice item;

	while (postfix_next_item(&hosts, ",", &item)) {
		if (read_host(p->c->found->mem, item, &host))
			check_proxy(p, service, &host);
	}
}
