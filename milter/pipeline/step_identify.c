/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sends. */
#include "message_priv.h"

/* Nobody can be asked. */
static struct verdict
cannot_tell(struct message *message, const struct err *err)
{
	message->submitter = (struct submitter){ .is_mta = false };
	return verdict_unsure(&message->mem, REASON_IDENTIFY, err);
}

/* All methods were asked. */
static struct verdict
conclude(struct message *message)
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

	if (is_bounce && message->submitter.via.len == 0)
		submitter_from_mta(
		    config, mta_name, &message->mem, &message->submitter);
	else if (is_bounce && message->submitter.is_host)
		submitter_add_mta(config, mta_name, &message->submitter);
	return message->submitter.via.len != 0 ||
		identity_unidentified(&message->snapshot->identity, client) ==
		    UNIDENTIFIED_PASS ?
	    verdict_accept() :
	    verdict_unidentified(message->submitter.doubt.why);
}

struct verdict
step_identify(struct message *message)
{
	struct err err;
	const struct table_context context = message_context(message, &err);

	message->levels = rights_levels_of(message_config(message));
	if (identity_find(&message->snapshot->identity, &message->facts.client,
		&context, &message->submitter) != 0)
		return cannot_tell(message, &err);
	message->waited = message->submitter.waits;
	return message->waited ? verdict_accept() : conclude(message);
}

struct verdict
step_identify_late(struct message *message)
{
	struct err err;
	const struct table_context context = message_context(message, &err);

	if (!message->waited)
		return verdict_accept();
	if (identity_find_in_header(&message->snapshot->identity,
		&message->facts.client, &message->header, &context,
		&message->submitter) != 0)
		return cannot_tell(message, &err);
	return conclude(message);
}

/*
 * A field behind what is too much, or cannot be, is not known here and would go
 * on with its secret, also in monitor mode.
 */
struct verdict
step_login_field(struct message *message)
{
	if (message->has_lost_field)
		return verdict_refused(REASON_IDENTIFY,
		    SLICE("The header has too many fields, or a line that is "
			  "not a field: the rest of it cannot be checked"));
	/* Also where the client has a login, and tries another one. */
	if (login_field_is_forged(
		&message->snapshot->identity, &message->header))
		outcome_warn(&message->outcome,
		    slice_format(&message->mem,
			"%.*s without a secret of identify.login-secret proves "
			"nothing",
			SLICE_ARGS(
			    message_config(message)->identify.login_field)));
	return verdict_accept();
}
