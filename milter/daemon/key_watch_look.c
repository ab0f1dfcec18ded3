/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys are looked up in DNS now, and in which order. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "key_watcher_priv.h"

/* Mail of new domains, or a round with pauses, asks again within this time. */
enum { UNUSED_US = 5 * 1000000 };

/*
 * All keys of a round have its time, so that none is newer by chance. Those of
 * silent servers come in a second part, so that others do not wait for them.
 */
struct round {
	time_t now;
	bool silent;
	/* Domains of which a key is due; those that nobody has read are. */
	struct slice *domains;
	size_t count;
	size_t cap;
	size_t at; /* the next one */
};

/* Whether a key is looked up now, in this part of the round. */
static bool
is_due(const struct watcher *w, const struct round *round,
    const struct sign_key *key, struct arena *mem)
{
	unsigned long interval = w->view.config->sign.key_interval;
	struct key_past past;

	key_history_get(w->view.history, key, mem, &past);
	if (past.status != KEY_PUBLISHED && interval >= KEY_RETRY_FACTOR)
		interval /= KEY_RETRY_FACTOR;
	return (past.fault.len != 0) == round->silent &&
	    (past.looked == 0 || past.looked > round->now ||
		round->now - past.looked >= (time_t)interval);
}

/* False: the settings of DNS cannot be used, and the log says so. */
static bool
open_lookup(struct watcher *w)
{
	struct err err;

	if (w->lookup == NULL &&
	    key_lookup_open(w->view.config, &w->lookup, &err) != 0) {
		key_watch_log_fault(w, &err);
		return false;
	}
	w->lookup_used_us = clock_monotonic_us();
	return true;
}

void
key_watch_close_unused(struct watcher *w)
{
	if (w->lookup == NULL ||
	    clock_monotonic_us() < w->lookup_used_us + UNUSED_US)
		return;
	key_lookup_close(w->lookup);
	w->lookup = NULL;
	memory_trim();
}

/* Looks up the keys of as many domains as find room at once. */
static void
look_at_window(struct watcher *w, struct round *round)
{
	const struct sign_key *keys[KEY_LOOKUP_WINDOW];
	struct key_shown shown[KEY_LOOKUP_WINDOW];
	struct domain_keys *held[KEY_LOOKUP_WINDOW];
	size_t count = 0, held_count = 0;
	struct arena mem;

	arena_init(&mem);
	while (round->at < round->count && held_count < KEY_LOOKUP_WINDOW &&
	    count + MAX_KEYS_OF_DOMAIN <= KEY_LOOKUP_WINDOW) {
		struct slice name = round->domains[round->at++];
		const struct domain_keys *before =
		    keystore_find(w->view.keys, name, &mem);
		struct domain_keys *domain;

		/* What is wanted may be of keys that a reload has taken away. */
		if (before == NULL)
			continue;
		domain = keystore_take_once(w->view.keys, name);
		/* A fault that was not reported at load is logged once. */
		if (domain->fault.len != 0 && !domain->told &&
		    !slice_eq(before->fault, domain->fault))
			log_write(
			    LOG_LEVEL_ERROR, "%.*s", SLICE_ARGS(domain->fault));
		held[held_count++] = domain;
		for (size_t k = 0; k < domain->count; k++) {
			if (is_due(w, round, domain->keys[k], &mem))
				keys[count++] = domain->keys[k];
		}
	}
	key_lookup_ask(w->lookup,
	    &(struct key_questions){ .keys = keys,
		.count = count,
		.history = w->view.history,
		.seconds = (unsigned int)w->view.config->dns.seconds,
		.stop = &w->watch->stop },
	    &mem, shown);
	for (size_t i = 0; i < count && !w->watch->stop; i++)
		w->changed = key_history_note(w->view.history, keys[i],
				 &shown[i], round->now) ||
		    w->changed;
	for (size_t i = 0; i < held_count; i++)
		domain_keys_release(held[i]);
	arena_done(&mem);
}

/* Mail of these domains was told to come again. */
void
key_watch_look_at_wanted(struct watcher *w, time_t now)
{
	struct round round = { .now = now };
	struct arena mem;

	if (w->view.history == NULL)
		return;
	arena_init(&mem);
	round.domains =
	    key_history_take_wanted(w->view.history, &mem, &round.count);
	while (round.at < round.count && !w->watch->stop && open_lookup(w))
		look_at_window(w, &round);
	arena_done(&mem);
}

void
key_watch_look(
    struct watcher *w, time_t now, bool silent, unsigned long pause_ms)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	struct round round = { .now = now, .silent = silent };
	struct arena mem;

	arena_init_large(&mem);
	keystore_walk_init(&walk, w->view.keys);
	while (keystore_walk_next(&walk)) {
		const struct domain_keys *domain = walk.domain;
		void *array = round.domains;
		bool wanted = domain->unread && !silent;

		for (size_t k = 0; k < domain->count && !wanted; k++)
			wanted = is_due(w, &round, domain->keys[k], &walk.mem);
		if (!wanted)
			continue;
		arena_reserve_one(&mem, &array, &round.cap, round.count,
		    sizeof(struct slice));
		round.domains = array;
		round.domains[round.count++] = domain->name;
	}
	while (round.at < round.count && !w->watch->stop && open_lookup(w)) {
		if (w->begun)
			key_watch_rest(w->watch, pause_ms, false);
		w->begun = true;
		key_watch_look_at_wanted(w, now);
		look_at_window(w, &round);
	}
	arena_done(&mem);
}
