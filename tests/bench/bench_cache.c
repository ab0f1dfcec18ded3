/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a right costs a message whose table a server has: asked for, and from the
 * cache, by one thread and by several: "make bench". A right from the cache
 * should stay below 5 microseconds.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "table/address_keys.h"
#include "table/world.h"

enum { MAX_THREADS = 8, ADDRESSES = 1000, RUN_US = 500000 };

/* Answers each query of a connection with one login. */
static void *
serve(void *arg)
{
	static const char reply[] = "21:OK alice@corp.example,";
	int fd = accept(*(const int *)arg, NULL, NULL);
	char octet;

	while (fd >= 0 && recv(fd, &octet, 1, 0) == 1) {
		if (octet == ',' &&
		    send(fd, reply, sizeof(reply) - 1, MSG_NOSIGNAL) < 0)
			break;
	}
	(void)close(fd);
	return NULL;
}

/* A server for so many connections; its port. */
static unsigned int
serve_some(int count)
{
	static int listener;
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	pthread_t thread;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	ENSURE(bind(listener, (struct sockaddr *)&address, size) == 0 &&
	    listen(listener, 64) == 0 &&
	    getsockname(listener, (struct sockaddr *)&address, &size) == 0);
	for (int i = 0; i < count; i++)
		ENSURE(pthread_create(&thread, NULL, serve, &listener) == 0 &&
		    pthread_detach(thread) == 0);
	return ntohs(address.sin_port);
}

struct job {
	struct table *table;
	size_t done;
};

static void *
ask(void *arg)
{
	static const struct address_keys how = { .recipient_delimiter = "+" };
	struct job *job = arg;
	uint64_t end = clock_monotonic_us() + RUN_US;
	char local[16];

	while (clock_monotonic_us() < end) {
		const struct address_tables tables = { &job->table, 1, &how };
		struct address address = { .domain = SLICE("corp.example") };
		struct address_values found;
		struct arena mem;
		struct err err;
		const struct table_context context = { .mem = &mem,
			.err = &err };

		arena_init(&mem);
		(void)snprintf(
		    local, sizeof(local), "user%zu", job->done % ADDRESSES);
		address.local = slice_of(local);
		if (address_lookup(&tables, &address, &context, &found) !=
		    TABLE_FOUND) {
			fprintf(stderr, "%s\n", err.text);
			break;
		}
		job->done++;
		arena_done(&mem);
	}
	return NULL;
}

/* One line: microseconds that a right takes, and rights a second. */
static void
measure(const char *what, struct table *table, size_t threads)
{
	struct job jobs[MAX_THREADS];
	pthread_t ids[MAX_THREADS];
	size_t done = 0;

	for (size_t i = 0; i < threads; i++) {
		jobs[i] = (struct job){ .table = table };
		ENSURE(pthread_create(&ids[i], NULL, ask, &jobs[i]) == 0);
	}
	for (size_t i = 0; i < threads; i++) {
		ENSURE(pthread_join(ids[i], NULL) == 0);
		done += jobs[i].done;
	}
	printf("%-24s %zu thread%s %8.2f us each, %9.0f a second\n", what,
	    threads, threads == 1 ? " " : "s",
	    (double)RUN_US * (double)threads / (double)done,
	    (double)done * 1e6 / RUN_US);
}

int
main(void)
{
	struct table_world *world = table_world_new();
	const struct table_options options = { .world = world };
	char spec[64];
	struct table *table;
	struct err err;

	(void)snprintf(spec, sizeof(spec), "socketmap:inet:127.0.0.1:%u:m",
	    serve_some(32));
	if (table_open(slice_of(spec), &options, &table, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	measure("asked of a server", table, 1);
	measure("asked of a server", table, MAX_THREADS);
	table_world_set(world,
	    &(struct cache_ages){ .found_s = 3600, .bytes = 16 << 20 }, NULL);
	measure("from the cache", table, 1);
	measure("from the cache", table, MAX_THREADS);
	table_close(table);
	table_world_unref(world);
	return 0;
}
