/* SPDX-License-Identifier: BSD-2-Clause */
/* A host that speaks for a login: a webmail server, sendmail(1) here. */
#include "identity_priv.h"

static int
network_find(const struct identity_question *question, struct slice *ret_login)
{
	const struct net_addr *addr = &question->client->addr;

	if (addr->bits == 0)
		return 0;
	return identity_ask_table(question->table,
	    net_addr_text(question->context->mem, addr), question->context,
	    ret_login);
}

const struct identity_method identity_by_network = {
	.name = { "network", 7 },
	.find = network_find,
	.table_option = "identify.network",
	.table_offset = offsetof(struct config, identify.network),
};
