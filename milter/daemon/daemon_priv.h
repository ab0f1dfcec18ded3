/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_PRIV_H
#define SUBMILTER_DAEMON_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>

#include "daemon/account.h"
#include "key_watch_priv.h"
#include "pipeline/snapshot.h"

/*
 * Opens the socket that the configuration names, through libmilter. A Unix
 * socket that a living process serves is never taken (ERR_TEMP); a file that a
 * dead one left is replaced. Where another user owns a directory on its path,
 * root acts as this user, to whom the socket then belongs.
 */
MUST_USE int socket_open(const struct config *config,
    const struct account *account, struct arena *mem, struct err *err);
/* The option socket-mode. */
mode_t socket_file_mode(const struct config *config, struct arena *mem);
/*
 * Removes the file of a Unix socket; once it was served, unless another process
 * serves it now.
 */
void socket_remove(const char *path, bool served, struct arena *mem);

/* A table_report that writes to the log. */
void log_part_fault(void *arg, bool is_error, const char *text);

/* Whether there is mail. */
struct idle {
	unsigned long messages; /* that had ended when it was last looked at */
	uint64_t due_us;	/* when memory is given back; 0: it was */
};

void idle_start(struct idle *idle, uint64_t now_us);
/*
 * Gives memory back (base/memory.h), once, when no message has ended for half a
 * minute. Call it now and then; by one thread.
 */
void idle_look(struct idle *idle, uint64_t now_us);

/* Where libmilter waits for connections; see listener.c. */
struct listener {
	int fd;		  /* -1: it was not found */
	const char *path; /* of a Unix socket; NULL: there is no file */
	mode_t mode;
	gid_t gid;
	struct stat file; /* the one that is ours */
	bool is_lost;	  /* that is logged */
};

/* The socket is open; path outlives the listener. */
void listener_start(
    struct listener *listener, const char *path, mode_t mode, gid_t gid);
/*
 * Makes the file of a Unix socket anew when it was removed or replaced, and logs
 * it; what another process put there stays. By one thread.
 */
void listener_look(struct listener *listener);
/* Removes the file of a Unix socket that is ours; root leaves it to the next. */
void listener_remove(const struct listener *listener);
/* Whether libmilter has closed it, which it does when it ends. */
bool listener_is_closed(const struct listener *listener);
/*
 * Whether an MTA can connect: it listens, and the file of a Unix socket is there.
 * Thread-safe.
 */
bool listener_is_open(const struct listener *listener);
/* Connects for a moment: libmilter then looks whether it shall end. */
void listener_wake(const struct listener *listener);

/*
 * Waits, but not for more than some seconds, until the configuration and the
 * tables that it names have been left alone for a moment.
 */
void settle(const char *path);

/* What systemd is told, if it started us. By one thread. */
struct notifier {
	time_t loaded;	   /* the configuration in force */
	time_t refused;	   /* the last reload, or 0 */
	struct err reason; /* of that */
	char said[1024];   /* the last status */
};

void notify_start(struct notifier *notifier);
/* We serve: domains, keys, and since when the configuration is in force. */
void notify_ready(
    const struct notifier *notifier, const struct snapshot *snapshot);
/* The status once more, if it has changed. */
void notify_look(struct notifier *notifier, const struct snapshot *snapshot);
/* A reload begins; it is over, and was refused if err is not NULL. */
void notify_reloading(void);
void notify_reloaded(struct notifier *notifier, const struct snapshot *snapshot,
    const struct err *err);
void notify_stopping(void);

/*
 * The thread that takes up changed tables, within three seconds, without a
 * reload; see table_watch.c. It ends with the process. All of it outlives the
 * thread.
 */
struct status_writer;
struct table_watch {
	struct snapshot_slot *slot;
	struct status_writer *status;
	struct key_watch *key_watch; /* set by the caller; or NULL */
};

/* -1 (ERR_TEMP). */
MUST_USE int table_watch_start(struct table_watch *watch,
    struct snapshot_slot *slot, struct status_writer *status, struct err *err);

/* key_hand_over.c: gives the key watch what the current snapshot has. */
struct key_hand_over {
	struct snapshot_slot *slot;
	struct key_watch *watch; /* is woken when its keys were read anew */
};

/* They are valid as long as hand_over. */
struct key_watch_hands key_hand_over_hands(struct key_hand_over *hand_over);

#endif
