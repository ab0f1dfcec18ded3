/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_PRIV_H
#define SUBMILTER_DAEMON_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>

#include "daemon/account.h"
#include "pipeline/snapshot.h"

/*
 * Opens the socket that the configuration names, through libmilter. A Unix
 * socket that a living process serves is never taken (ERR_TEMP); a file that a
 * dead one left is replaced. Where another user owns a directory on its path,
 * root acts as this user, to whom the socket then belongs. *ret_path is the path
 * of a Unix socket, else NULL.
 */
MUST_USE int socket_open(const struct config *config,
    const struct account *account, struct arena *mem, const char **ret_path,
    struct err *err);
/*
 * Removes the file of a Unix socket; once it was served, unless another process
 * serves it now.
 */
void socket_remove(const char *path, bool served, struct arena *mem);

/* Where libmilter waits for connections; see listener.c. */
struct listener {
	int fd;			/* -1: it was not found */
	const char *path;	/* of a Unix socket; NULL: there is no file */
	mode_t mode;
	gid_t gid;
	struct stat file;	/* the one that is ours */
	bool is_lost;		/* that is logged */
};

/* The socket is open; path outlives the listener. */
void listener_start(struct listener *listener, const char *path, mode_t mode,
    gid_t gid);
/*
 * Makes the file of a Unix socket anew when it was removed or replaced, and logs
 * it; what another process put there stays. By one thread.
 */
void listener_look(struct listener *listener);
/* Whether libmilter has closed it, which it does when it ends. */
bool listener_is_closed(const struct listener *listener);
/* Connects for a moment: libmilter then looks whether it shall end. */
void listener_wake(const struct listener *listener);

/*
 * Waits, but not for more than some seconds, until the configuration and the
 * tables that it names have been left alone for a moment.
 */
void settle(const char *path);

/*
 * The thread that looks all keys up in DNS, logs what changes, and keeps the
 * file of states. It goes by the current snapshot: what a reload changes counts
 * from its next look on. Where DNS decides which keys sign, it takes up the keys
 * itself when their directory has changed, and is quiet since; elsewhere only
 * where keys are missing.
 */
struct key_watch {
	struct snapshot_slot *slot;
	pthread_t thread;
	pthread_mutex_t lock;	/* of woken and rounds */
	pthread_cond_t news;
	bool woken;
	unsigned long rounds;	/* that are over */
	_Atomic bool stop;
};

/*
 * Begins it. Where nothing is known of some key yet, waits for the first round,
 * but not for more than some seconds: until then messages of that domain would
 * be told to come again. -1 (ERR_TEMP).
 */
MUST_USE int key_watch_start(struct key_watch *watch,
    struct snapshot_slot *slot, struct err *err);
/* There is a new snapshot. Thread-safe, also behind key_watch_stop(). */
void key_watch_wake(struct key_watch *watch);
/* Ends the thread, within a second, and writes the file. */
void key_watch_stop(struct key_watch *watch);

/*
 * Another number whenever a key was added to or removed from the directories
 * of a snapshot that has keys, or a file was changed in one of a domain that
 * lacks all of them; lacking_only: all but the latter count for nothing. An empty
 * directory of all keys is such a one, too. *ret_late: one of them was changed
 * when the snapshot began to be read, or later, so that it may lack a key. Reads
 * no file.
 */
uint64_t key_directory_mark(const struct snapshot *snapshot, bool lacking_only,
    bool *ret_late);

#endif
