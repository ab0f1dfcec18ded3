/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that asks DNS for our keys and watches their directory. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "daemon_priv.h"
#include "preflight/key_sight.h"

/*
 * FIRST_SECONDS: how long the first round may keep the MTA waiting. PAUSE_MS:
 * between two windows of a later round, so that 10,000 domains are spread over
 * a minute or two; FIRST_PAUSE_MS: of the first one, which asks under 1,000
 * questions a second, for public resolvers answer no more. WRITE_SECONDS: how
 * old dates in the file may be.
 */
enum { FIRST_SECONDS = 10, PAUSE_MS = 250, FIRST_PAUSE_MS = 65,
	WRITE_SECONDS = 60, RETRY_FACTOR = 5, CLOCK_SLACK = 5,
	LACKING_SECONDS = 2 };

/* What the thread has for itself. */
struct watcher {
	struct key_watch *watch;
	struct snapshot *snapshot;	/* of this round */
	struct key_sight *sight;	/* by its configuration; may be NULL */
	struct arena mem;
	struct map *uses;	/* by path and fingerprint: what was logged last */
	size_t silent;		/* keys that DNS did not answer for */
	bool changed;		/* something that the file does not have yet */
	time_t written;
	uint64_t loaded;	/* key_directory_mark() of what is in use */
	uint64_t marked;	/* and of what was there last */
	long long skew;		/* of the wall clock, when it was last looked at */
	uint64_t late;		/* of what was read a second time already */
	struct err fault;	/* of DNS settings or the file, logged already */
};

static void
lock(struct key_watch *watch)
{
	ENSURE(pthread_mutex_lock(&watch->lock) == 0);
}

static void
unlock(struct key_watch *watch)
{
	ENSURE(pthread_mutex_unlock(&watch->lock) == 0);
}

static struct timespec
from_now(unsigned long ms)
{
	struct timespec at;

	ENSURE(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

/* Between two windows; a new snapshot waits for the end of the round. */
static void
pause_for(struct key_watch *watch, unsigned long ms)
{
	struct timespec until = from_now(ms);
	int status = 0;

	lock(watch);
	while (!watch->stop && status == 0)
		status = pthread_cond_timedwait(&watch->news, &watch->lock,
		    &until);
	unlock(watch);
}

/* Sleeps until there is a new snapshot, a stop, or the time is over. */
static void
rest(struct key_watch *watch, unsigned long ms)
{
	struct timespec until = from_now(ms);
	int status = 0;

	lock(watch);
	while (!watch->woken && !watch->stop && status == 0)
		status = pthread_cond_timedwait(&watch->news, &watch->lock,
		    &until);
	watch->woken = false;
	unlock(watch);
}

/* The same fault is logged once. */
static void
log_fault(struct watcher *w, const struct err *err)
{
	if (strcmp(w->fault.text, err->text) != 0)
		log_write(LOG_LEVEL_ERROR, "preflight.dkim-key: %s",
		    err->text);
	w->fault = *err;
}

static unsigned long
interval_of(const struct watcher *w, const struct key_sighting *sighting)
{
	unsigned long seconds = w->snapshot->config->preflight.key_interval;

	if (sighting->state == KEY_PUBLISHED || seconds < RETRY_FACTOR)
		return seconds;
	return seconds / RETRY_FACTOR;
}

/* How often we look whether a key is due, or is there at last. */
static unsigned long
tick_of(const struct watcher *w)
{
	unsigned long seconds = w->snapshot->config->preflight.key_interval /
	    (2 * RETRY_FACTOR);

	if (keystore_lacks_keys(w->snapshot->keys) && seconds > LACKING_SECONDS)
		return LACKING_SECONDS;
	return seconds == 0 ? 1 : seconds;
}

static bool
is_due(const struct watcher *w, const struct key_sighting *sighting,
    time_t now)
{
	return sighting->looked == 0 || sighting->looked > now ||
	    now - sighting->looked >= (time_t)interval_of(w, sighting);
}

static bool
is_warning(enum key_use use)
{
	switch (use) {
	case KEY_USE_SIGNING:
	case KEY_USE_OVERLAP:
	case KEY_USE_RETIRE:
	case KEY_USE_PENDING:
		return false;
	case KEY_USE_UNPUBLISHED:
	case KEY_USE_DIFFERS:
	case KEY_USE_REVOKED:
	case KEY_USE_UNUSABLE:
	case KEY_USE_UNKNOWN:
		break;
	}
	return true;
}

static void
log_use(const struct sign_key *key, const struct key_sighting *sighting,
    const char *before, enum key_use use, struct arena *mem)
{
	struct slice text = use == KEY_USE_UNKNOWN && sighting->fault.len != 0
	    ? sighting->fault : sighting->text;

	if (use == KEY_USE_RETIRE)
		text = slice_format(mem, "%.*s; a newer key signs for long "
		    "enough: %.*s can be moved away, and the record be removed "
		    "some days later", SLICE_ARGS(text),
		    SLICE_ARGS(key->path));
	log_write(is_warning(use) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    "key %.*s/%.*s: %s%s%s%s: %.*s", SLICE_ARGS(key->domain),
	    SLICE_ARGS(key->selector), key_use_name(use),
	    before == NULL ? "" : " (was ", before == NULL ? "" : before,
	    before == NULL ? "" : ")", SLICE_ARGS(text));
}

/* A key that was never asked for is nothing to speak of yet. */
static void
compare_use(struct watcher *w, const struct sign_key *key, enum key_use use,
    bool quiet)
{
	struct key_sighting sighting;
	struct arena mem;
	struct slice name;
	enum key_use *before;

	arena_init(&mem);
	name = slice_format(&mem, "%.*s %.*s", SLICE_ARGS(key->fingerprint),
	    SLICE_ARGS(key->path));
	before = map_get(w->uses, name);
	key_states_get(w->snapshot->key_states, key, &mem, &sighting);
	if (sighting.looked != 0 && (before == NULL || *before != use)) {
		if (!quiet)
			log_use(key, &sighting, before == NULL ? NULL
			    : key_use_name(*before), use, &mem);
		if (before == NULL) {
			before = arena_alloc(&w->mem, sizeof(*before));
			ENSURE(map_add(w->uses, name, before));
		}
		*before = use;
	}
	arena_done(&mem);
}

static void
compare_uses(struct watcher *w, bool quiet)
{
	const struct keystore *store = w->snapshot->keys;
	struct key_rules rules = key_rules_from_config(w->snapshot->config);
	enum key_use uses[MAX_KEYS_OF_DOMAIN];

	for (size_t d = 0; d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		key_states_uses(w->snapshot->key_states, domain, &rules,
		    clock_steady(), uses);
		for (size_t k = 0; k < domain->count; k++)
			compare_use(w, domain->keys[k], uses[k], quiet);
	}
}

/* Keys that are looked up in this round. */
struct due {
	const struct sign_key **keys;
	size_t count;
	size_t cap;
};

/* Those of silent servers come last, so that others do not wait for them. */
static void
gather_due(const struct watcher *w, bool silent, time_t now,
    struct arena *mem, struct due *due)
{
	const struct keystore *store = w->snapshot->keys;

	for (size_t d = 0; d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		for (size_t k = 0; k < domain->count; k++) {
			struct key_sighting sighting;
			void *array = due->keys;

			key_states_get(w->snapshot->key_states,
			    domain->keys[k], mem, &sighting);
			if (!is_due(w, &sighting, now) ||
			    (sighting.fault.len != 0) != silent)
				continue;
			arena_reserve_one(mem, &array, &due->cap, due->count,
			    sizeof(due->keys[0]));
			due->keys = array;
			due->keys[due->count++] = domain->keys[k];
		}
	}
}

static void
log_silence(struct watcher *w, size_t silent, struct slice why)
{
	if (silent != 0 && w->silent == 0)
		log_write(LOG_LEVEL_WARNING, "preflight.dkim-key: DNS does not "
		    "answer for %zu key%s, of which the last known state "
		    "counts: %.*s", silent, silent == 1 ? "" : "s",
		    SLICE_ARGS(why));
	else if (silent == 0 && w->silent != 0)
		log_write(LOG_LEVEL_INFO, "preflight.dkim-key: DNS answers for "
		    "all keys again");
	w->silent = silent;
}

static void
look_at_window(struct watcher *w, const struct sign_key *const *keys,
    size_t count, time_t now)
{
	struct key_finding findings[KEY_SIGHT_WINDOW];
	struct arena mem;

	arena_init(&mem);
	key_sight_look(w->sight, w->snapshot->key_states, keys, count,
	    (unsigned int)w->snapshot->config->dns.seconds, &w->watch->stop,
	    &mem, findings);
	for (size_t i = 0; i < count && !w->watch->stop; i++)
		w->changed = key_states_note(w->snapshot->key_states, keys[i],
		    &findings[i], now) || w->changed;
	arena_done(&mem);
}

/* All keys of a round have its time, so that none is newer by chance. */
static void
look(struct watcher *w, time_t now, bool first)
{
	struct due due = { .count = 0 };
	struct arena mem;

	arena_init(&mem);
	gather_due(w, false, now, &mem, &due);
	gather_due(w, true, now, &mem, &due);
	for (size_t at = 0; at < due.count && !w->watch->stop;
	    at += KEY_SIGHT_WINDOW) {
		size_t count = due.count - at < KEY_SIGHT_WINDOW
		    ? due.count - at : KEY_SIGHT_WINDOW;

		if (at != 0)
			pause_for(w->watch, first ? FIRST_PAUSE_MS : PAUSE_MS);
		look_at_window(w, due.keys + at, count, now);
	}
	arena_done(&mem);
}

static void
count_silent(struct watcher *w)
{
	const struct keystore *store = w->snapshot->keys;
	struct slice why = { NULL, 0 };
	size_t silent = 0;
	struct arena mem;

	arena_init(&mem);
	for (size_t d = 0; d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		for (size_t k = 0; k < domain->count; k++) {
			struct key_sighting sighting;

			key_states_get(w->snapshot->key_states,
			    domain->keys[k], &mem, &sighting);
			if (sighting.fault.len == 0)
				continue;
			why = sighting.fault;
			silent++;
		}
	}
	log_silence(w, silent, why);
	arena_done(&mem);
}

static void
write_file(struct watcher *w, time_t now)
{
	struct err err;

	/* Keys that are all away for a moment are not to be forgotten. */
	if (w->snapshot->key_states == NULL ||
	    keystore_domain_count(w->snapshot->keys) == 0)
		return;
	if (key_states_write(w->snapshot->key_states, w->snapshot->keys,
	    w->snapshot->config->preflight.key_states, &err) != 0) {
		err_wrap(&err, "preflight.key-states");
		log_fault(w, &err);
		return;
	}
	if (w->fault.kind != ERR_NONE)
		log_write(LOG_LEVEL_INFO, "preflight.key-states: written "
		    "again");
	w->fault = (struct err){ .kind = ERR_NONE };
	w->changed = false;
	w->written = now;
}

static void
drop(struct watcher *w)
{
	key_sight_close(w->sight);
	snapshot_unref(w->snapshot);
	w->sight = NULL;
	w->snapshot = NULL;
}

/* New keys wait for a reload unless DNS decides which ones sign. */
static uint64_t
mark_of(const struct snapshot *snapshot, bool *ret_late)
{
	return key_directory_mark(snapshot,
	    !key_states_required(snapshot->config), ret_late);
}

/* The current configuration; false: nothing of it is to be watched. */
static bool
follow(struct watcher *w)
{
	struct snapshot *current = snapshot_acquire(w->watch->slot);
	bool is_new = w->snapshot != current, late;
	struct err err;

	if (w->snapshot != NULL && is_new &&
	    !preflight_same_dns(w->snapshot->config, current->config)) {
		key_sight_close(w->sight);
		w->sight = NULL;
	}
	snapshot_unref(w->snapshot);
	w->snapshot = current;
	if (current->key_states == NULL && !keystore_lacks_keys(current->keys)) {
		drop(w);
		return false;
	}
	if (is_new) {
		w->marked = mark_of(current, &late);
		/* Once more, lest a key is missed; a wrong date stays late. */
		w->loaded = late && w->late != w->marked ? 0 : w->marked;
		w->late = late ? w->marked : 0;
	}
	if (current->key_states != NULL && w->sight == NULL && key_sight_open(current->config, &w->sight,
	    &err) != 0)
		log_fault(w, &err);
	return true;
}

static void
log_key_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	log_write(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", text);
}

/* Another reload may have come first; it has read the keys, too. */
static void
renew(struct watcher *w, bool forget_dns)
{
	struct snapshot *new;
	struct err err;

	if (snapshot_with_keys(w->snapshot, forget_dns, log_key_fault, NULL,
	    &new, &err) != 0)
		log_write(LOG_LEVEL_ERROR, "keys are not read anew, going on "
		    "as before: %s", err.text);
	else if (snapshot_replace(w->watch->slot, w->snapshot, new))
		key_watch_wake(w->watch);
}

/*
 * Two keys are made one after the other: the directory has to be the same for
 * one more look. What fails is not tried again.
 */
static void
watch_directory(struct watcher *w)
{
	bool late;
	uint64_t mark = mark_of(w->snapshot, &late);

	if (mark != w->loaded && mark == w->marked) {
		log_write(LOG_LEVEL_INFO, "the directory of keys has changed: "
		    "its keys are taken up");
		w->loaded = mark;
		renew(w, false);
	}
	w->marked = mark;
}

/* DNS keeps its answers by the wall clock. */
static void
watch_clock(struct watcher *w)
{
	long long skew = clock_skew(), jump = skew - w->skew;

	w->skew = skew;
	if (jump >= -CLOCK_SLACK && jump <= CLOCK_SLACK)
		return;
	log_write(LOG_LEVEL_WARNING, "the clock was set by %lld seconds: what "
	    "DNS said before is forgotten", jump);
	key_sight_close(w->sight);
	w->sight = NULL;
	renew(w, true);
}

static void
play_round(struct watcher *w, bool first)
{
	time_t now = clock_steady();

	if (w->snapshot->key_states == NULL) {
		watch_directory(w);
		return;
	}
	watch_clock(w);
	if (first)
		compare_uses(w, true);
	if (w->sight != NULL)
		look(w, now, first);
	if (w->watch->stop)
		return;
	compare_uses(w, false);
	count_silent(w);
	if (key_states_required(w->snapshot->config) ||
	    keystore_lacks_keys(w->snapshot->keys))
		watch_directory(w);
	if (w->changed || w->written > now || now - w->written >= WRITE_SECONDS)
		write_file(w, now);
}

static void *
watch_keys(void *arg)
{
	struct watcher w = { .watch = arg };
	struct key_watch *watch = arg;
	bool first = true;

	arena_init(&w.mem);
	w.uses = map_new(&w.mem);
	while (!watch->stop) {
		unsigned long seconds = 60;

		if (follow(&w)) {
			play_round(&w, first);
			seconds = tick_of(&w);
			first = false;
		}
		lock(watch);
		watch->rounds++;
		ENSURE(pthread_cond_broadcast(&watch->news) == 0);
		unlock(watch);
		rest(watch, seconds * 1000);
	}
	if (w.snapshot != NULL)
		write_file(&w, clock_steady());
	drop(&w);
	arena_done(&w.mem);
	return NULL;
}

/* Whether there is a key that DNS was never heard of. */
static bool
needs_first_round(struct snapshot *snapshot)
{
	bool needed = false;
	struct arena mem;

	arena_init(&mem);
	for (size_t d = 0; snapshot->key_states != NULL &&
	    d < keystore_domain_count(snapshot->keys); d++) {
		const struct domain_keys *domain =
		    keystore_domain(snapshot->keys, d);

		for (size_t k = 0; k < domain->count && !needed; k++) {
			struct key_sighting sighting;

			key_states_get(snapshot->key_states, domain->keys[k],
			    &mem, &sighting);
			needed = sighting.answered == 0;
		}
	}
	arena_done(&mem);
	return needed;
}

static void
wait_for_first_round(struct key_watch *watch)
{
	struct timespec until = from_now(FIRST_SECONDS * 1000UL);
	int status = 0;

	lock(watch);
	while (watch->rounds == 0 && status == 0)
		status = pthread_cond_timedwait(&watch->news, &watch->lock,
		    &until);
	unlock(watch);
	if (status != 0)
		log_write(LOG_LEVEL_WARNING, "preflight.dkim-key: not all keys "
		    "were looked up within %d seconds; until that is done, "
		    "mail of their domains is answered with 451 where a "
		    "published key is required", FIRST_SECONDS);
}

int
key_watch_start(struct key_watch *watch, struct snapshot_slot *slot,
    struct err *err)
{
	struct snapshot *snapshot = snapshot_acquire(slot);
	bool needed = needs_first_round(snapshot);
	pthread_condattr_t attributes;

	snapshot_unref(snapshot);
	watch->slot = slot;
	ENSURE(pthread_condattr_init(&attributes) == 0 &&
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&watch->news, &attributes) == 0 &&
	    pthread_mutex_init(&watch->lock, NULL) == 0);
	(void)pthread_condattr_destroy(&attributes);
	if (pthread_create(&watch->thread, NULL, watch_keys, watch) != 0)
		return err_set(err, ERR_TEMP, "cannot start a thread");
	if (needed)
		wait_for_first_round(watch);
	return 0;
}

void
key_watch_wake(struct key_watch *watch)
{
	lock(watch);
	watch->woken = true;
	ENSURE(pthread_cond_broadcast(&watch->news) == 0);
	unlock(watch);
}

void
key_watch_stop(struct key_watch *watch)
{
	watch->stop = true;
	key_watch_wake(watch);
	ENSURE(pthread_join(watch->thread, NULL) == 0);
}
