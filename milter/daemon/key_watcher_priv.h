/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_KEY_WATCHER_PRIV_H
#define SUBMILTER_DAEMON_KEY_WATCHER_PRIV_H

#include "key_watch_priv.h"
#include "keys/key_lookup.h"

/* What the thread has for itself. */
struct watcher {
	struct key_watch *watch;
	struct key_watch_view view; /* of this round */
	struct key_lookup *lookup;  /* by its configuration; NULL: not open */
	uint64_t lookup_used_us;    /* when it was last asked */
	size_t silent;		    /* keys that DNS did not answer for */
	bool changed; /* something that the file does not have yet */
	bool begun;   /* of this round: something was asked */
	time_t written;
	uint64_t loaded;  /* keystore_mark() of what is in use */
	uint64_t marked;  /* and of what was there last */
	long long skew;	  /* of the wall clock, when it was last looked at */
	uint64_t late;	  /* of what was read a second time already */
	struct err fault; /* of DNS settings or the file, logged already */
};

/* A key that is not published is looked up so many times as often. */
enum { KEY_RETRY_FACTOR = 5 };

/*
 * Sleeps until a stop, or the time is over; until something else is in force,
 * too, where for_news. True: something else is.
 */
bool key_watch_rest(struct key_watch *watch, unsigned long ms, bool for_news);
/*
 * Looks up all keys that are due, window by window, with a pause before each but
 * the first one of a round; silent: those for which DNS did not answer.
 */
void key_watch_look(
    struct watcher *w, time_t now, bool silent, unsigned long pause_ms);
/* Looks up those that mail was told to wait for. */
void key_watch_look_at_wanted(struct watcher *w, time_t now);
/* What looked keys up takes megabytes: without a look for a while it is closed. */
void key_watch_close_unused(struct watcher *w);

/* Logs a fault of DNS settings or of the file, if it was not the last one. */
void key_watch_log_fault(struct watcher *w, const struct err *err);
/* Logs each key whose role is another one than before; quiet: only notes it. */
void key_watch_log_roles(struct watcher *w, bool quiet);
/* Logs when DNS stops to answer for some keys, and when it answers for all again. */
void key_watch_log_silence(struct watcher *w);

#endif
