/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_UNIT_IDENTITY_WORLD_H
#define SUBMILTER_TESTS_UNIT_IDENTITY_WORLD_H

#include "../unit.h"

#include "identity/identity.h"
#include "table/world.h"

struct world {
	struct arena mem;
	struct config *config;
	struct table_world *tables_world; /* NULL: there are no caches */
	struct table_set *tables;
	struct identity identity;
	struct client_facts client;
	struct err err;
};

/* With mem and tables_world, from a configuration. */
static inline void
world_open(struct world *world, struct slice text)
{
	const struct table_use *uses;
	size_t count;

	if (config_read_text(
		"test", text, NULL, NULL, &world->config, &world->err) != 0)
		fail_msg("%s", world->err.text);
	uses = config_tables(world->config, &world->mem, &count);
	assert_int_equal(
	    table_set_open(&(struct table_set_options){ .uses = uses,
			       .count = count,
			       .world = world->tables_world },
		&world->tables, &world->err),
	    0);
	identity_init(
	    &world->identity, world->config, world->tables, &world->mem);
}

/* All but tables_world. */
static inline void
world_close(struct world *world)
{
	table_set_free(world->tables);
	config_free(world->config);
	arena_done(&world->mem);
}

#endif
