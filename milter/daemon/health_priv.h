/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_HEALTH_PRIV_H
#define SUBMILTER_DAEMON_HEALTH_PRIV_H

#include "daemon_priv.h"

enum health_check {
	HEALTH_SOCKET, /* the MTA can connect */
	HEALTH_KEYS,   /* a key signs, if there are any */
	HEALTH_TABLES, /* each table answers */
	HEALTH_CHECKS
};

/* "socket", "keys", "tables". */
const char *health_check_name(enum health_check check);

/* How it was found; details are labels of tables, and name nobody. */
struct health_result {
	bool is_known; /* false: the first look is not over yet */
	bool good[HEALTH_CHECKS];
	char failing[512]; /* tables, with ", " between them */
};

/*
 * A thread looks every HEALTH_SECONDS, whoever asks and how often: a table is
 * asked itself only if mail has not asked it for a while, or it failed. All of it
 * outlives the thread, which ends with the process.
 */
enum { HEALTH_SECONDS = 5 };
struct health {
	struct snapshot_slot *slot;
	const struct listener *listener;
	size_t next_domain; /* whose key is tried next; by the thread alone */
	pthread_mutex_t lock;
	struct health_result result;
};

/* -1 (ERR_TEMP). */
MUST_USE int health_start(struct health *health, struct snapshot_slot *slot,
    const struct listener *listener, struct err *err);
/* The last result. Thread-safe, does not wait. */
void health_read(struct health *health, struct health_result *ret_result);
bool health_is_good(const struct health_result *result);

#endif
