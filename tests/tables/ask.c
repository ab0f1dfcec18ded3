/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask TABLE THREADS DEADLINE-MS ROUNDS [kept]: asks a table for each line of
 * standard input, by all threads at once, ROUNDS times each; "kept": with a cache
 * in front. One line for each key: "found VALUE", "absent" or "failed WHY", with
 * tabs, and in front the longest time that a look-up took, in milliseconds.
 * "mixed" is an answer that differed between threads or rounds; "some VALUE" where
 * all differences are failures.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/clock.h"
#include "table/table.h"
#include "table/world.h"

enum { MAX_THREADS = 64 };

struct asker {
	const struct table *table;
	struct slice key;
	uint64_t deadline_us; /* for each look-up */
	unsigned long rounds;
	struct arena mem;
	enum table_answer answer;
	struct slice value;
	struct err err;
	uint64_t longest_us;
	bool differs;
};

static void *
ask(void *arg)
{
	struct asker *asker = arg;

	for (unsigned long round = 0; round < asker->rounds; round++) {
		struct slice value = { NULL, 0 };
		uint64_t began = clock_monotonic_us(), took;
		const struct table_context context = { .mem = &asker->mem,
			.deadline_us = began + asker->deadline_us,
			.err = &asker->err };
		enum table_answer answer = table_lookup_one(
		    asker->table, asker->key, &context, &value);

		took = clock_monotonic_us() - began;
		if (took > asker->longest_us)
			asker->longest_us = took;
		if (round > 0 &&
		    (answer != asker->answer || !slice_eq(value, asker->value)))
			asker->differs = true;
		asker->answer = answer;
		asker->value = value;
	}
	return NULL;
}

/* What all of them were told. *ret_text: a value, or why not. */
static const char *
judge(const struct asker *askers, size_t count, struct slice *ret_text)
{
	const struct asker *first = NULL;
	bool any_failed = false;

	*ret_text = slice_of(askers[0].err.text);
	for (size_t i = 0; i < count; i++) {
		if (askers[i].differs)
			return "mixed";
		if (askers[i].answer == TABLE_FAILED)
			any_failed = true;
		else if (first == NULL)
			first = &askers[i];
		else if (askers[i].answer != first->answer ||
		    !slice_eq(askers[i].value, first->value))
			return "mixed";
	}
	if (first == NULL)
		return "failed";
	*ret_text = first->value;
	return any_failed		 ? "some" :
	    first->answer == TABLE_FOUND ? "found" :
					   "absent";
}

static void
print(const struct asker *askers, size_t count)
{
	struct slice text;
	const char *word = judge(askers, count, &text);
	uint64_t longest_us = 0;

	for (size_t i = 0; i < count; i++) {
		if (askers[i].longest_us > longest_us)
			longest_us = askers[i].longest_us;
	}
	printf("%" PRIu64 "\t%s\t", longest_us / 1000, word);
	if (text.len > 0)
		(void)fwrite(text.data, 1, text.len, stdout);
	putchar('\n');
	(void)fflush(stdout);
}

static void
ask_all(const struct asker *what, size_t count)
{
	static struct asker askers[MAX_THREADS];
	pthread_t threads[MAX_THREADS];

	for (size_t i = 0; i < count; i++) {
		askers[i] = *what;
		arena_init(&askers[i].mem);
		ENSURE(pthread_create(&threads[i], NULL, ask, &askers[i]) == 0);
	}
	for (size_t i = 0; i < count; i++)
		ENSURE(pthread_join(threads[i], NULL) == 0);
	print(askers, count);
	for (size_t i = 0; i < count; i++)
		arena_done(&askers[i].mem);
}

static unsigned long
number(const char *text, unsigned long max)
{
	unsigned long result = 0;

	if (!slice_number(slice_of(text), max, &result) || result == 0) {
		fprintf(stderr, "ask: %s is not a number to %lu\n", text, max);
		exit(2);
	}
	return result;
}

int
main(int argc, char **argv)
{
	const struct cache_ages ages = { 60, 60, 60, 1 << 20 };
	struct table_world *world = table_world_new();
	struct asker what = { .table = NULL };
	struct table *table;
	struct err err;
	char *line = NULL;
	size_t size = 0, threads;
	ssize_t len;

	if (argc < 5) {
		fputs("usage: ask TABLE THREADS DEADLINE-MS ROUNDS [kept]\n",
		    stderr);
		return 2;
	}
	threads = number(argv[2], MAX_THREADS);
	what.deadline_us = number(argv[3], 1000000) * 1000;
	what.rounds = number(argv[4], 1000000);
	if (argc > 5)
		table_world_set(world, &ages, NULL);
	if (table_open(slice_of(argv[1]),
		&(struct table_options){ .world = world }, &table, &err) != 0) {
		printf("0\tfailed\t%s\n", err.text);
		table_world_unref(world);
		return 1;
	}
	what.table = table;
	while ((len = getline(&line, &size, stdin)) > 0) {
		what.key = (struct slice){ line,
			(size_t)len - (line[len - 1] == '\n') };
		ask_all(&what, threads);
	}
	free(line);
	table_close(table);
	table_world_unref(world);
	return 0;
}
