/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_tables TABLE THREADS ROUNDS [kept KEYS]: asks a table for each line of
 * standard input ROUNDS times, the lines shared out among threads. "kept": with
 * a cache in front that knows all of them before, and so many keys a look-up.
 * Prints look-ups, those that found something, those that failed, seconds, and
 * seconds of CPU of this process. Only look-ups count: neither the start nor the
 * first one of each thread, which connects.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "table/table.h"
#include "table/world.h"

enum { MAX_THREADS = 256, MAX_KEYS = 8, MAX_LINES = 10000000, PATIENCE_S = 60 };

struct lines {
	struct slice *items;
	size_t count;
	struct arena mem;
};

struct asker {
	const struct table *table;
	const struct lines *lines;
	pthread_barrier_t *ready, *begin;
	size_t first, step; /* its lines: first, first + step and so on */
	size_t keys;	    /* of a look-up */
	unsigned long rounds;
	unsigned long asked, found, failed;
	pthread_t thread;
};

/* A look-up of the lines from one on, as a message would ask. */
static void
ask(struct asker *asker, size_t line)
{
	struct slice items[MAX_KEYS], values[MAX_KEYS];
	struct arena mem;
	struct err err;
	const struct table_context context = { .mem = &mem,
		.deadline_us = clock_monotonic_us() + PATIENCE_S * 1000000ULL,
		.err = &err };

	for (size_t i = 0; i < asker->keys; i++)
		items[i] =
		    asker->lines->items[(line + i) % asker->lines->count];
	arena_init(&mem);
	switch (table_lookup(asker->table,
	    &(struct table_keys){ items, asker->keys }, &context, values)) {
	case TABLE_FOUND:
		asker->found++;
		break;
	case TABLE_ABSENT:
		break;
	case TABLE_FAILED:
		if (asker->failed++ == 0)
			fprintf(stderr, "bench_tables: %s\n", err.text);
		break;
	}
	asker->asked++;
	arena_done(&mem);
}

static void
barrier_wait(pthread_barrier_t *barrier)
{
	int status = pthread_barrier_wait(barrier);

	ENSURE(status == 0 || status == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void *
ask_all(void *arg)
{
	struct asker *asker = arg;

	ask(asker, asker->first % asker->lines->count);
	asker->asked = asker->found = asker->failed = 0;
	barrier_wait(asker->ready);
	barrier_wait(asker->begin);
	for (unsigned long round = 0; round < asker->rounds; round++) {
		for (size_t line = asker->first; line < asker->lines->count;
		     line += asker->step)
			ask(asker, line);
	}
	return NULL;
}

/* Of this process, in microseconds. */
static unsigned long
cpu_us(void)
{
	struct rusage usage;

	ENSURE(getrusage(RUSAGE_SELF, &usage) == 0);
	return (unsigned long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
	    1000000 +
	    (unsigned long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Asks by so many threads, like this one. Returns how many look-ups failed. */
static unsigned long
run(const struct asker *what, size_t threads)
{
	static struct asker askers[MAX_THREADS];
	struct asker sum = { .asked = 0 };
	pthread_barrier_t ready, begin;
	unsigned long cpu;
	uint64_t time;

	ENSURE(pthread_barrier_init(&ready, NULL, (unsigned)threads + 1) == 0);
	ENSURE(pthread_barrier_init(&begin, NULL, (unsigned)threads + 1) == 0);
	for (size_t i = 0; i < threads; i++) {
		askers[i] = *what;
		askers[i].ready = &ready;
		askers[i].begin = &begin;
		askers[i].first = i;
		askers[i].step = threads;
		ENSURE(pthread_create(
			   &askers[i].thread, NULL, ask_all, &askers[i]) == 0);
	}
	barrier_wait(&ready);
	cpu = cpu_us();
	time = clock_monotonic_us();
	barrier_wait(&begin);
	for (size_t i = 0; i < threads; i++) {
		ENSURE(pthread_join(askers[i].thread, NULL) == 0);
		sum.asked += askers[i].asked;
		sum.found += askers[i].found;
		sum.failed += askers[i].failed;
	}
	printf("%lu %lu %lu %.6f %.6f\n", sum.asked, sum.found, sum.failed,
	    (double)(clock_monotonic_us() - time) / 1e6,
	    (double)(cpu_us() - cpu) / 1e6);
	ENSURE(pthread_barrier_destroy(&ready) == 0);
	ENSURE(pthread_barrier_destroy(&begin) == 0);
	return sum.failed;
}

static unsigned long
number(const char *text, unsigned long max)
{
	unsigned long result = 0;

	if (!slice_number(slice_of(text), max, &result) || result == 0) {
		fprintf(stderr, "bench_tables: %s is not a number to %lu\n",
		    text, max);
		exit(2);
	}
	return result;
}

static void
read_lines(struct lines *lines)
{
	char *line = NULL;
	size_t size = 0, cap = 0;
	ssize_t len;

	arena_init(&lines->mem);
	lines->items = NULL;
	lines->count = 0;
	while (lines->count < MAX_LINES &&
	    (len = getline(&line, &size, stdin)) > 0) {
		void *items = lines->items;

		arena_reserve_one(&lines->mem, &items, &cap, lines->count,
		    sizeof(*lines->items));
		lines->items = items;
		lines->items[lines->count++] = slice_dup(&lines->mem,
		    slice_trim((struct slice){ line, (size_t)len }));
	}
	free(line);
}

int
main(int argc, char **argv)
{
	const struct cache_ages ages = { 3600, 3600, 3600, (size_t)1 << 28 };
	struct table_world *world = table_world_new();
	struct asker what = { .keys = 1 };
	struct lines lines;
	struct table *table;
	struct err err;
	unsigned long failed;
	size_t threads;

	if (argc != 4 && argc != 6) {
		fputs("usage: bench_tables TABLE THREADS ROUNDS [kept KEYS]\n",
		    stderr);
		return 2;
	}
	threads = number(argv[2], MAX_THREADS);
	what.rounds = number(argv[3], 1000000);
	if (argc == 6) {
		what.keys = number(argv[5], MAX_KEYS);
		table_world_set(world, &ages, NULL);
	}
	if (table_open(slice_of(argv[1]),
		&(struct table_options){ .world = world }, &table, &err) != 0) {
		fprintf(stderr, "bench_tables: %s\n", err.text);
		return 1;
	}
	read_lines(&lines);
	ENSURE(lines.count > 0);
	what.table = table;
	what.lines = &lines;
	for (size_t i = 0; i < lines.count && argc == 6; i++)
		ask(&what, i);
	what.asked = what.found = what.failed = 0;
	failed = run(&what, threads);
	arena_done(&lines.mem);
	table_close(table);
	table_world_unref(world);
	return failed == 0 ? 0 : 1;
}
