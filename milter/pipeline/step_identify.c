/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sends. */
#include "message_priv.h"

struct verdict
step_identify(struct message *message)
{
	const struct config *config = message_config(message);
	const struct client_facts *client = &message->facts.client;
	struct slice mta_name = client->said[FACT_MTA_NAME];
	/*
	 * Made by the MTA itself, as far as can be told: Postfix hands a bounce
	 * over like mail of local programs, from 127.0.0.1.
	 */
	bool is_bounce = config->identify.bounces == BOUNCES_SIGN &&
	    client->said[FACT_AUTH_AUTHEN].len == 0 &&
	    net_addr_is_loopback(&client->addr) &&
	    mta_sends_with(config, mta_name, message->facts.path);
	struct err err;
	const struct table_context context = message_context(message, &err);

	message->levels = rights_levels_of(config);
	if (identity_find(&message->snapshot->identity, client, &context,
		&message->submitter) != 0) {
		message->submitter = (struct submitter){ .is_mta = false };
		return verdict_unsure(&message->mem, REASON_IDENTIFY, &err);
	}
	if (is_bounce && message->submitter.via.len == 0)
		submitter_from_mta(
		    config, mta_name, &message->mem, &message->submitter);
	else if (is_bounce &&
	    slice_eq(message->submitter.via, SLICE("network")))
		submitter_add_mta(config, mta_name, &message->submitter);
	return message->submitter.via.len != 0 ||
		identity_unidentified(&message->snapshot->identity, client) ==
		    UNIDENTIFIED_PASS ?
	    verdict_accept() :
	    verdict_unidentified();
}
