/* SPDX-License-Identifier: BSD-2-Clause */
/* First come, first served. */
#include "base/gate.h"

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/ensure.h"

/* A thread that waits, on its own stack: it alone is woken. */
struct gate_waiter {
	sem_t turn;
	struct gate_waiter *next;
};

void
gate_init(struct gate *gate, unsigned int places)
{
	ENSURE(places > 0);
	*gate = (struct gate){ .places = places };
	ENSURE(pthread_mutex_init(&gate->lock, NULL) == 0);
	gate->end = &gate->first;
}

void
gate_done(struct gate *gate)
{
	ENSURE(gate->first == NULL);
	(void)pthread_mutex_destroy(&gate->lock);
}

static void
gate_line_up(struct gate *gate, struct gate_waiter *self)
{
	*gate->end = self;
	gate->end = &self->next;
}

/* The thread that leaves has given its place to this one then. */
static void
gate_wait(struct gate_waiter *self)
{
	while (sem_wait(&self->turn) != 0)
		ENSURE(errno == EINTR);
	(void)sem_destroy(&self->turn);
}

void
gate_enter(struct gate *gate)
{
	struct gate_waiter self = { .next = NULL };
	bool waits;

	ENSURE(pthread_mutex_lock(&gate->lock) == 0);
	waits = gate->places == 0;
	if (waits) {
		ENSURE(sem_init(&self.turn, 0, 0) == 0);
		gate_line_up(gate, &self);
	} else {
		gate->places--;
	}
	ENSURE(pthread_mutex_unlock(&gate->lock) == 0);
	if (waits)
		gate_wait(&self);
}

void
gate_leave(struct gate *gate)
{
	struct gate_waiter *first;

	ENSURE(pthread_mutex_lock(&gate->lock) == 0);
	first = gate->first;
	if (first == NULL) {
		gate->places++;
	} else {
		gate->first = first->next;
		if (gate->first == NULL)
			gate->end = &gate->first;
	}
	ENSURE(pthread_mutex_unlock(&gate->lock) == 0);
	/* Without the lock: whoever is woken would wait for it at once. */
	if (first != NULL)
		ENSURE(sem_post(&first->turn) == 0);
}

unsigned int
gate_waiting(struct gate *gate)
{
	unsigned int count = 0;

	ENSURE(pthread_mutex_lock(&gate->lock) == 0);
	for (const struct gate_waiter *w = gate->first; w != NULL; w = w->next)
		count++;
	ENSURE(pthread_mutex_unlock(&gate->lock) == 0);
	return count;
}
