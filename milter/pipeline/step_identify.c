/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sends. */
#include "message_priv.h"

struct verdict
step_identify(struct message *message)
{
	const struct config *config = message_config(message);
	const struct client_facts *client = &message->facts.client;
	struct slice path = slice_trim(message->facts.path);
	/*
	 * Made by the MTA itself, as far as can be told: Postfix hands a bounce
	 * over like mail of local programs, from 127.0.0.1.
	 */
	bool is_bounce = (path.len == 0 || slice_eq(path, SLICE("<>"))) &&
	    client->said[FACT_AUTH_AUTHEN].len == 0 &&
	    net_addr_is_loopback(&client->addr);
	struct err err;
	const struct table_context context = message_context(message, &err);

	message->levels = rights_levels_of(config);
	if (identity_find(&message->snapshot->identity, client, &context,
		&message->submitter) != 0) {
		message->submitter = (struct submitter){ .is_mta = false };
		return verdict_unsure(&message->mem, REASON_IDENTIFY, &err);
	}
	if (message->submitter.via.len == 0 && is_bounce &&
	    config->identify.bounces == BOUNCES_SIGN)
		submitter_from_mta(config, client->said[FACT_MTA_NAME],
		    &message->mem, &message->submitter);
	return message->submitter.via.len != 0 ||
		identity_unidentified(&message->snapshot->identity, client) ==
		    UNIDENTIFIED_PASS ?
	    verdict_accept() :
	    verdict_unidentified();
}
