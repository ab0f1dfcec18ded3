/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/gate.h"

enum { THREADS = 8, TURNS = 2000, PLACES = 2, HANGING_SECONDS = 60 };

struct queue {
	struct gate gate;
	pthread_t threads[THREADS];
	atomic_uint inside;
	atomic_uint most_inside;
	atomic_uint turns;
	/* Who came in, by the gate's own order: only one is in at a time. */
	pthread_t order[THREADS + 1];
	size_t served;
};

/* A wake-up that is lost ends the test instead of hanging it. */
static void
queue_begin(struct queue *queue, unsigned int places)
{
	*queue = (struct queue){ .served = 0 };
	gate_init(&queue->gate, places);
	(void)alarm(HANGING_SECONDS);
}

static void
queue_end(struct queue *queue)
{
	(void)alarm(0);
	gate_done(&queue->gate);
}

static void
wait_until_so_many_wait(struct queue *queue, unsigned int count)
{
	while (gate_waiting(&queue->gate) != count)
		(void)sched_yield();
}

static void
join_all(struct queue *queue)
{
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(queue->threads[i], NULL), 0);
}

static void *
take_one_turn(void *arg)
{
	struct queue *queue = arg;

	gate_enter(&queue->gate);
	queue->order[queue->served++] = pthread_self();
	gate_leave(&queue->gate);
	return NULL;
}

static void
who_comes_first_is_served_first(void **state)
{
	struct queue queue;

	(void)state;
	queue_begin(&queue, 1);
	gate_enter(&queue.gate);
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&queue.threads[i], NULL,
				     take_one_turn, &queue),
		    0);
		wait_until_so_many_wait(&queue, i + 1);
	}
	gate_leave(&queue.gate);
	join_all(&queue);
	assert_int_equal(queue.served, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		assert_true(
		    pthread_equal(queue.order[i], queue.threads[i]) != 0);
	queue_end(&queue);
}

/* The thread that leaves is running, and would be faster. */
static void
who_comes_back_at_once_is_behind_those_who_wait(void **state)
{
	struct queue queue;

	(void)state;
	queue_begin(&queue, 1);
	gate_enter(&queue.gate);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&queue.threads[i], NULL,
				     take_one_turn, &queue),
		    0);
	wait_until_so_many_wait(&queue, THREADS);
	gate_leave(&queue.gate);
	(void)take_one_turn(&queue);
	join_all(&queue);
	assert_true(pthread_equal(queue.order[THREADS], pthread_self()) != 0);
	queue_end(&queue);
}

static void *
take_many_turns(void *arg)
{
	struct queue *queue = arg;
	unsigned int inside, most;

	for (unsigned int i = 0; i < TURNS; i++) {
		gate_enter(&queue->gate);
		inside = atomic_fetch_add(&queue->inside, 1) + 1;
		most = atomic_load(&queue->most_inside);
		while (inside > most &&
		    !atomic_compare_exchange_weak(
			&queue->most_inside, &most, inside))
			;
		if (i % 16 == 0)
			(void)sched_yield();
		atomic_fetch_sub(&queue->inside, 1);
		gate_leave(&queue->gate);
		atomic_fetch_add(&queue->turns, 1);
	}
	return NULL;
}

static void
no_more_are_in_than_there_are_places_and_none_is_forgotten(void **state)
{
	struct queue queue;

	(void)state;
	queue_begin(&queue, PLACES);
	/* With nobody else there all places are free. */
	gate_enter(&queue.gate);
	gate_enter(&queue.gate);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&queue.threads[i], NULL,
				     take_many_turns, &queue),
		    0);
	wait_until_so_many_wait(&queue, THREADS);
	assert_int_equal(atomic_load(&queue.inside), 0);
	gate_leave(&queue.gate);
	gate_leave(&queue.gate);
	join_all(&queue);
	assert_int_equal(atomic_load(&queue.turns), THREADS * TURNS);
	assert_true(atomic_load(&queue.most_inside) <= PLACES);
	assert_int_equal(gate_waiting(&queue.gate), 0);
	assert_int_equal(queue.gate.places, PLACES);
	queue_end(&queue);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_first_is_served_first),
		cmocka_unit_test(
		    who_comes_back_at_once_is_behind_those_who_wait),
		cmocka_unit_test(
		    no_more_are_in_than_there_are_places_and_none_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
