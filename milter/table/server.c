/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to the server of a table, shared by the threads that ask. */
#include "table/server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

struct server {
	const struct server_ops *ops;
	void *settings;
	pthread_mutex_t lock;
	pthread_cond_t freed; /* a connection, or room for one */
	void *idle[SERVER_CONNECTIONS];
	size_t idle_count;
	size_t used; /* connections that threads have, or are making */
	/* After a connection that could not be made. */
	uint64_t next_try_us;
	uint64_t pause_ms; /* 0: the last one could be made */
	bool is_probed;	   /* a thread tries whether it can be made again */
	struct err why;
};

struct server *
server_new(const struct server_ops *ops, void *settings)
{
	struct server *server = calloc(1, sizeof(*server));
	pthread_condattr_t attributes;

	ENSURE(server != NULL);
	server->ops = ops;
	server->settings = settings;
	ENSURE(pthread_mutex_init(&server->lock, NULL) == 0);
	ENSURE(pthread_condattr_init(&attributes) == 0);
	ENSURE(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ENSURE(pthread_cond_init(&server->freed, &attributes) == 0);
	ENSURE(pthread_condattr_destroy(&attributes) == 0);
	return server;
}

void
server_free(struct server *server)
{
	if (server == NULL)
		return;
	ENSURE(server->used == 0);
	while (server->idle_count > 0)
		server->ops->disconnect(server->idle[--server->idle_count]);
	ENSURE(pthread_cond_destroy(&server->freed) == 0);
	ENSURE(pthread_mutex_destroy(&server->lock) == 0);
	free(server);
}

static void
server_lock(struct server *server)
{
	ENSURE(pthread_mutex_lock(&server->lock) == 0);
}

static void
server_unlock(struct server *server)
{
	ENSURE(pthread_mutex_unlock(&server->lock) == 0);
}

/* What a thread has of the server while it asks. */
struct turn {
	void *connection; /* NULL: it is to be made */
	bool is_probe;
};

/* Waits for a connection, or room for one. -1 (ERR_TEMP). */
static int
server_take(struct server *server, uint64_t deadline_us, struct turn *ret_turn,
    struct err *err)
{
	const struct timespec until = { .tv_sec =
					    (time_t)(deadline_us / 1000000),
		.tv_nsec = (long)(deadline_us % 1000000 * 1000) };
	int status = 0;

	*ret_turn = (struct turn){ .connection = NULL };
	server_lock(server);
	while (server->idle_count == 0 && server->used == SERVER_CONNECTIONS &&
	    status == 0)
		status = pthread_cond_timedwait(
		    &server->freed, &server->lock, &until);
	if (server->idle_count > 0) {
		ret_turn->connection = server->idle[--server->idle_count];
		status = 0;
	} else if (server->used == SERVER_CONNECTIONS) {
		status = err_set(err, ERR_TEMP,
		    "no time left to wait for one of %d connections",
		    (int)SERVER_CONNECTIONS);
	} else if (server->pause_ms != 0 &&
	    (server->is_probed || clock_monotonic_us() < server->next_try_us)) {
		*err = server->why;
		status = -1;
	} else {
		ret_turn->is_probe = server->pause_ms != 0;
		server->is_probed = ret_turn->is_probe;
		status = 0;
	}
	server->used += status == 0;
	server_unlock(server);
	return status;
}

/* Ends a turn; a connection that is NULL was lost or never made. */
static void
server_give(struct server *server, const struct turn *turn)
{
	server_lock(server);
	server->used--;
	if (turn->is_probe)
		server->is_probed = false;
	if (turn->connection != NULL)
		server->idle[server->idle_count++] = turn->connection;
	ENSURE(pthread_cond_signal(&server->freed) == 0);
	server_unlock(server);
}

/* Makes the connection of a turn, and notes whether that can be done. */
static int
server_connect(struct server *server, struct turn *turn, uint64_t deadline_us,
    struct err *err)
{
	int status = server->ops->connect(
	    server->settings, deadline_us, &turn->connection, err);

	if (status != 0)
		turn->connection = NULL;
	server_lock(server);
	if (status == 0) {
		server->pause_ms = 0;
	} else {
		server->pause_ms = server->pause_ms == 0 ?
		    SERVER_FIRST_PAUSE_MS :
		    2 * server->pause_ms;
		if (server->pause_ms > SERVER_LONGEST_PAUSE_MS)
			server->pause_ms = SERVER_LONGEST_PAUSE_MS;
		server->next_try_us =
		    clock_monotonic_us() + server->pause_ms * 1000;
		server->why = *err;
	}
	server_unlock(server);
	return status;
}

static void
server_drop(struct server *server, struct turn *turn)
{
	server->ops->disconnect(turn->connection);
	turn->connection = NULL;
}

/* One key, over the connection of the turn, or over a new one. */
static enum server_answer
server_ask(struct server *server, struct turn *turn, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	bool is_new = false;
	enum server_answer answer;

	if (turn->connection != NULL &&
	    !server->ops->is_quiet(turn->connection))
		server_drop(server, turn);
	for (;;) {
		if (clock_monotonic_us() >= context->deadline_us) {
			err_set(context->err, ERR_TEMP,
			    "no time left to look up %s",
			    escape(context->mem, key, 128));
			return SERVER_LOST;
		}
		if (turn->connection == NULL) {
			is_new = true;
			if (server_connect(server, turn, context->deadline_us,
				context->err) != 0)
				return SERVER_LOST;
		}
		answer = server->ops->ask(server->settings, turn->connection,
		    key, context, ret_value);
		if (answer != SERVER_LOST)
			return answer;
		server_drop(server, turn);
		/* The server may have been restarted since it was made. */
		if (is_new || clock_monotonic_us() >= context->deadline_us)
			return SERVER_LOST;
	}
}

enum table_answer
server_lookup(struct server *server, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	struct table_context bounded = *context;
	uint64_t limit_us = clock_monotonic_us() + SERVER_SECONDS * 1000000ULL;
	enum table_answer all = TABLE_ABSENT;
	struct turn turn;

	if (bounded.deadline_us == 0 || bounded.deadline_us > limit_us)
		bounded.deadline_us = limit_us;
	if (keys->count == 0)
		return TABLE_ABSENT;
	if (server_take(server, bounded.deadline_us, &turn, context->err) != 0)
		return TABLE_FAILED;
	for (size_t i = 0; i < keys->count && all != TABLE_FAILED; i++) {
		struct slice value;

		switch (server_ask(
		    server, &turn, keys->items[i], &bounded, &value)) {
		case SERVER_FOUND:
			if (slice_is_utf8(value) && !slice_has_control(value)) {
				ret_values[i] =
				    value.data == NULL ? SLICE("") : value;
				all = TABLE_FOUND;
				break;
			}
			err_set(context->err, ERR_DATA,
			    "key %s: the server's value is not UTF-8, or has "
			    "control characters",
			    escape(context->mem, keys->items[i], 128));
			all = TABLE_FAILED;
			break;
		case SERVER_ABSENT:
			break;
		case SERVER_REFUSED:
		case SERVER_LOST:
			all = TABLE_FAILED;
			break;
		}
	}
	server_give(server, &turn);
	return all;
}
