/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_UNIT_POLICY_WORLD_H
#define SUBMILTER_TESTS_UNIT_POLICY_WORLD_H

#include "../unit.h"

#include "identity/identity.h"
#include "policy/rights.h"

/* A configuration with its rights, from text in memory. */
struct world {
	struct arena mem;
	struct config *config;
	struct table *table;
	struct identity identity;
	struct rights rights;
};

/* rows: a texthash table; "": none. */
static inline void
world_init(struct world *world, const char *config, const char *rows)
{
	struct err err;

	*world = (struct world){ .config = NULL };
	arena_init(&world->mem);
	if (config_read_text("test", slice_of(config), NULL, NULL,
		&world->config, &err) != 0)
		fail_msg("%s", err.text);
	if (rows[0] != '\0' &&
	    table_open_text(SLICE("texthash:rows"), slice_of(rows),
		&world->table, &err) != 0)
		fail_msg("%s", err.text);
	identity_init(&world->identity, world->config, NULL, &world->mem);
	rights_init(&world->rights, world->config, &world->table,
	    rows[0] != '\0', &world->mem);
}

/* Who has logged in by SMTP AUTH. */
static inline struct submitter
world_submitter(struct world *world, const char *login)
{
	struct client_facts client = { .said[FACT_AUTH_AUTHEN] =
					   slice_of(login) };
	struct submitter submitter;
	struct err err;

	if (identity_find(&world->identity, &client,
		&(const struct table_context){
		    .mem = &world->mem, .err = &err },
		&submitter) != 0)
		fail_msg("%s: %s", login, err.text);
	return submitter;
}

/* By what the login may use the address, or why it may not. */
static inline struct slice
world_ask(struct world *world, const char *login, const char *text)
{
	struct submitter submitter = world_submitter(world, login);
	struct address address;
	struct slice how = SLICE("?");
	struct err err;

	if (!rights_login_address(slice_of(text), &world->mem, &address))
		fail_msg("%s is no address", text);
	switch (rights_check(&world->rights, &submitter, &address,
	    &(const struct table_context){ .mem = &world->mem, .err = &err },
	    &how)) {
	case RIGHT_GRANTED:
		return how;
	case RIGHT_BEHALF:
		return slice_format(
		    &world->mem, "behalf: %.*s", SLICE_ARGS(how));
	case RIGHT_NONE:
		return how.len == 0 ?
		    SLICE("no") :
		    slice_format(&world->mem, "no: %.*s", SLICE_ARGS(how));
	case RIGHT_UNJUDGED:
	case RIGHT_UNKNOWN:
		break;
	}
	return slice_format(&world->mem, "unknown: %s", err.text);
}

static inline void
world_done(struct world *world)
{
	table_close(world->table);
	config_free(world->config);
	arena_done(&world->mem);
}

#endif
