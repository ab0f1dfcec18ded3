/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to the server of a table, shared by the threads that ask. */
#include "table/server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "hosts_priv.h"
#include "server_hosts_priv.h"
#include "table/trace.h"

/* A connection, and the state of its host. */
struct line {
	void *connection; /* NULL: none */
	size_t host;
};

struct server {
	const struct server_ops *ops;
	void *settings;
	const struct hosts *hosts;
	bool has_one_host;
	pthread_mutex_t lock;
	pthread_cond_t freed; /* a connection, or room for one */
	struct line idle[SERVER_CONNECTIONS];
	size_t idle_count;
	size_t used; /* connections that threads have, or are making */
	struct host_state states[HOST_STATES];
};

/* What a thread has of the server while it asks. */
struct turn {
	struct server *server;
	struct line line;
	bool is_new;	 /* the connection was made in this turn */
	bool is_probe;	 /* of a host that had failed */
	bool has_answer; /* of its host, which is still to be noted */
	/* Hosts that have lost a new connection in this turn. */
	bool is_avoided[HOST_STATES];
	struct table_trace *trace; /* of the context */
};

/* Hosts that may be tried, with those that SRV records name. */
struct host_list {
	struct server_host items[HOSTS_MAX];
	size_t count;
};

struct server *
server_new(
    const struct server_ops *ops, void *settings, const struct hosts *hosts)
{
	struct server *server = calloc(1, sizeof(*server));
	const struct server_host *first[HOSTS_MAX];
	pthread_condattr_t attributes;

	ENSURE(server != NULL && hosts_count(hosts) > 0);
	hosts_order(hosts, first);
	server->has_one_host =
	    hosts_count(hosts) == 1 && first[0]->kind != HOST_SRV;
	server->ops = ops;
	server->settings = settings;
	server->hosts = hosts;
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
		server->ops->disconnect(
		    server->idle[--server->idle_count].connection);
	host_states_free(server->states);
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

/* Waits for a connection, or room for one. -1 (ERR_TEMP). */
static int
server_take(struct turn *turn, uint64_t deadline_us, struct err *err)
{
	const struct timespec until = { .tv_sec =
					    (time_t)(deadline_us / 1000000),
		.tv_nsec = (long)(deadline_us % 1000000 * 1000) };
	struct server *server = turn->server;
	int status = 0;

	server_lock(server);
	while (server->idle_count == 0 && server->used == SERVER_CONNECTIONS &&
	    status == 0)
		status = pthread_cond_timedwait(
		    &server->freed, &server->lock, &until);
	if (server->idle_count > 0) {
		turn->line = server->idle[--server->idle_count];
		status = 0;
	} else if (server->used == SERVER_CONNECTIONS) {
		status = err_set(err, ERR_TEMP,
		    "no time left to wait for one of %d connections",
		    (int)SERVER_CONNECTIONS);
	} else {
		status = 0;
	}
	server->used += status == 0;
	server_unlock(server);
	return status;
}

/* Begins with a host. False: it is left alone now, *err says why. */
static bool
server_enter_host(struct turn *turn, struct slice text, struct err *err)
{
	struct server *server = turn->server;
	struct host_state *state;
	bool is_ready;

	server_lock(server);
	turn->line.host = host_states_find(server->states, text);
	state = &server->states[turn->line.host];
	is_ready =
	    host_state_is_ready(state) && !turn->is_avoided[turn->line.host];
	if (is_ready) {
		state->users++;
		turn->is_probe = state->pause_ms != 0;
		state->is_probed = turn->is_probe;
	} else if (!turn->is_avoided[turn->line.host]) {
		*err = state->why;
	}
	server_unlock(server);
	return is_ready;
}

/* What is found out about the host that the turn is at. */
enum verdict {
	HOST_ANSWERS,
	HOST_FAILS, /* *why */
	HOST_LEFT,  /* nothing */
};

static void
server_note_host(struct turn *turn, enum verdict verdict, const struct err *why)
{
	struct server *server = turn->server;
	struct host_state *state = &server->states[turn->line.host];

	server_lock(server);
	if (verdict == HOST_ANSWERS)
		state->pause_ms = 0;
	else if (verdict == HOST_FAILS)
		host_state_note_failure(state, why);
	if (turn->is_probe)
		state->is_probed = false;
	turn->is_probe = false;
	server_unlock(server);
}

/* No connection of the turn has to do with its host any more. */
static void
server_leave_host(struct turn *turn)
{
	server_lock(turn->server);
	turn->server->states[turn->line.host].users--;
	server_unlock(turn->server);
}

static void
server_drop(struct turn *turn)
{
	turn->server->ops->disconnect(turn->line.connection);
	turn->line.connection = NULL;
	server_leave_host(turn);
}

/*
 * Ends a turn, and keeps its connection, if it has one. Who waits for it is woken
 * once the lock is free, which he needs.
 */
static void
server_give(struct turn *turn)
{
	struct server *server = turn->server;

	if (turn->is_probe)
		server_note_host(turn, HOST_LEFT, NULL);
	server_lock(server);
	if (turn->has_answer)
		server->states[turn->line.host].pause_ms = 0;
	server->used--;
	if (turn->line.connection != NULL)
		server->idle[server->idle_count++] = turn->line;
	server_unlock(server);
	ENSURE(pthread_cond_signal(&server->freed) == 0);
}

/* How many of the hosts may be tried now. */
static size_t
server_count_ready(
    struct turn *turn, const struct server_host *hosts, size_t count)
{
	struct server *server = turn->server;
	size_t ready = 0;

	server_lock(server);
	for (size_t i = 0; i < count; i++) {
		size_t at = host_states_find(server->states, hosts[i].text);

		ready += !turn->is_avoided[at] &&
		    host_state_is_ready(&server->states[at]);
	}
	server_unlock(server);
	return ready;
}

/* A fair part of the time until the deadline, for one of so many. */
static uint64_t
share_of(uint64_t deadline_us, size_t count)
{
	uint64_t now = clock_monotonic_us();

	return deadline_us <= now ? deadline_us :
				    now + (deadline_us - now) / count;
}

/* The host that the turn has a connection to. */
static struct slice
server_host_text(struct turn *turn)
{
	struct slice text;

	server_lock(turn->server);
	text = slice_of(turn->server->states[turn->line.host].text);
	server_unlock(turn->server);
	return text;
}

/* Who failed, unless the name of the table says it. */
static void
server_name_host(const struct turn *turn, struct slice text, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (!hosts_are_named(turn->server->hosts))
		err_wrap(err, "%s", escape(&mem, text, 128));
}

/* Tries a host that the turn has begun with. */
static int
server_connect_to(struct turn *turn, const struct server_host *host,
    uint64_t deadline_us, struct err *err)
{
	struct server *server = turn->server;

	table_trace_host(turn->trace, host->text);
	if (server->ops->connect(server->settings, host, deadline_us,
		&turn->line.connection, err) == 0) {
		turn->is_new = true;
		return 0;
	}
	turn->line.connection = NULL;
	server_name_host(turn, host->text, err);
	server_note_host(turn, HOST_FAILS, err);
	server_leave_host(turn);
	return -1;
}

/* The hosts of SRV records, behind those that are there. */
static void
server_add_srv(struct turn *turn, const struct hosts_asking *asking,
    struct host_list *list, struct err *err)
{
	struct server_host found[HOSTS_MAX];
	struct server *server = turn->server;
	size_t count = 0;
	int status;

	if (!server_enter_host(turn, asking->host->text, err))
		return;
	status = hosts_expand(asking, found, &count, err);
	server_lock(server);
	server->states[turn->line.host].is_name = true;
	server_unlock(server);
	server_note_host(turn, status == 0 ? HOST_ANSWERS : HOST_FAILS, err);
	server_leave_host(turn);
	for (size_t i = 0; i < count && list->count < HOSTS_MAX; i++)
		list->items[list->count++] = found[i];
}

/* Tries the hosts in their order until one of them is connected to. */
static int
server_connect(struct turn *turn, uint64_t deadline_us, struct err *err)
{
	const struct server_host *hosts[HOSTS_MAX];
	struct server *server = turn->server;
	size_t count = hosts_count(server->hosts);
	CLEANUP(arena_done) struct arena mem;
	struct host_list list = { .count = 0 };

	arena_init(&mem);
	hosts_order(server->hosts, hosts);
	for (size_t i = 0; i < count; i++) {
		const struct hosts_asking asking = { hosts[i],
			hosts_world(server->hosts), share_of(deadline_us, 2),
			&mem };

		if (hosts[i]->kind == HOST_SRV)
			server_add_srv(turn, &asking, &list, err);
		else if (list.count < HOSTS_MAX)
			list.items[list.count++] = *hosts[i];
	}
	for (size_t i = 0; i < list.count; i++) {
		size_t rest = server_count_ready(
		    turn, list.items + i + 1, list.count - i - 1);

		if (server_enter_host(turn, list.items[i].text, err) &&
		    server_connect_to(turn, &list.items[i],
			share_of(deadline_us, rest + 1), err) == 0)
			return 0;
	}
	return -1;
}

/*
 * The end of a connection that gave no answer. A host that was silent for all
 * of its time has failed. One that ended the connection may do so because of
 * the key: other look-ups go on with it, this one does not.
 */
static void
server_lose(struct turn *turn, bool is_late, const struct err *why)
{
	if (is_late || turn->is_probe)
		server_note_host(turn, HOST_FAILS, why);
	turn->is_avoided[turn->line.host] = turn->is_new;
	server_drop(turn);
	turn->is_new = turn->has_answer = false;
}

/* Its host is not left alone any more: at once if others wait to hear that. */
static void
server_note_answer(struct turn *turn)
{
	if (turn->is_new || turn->is_probe)
		server_note_host(turn, HOST_ANSWERS, NULL);
	else
		turn->has_answer = true;
}

/* Until when a host is waited for: another one may need some of the time. */
static uint64_t
server_ask_until(struct turn *turn, uint64_t deadline_us)
{
	struct server *server = turn->server;
	bool has_other = false;

	if (server->has_one_host)
		return deadline_us;
	server_lock(server);
	for (size_t i = 0; i < HOST_STATES && !has_other; i++) {
		const struct host_state *state = &server->states[i];

		has_other = state->text != NULL && i != turn->line.host &&
		    !state->is_name && !turn->is_avoided[i] &&
		    host_state_is_ready(state);
	}
	server_unlock(server);
	return share_of(deadline_us, has_other ? 2 : 1);
}

/* One key, over the connection of the turn, or over a new one. */
static enum server_answer
server_ask(struct turn *turn, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	struct server *server = turn->server;
	struct table_context shared = *context;
	enum server_answer answer;
	uint64_t now = clock_monotonic_us();

	if (now >= context->deadline_us)
		err_set(context->err, ERR_TEMP, "no time left to look up %s",
		    escape(context->mem, key, 128));
	while (now < context->deadline_us) {
		if (turn->line.connection == NULL &&
		    server_connect(turn, context->deadline_us, context->err) !=
			0)
			break;
		if (turn->trace != NULL)
			table_trace_host(turn->trace, server_host_text(turn));
		shared.deadline_us =
		    server_ask_until(turn, context->deadline_us);
		answer = server->ops->ask(server->settings,
		    turn->line.connection, key, &shared, ret_value);
		if (answer == SERVER_LOST || answer == SERVER_REFUSED)
			server_name_host(
			    turn, server_host_text(turn), context->err);
		if (answer != SERVER_LOST) {
			server_note_answer(turn);
			return answer;
		}
		now = clock_monotonic_us();
		server_lose(turn, now >= shared.deadline_us, context->err);
	}
	return SERVER_LOST;
}

/* A value as it is passed on. -1 (ERR_DATA): nobody can read it. */
static int
server_check_value(
    struct slice key, const struct table_context *context, struct slice *value)
{
	if (!slice_is_utf8(*value) || slice_has_control(*value))
		return err_set(context->err, ERR_DATA,
		    "key %s: the server's value is not UTF-8, or has "
		    "control characters",
		    escape(context->mem, key, 128));
	if (value->data == NULL)
		*value = SLICE("");
	return 0;
}

enum table_answer
server_lookup(struct server *server, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	struct table_context bounded = *context;
	uint64_t limit_us = clock_monotonic_us() + SERVER_SECONDS * 1000000ULL;
	enum table_answer all = TABLE_ABSENT;
	struct turn turn = { .server = server, .trace = context->trace };

	if (bounded.deadline_us == 0 || bounded.deadline_us > limit_us)
		bounded.deadline_us = limit_us;
	if (keys->count == 0)
		return TABLE_ABSENT;
	if (server_take(&turn, bounded.deadline_us, context->err) != 0)
		return TABLE_FAILED;
	if (turn.line.connection != NULL &&
	    !server->ops->is_quiet(turn.line.connection))
		server_drop(&turn);
	for (size_t i = 0; i < keys->count && all != TABLE_FAILED; i++) {
		struct slice value = { NULL, 0 };

		switch (server_ask(&turn, keys->items[i], &bounded, &value)) {
		case SERVER_FOUND:
			all = TABLE_FAILED;
			if (server_check_value(
				keys->items[i], &bounded, &value) == 0) {
				ret_values[i] = value;
				all = TABLE_FOUND;
			}
			break;
		case SERVER_ABSENT:
			break;
		case SERVER_REFUSED:
		case SERVER_LOST:
			all = TABLE_FAILED;
			break;
		}
	}
	server_give(&turn);
	return all;
}
