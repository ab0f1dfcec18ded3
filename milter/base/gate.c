/* SPDX-License-Identifier: BSD-2-Clause */
/* First come, first served. */
#include "base/gate.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/ensure.h"

/* A thread that waits, on its own stack: it alone is woken. */
struct gate_waiter {
	pthread_cond_t turn;
	bool has_place;
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

static void
gate_wait(struct gate *gate)
{
	struct gate_waiter self = { .has_place = false };

	ENSURE(pthread_cond_init(&self.turn, NULL) == 0);
	gate_line_up(gate, &self);
	while (!self.has_place)
		ENSURE(pthread_cond_wait(&self.turn, &gate->lock) == 0);
	(void)pthread_cond_destroy(&self.turn);
}

void
gate_enter(struct gate *gate)
{
	ENSURE(pthread_mutex_lock(&gate->lock) == 0);
	if (gate->places > 0)
		gate->places--;
	else
		gate_wait(gate);
	ENSURE(pthread_mutex_unlock(&gate->lock) == 0);
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
		first->has_place = true;
		/* It goes on, and its stack with it, once the lock is free. */
		ENSURE(pthread_cond_signal(&first->turn) == 0);
	}
	ENSURE(pthread_mutex_unlock(&gate->lock) == 0);
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
