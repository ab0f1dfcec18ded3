/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host by its name, which DNS gives both ways: the MTA says which name the
 * address has, and DNS is asked here whether the name has the address. The MTA's
 * own word for that is not enough: behind XCLIENT with an address alone, Postfix
 * tells the name of the proxy and {client_resolve} = OK. And it is not needed:
 * where DNS does not answer, Sendmail says FORGED.
 */
#include <string.h>

#include "base/clock.h"
#include "dns/resolver.h"
#include "identity_priv.h"
#include "table/world.h"

/* Where nobody else has set a deadline. */
enum { ALONE_SECONDS = 5, SHOWN_OCTETS = 256 };

/* The name that the address has, as the MTA says; empty: none that counts. */
static struct slice
name_told(const struct client_facts *client)
{
	struct slice resolved = client->said[FACT_CLIENT_RESOLVE];

	if (slice_eq(resolved, SLICE("OK")))
		return client->said[FACT_CLIENT_NAME];
	if (slice_eq(resolved, SLICE("FORGED")) ||
	    slice_eq(resolved, SLICE("TEMP")))
		return client->said[FACT_CLIENT_PTR];
	return (struct slice){ NULL, 0 };
}

/* Whether DNS has not said which name the address has. */
static bool
name_is_unsure(const struct client_facts *client)
{
	/* Programs of this host have no name but localhost. */
	return slice_eq(client->said[FACT_CLIENT_RESOLVE], SLICE("TEMP")) &&
	    !net_addr_is_loopback(&client->addr);
}

/* Whether the name has the address. */
static enum dns_outcome
ask_dns(const struct identity_question *question, struct slice name,
    bool *ret_has_address)
{
	const struct net_addr *addr = &question->client->addr;
	const struct table_context *context = question->context;
	struct table_world *world = table_world_of(question->table);
	struct dns_client client = {
		.resolver = world == NULL ? NULL : table_world_resolver(world),
		.deadline_us = context->deadline_us != 0 ?
		    context->deadline_us :
		    clock_monotonic_us() + ALONE_SECONDS * 1000000ULL,
		.mem = context->mem,
	};
	enum dns_outcome outcome = DNS_FAILED;
	struct dns_answer answer;
	struct err err;

	if (client.resolver == NULL) {
		err_set(&err, ERR_TEMP, "there is no DNS");
	} else {
		outcome = resolver_lookup(&client, name,
		    addr->bits == 32 ? DNS_A : DNS_AAAA, &answer, &err);
		resolver_unref(client.resolver);
	}
	if (outcome == DNS_FAILED) {
		question->doubt->why =
		    slice_dup(context->mem, slice_of(err.text));
		return outcome;
	}
	*ret_has_address = false;
	for (size_t i = 0; i < answer.count && outcome == DNS_FOUND; i++) {
		if (answer.records[i].len == addr->bits / 8 &&
		    memcmp(answer.records[i].data, addr->octets,
			addr->bits / 8) == 0)
			*ret_has_address = true;
	}
	return outcome;
}

/* The login of a row, if the name is that of the client. */
static void
confirm(const struct identity_question *question, struct slice name,
    struct slice login, struct slice *ret_login)
{
	struct identity_doubt *doubt = question->doubt;
	struct arena *mem = question->context->mem;
	bool has_address;

	if (ask_dns(question, name, &has_address) == DNS_FAILED) {
		doubt->kind = DOUBT_OF_ROW;
		return;
	}
	if (has_address) {
		*ret_login = login;
		return;
	}
	doubt->kind = DOUBT_NONE;
	doubt->why =
	    slice_format(mem, "%s has a row, but in DNS not the address %.*s",
		escape(mem, name, SHOWN_OCTETS),
		SLICE_ARGS(net_addr_text(mem, &question->client->addr)));
}

static int
host_find(const struct identity_question *question, struct slice *ret_login)
{
	const struct client_facts *client = question->client;
	const struct table_context *context = question->context;
	bool has_parents =
	    (table_caps(question->table) & TABLE_CAP_PATTERNS) == 0;
	struct slice login = { NULL, 0 };
	struct table_keys keys;

	if (client->addr.bits == 0)
		return 0;
	keys = client_name_keys(context->mem, name_told(client), has_parents);
	if (keys.count == 0) {
		if (name_is_unsure(client)) {
			*question->doubt = (struct identity_doubt){
				DOUBT_OF_NAME,
				SLICE(
				    "DNS does not say which name the client has")
			};
		}
		return 0;
	}
	if (identity_ask_keys(question->table, &keys, context, &login) != 0)
		return -1;
	if (login.len != 0)
		confirm(question, keys.items[0], login, ret_login);
	return 0;
}

const struct identity_method identity_by_host = {
	.name = { "host", 4 },
	.find = host_find,
	.is_host = true,
	.table_option = "identify.hosts",
	.table_offset = offsetof(struct config, identify.hosts),
};
