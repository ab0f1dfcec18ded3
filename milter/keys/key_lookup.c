/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking DNS for keys: each server for itself, many keys at once. */
#include "keys/key_lookup.h"

#include <stdlib.h>

#include "base/clock.h"
#include "conf/config_dns.h"

/*
 * SLICE_US: how long an order to stop may wait. GRACE_US: time for an answer
 * that is in the cache by now, when another key of the window took all of it.
 */
enum { MAX_SERVERS = 8, SLICE_US = 200000, GRACE_US = 100000 };

struct key_lookup {
	struct resolver *resolvers[MAX_SERVERS];
	size_t count;
};

static int
open_resolvers(
    struct key_lookup *lookup, const struct config *config, struct err *err)
{
	const struct slice_list *servers = &config->dns.servers;
	/*
	 * As long as a window may take, so that all of it is there at its end.
	 */
	unsigned int cache_seconds = (unsigned int)config->dns.seconds + 1;
	struct slice none = { NULL, 0 };

	if (config->dns.zone.len != 0 || servers->count == 0) {
		int status = config->dns.zone.len != 0 ?
		    config_resolver(config, &lookup->resolvers[0], err) :
		    config_resolver_of(config, none, cache_seconds,
			&lookup->resolvers[0], err);

		lookup->count = status == 0 ? 1 : 0;
		return status;
	}
	while (lookup->count < servers->count && lookup->count < MAX_SERVERS) {
		if (config_resolver_of(config, servers->items[lookup->count],
			cache_seconds, &lookup->resolvers[lookup->count],
			err) != 0)
			return -1;
		lookup->count++;
	}
	return 0;
}

int
key_lookup_open(const struct config *config, struct key_lookup **ret_lookup,
    struct err *err)
{
	struct key_lookup *lookup = calloc(1, sizeof(*lookup));

	ENSURE(lookup != NULL);
	if (open_resolvers(lookup, config, err) != 0) {
		key_lookup_close(lookup);
		return err_wrap(err, "dns");
	}
	*ret_lookup = lookup;
	return 0;
}

void
key_lookup_close(struct key_lookup *lookup)
{
	for (size_t i = 0; lookup != NULL && i < lookup->count; i++)
		resolver_unref(lookup->resolvers[i]);
	free(lookup);
}

/* What all keys that are asked for at once have in common. */
struct key_looking {
	uint64_t deadline_us;
	const _Atomic bool *stop;
	struct arena *mem;
};

/*
 * Asks one server, and waits in slices: a lookup goes on in between, and is
 * found again. What fails before its slice is over has failed.
 */
static struct key_shown
ask_one(struct resolver *resolver, const struct sign_key *key,
    const struct key_looking *looking)
{
	struct key_shown shown = { .status = KEY_UNKNOWN };
	uint64_t deadline_us = looking->deadline_us;
	uint64_t grace_us = clock_monotonic_us() + GRACE_US;

	if (deadline_us < grace_us)
		deadline_us = grace_us;
	while (!*looking->stop) {
		uint64_t slice_us = clock_monotonic_us() + SLICE_US;

		if (slice_us > deadline_us)
			slice_us = deadline_us;
		key_status_check(resolver, key, slice_us, looking->mem, &shown);
		if (shown.status != KEY_UNKNOWN || slice_us == deadline_us ||
		    clock_monotonic_us() < slice_us)
			break;
	}
	return shown;
}

/* A definite "no" goes before silence, and silence before a "yes". */
static unsigned int
weight(const struct key_shown *shown, bool was_published)
{
	switch (shown->status) {
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

void
key_lookup_ask(struct key_lookup *lookup, const struct key_questions *questions,
    struct arena *mem, struct key_shown *ret_shown)
{
	const struct key_looking looking = { .stop = questions->stop,
		.mem = mem,
		.deadline_us =
		    clock_monotonic_us() + questions->seconds * 1000000ULL };

	ENSURE(questions->count <= KEY_LOOKUP_WINDOW);
	for (size_t k = 0; k < questions->count; k++) {
		struct slice name = key_record_name(questions->keys[k], mem);

		for (size_t i = 0; i < lookup->count; i++)
			resolver_prefetch(lookup->resolvers[i], name, DNS_TXT);
	}
	for (size_t k = 0; k < questions->count; k++) {
		const struct sign_key *key = questions->keys[k];
		struct key_past before;
		bool was_published;

		if (questions->progress != NULL)
			questions->progress(questions->progress_arg, k);
		key_history_get(questions->history, key, mem, &before);
		was_published = before.status == KEY_PUBLISHED;
		for (size_t i = 0; i < lookup->count; i++) {
			struct key_shown one =
			    ask_one(lookup->resolvers[i], key, &looking);

			if (i == 0 ||
			    weight(&one, was_published) >
				weight(&ret_shown[k], was_published))
				ret_shown[k] = one;
		}
	}
}

/* Keys that are asked for at once, and what they belong to. */
struct window {
	struct key_lookup *lookup;
	struct key_questions questions;
	const struct sign_key *keys[KEY_LOOKUP_WINDOW];
	struct domain_keys *held[KEY_LOOKUP_WINDOW];
	size_t held_count;
	size_t done; /* keys of the windows before */
	const struct key_lookup_scope *scope;
};

/* Of one key of the window. */
static void
note_progress(void *arg, size_t done)
{
	struct window *window = arg;

	window->scope->progress(
	    window->scope->progress_arg, window->done + done);
}

static void
key_lookup_look_at_window(struct window *window)
{
	struct key_questions *questions = &window->questions;
	struct key_shown shown[KEY_LOOKUP_WINDOW];
	struct arena mem;

	arena_init(&mem);
	key_lookup_ask(window->lookup, questions, &mem, shown);
	for (size_t i = 0; i < questions->count; i++)
		(void)key_history_note(questions->history, window->keys[i],
		    &shown[i], clock_now());
	for (size_t i = 0; i < window->held_count; i++)
		domain_keys_release(window->held[i]);
	window->done += questions->count;
	questions->count = window->held_count = 0;
	arena_done(&mem);
}

int
key_lookup_all(const struct config *config,
    const struct key_lookup_scope *scope, struct err *err)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	static const _Atomic bool never = false;
	struct keystore *store = scope->store;
	struct window window = { .questions = { .history = scope->history,
				     .seconds =
					 (unsigned int)config->dns.seconds,
				     .stop = &never },
		.scope = scope };

	keystore_walk_init(&walk, store);
	window.questions.keys = window.keys;
	window.questions.progress =
	    scope->progress == NULL ? NULL : note_progress;
	window.questions.progress_arg = &window;
	if (key_lookup_open(config, &window.lookup, err) != 0)
		return -1;
	while (keystore_walk_next(&walk)) {
		struct domain_keys *keys;

		if (!scope->is_wanted(scope->arg, walk.domain->domain))
			continue;
		keys = keystore_take_once(store, walk.domain->name);
		if (window.questions.count + keys->count > KEY_LOOKUP_WINDOW ||
		    window.held_count == KEY_LOOKUP_WINDOW)
			key_lookup_look_at_window(&window);
		window.held[window.held_count++] = keys;
		for (size_t k = 0; k < keys->count; k++)
			window.keys[window.questions.count++] = keys->keys[k];
	}
	key_lookup_look_at_window(&window);
	key_lookup_close(window.lookup);
	return 0;
}
