/* SPDX-License-Identifier: BSD-2-Clause */
/* What the MTA says of a client: the macros that are asked for. */
#include "identity/identity.h"

static const struct {
	enum fact_stage stage;
	const char *macro;
} facts[FACT_COUNT] = {
#define FACT(name, stage, macro) [FACT_##name] = { FACT_AT_##stage, macro },
#include "identity/client_facts.def"
#undef FACT
};

const char *
fact_macro(enum client_fact fact)
{
	return facts[fact].macro;
}

enum fact_stage
fact_stage(enum client_fact fact)
{
	return facts[fact].stage;
}

bool
client_login_is_told(const struct client_facts *client)
{
	return slice_eq_nocase(client->said[FACT_AUTH_TYPE], SLICE("XCLIENT"));
}

void
client_facts_keep(struct client_facts *client, struct arena *mem)
{
	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (client->said[i].data != NULL)
			client->said[i] = slice_dup(mem, client->said[i]);
	}
}
