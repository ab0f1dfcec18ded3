/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_GATE_H
#define SUBMILTER_BASE_GATE_H

#include <pthread.h>

/*
 * Lets so many threads in at a time, and the others in the order in which they
 * came. A place that is left goes to the first who waits: nobody who comes
 * meanwhile takes it. All functions but init and done are thread-safe.
 */
struct gate {
	pthread_mutex_t lock;
	unsigned int places; /* that are free: none while somebody waits */
	struct gate_waiter *first;
	struct gate_waiter **end;
};

/* places: at least one. */
void gate_init(struct gate *gate, unsigned int places);
/* Nobody is in, or waits. */
void gate_done(struct gate *gate);

/*
 * Blocks until it is the caller's turn: as long as those before it stay in.
 * Each call is followed by gate_leave(), by any thread.
 */
void gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);

/* How many wait just now. */
unsigned int gate_waiting(struct gate *gate);

#endif
