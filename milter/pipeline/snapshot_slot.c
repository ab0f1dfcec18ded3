/* SPDX-License-Identifier: BSD-2-Clause */
/* The snapshot in force, and those that were. */
#include "pipeline/snapshot.h"

void
snapshot_slot_init(struct snapshot_slot *slot, struct snapshot *first)
{
	ENSURE(pthread_mutex_init(&slot->lock, NULL) == 0 &&
	    pthread_mutex_init(&slot->change, NULL) == 0);
	slot->current = first;
	slot->retired = NULL;
}

struct snapshot *
snapshot_acquire(struct snapshot_slot *slot)
{
	struct snapshot *snapshot;

	ENSURE(pthread_mutex_lock(&slot->lock) == 0);
	snapshot = snapshot_ref(slot->current);
	ENSURE(pthread_mutex_unlock(&slot->lock) == 0);
	return snapshot;
}

void
snapshot_change_begin(struct snapshot_slot *slot)
{
	ENSURE(pthread_mutex_lock(&slot->change) == 0);
	/* What is not needed need not be there beside a new one. */
	snapshot_sweep(slot);
}

void
snapshot_change_end(struct snapshot_slot *slot)
{
	ENSURE(pthread_mutex_unlock(&slot->change) == 0);
}

/* Takes one out that only the list still has; NULL: there is none. */
static struct snapshot *
take_idle(struct snapshot_slot *slot)
{
	struct snapshot **link = &slot->retired, *idle;

	ENSURE(pthread_mutex_lock(&slot->lock) == 0);
	/* Nobody can take a reference who has none. */
	while (*link != NULL && (*link)->references != 1)
		link = &(*link)->next_retired;
	idle = *link;
	if (idle != NULL)
		*link = idle->next_retired;
	ENSURE(pthread_mutex_unlock(&slot->lock) == 0);
	return idle;
}

void
snapshot_sweep(struct snapshot_slot *slot)
{
	struct snapshot *idle;

	/* One that is freed may have held another one. */
	while ((idle = take_idle(slot)) != NULL)
		snapshot_unref(idle);
}

void
snapshot_publish(struct snapshot_slot *slot, struct snapshot *snapshot)
{
	struct snapshot *old;

	ENSURE(pthread_mutex_lock(&slot->lock) == 0);
	old = slot->current;
	slot->current = snapshot;
	if (old != NULL) {
		old->next_retired = slot->retired;
		slot->retired = old;
	}
	ENSURE(pthread_mutex_unlock(&slot->lock) == 0);
	snapshot_sweep(slot);
}

void
snapshot_slot_done(struct snapshot_slot *slot)
{
	struct snapshot *left;

	snapshot_publish(slot, NULL);
	/* Whoever holds one frees it. */
	while ((left = slot->retired) != NULL) {
		slot->retired = left->next_retired;
		snapshot_unref(left);
	}
	(void)pthread_mutex_destroy(&slot->lock);
	(void)pthread_mutex_destroy(&slot->change);
}
