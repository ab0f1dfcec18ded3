/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_KEY_WATCH_PRIV_H
#define SUBMILTER_DAEMON_KEY_WATCH_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "keys/key_role.h"

/* What is in force: settings, keys, and what DNS showed of them. */
struct key_watch_view {
	const struct config *config;
	struct keystore *keys;	     /* NULL: none */
	struct key_history *history; /* NULL: DNS is not asked */
	void *owner;		     /* whose parts these are */
};

/* Gives the watch what is in force. Its own thread calls. */
struct key_watch_hands {
	void *arg;
	/* What is in force now. It stays valid until it is released. */
	struct key_watch_view (*acquire)(void *arg);
	void (*release)(void *arg, struct key_watch_view *view);
	/*
	 * These keys are to be read anew, unless that was done already; and
	 * what DNS said before counts no more, where forget_dns. The watch is
	 * woken when others are in force.
	 */
	void (*renew)(void *arg, const struct keystore *keys, bool forget_dns);
};

/*
 * The thread that looks all keys up in DNS, logs what changes, and keeps the
 * file of states. It is given what is in force: a reload counts from its next
 * look on. Where DNS decides which keys sign, it takes up keys itself after
 * their directory has changed and come to rest; elsewhere only where keys are
 * missing.
 */
struct key_watch {
	struct key_watch_hands hands;
	pthread_t thread;
	pthread_mutex_t lock; /* of woken and rounds */
	pthread_cond_t news;
	bool woken;
	unsigned long rounds; /* that are over */
	_Atomic bool stop;
	pthread_mutex_t end; /* of ended, held while one waits for it */
	bool ended;
};

/*
 * Begins it. Where nothing is known of some key yet, waits for the first round,
 * but not for more than some seconds: until then messages of that domain would
 * be told to come again. -1 (ERR_TEMP).
 */
MUST_USE int key_watch_start(struct key_watch *watch,
    const struct key_watch_hands *hands, struct err *err);
/* Something else is in force. Thread-safe, also behind key_watch_stop(). */
void key_watch_wake(struct key_watch *watch);
/*
 * Ends the thread, within a second, and writes the file. Thread-safe; all but the
 * first call wait for that alone.
 */
void key_watch_stop(struct key_watch *watch);

#endif
