/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that asks DNS for our keys and watches their directory. */
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pace.h"
#include "conf/config_dns.h"
#include "key_watcher_priv.h"

/*
 * FIRST_SECONDS: how long the first round may keep the MTA waiting. PAUSE_MS:
 * between two windows of a later round, so that 10,000 domains are spread over
 * a minute or two; FIRST_PAUSE_MS: between those of the first round, which asks
 * under 1,000 questions a second, because public resolvers do not answer more.
 * WRITE_SECONDS: how old dates in the file may be. WANTED_MS: how long mail of a
 * domain that was never looked up waits for that to begin.
 */
enum {
	FIRST_SECONDS = 10,
	PAUSE_MS = 250,
	FIRST_PAUSE_MS = 65,
	WRITE_SECONDS = 60,
	CLOCK_SLACK = 5,
	WANTED_MS = 500,
	LACKING_SECONDS = 2
};

static void
key_watch_lock(struct key_watch *watch)
{
	ENSURE(pthread_mutex_lock(&watch->lock) == 0);
}

static void
key_watch_unlock(struct key_watch *watch)
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

bool
key_watch_rest(struct key_watch *watch, unsigned long ms, bool for_news)
{
	struct timespec until = from_now(ms);
	bool woken;
	int status = 0;

	key_watch_lock(watch);
	while (!(for_news && watch->woken) && !watch->stop && status == 0)
		status =
		    pthread_cond_timedwait(&watch->news, &watch->lock, &until);
	woken = for_news && watch->woken;
	if (for_news)
		watch->woken = false;
	key_watch_unlock(watch);
	return woken;
}

static void
key_watch_write_file(struct watcher *w, time_t now)
{
	struct err err;

	/* Keys that are all gone for a moment must not be forgotten. */
	if (w->view.history == NULL || keystore_is_empty(w->view.keys))
		return;
	if (key_history_write(w->view.history, w->view.keys,
		w->view.config->sign.key_states, &err) != 0) {
		err_wrap(&err, "sign.key-states");
		key_watch_log_fault(w, &err);
		return;
	}
	if (w->fault.kind != ERR_NONE)
		log_write(LOG_LEVEL_INFO,
		    "sign.key-states: written "
		    "again");
	w->fault = (struct err){ .kind = ERR_NONE };
	w->changed = false;
	w->written = now;
}

static void
key_watch_drop(struct watcher *w)
{
	const struct key_watch_hands *hands = &w->watch->hands;

	key_lookup_close(w->lookup);
	w->lookup = NULL;
	if (w->view.config != NULL)
		hands->release(hands->arg, &w->view);
	w->view = (struct key_watch_view){ .config = NULL };
}

/* New keys wait for a reload unless DNS decides which ones sign. */
static uint64_t
key_watch_mark_of(const struct key_watch_view *view, bool *ret_late)
{
	return keystore_mark(
	    view->keys, !key_status_required(view->config), ret_late);
}

/* What is in force now; false: nothing of it is to be watched. */
static bool
key_watch_follow(struct watcher *w)
{
	const struct key_watch_hands *hands = &w->watch->hands;
	struct key_watch_view current = hands->acquire(hands->arg);
	bool is_new = w->view.config == NULL || w->view.keys != current.keys,
	     late;

	if (w->view.config != NULL && is_new &&
	    !config_same_dns(w->view.config, current.config)) {
		key_lookup_close(w->lookup);
		w->lookup = NULL;
	}
	if (w->view.config != NULL)
		hands->release(hands->arg, &w->view);
	w->view = current;
	if (current.history == NULL && !keystore_lacks_keys(current.keys)) {
		key_watch_drop(w);
		return false;
	}
	if (is_new) {
		w->marked = key_watch_mark_of(&current, &late);
		/*
		 * Read once more, so that no key is missed; a wrong date stays
		 * late.
		 */
		w->loaded = late && w->late != w->marked ? 0 : w->marked;
		w->late = late ? w->marked : 0;
	}
	return true;
}

/* A reload may have come first; it has read the keys, too. */
static void
key_watch_renew(struct watcher *w, bool forget_dns)
{
	const struct key_watch_hands *hands = &w->watch->hands;

	hands->renew(hands->arg, w->view.keys, forget_dns);
}

/*
 * Two keys are made one after the other: the directory has to be the same for
 * one more look. What fails is not tried again.
 */
static void
watch_directory(struct watcher *w)
{
	bool late;
	uint64_t mark = key_watch_mark_of(&w->view, &late);

	if (mark != w->loaded && mark == w->marked) {
		log_write(LOG_LEVEL_INFO,
		    "the directory of keys has changed: "
		    "its keys are taken up");
		w->loaded = mark;
		key_watch_renew(w, false);
	}
	w->marked = mark;
}

static void
play_round(struct watcher *w, bool first)
{
	time_t now = clock_steady();
	/* DNS keeps its answers by the wall clock. */
	long long skew = clock_skew(), jump = skew - w->skew;
	unsigned long pause_ms = first ? FIRST_PAUSE_MS : PAUSE_MS;

	if (w->view.history == NULL) {
		watch_directory(w);
		return;
	}
	w->skew = skew;
	if (jump < -CLOCK_SLACK || jump > CLOCK_SLACK) {
		log_write(LOG_LEVEL_WARNING,
		    "the clock was set by %lld seconds: what DNS said before "
		    "is forgotten",
		    jump);
		key_lookup_close(w->lookup);
		w->lookup = NULL;
		key_watch_renew(w, true);
	}
	if (first)
		key_watch_log_roles(w, true);
	w->begun = false;
	key_watch_look(w, now, false, pause_ms);
	key_watch_look(w, now, true, pause_ms);
	if (w->watch->stop)
		return;
	key_watch_log_roles(w, false);
	key_watch_log_silence(w);
	if (key_status_required(w->view.config) ||
	    keystore_lacks_keys(w->view.keys))
		watch_directory(w);
	/* What "submilter keys --forget" took out of the file. */
	if (key_history_forgotten(
		w->view.keys, w->view.config->sign.key_states)) {
		log_write(LOG_LEVEL_INFO, "a domain without keys is forgotten");
		key_watch_renew(w, false);
	}
	if (w->changed || w->written > now || now - w->written >= WRITE_SECONDS)
		key_watch_write_file(w, now);
}

/* Meanwhile, keys that mail waits for are looked up. */
static void
rest_until_next(struct watcher *w, unsigned long ms)
{
	while (ms > 0 && !w->watch->stop) {
		unsigned long slice = ms < WANTED_MS ? ms : WANTED_MS;

		if (key_watch_rest(w->watch, slice, true))
			return;
		ms -= slice;
		key_watch_look_at_wanted(w, clock_steady());
		key_watch_close_unused(w);
	}
}

static void *
watch_keys(void *arg)
{
	struct watcher w = { .watch = arg };
	struct key_watch *watch = arg;
	bool first = true;

	pace_begin();
	while (!watch->stop) {
		unsigned long seconds = 60;

		if (key_watch_follow(&w)) {
			play_round(&w, first);
			first = false;
			/* The next look: a key may be due, or have appeared. */
			seconds = w.view.config->sign.key_interval /
			    (2UL * KEY_RETRY_FACTOR);
			if (seconds == 0)
				seconds = 1;
			if (keystore_lacks_keys(w.view.keys) &&
			    seconds > LACKING_SECONDS)
				seconds = LACKING_SECONDS;
		}
		key_watch_lock(watch);
		watch->rounds++;
		ENSURE(pthread_cond_broadcast(&watch->news) == 0);
		key_watch_unlock(watch);
		rest_until_next(&w, seconds * 1000);
	}
	if (w.view.config != NULL)
		key_watch_write_file(&w, clock_steady());
	key_watch_drop(&w);
	return NULL;
}

/*
 * Whether DNS has never answered for some key. That of very many domains takes
 * minutes, and those that mail needs come first.
 */
static bool
needs_first_round(const struct key_watch_view *view)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	bool needed = false;

	keystore_walk_init(&walk,
	    view->history == NULL || keystore_has_unread(view->keys) ?
		NULL :
		view->keys);
	while (!needed && keystore_walk_next(&walk)) {
		const struct domain_keys *domain = walk.domain;

		for (size_t k = 0; k < domain->count && !needed; k++) {
			struct key_past past;

			key_history_get(
			    view->history, domain->keys[k], &walk.mem, &past);
			needed = past.answered == 0;
		}
	}
	return needed;
}

int
key_watch_start(struct key_watch *watch, const struct key_watch_hands *hands,
    struct err *err)
{
	struct key_watch_view view = hands->acquire(hands->arg);
	bool needed = needs_first_round(&view);
	pthread_condattr_t attributes;
	struct timespec until;
	int status = 0;

	hands->release(hands->arg, &view);
	watch->hands = *hands;
	ENSURE(pthread_condattr_init(&attributes) == 0 &&
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&watch->news, &attributes) == 0 &&
	    pthread_mutex_init(&watch->lock, NULL) == 0 &&
	    pthread_mutex_init(&watch->end, NULL) == 0);
	(void)pthread_condattr_destroy(&attributes);
	if (pthread_create(&watch->thread, NULL, watch_keys, watch) != 0)
		return err_set(err, ERR_TEMP, "cannot start a thread");
	until = from_now(FIRST_SECONDS * 1000UL);
	key_watch_lock(watch);
	while (needed && watch->rounds == 0 && status == 0)
		status =
		    pthread_cond_timedwait(&watch->news, &watch->lock, &until);
	key_watch_unlock(watch);
	if (status != 0)
		log_write(LOG_LEVEL_WARNING,
		    "sign.dkim-key: not all keys were looked up within %d "
		    "seconds; until that is done, mail of their domains is "
		    "answered with 451 where a published key is required",
		    FIRST_SECONDS);
	return 0;
}

void
key_watch_wake(struct key_watch *watch)
{
	key_watch_lock(watch);
	watch->woken = true;
	ENSURE(pthread_cond_broadcast(&watch->news) == 0);
	key_watch_unlock(watch);
}

void
key_watch_stop(struct key_watch *watch)
{
	watch->stop = true;
	key_watch_wake(watch);
	ENSURE(pthread_mutex_lock(&watch->end) == 0);
	if (!watch->ended)
		ENSURE(pthread_join(watch->thread, NULL) == 0);
	watch->ended = true;
	ENSURE(pthread_mutex_unlock(&watch->end) == 0);
}
