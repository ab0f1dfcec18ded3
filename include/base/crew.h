/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_CREW_H
#define SUBMILTER_BASE_CREW_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include "base/err.h"

/*
 * Does work of which no more than so many pieces shall run at a time, in the
 * order in which they came. While nobody waits, whoever comes does its own. What
 * has to wait is done by threads of the crew, one piece after the other, so that
 * no core waits until whoever brought the next one has woken up. All functions
 * but start and stop are thread-safe.
 */
struct crew {
	pthread_mutex_t lock;
	/*
	 * Posted when a place is left while somebody waits. A semaphore: glibc
	 * before 2.41 may lose a signal of a condition (its bug 25847).
	 */
	sem_t work;
	unsigned int places;
	unsigned int busy;	  /* places that are taken */
	struct crew_piece *first; /* that waits */
	struct crew_piece **end;
	bool is_ending;
	unsigned int thread_count;
	pthread_t *threads;
};

/*
 * places: at least one; as many threads are started. -1 (ERR_TEMP) when there
 * can be none; nothing is left to stop then.
 */
MUST_USE int crew_start(
    struct crew *crew, unsigned int places, struct err *err);
/* Nobody brings work any more, or waits. Waits for the threads' end. */
void crew_stop(struct crew *crew);

/*
 * Calls work(arg) when it is its turn, in this thread or in one of the crew, and
 * returns after it. Blocks for as long as those before it need.
 */
void crew_do(struct crew *crew, void (*work)(void *arg), void *arg);

/* How many wait just now. */
unsigned int crew_waiting(struct crew *crew);

#endif
