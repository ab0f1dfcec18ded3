/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to a server: how many, how long, and what happens without one. */
#include "../unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "table/server.h"
#include "table/server_replies.h"

/* A server that is not there, and counts what is wanted of it. */
struct fake {
	atomic_int connections; /* that are open */
	atomic_int most;
	atomic_int made;
	atomic_int asked;
	atomic_bool is_away;

	atomic_int generation;
	int ask_ms;
	const char *value;
};

struct fake_connection {
	struct fake *fake;
	int generation;
};

static void
pause_ms(int ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&time, NULL);
}

static int
fake_connect(void *settings, uint64_t deadline_us, void **ret_connection,
    struct err *err)
{
	struct fake *fake = settings;
	struct fake_connection *connection;
	int now;

	(void)deadline_us;
	fake->made++;
	if (fake->is_away)
		return err_set(err, ERR_TEMP, "away");
	now = ++fake->connections;
	if (now > fake->most)
		fake->most = now;
	connection = calloc(1, sizeof(*connection));
	assert_non_null(connection);
	connection->fake = fake;
	connection->generation = fake->generation;
	*ret_connection = connection;
	return 0;
}

static bool
fake_is_quiet(void *connection)
{
	(void)connection;
	return true;
}

static enum server_answer
fake_ask(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	struct fake_connection *c = connection;
	struct fake *fake = settings;

	fake->asked++;
	if (fake->ask_ms != 0)
		pause_ms(fake->ask_ms);
	if (c->generation != fake->generation) {
		err_set(context->err, ERR_TEMP, "lost");
		return SERVER_LOST;
	}
	if (slice_eq(key, SLICE("refused"))) {
		err_set(context->err, ERR_TEMP, "refused");
		return SERVER_REFUSED;
	}
	if (!slice_eq(key, SLICE("a")))
		return SERVER_ABSENT;
	*ret_value = slice_of(fake->value);
	return SERVER_FOUND;
}

static void
fake_disconnect(void *connection)
{
	struct fake_connection *c = connection;

	c->fake->connections--;
	free(c);
}

static const struct server_ops fake_ops = {
	.connect = fake_connect,
	.is_quiet = fake_is_quiet,
	.ask = fake_ask,
	.disconnect = fake_disconnect,
};

/* What the server says of a key: its value, "-" or "! why". */
static struct slice
ask(struct server *server, const char *key, uint64_t deadline_us,
    struct arena *mem)
{
	const struct slice keys[] = { slice_of(key) };
	struct slice value = { NULL, 0 };
	struct err err;

	switch (server_lookup(server, &(struct table_keys){ keys, 1 },
	    &(const struct table_context){ mem, deadline_us, &err }, &value)) {
	case TABLE_FOUND:
		return value;
	case TABLE_ABSENT:
		return SLICE("-");
	case TABLE_FAILED:
		break;
	}
	return slice_format(mem, "! %s", err.text);
}

static void
a_connection_is_used_again(void **state)
{
	struct fake fake = { .value = "1" };
	struct server *server = server_new(&fake_ops, &fake);
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("a", ask(server, "a", 0, &mem), "1");
	check_slice("b", ask(server, "b", 0, &mem), "-");
	check_slice("refused", ask(server, "refused", 0, &mem), "! refused");
	check_slice("a", ask(server, "a", 0, &mem), "1");
	assert_int_equal(fake.made, 1);
	/* A server that was restarted costs one more connection, at once. */
	fake.generation++;
	check_slice("a", ask(server, "a", 0, &mem), "1");
	assert_int_equal(fake.made, 2);
	assert_int_equal(fake.connections, 1);
	server_free(server);
	assert_int_equal(fake.connections, 0);
	arena_done(&mem);
}

static void
a_server_that_is_away_is_left_alone_for_a_while(void **state)
{
	struct fake fake = { .value = "1", .is_away = true };
	struct server *server = server_new(&fake_ops, &fake);
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (int i = 0; i < 20; i++)
		check_slice("a", ask(server, "a", 0, &mem), "! away");
	assert_int_equal(fake.made, 1);
	pause_ms(SERVER_FIRST_PAUSE_MS + 20);
	for (int i = 0; i < 20; i++)
		check_slice("a", ask(server, "a", 0, &mem), "! away");
	assert_int_equal(fake.made, 2);
	fake.is_away = false;
	pause_ms(2 * SERVER_FIRST_PAUSE_MS + 20);
	check_slice("a", ask(server, "a", 0, &mem), "1");
	assert_int_equal(fake.made, 3);
	server_free(server);
	arena_done(&mem);
}

static void
a_value_that_nobody_can_read_is_no_answer(void **state)
{
	static const char *const values[] = { "a\nb", "\xff", "a\x7f" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fake fake = { .value = values[i] };
		struct server *server = server_new(&fake_ops, &fake);
		struct arena mem;
		struct slice said;

		arena_init(&mem);
		said = ask(server, "a", 0, &mem);
		assert_true(slice_starts(said, SLICE("! key a: ")));
		server_free(server);
		arena_done(&mem);
	}
}

struct crowd {
	struct server *server;
	atomic_int right;
	atomic_int late;
};

static void *
ask_often(void *arg)
{
	struct crowd *crowd = arg;

	for (int i = 0; i < 20; i++) {
		uint64_t deadline = i == 19 ? clock_monotonic_us() + 1000 : 0;
		struct arena mem;
		struct slice said;

		arena_init(&mem);
		said = ask(crowd->server, "a", deadline, &mem);
		if (slice_eq(said, SLICE("1")))
			crowd->right++;
		else if (slice_starts(said, SLICE("! no time left")))
			crowd->late++;
		arena_done(&mem);
	}
	return NULL;
}

static void
many_threads_share_few_connections(void **state)
{
	enum { THREADS = 64 };
	struct fake fake = { .value = "1", .ask_ms = 2 };
	struct crowd crowd = { .server = server_new(&fake_ops, &fake) };
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, ask_often, &crowd), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(crowd.right + crowd.late, THREADS * 20);
	assert_true(crowd.right >= THREADS * 19);
	assert_in_range(fake.most, 1, SERVER_CONNECTIONS);
	assert_int_equal(fake.connections, fake.made);
	server_free(crowd.server);
	assert_int_equal(fake.connections, 0);
}

static void
replies_are_read_as_postfix_reads_them(void **state)
{
	static const struct {
		char dialect;
		const char *reply;
		enum server_answer answer;
		const char *value;
	} cases[] = {
		{ 's', "OK one, two", SERVER_FOUND, "one, two" },
		{ 's', "OK  x", SERVER_FOUND, " x" },
		{ 's', "OK ", SERVER_FOUND, "" },
		{ 's', "OK", SERVER_ABSENT, NULL },
		{ 's', "NOTFOUND ", SERVER_ABSENT, NULL },
		{ 's', "NOTFOUND", SERVER_ABSENT, NULL },
		{ 's', "TEMP x", SERVER_REFUSED, NULL },
		{ 's', "TIMEOUT x", SERVER_REFUSED, NULL },
		{ 's', "PERM x", SERVER_REFUSED, NULL },
		{ 's', "ok x", SERVER_LOST, NULL },
		{ 's', " OK x", SERVER_LOST, NULL },
		{ 's', "OKAY", SERVER_LOST, NULL },
		{ 's', "", SERVER_LOST, NULL },
		{ 't', "200 one%2C%20two", SERVER_FOUND, "one, two" },
		{ 't', "250\tx", SERVER_FOUND, "x" },
		{ 't', "200 ", SERVER_FOUND, "" },
		{ 't', "500 no", SERVER_ABSENT, NULL },
		{ 't', "400 later", SERVER_REFUSED, NULL },
		{ 't', "300 what", SERVER_REFUSED, NULL },
		{ 't', "200", SERVER_LOST, NULL },
		{ 't', "200 a%2", SERVER_LOST, NULL },
		{ 't', "200 a%zz", SERVER_LOST, NULL },
		{ 't', "2x0 a", SERVER_LOST, NULL },
		{ 't', "", SERVER_LOST, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice reply = slice_of(cases[i].reply), value;
		struct arena mem;
		struct err err;

		arena_init(&mem);
		assert_int_equal(cases[i].dialect == 's' ?
			socketmap_reply(reply, &value, &err) :
			tcp_reply(reply, &mem, &value, &err),
		    cases[i].answer);
		if (cases[i].value != NULL)
			check_slice(cases[i].reply, value, cases[i].value);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_used_again),
		cmocka_unit_test(
		    a_server_that_is_away_is_left_alone_for_a_while),
		cmocka_unit_test(a_value_that_nobody_can_read_is_no_answer),
		cmocka_unit_test(many_threads_share_few_connections),
		cmocka_unit_test(replies_are_read_as_postfix_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
