/* SPDX-License-Identifier: BSD-2-Clause */
/* A host that speaks for a login: a webmail server, sendmail(1) here. */
#include "identity_priv.h"

static int
network_find(const struct identity_question *question, struct slice *ret_login)
{
	const struct net_addr *addr = &question->client->addr;
	bool has_networks =
	    (table_caps(question->table) & TABLE_CAP_PATTERNS) == 0;
	struct table_keys keys;

	if (addr->bits == 0)
		return 0;
	keys = client_address_keys(question->context->mem, addr, has_networks);
	return identity_ask_keys(
	    question->table, &keys, question->context, ret_login);
}

const struct identity_method identity_by_network = {
	.name = { "network", 7 },
	.find = network_find,
	.is_host = true,
	.table_option = "identify.network",
	.table_offset = offsetof(struct config, identify.network),
	.key_fault = client_network_fault,
};
