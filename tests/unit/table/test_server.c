/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to a server: how many, how long, and what happens without one. */
#include "../unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "base/clock.h"
#include "dns/resolver_zone.h"
#include "table/server.h"
#include "table/server_replies.h"
#include "table/world.h"
#include "../../../milter/table/table_priv.h"
#include "../../../milter/table/hosts_priv.h"

/* A server that is not there, and counts what is wanted of it. */
struct fake {
	atomic_int connections; /* that are open */
	atomic_int most;
	atomic_int made;
	atomic_int asked;
	atomic_bool is_away;

	/* The host with this number hangs, or cannot be connected to. */
	atomic_int hangs, refuses;
	atomic_int tried[4]; /* connections that were tried, by host */

	atomic_int generation;
	int ask_ms;
	const char *value;
};

struct fake_connection {
	struct fake *fake;
	int host;
	int generation;
};

static void
pause_ms(int ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&time, NULL);
}

static int
fake_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	struct fake *fake = settings;
	struct fake_connection *connection;
	int number = (int)host->port;
	int now;

	(void)deadline_us;
	fake->made++;
	fake->tried[number]++;
	if (fake->is_away || fake->refuses == number)
		return err_set(err, ERR_TEMP, "away");
	now = ++fake->connections;
	if (now > fake->most)
		fake->most = now;
	connection = calloc(1, sizeof(*connection));
	assert_non_null(connection);
	connection->fake = fake;
	connection->host = number;
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
	if (fake->hangs == c->host) {
		while (clock_monotonic_us() < context->deadline_us)
			pause_ms(1);
		err_set(context->err, ERR_TEMP, "hangs");
		return SERVER_LOST;
	}
	if (fake->ask_ms != 0)
		pause_ms(fake->ask_ms);
	if (c->generation != fake->generation) {
		err_set(context->err, ERR_TEMP, "lost");
		return SERVER_LOST;
	}
	if (slice_eq(key, SLICE("lost"))) {
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

/* A server with hosts of the ports 1 to count. */
static struct server *
fake_server(
    struct fake *fake, int count, enum hosts_choice choice, struct arena *mem)
{
	const struct table_opening opening = { .mem = mem };
	struct hosts *hosts = hosts_new(&opening, choice);
	struct err err;

	for (int i = 1; i <= count; i++)
		assert_int_equal(hosts_add_list(hosts,
				     slice_format(mem, "host:%d", i), 0, &err),
		    0);
	return server_new(&fake_ops, fake, hosts);
}

/* What the server says of a key: its value, "-" or "! why". */
static struct slice
ask(struct server *server, const char *key, uint64_t deadline_us,
    struct arena *mem)
{
	const struct slice keys[] = { slice_of(key) };
	struct slice value = { NULL, 0 };
	struct err err;
	enum table_answer answer;

	answer = server_lookup(server, &(struct table_keys){ keys, 1 },
	    &(const struct table_context){
		.mem = mem, .deadline_us = deadline_us, .err = &err },
	    &value);
	return answer_text(mem, answer, value, &err);
}

static void
a_connection_is_used_again(void **state)
{
	struct fake fake = { .value = "1" };
	struct server *server;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	server = fake_server(&fake, 1, HOSTS_IN_ORDER, &mem);
	check_slice("a", ask(server, "a", 0, &mem), "1");
	check_slice("b", ask(server, "b", 0, &mem), "-");
	check_slice(
	    "refused", ask(server, "refused", 0, &mem), "! host:1: refused");
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
	struct server *server;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	server = fake_server(&fake, 1, HOSTS_IN_ORDER, &mem);
	for (int i = 0; i < 20; i++)
		check_slice("a", ask(server, "a", 0, &mem), "! host:1: away");
	assert_int_equal(fake.made, 1);
	pause_ms(SERVER_FIRST_PAUSE_MS + 20);
	for (int i = 0; i < 20; i++)
		check_slice("a", ask(server, "a", 0, &mem), "! host:1: away");
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
		struct server *server;
		struct arena mem;
		struct slice said;

		arena_init(&mem);
		server = fake_server(&fake, 1, HOSTS_IN_ORDER, &mem);
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
	struct crowd crowd;
	pthread_t threads[THREADS];
	struct arena mem;

	(void)state;
	arena_init(&mem);
	crowd = (struct crowd){ .server = fake_server(
				    &fake, 1, HOSTS_IN_ORDER, &mem) };
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
	arena_done(&mem);
}

static void
a_host_that_failed_is_passed_over_while_another_one_answers(void **state)
{
	struct fake fake = { .value = "1", .refuses = 1 };
	struct server *server;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	server = fake_server(&fake, 3, HOSTS_IN_ORDER, &mem);
	for (int i = 0; i < 10; i++) {
		check_slice("a", ask(server, "a", 0, &mem), "1");
		fake.generation++; /* each look-up makes a connection */
	}
	assert_int_equal(fake.tried[1], 1);
	assert_int_equal(fake.tried[2], 10);
	assert_int_equal(fake.tried[3], 0);
	/* One look-up tries it again behind its pause. */
	pause_ms(SERVER_FIRST_PAUSE_MS + 20);
	fake.refuses = 0;
	check_slice("a", ask(server, "a", 0, &mem), "1");
	assert_int_equal(fake.tried[1], 2);
	assert_int_equal(fake.tried[2], 10);
	server_free(server);
	arena_done(&mem);
}

static void
a_host_that_hangs_leaves_time_for_the_next_one(void **state)
{
	struct fake fake = { .value = "1", .hangs = 1 };
	struct server *server;
	uint64_t deadline;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	server = fake_server(&fake, 2, HOSTS_IN_ORDER, &mem);
	deadline = clock_monotonic_us() + 2000000;
	check_slice("a", ask(server, "a", deadline, &mem), "1");
	assert_int_equal(fake.tried[1], 1);
	assert_int_equal(fake.tried[2], 1);
	/* Without another one there is no answer. */
	fake.hangs = 2;
	fake.refuses = 1;
	deadline = clock_monotonic_us() + 50000;
	assert_true(
	    slice_starts(ask(server, "a", deadline, &mem), SLICE("! ")));
	/* Both are left alone now. */
	deadline = clock_monotonic_us() + 60000000;
	assert_true(
	    slice_starts(ask(server, "a", deadline, &mem), SLICE("! ")));
	assert_true(clock_monotonic_us() < deadline - 30000000);
	server_free(server);
	arena_done(&mem);
}

static void
a_key_that_ends_connections_stops_no_other_one(void **state)
{
	struct fake fake = { .value = "1" };
	struct server *server;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	server = fake_server(&fake, 2, HOSTS_IN_ORDER, &mem);
	for (int i = 0; i < 10; i++) {
		check_slice(
		    "lost", ask(server, "lost", 0, &mem), "! host:2: lost");
		check_slice("a", ask(server, "a", 0, &mem), "1");
	}
	server_free(server);
	arena_done(&mem);
}

static void
hosts_at_random_are_sockets_first(void **state)
{
	int first[3] = { 0, 0, 0 };
	struct arena mem;
	struct table_opening opening = { .mem = &mem };
	const struct server_host *order[HOSTS_MAX];
	struct hosts *hosts;
	struct err err;

	(void)state;
	arena_init(&mem);
	hosts = hosts_new(&opening, HOSTS_AT_RANDOM);
	assert_int_equal(hosts_add(hosts,
			     &(struct server_host){
				 .text = SLICE("x://y"), .kind = HOST_OTHER },
			     &err),
	    0);
	assert_int_equal(hosts_add_list(hosts,
			     SLICE("one, two three,unix:/s one /t"), 25, &err),
	    0);
	assert_int_equal(hosts_count(hosts), 6);
	for (int i = 0; i < 300; i++) {
		hosts_order(hosts, order);
		assert_int_equal(order[0]->kind, HOST_UNIX);
		assert_int_equal(order[1]->kind, HOST_UNIX);
		assert_int_equal(order[5]->kind, HOST_OTHER);
		for (int h = 0; h < 3; h++)
			first[h] += slice_eq(order[2]->text,
			    slice_of(h == 0 ? "one" :
				    h == 1  ? "two" :
					      "three"));
	}
	for (int h = 0; h < 3; h++)
		assert_in_range(first[h], 30, 240);
	arena_done(&mem);
}

static void
hosts_are_read_as_they_are_written(void **state)
{
	static const struct {
		const char *word;
		unsigned int port; /* by default */
		enum host_kind kind;
		const char *name; /* NULL: refused */
		unsigned int want;
	} cases[] = {
		{ "db", 5432, HOST_INET, "db", 5432 },
		{ "db:1", 5432, HOST_INET, "db", 1 },
		{ "inet:db:65535", 0, HOST_INET, "db", 65535 },
		{ "db:smtp", 0, HOST_INET, "db", 25 },
		{ "[::1]:25", 0, HOST_INET, "::1", 25 },
		{ "[::1]", 25, HOST_INET, "::1", 25 },
		{ "unix:/a:b", 0, HOST_UNIX, "/a:b", 0 },
		{ "/a", 0, HOST_UNIX, "/a", 0 },
		{ "srv:_x._tcp.y", 0, HOST_SRV, "_x._tcp.y", 0 },
		{ "srv:", 25, HOST_INET, NULL, 0 },
		{ "db", 0, HOST_INET, NULL, 0 },
		{ "", 25, HOST_INET, NULL, 0 },
		{ ":25", 25, HOST_INET, NULL, 0 },
		{ "db:", 25, HOST_INET, NULL, 0 },
		{ "db:0", 25, HOST_INET, NULL, 0 },
		{ "db:65536", 25, HOST_INET, NULL, 0 },
		{ "db:1x", 25, HOST_INET, NULL, 0 },
		{ "db:no-such-service", 25, HOST_INET, NULL, 0 },
		{ "::1", 25, HOST_INET, NULL, 0 },
		{ "[::1", 25, HOST_INET, NULL, 0 },
		{ "[]:25", 25, HOST_INET, NULL, 0 },
		{ "[::1]25", 25, HOST_INET, NULL, 0 },
		{ "unix:", 0, HOST_INET, NULL, 0 },
		{ "inet:", 25, HOST_INET, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server_host host;
		struct err err;
		int status = host_read(
		    slice_of(cases[i].word), cases[i].port, &host, &err);

		if (cases[i].name == NULL) {
			if (!(status == -1))
				fail_msg("%s", cases[i].word);
			if (!(err.kind == ERR_CONFIG))
				fail_msg("%s", cases[i].word);
			continue;
		}
		if (!(status == 0))
			fail_msg("%s", cases[i].word);
		check_slice(cases[i].word, host.name, cases[i].name);
		if (!(host.kind == cases[i].kind))
			fail_msg("%s", cases[i].word);
		if (!(host.port == cases[i].want))
			fail_msg("%s", cases[i].word);
	}
}

static void
a_name_has_the_addresses_that_the_system_knows(void **state)
{
	struct host_addresses addresses = { .count = 0 };
	uint64_t deadline = clock_monotonic_us() + 60000000;
	struct server_host host;
	char text[HOST_ADDRESS_BYTES];
	struct err err;

	(void)state;
	assert_int_equal(host_read(SLICE("192.0.2.1:80"), 0, &host, &err), 0);
	assert_int_equal(host_resolve(&host, 0, &addresses, &err), 0);
	assert_int_equal(addresses.count, 1);
	host_address_text(&addresses, 0, text);
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(host_read(SLICE("localhost:80"), 0, &host, &err), 0);
	assert_int_equal(host_resolve(&host, deadline, &addresses, &err), 0);
	assert_in_range(addresses.count, 1, HOST_MAX_ADDRESSES);
	/* RFC 6761: nobody has this one. */
	assert_int_equal(host_read(SLICE("x.invalid:80"), 0, &host, &err), 0);
	assert_int_equal(host_resolve(&host, clock_monotonic_us() + 2000000,
			     &addresses, &err),
	    -1);
	assert_int_equal(err.kind, ERR_TEMP);
	/* No time to look. */
	assert_int_equal(host_resolve(&host, 1, &addresses, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
}

/* What a server that SRV records name is asked for, with this zone. */
struct srv_scene {
	struct fake fake;
	struct arena mem;
	struct table_world *world;
	struct hosts *hosts;
	struct server *server;
};

static void
srv_scene_set(struct srv_scene *scene, const char *zone)
{
	struct resolver *resolver;
	struct err err;

	assert_int_equal(
	    zone_resolver_new(slice_of(zone), "zone", &resolver, &err), 0);
	table_world_set(scene->world, &(struct cache_ages){ 0 }, resolver);
	resolver_unref(resolver);
}

static void
srv_scene_init(struct srv_scene *scene, const char *hosts, const char *zone)
{
	struct table_opening opening = { .mem = &scene->mem };
	struct err err;

	*scene = (struct srv_scene){ .fake = { .value = "1" } };
	arena_init(&scene->mem);
	scene->world = table_world_new();
	srv_scene_set(scene, zone);
	opening.world = scene->world;
	scene->hosts = hosts_new(&opening, HOSTS_IN_ORDER);
	assert_int_equal(
	    hosts_add_list(scene->hosts, slice_of(hosts), 0, &err), 0);
	scene->server = server_new(&fake_ops, &scene->fake, scene->hosts);
}

static void
srv_scene_done(struct srv_scene *scene)
{
	server_free(scene->server);
	table_world_unref(scene->world);
	arena_done(&scene->mem);
}

/* One look-up over a new connection. */
static struct slice
ask_anew(struct srv_scene *scene)
{
	scene->fake.generation++;
	return ask(scene->server, "a", 0, &scene->mem);
}

static void
records_are_tried_by_their_priority(void **state)
{
	struct srv_scene scene;

	(void)state;
	srv_scene_init(&scene, "srv:_x._tcp.example.org",
	    "$ORIGIN example.org.\n"
	    "_x._tcp SRV 20 0 3 c\n_x._tcp SRV 5 0 1 a\n"
	    "_x._tcp SRV 10 0 2 b\n");
	check_slice("first", ask_anew(&scene), "1");
	assert_int_equal(scene.fake.tried[1], 1);
	scene.fake.refuses = 1;
	for (int i = 0; i < 5; i++)
		check_slice("second", ask_anew(&scene), "1");
	assert_int_equal(scene.fake.tried[1], 2);
	assert_int_equal(scene.fake.tried[2], 5);
	assert_int_equal(scene.fake.tried[3], 0);
	scene.fake.refuses = 0;
	pause_ms(SERVER_FIRST_PAUSE_MS + 20);
	check_slice("back", ask_anew(&scene), "1");
	assert_int_equal(scene.fake.tried[1], 3);
	/* Records that have changed count with the next connection. */
	srv_scene_set(
	    &scene, "_x._tcp.example.org. SRV 1 0 3 c.example.org.\n");
	check_slice("changed", ask_anew(&scene), "1");
	assert_int_equal(scene.fake.tried[3], 1);
	srv_scene_done(&scene);
}

static void
records_of_one_priority_share_by_their_weight(void **state)
{
	struct srv_scene scene;

	(void)state;
	srv_scene_init(&scene, "srv:_x._tcp.example.org",
	    "$ORIGIN example.org.\n_x._tcp SRV 1 10 1 a\n"
	    "_x._tcp SRV 1 30 2 b\n_x._tcp SRV 1 0 3 c\n");
	for (int i = 0; i < 400; i++)
		check_slice("a", ask_anew(&scene), "1");
	assert_in_range(scene.fake.tried[1], 50, 160);
	assert_in_range(scene.fake.tried[2], 220, 350);
	assert_in_range(scene.fake.tried[3], 0, 40);
	/* Without weights each has the same share. */
	srv_scene_set(&scene,
	    "$ORIGIN example.org.\n_x._tcp SRV 1 0 1 a\n"
	    "_x._tcp SRV 1 0 2 b\n");
	scene.fake.tried[1] = scene.fake.tried[2] = 0;
	for (int i = 0; i < 200; i++)
		check_slice("a", ask_anew(&scene), "1");
	assert_in_range(scene.fake.tried[1], 50, 150);
	assert_in_range(scene.fake.tried[2], 50, 150);
	srv_scene_done(&scene);
}

static void
without_records_there_is_no_answer(void **state)
{
	static const struct {
		const char *zone, *want;
	} cases[] = {
		{ "_x._tcp.example.org. SRV 0 0 0 .\n", "it names no host" },
		{ "example.org. A 192.0.2.1\n", "there is no such record" },
		{ "_x._tcp.example.org. FAIL\n", "SERVFAIL" },
	};
	struct srv_scene scene;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice said;

		srv_scene_init(
		    &scene, "srv:_x._tcp.example.org", cases[i].zone);
		said = ask_anew(&scene);
		assert_true(slice_starts(
		    said, SLICE("! SRV of _x._tcp.example.org: ")));
		assert_true(
		    slice_has_text_nocase(said, slice_of(cases[i].want)));
		/* DNS is not asked again at once. */
		srv_scene_set(&scene, "_x._tcp.example.org. SRV 0 0 1 a.\n");
		assert_true(slice_starts(ask_anew(&scene), SLICE("! ")));
		pause_ms(SERVER_FIRST_PAUSE_MS + 20);
		check_slice("again", ask_anew(&scene), "1");
		srv_scene_done(&scene);
	}
	/* Another host helps. */
	srv_scene_init(&scene, "srv:_x._tcp.example.org, b:2", cases[2].zone);
	check_slice("other", ask_anew(&scene), "1");
	assert_int_equal(scene.fake.tried[2], 1);
	srv_scene_done(&scene);
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
		{ 's', "OK", SERVER_LOST, NULL },
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
		cmocka_unit_test(
		    a_host_that_failed_is_passed_over_while_another_one_answers),
		cmocka_unit_test(
		    a_host_that_hangs_leaves_time_for_the_next_one),
		cmocka_unit_test(
		    a_key_that_ends_connections_stops_no_other_one),
		cmocka_unit_test(hosts_at_random_are_sockets_first),
		cmocka_unit_test(hosts_are_read_as_they_are_written),
		cmocka_unit_test(
		    a_name_has_the_addresses_that_the_system_knows),
		cmocka_unit_test(records_are_tried_by_their_priority),
		cmocka_unit_test(records_of_one_priority_share_by_their_weight),
		cmocka_unit_test(without_records_there_is_no_answer),
		cmocka_unit_test(replies_are_read_as_postfix_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
