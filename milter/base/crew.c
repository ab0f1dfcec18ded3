/* SPDX-License-Identifier: BSD-2-Clause */
/* First come, first served. */
#include "base/crew.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ensure.h"

/* On the stack of the thread that brought it, which waits until it is done. */
struct crew_piece {
	void (*work)(void *arg);
	void *arg;
	sem_t done;
	struct crew_piece *next;
};

static void
crew_lock(struct crew *crew)
{
	ENSURE(pthread_mutex_lock(&crew->lock) == 0);
}

static void
crew_unlock(struct crew *crew)
{
	ENSURE(pthread_mutex_unlock(&crew->lock) == 0);
}

/* All that waits, until nothing does. The lock is held, but not for the work. */
static void
crew_work(struct crew *crew)
{
	struct crew_piece *piece;

	while ((piece = crew->first) != NULL) {
		crew->first = piece->next;
		if (crew->first == NULL)
			crew->end = &crew->first;
		crew_unlock(crew);
		piece->work(piece->arg);
		ENSURE(sem_post(&piece->done) == 0);
		crew_lock(crew);
	}
}

static void
crew_wait(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		ENSURE(errno == EINTR);
}

static void *
crew_thread(void *arg)
{
	struct crew *crew = arg;

	crew_lock(crew);
	while (!crew->is_ending) {
		/* Somebody else may have taken the place, or the work. */
		if (crew->busy < crew->places) {
			crew->busy++;
			crew_work(crew);
			crew->busy--;
		}
		crew_unlock(crew);
		crew_wait(&crew->work);
		crew_lock(crew);
	}
	crew_unlock(crew);
	return NULL;
}

int
crew_start(struct crew *crew, unsigned int places, struct err *err)
{
	ENSURE(places > 0);
	*crew = (struct crew){ .places = places };
	ENSURE(pthread_mutex_init(&crew->lock, NULL) == 0);
	ENSURE(sem_init(&crew->work, 0, 0) == 0);
	crew->end = &crew->first;
	crew->threads = calloc(places, sizeof(*crew->threads));
	while (crew->thread_count < places) {
		if (crew->threads == NULL ||
		    pthread_create(&crew->threads[crew->thread_count], NULL,
			crew_thread, crew) != 0) {
			crew_stop(crew);
			err_set(err, ERR_TEMP, "cannot start a thread");
			return -1;
		}
		crew->thread_count++;
	}
	return 0;
}

void
crew_stop(struct crew *crew)
{
	crew_lock(crew);
	ENSURE(crew->first == NULL);
	crew->is_ending = true;
	crew_unlock(crew);
	for (unsigned int i = 0; i < crew->thread_count; i++)
		ENSURE(sem_post(&crew->work) == 0);
	for (unsigned int i = 0; i < crew->thread_count; i++)
		ENSURE(pthread_join(crew->threads[i], NULL) == 0);
	free(crew->threads);
	(void)sem_destroy(&crew->work);
	(void)pthread_mutex_destroy(&crew->lock);
}

static void
crew_line_up(struct crew *crew, struct crew_piece *piece)
{
	*crew->end = piece;
	crew->end = &piece->next;
}

void
crew_do(struct crew *crew, void (*work)(void *arg), void *arg)
{
	struct crew_piece self = { .work = work, .arg = arg };
	bool waits, others_wait;

	crew_lock(crew);
	waits = crew->first != NULL || crew->busy == crew->places;
	if (waits) {
		ENSURE(sem_init(&self.done, 0, 0) == 0);
		crew_line_up(crew, &self);
	} else {
		crew->busy++;
	}
	crew_unlock(crew);
	if (waits) {
		crew_wait(&self.done);
		(void)sem_destroy(&self.done);
		return;
	}
	work(arg);
	crew_lock(crew);
	crew->busy--;
	others_wait = crew->first != NULL;
	crew_unlock(crew);
	/* A thread of the crew is idle: there are as many of them as places. */
	if (others_wait)
		ENSURE(sem_post(&crew->work) == 0);
}

unsigned int
crew_waiting(struct crew *crew)
{
	unsigned int count = 0;

	crew_lock(crew);
	for (const struct crew_piece *p = crew->first; p != NULL; p = p->next)
		count++;
	crew_unlock(crew);
	return count;
}
