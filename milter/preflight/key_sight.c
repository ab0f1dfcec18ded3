/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/key_sight.h"

#include <stdlib.h>

#include "base/clock.h"
#include "preflight/world.h"

/*
 * SLICE_US: how long an order to stop may wait. GRACE_US: time for an answer
 * that is in the cache by now, when another key of the window took all of it.
 */
enum { MAX_SERVERS = 8, SLICE_US = 200000, GRACE_US = 100000 };

struct key_sight {
	struct resolver *resolvers[MAX_SERVERS];
	size_t count;
};

static int
open_resolvers(struct key_sight *sight, const struct config *config,
    struct err *err)
{
	const struct slice_list *servers = &config->dns.servers;
	/* As long as a window may take, so that all of it is there at its end. */
	unsigned int cache_seconds = (unsigned int)config->dns.seconds + 1;
	struct slice none = { NULL, 0 };

	if (config->dns.zone.len != 0 || servers->count == 0) {
		int status = config->dns.zone.len != 0
		    ? preflight_resolver(config, &sight->resolvers[0], err)
		    : preflight_resolver_of(config, none, cache_seconds,
			&sight->resolvers[0], err);

		sight->count = status == 0 ? 1 : 0;
		return status;
	}
	while (sight->count < servers->count && sight->count < MAX_SERVERS) {
		if (preflight_resolver_of(config,
		    servers->items[sight->count], cache_seconds,
		    &sight->resolvers[sight->count], err) != 0)
			return -1;
		sight->count++;
	}
	return 0;
}

int
key_sight_open(const struct config *config, struct key_sight **ret_sight,
    struct err *err)
{
	struct key_sight *sight = calloc(1, sizeof(*sight));

	ENSURE(sight != NULL);
	if (open_resolvers(sight, config, err) != 0) {
		key_sight_close(sight);
		return err_wrap(err, "dns");
	}
	*ret_sight = sight;
	return 0;
}

void
key_sight_close(struct key_sight *sight)
{
	for (size_t i = 0; sight != NULL && i < sight->count; i++)
		resolver_unref(sight->resolvers[i]);
	free(sight);
}

/*
 * Waits in slices: a lookup goes on in between, and is found again. What fails
 * before its slice is over has failed.
 */
static void
look_once(struct resolver *resolver, const struct sign_key *key,
    uint64_t deadline_us, const _Atomic bool *stop, struct arena *mem,
    struct key_finding *ret_finding)
{
	uint64_t grace_us = clock_monotonic_us() + GRACE_US;

	*ret_finding = (struct key_finding){ .state = KEY_UNKNOWN };
	if (*stop)
		return;
	if (deadline_us < grace_us)
		deadline_us = grace_us;
	for (;;) {
		uint64_t slice_us = clock_monotonic_us() + SLICE_US;

		if (slice_us > deadline_us)
			slice_us = deadline_us;
		key_record_check(resolver, key, slice_us, mem, ret_finding);
		if (ret_finding->state != KEY_UNKNOWN || *stop ||
		    slice_us == deadline_us ||
		    clock_monotonic_us() < slice_us)
			return;
	}
}

/* A definite "no" goes before silence, and silence before a "yes". */
static unsigned int
weight(const struct key_finding *finding, bool was_published)
{
	switch (finding->state) {
	case KEY_PUBLISHED:
		return was_published ? 1 : 0;
	case KEY_UNKNOWN:
		return was_published ? 0 : 1;
	case KEY_ABSENT:
	case KEY_REVOKED:
	case KEY_DIFFERS:
	case KEY_UNUSABLE:
		break;
	}
	return 2;
}

static void
look_everywhere(struct key_sight *sight, struct key_states *states,
    const struct sign_key *key, uint64_t deadline_us,
    const _Atomic bool *stop, struct arena *mem,
    struct key_finding *ret_finding)
{
	struct key_sighting before;
	struct key_finding one;
	bool was_published;

	key_states_get(states, key, mem, &before);
	was_published = before.state == KEY_PUBLISHED;
	for (size_t i = 0; i < sight->count; i++) {
		look_once(sight->resolvers[i], key, deadline_us, stop, mem,
		    &one);
		if (i == 0 || weight(&one, was_published) >
		    weight(ret_finding, was_published))
			*ret_finding = one;
	}
}

void
key_sight_look(struct key_sight *sight, struct key_states *states,
    const struct sign_key *const *keys, size_t count, unsigned int seconds,
    const _Atomic bool *stop, struct arena *mem,
    struct key_finding *ret_findings)
{
	uint64_t deadline_us = clock_monotonic_us() + seconds * 1000000ULL;

	ENSURE(count <= KEY_SIGHT_WINDOW);
	for (size_t k = 0; k < count; k++) {
		struct slice name = slice_format(mem, "%.*s._domainkey.%.*s",
		    SLICE_ARGS(keys[k]->selector), SLICE_ARGS(keys[k]->domain));

		for (size_t i = 0; i < sight->count; i++)
			resolver_prefetch(sight->resolvers[i], name, DNS_TXT);
	}
	for (size_t k = 0; k < count; k++)
		look_everywhere(sight, states, keys[k], deadline_us, stop, mem,
		    &ret_findings[k]);
}

/* A window of keys, each of which is asked for. */
static void
look_at_window(struct key_sight *sight, const struct config *config,
    struct key_states *states, const struct sign_key *const *keys,
    size_t count)
{
	static const _Atomic bool never = false;
	struct key_finding findings[KEY_SIGHT_WINDOW];
	struct arena mem;

	arena_init(&mem);
	key_sight_look(sight, states, keys, count,
	    (unsigned int)config->dns.seconds, &never, &mem, findings);
	for (size_t i = 0; i < count; i++)
		(void)key_states_note(states, keys[i], &findings[i],
		    clock_now());
	arena_done(&mem);
}

int
key_sight_look_all(const struct config *config, struct key_states *states,
    const struct keystore *store,
    bool (*wanted)(const void *arg, struct slice domain), const void *arg,
    struct err *err)
{
	const struct sign_key *keys[KEY_SIGHT_WINDOW];
	struct key_sight *sight;
	size_t count = 0;

	if (key_sight_open(config, &sight, err) != 0)
		return -1;
	for (size_t d = 0; d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		for (size_t k = 0; wanted(arg, domain->domain) &&
		    k < domain->count; k++) {
			keys[count++] = domain->keys[k];
			if (count < KEY_SIGHT_WINDOW)
				continue;
			look_at_window(sight, config, states, keys, count);
			count = 0;
		}
	}
	look_at_window(sight, config, states, keys, count);
	key_sight_close(sight);
	return 0;
}

struct key_rules
key_rules_from_config(const struct config *config)
{
	return (struct key_rules){
		.age = (time_t)config->preflight.key_age * 3600,
		.overlap = (time_t)config->preflight.key_overlap * 86400,
	};
}

bool
key_states_required(const struct config *config)
{
	return config->preflight.dkim_key == DKIM_KEY_REQUIRE &&
	    !config_is_monitor(config, config->preflight.mode);
}
