/* SPDX-License-Identifier: BSD-2-Clause */
/* What tables have in common that ask a server. */
#include <stdlib.h>

#include "dns/resolver.h"
#include "world_priv.h"

struct table_world *
table_world_new(void)
{
	struct table_world *world = calloc(1, sizeof(*world));

	ENSURE(world != NULL);
	ENSURE(pthread_mutex_init(&world->lock, NULL) == 0);
	world->users = 1;
	return world;
}

struct table_world *
table_world_ref(struct table_world *world)
{
	if (world != NULL)
		world->users++;
	return world;
}

void
table_world_unref(struct table_world *world)
{
	if (world == NULL || --world->users != 0)
		return;
	ENSURE(world->caches == NULL);
	resolver_unref(world->resolver);
	ENSURE(pthread_mutex_destroy(&world->lock) == 0);
	free(world);
}

void
table_world_set(struct table_world *world, const struct cache_ages *ages,
    struct resolver *resolver)
{
	struct resolver *old;

	world->found_s = ages->found_s;
	world->absent_s = ages->absent_s;
	world->stale_s = ages->stale_s;
	world->bytes = ages->bytes;
	ENSURE(pthread_mutex_lock(&world->lock) == 0);
	old = world->resolver;
	world->resolver = resolver == NULL ? NULL : resolver_ref(resolver);
	ENSURE(pthread_mutex_unlock(&world->lock) == 0);
	resolver_unref(old);
}

struct cache_ages
table_world_ages(struct table_world *world)
{
	return (struct cache_ages){ .found_s = world->found_s,
		.absent_s = world->absent_s,
		.stale_s = world->stale_s,
		.bytes = world->bytes };
}

struct resolver *
table_world_resolver(struct table_world *world)
{
	struct resolver *resolver = NULL;

	ENSURE(pthread_mutex_lock(&world->lock) == 0);
	if (world->resolver != NULL)
		resolver = resolver_ref(world->resolver);
	ENSURE(pthread_mutex_unlock(&world->lock) == 0);
	return resolver;
}
