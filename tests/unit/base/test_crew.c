/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/crew.h"

enum { THREADS = 8, TURNS = 2000, PLACES = 2, HANGING_SECONDS = 60 };

struct queue {
	struct crew crew;
	pthread_t threads[THREADS];
	sem_t may_end; /* what holds a place */
	atomic_uint holding;
	atomic_uint inside;
	atomic_uint most_inside;
	atomic_uint turns;
	/* Who came in, by the order of the crew: only one is in at a time. */
	pthread_t order[THREADS + 1];
	size_t served;
};

/* A piece of work, and whose it is. */
struct turn {
	struct queue *queue;
	pthread_t owner;
	pthread_t done_by;
};

/* A wake-up that is lost ends the test instead of hanging it. */
static void
queue_begin(struct queue *queue, unsigned int places)
{
	struct err err;

	*queue = (struct queue){ .served = 0 };
	assert_int_equal(sem_init(&queue->may_end, 0, 0), 0);
	assert_int_equal(crew_start(&queue->crew, places, &err), 0);
	(void)alarm(HANGING_SECONDS);
}

static void
queue_end(struct queue *queue)
{
	assert_int_equal(crew_waiting(&queue->crew), 0);
	crew_stop(&queue->crew);
	(void)sem_destroy(&queue->may_end);
	(void)alarm(0);
}

static void
wait_until_so_many_wait(struct queue *queue, unsigned int count)
{
	while (crew_waiting(&queue->crew) != count)
		(void)sched_yield();
}

static void
start_all(struct queue *queue, void *(*start)(void *arg))
{
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(
		    pthread_create(&queue->threads[i], NULL, start, queue), 0);
		wait_until_so_many_wait(queue, i + 1);
	}
}

static void
join_all(struct queue *queue)
{
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(queue->threads[i], NULL), 0);
}

static void
wait_for_leave(void *arg)
{
	struct queue *queue = arg;

	atomic_fetch_add(&queue->holding, 1);
	assert_int_equal(sem_wait(&queue->may_end), 0);
}

static void *
hold_a_place(void *arg)
{
	struct queue *queue = arg;

	crew_do(&queue->crew, wait_for_leave, queue);
	return NULL;
}

/* Those that hold come back with the others. */
static void
take_all_places(struct queue *queue, pthread_t *ret_holders, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(
		    pthread_create(&ret_holders[i], NULL, hold_a_place, queue),
		    0);
	while (atomic_load(&queue->holding) != count)
		(void)sched_yield();
}

static void
leave_all_places(
    struct queue *queue, const pthread_t *holders, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(sem_post(&queue->may_end), 0);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(pthread_join(holders[i], NULL), 0);
}

static void
note_turn(void *arg)
{
	struct turn *turn = arg;

	turn->done_by = pthread_self();
	turn->queue->order[turn->queue->served++] = turn->owner;
}

static void *
take_one_turn(void *arg)
{
	struct turn turn = { .queue = arg, .owner = pthread_self() };

	crew_do(&turn.queue->crew, note_turn, &turn);
	return NULL;
}

static void
who_comes_first_is_served_first(void **state)
{
	struct queue queue;
	pthread_t holder;

	(void)state;
	queue_begin(&queue, 1);
	take_all_places(&queue, &holder, 1);
	start_all(&queue, take_one_turn);
	leave_all_places(&queue, &holder, 1);
	join_all(&queue);
	assert_int_equal(queue.served, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		assert_true(
		    pthread_equal(queue.order[i], queue.threads[i]) != 0);
	queue_end(&queue);
}

static void *
hold_and_come_back(void *arg)
{
	(void)hold_a_place(arg);
	return take_one_turn(arg);
}

/* The thread that leaves is running, and would be faster. */
static void
who_comes_back_at_once_is_behind_those_who_wait(void **state)
{
	struct queue queue;
	pthread_t holder;

	(void)state;
	queue_begin(&queue, 1);
	assert_int_equal(
	    pthread_create(&holder, NULL, hold_and_come_back, &queue), 0);
	while (atomic_load(&queue.holding) != 1)
		(void)sched_yield();
	start_all(&queue, take_one_turn);
	leave_all_places(&queue, &holder, 1);
	join_all(&queue);
	assert_int_equal(queue.served, THREADS + 1);
	assert_true(pthread_equal(queue.order[THREADS], holder) != 0);
	queue_end(&queue);
}

/* No thread has to be woken for it. */
static void
who_comes_alone_does_its_work_itself(void **state)
{
	struct queue queue;
	struct turn turn = { .queue = &queue };

	(void)state;
	queue_begin(&queue, 1);
	for (size_t i = 0; i < THREADS; i++) {
		crew_do(&queue.crew, note_turn, &turn);
		assert_true(pthread_equal(turn.done_by, pthread_self()) != 0);
	}
	queue_end(&queue);
}

static void
count_inside(void *arg)
{
	struct queue *queue = arg;
	unsigned int inside, most;

	inside = atomic_fetch_add(&queue->inside, 1) + 1;
	most = atomic_load(&queue->most_inside);
	while (inside > most &&
	    !atomic_compare_exchange_weak(&queue->most_inside, &most, inside))
		;
	if (atomic_load(&queue->turns) % 16 == 0)
		(void)sched_yield();
	atomic_fetch_sub(&queue->inside, 1);
}

static void *
take_many_turns(void *arg)
{
	struct queue *queue = arg;

	for (unsigned int i = 0; i < TURNS; i++) {
		crew_do(&queue->crew, count_inside, queue);
		atomic_fetch_add(&queue->turns, 1);
	}
	return NULL;
}

static void
no_more_run_than_there_are_places_and_none_is_forgotten(void **state)
{
	struct queue queue;
	pthread_t holders[PLACES];

	(void)state;
	queue_begin(&queue, PLACES);
	/* With nobody else there all places are free. */
	take_all_places(&queue, holders, PLACES);
	start_all(&queue, take_many_turns);
	assert_int_equal(atomic_load(&queue.inside), 0);
	leave_all_places(&queue, holders, PLACES);
	join_all(&queue);
	assert_int_equal(atomic_load(&queue.turns), THREADS * TURNS);
	assert_true(atomic_load(&queue.most_inside) <= PLACES);
	queue_end(&queue);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_first_is_served_first),
		cmocka_unit_test(
		    who_comes_back_at_once_is_behind_those_who_wait),
		cmocka_unit_test(who_comes_alone_does_its_work_itself),
		cmocka_unit_test(
		    no_more_run_than_there_are_places_and_none_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
