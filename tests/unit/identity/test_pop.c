/* SPDX-License-Identifier: BSD-2-Clause */
/* The method pop-before-smtp: whose login an address proves, and how long. */
#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "identity/identity.h"
#include "table/world.h"
#include "world.h"

enum { NOW = 1000000000 };

static void
world_init(struct world *world, const char *table, const char *more)
{
	*world = (struct world){ .tables_world = world->tables_world };
	clock_set(NOW);
	arena_init(&world->mem);
	world_open(world,
	    slice_format(&world->mem,
		"identify { methods = {sasl, pop-before-smtp}\n"
		"pop-before-smtp = \"%s\"\n%s }\n",
		table, more));
}

static void
world_done(struct world *world)
{
	world_close(world);
	clock_set(0);
}

/* Who it is that comes from there; NULL: cannot tell. */
static void
check_login(struct world *world, const char *client, const char *want)
{
	struct submitter submitter;
	int status;

	world->client.addr.bits = 0;
	if (client[0] != '\0')
		assert_true(
		    net_addr_parse(slice_of(client), &world->client.addr));
	status = identity_find(&world->identity, &world->client,
	    &(const struct table_context){
		.mem = &world->mem, .err = &world->err },
	    &submitter);
	if (want == NULL) {
		assert_int_equal(status, -1);
		assert_int_equal(world->err.kind, ERR_TEMP);
		return;
	}
	if (status != 0)
		fail_msg("%s: %s", client, world->err.text);
	check_slice(client, submitter.login, want);
}

#define ROWS                                                           \
	"inline:{192.0.2.1=alice;time=999999000,"                      \
	"2001:db8::1=bob;time=1000000000,"                             \
	"192.0.2.2=old;time=999998199, 192.0.2.3=edge;time=999998200," \
	"192.0.2.4=ahead;time=1000000300,"                             \
	"192.0.2.5=far;time=1000000301, 192.0.2.6=ever,"               \
	"192.0.2.7=a;time=, 192.0.2.8=a;time=0, 192.0.2.9=a;until=1,"  \
	"192.0.2.10=a;time=1;time=1000000000, 192.0.2.11=;time=1,"     \
	"{192.0.2.12=a b;time=1000000000},"                            \
	"192.0.2.13=a;time=99999999999999999999,"                      \
	"127.0.0.1=local;time=1000000000, ::1=local;time=1000000000,"  \
	"198.51.100.7=shared;time=1000000000}"

static void
a_login_counts_for_a_while(void **state)
{
	static const struct {
		const char *client, *want;
	} cases[] = {
		{ "192.0.2.1", "alice" },
		{ "::ffff:192.0.2.1", "alice" },
		{ "2001:db8::1", "bob" },
		{ "2001:DB8:0:0::1", "bob" },
		{ "192.0.2.2", "" },
		{ "192.0.2.3", "edge" },
		{ "192.0.2.4", "ahead" },
		{ "192.0.2.5", NULL },
		/* A row of a file would count for ever. */
		{ "192.0.2.6", NULL },
		{ "192.0.2.7", NULL },
		{ "192.0.2.8", NULL },
		{ "192.0.2.9", NULL },
		{ "192.0.2.10", NULL },
		{ "192.0.2.11", NULL },
		{ "192.0.2.12", NULL },
		{ "192.0.2.13", NULL },
		{ "192.0.2.99", "" },
		{ "2001:db8::2", "" },
		{ "127.0.0.1", "" },
		{ "::1", "" },
		{ "::ffff:127.0.0.1", "" },
		{ "", "" },
	};
	struct world world = { .tables_world = NULL };

	(void)state;
	world_init(&world, ROWS, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_login(&world, cases[i].client, cases[i].want);
	world_done(&world);
	world_init(&world, ROWS, "pop-age = 17m");
	check_login(&world, "192.0.2.1", "alice");
	check_login(&world, "192.0.2.3", "");
	world_done(&world);
}

static void
networks_that_many_share_prove_nothing(void **state)
{
	struct world world = { .tables_world = NULL };

	(void)state;
	world_init(
	    &world, ROWS, "pop-never = {198.51.100.0/24, \"2001:db8::/32\"}");
	check_login(&world, "198.51.100.7", "");
	check_login(&world, "2001:db8::1", "");
	check_login(&world, "192.0.2.1", "alice");
	/* The list is the operator's own. */
	check_login(&world, "127.0.0.1", "local");
	world_done(&world);
}

static void
a_login_by_auth_stands_above(void **state)
{
	struct world world = { .tables_world = NULL };

	(void)state;
	world_init(&world, ROWS, "");
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("carol");
	check_login(&world, "192.0.2.1", "carol");
	/* And the table is not needed. */
	check_login(&world, "192.0.2.7", "carol");
	/* Somebody logged in whose name the MTA did not tell. */
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("");
	world.client.said[FACT_AUTH_TYPE] = SLICE("PLAIN");
	check_login(&world, "192.0.2.1", "");
	world_done(&world);
}

/* The method sasl is not even there. */
static void
a_login_that_has_no_method_stands_above(void **state)
{
	struct world world = { .tables_world = NULL };

	(void)state;
	world_init(&world, ROWS, "");
	world.identity.steps++;
	world.identity.step_count--;
	check_login(&world, "192.0.2.1", "alice");
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("carol");
	check_login(&world, "192.0.2.1", "");
	world_done(&world);
}

static void
write_rows(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
a_file_is_read_as_it_is_now(void **state)
{
	char path[] = "/tmp/submilter-pop.XXXXXX";
	int fd = mkstemp(path);
	struct world world = { .tables_world = NULL };
	char spec[64];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	write_rows(path, "# nobody yet\n");
	snprintf(spec, sizeof(spec), "texthash:%s", path);
	world_init(&world, spec, "");
	check_login(&world, "192.0.2.1", "");
	write_rows(path, "192.0.2.1 alice;time=1000000000\n");
	check_login(&world, "192.0.2.1", "alice");
	write_rows(path, "192.0.2.1 bob;time=1000000000\n");
	check_login(&world, "192.0.2.1", "bob");
	/* One that is cut, or gone, cannot answer. */
	write_rows(path, "192.0.2.1 bob;time=1000000000");
	check_login(&world, "192.0.2.1", NULL);
	assert_int_equal(unlink(path), 0);
	check_login(&world, "192.0.2.1", NULL);
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("carol");
	check_login(&world, "192.0.2.1", "carol");
	world_done(&world);
}

static void
note_fault(void *arg, bool is_error, const char *text)
{
	struct strbuf *buf = arg;

	(void)is_error;
	strbuf_addf(buf, "%s\n", text);
}

static void
faults_are_told(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "identify { methods = {sasl, pop-before-smtp}\n"
		  "pop-before-smtp = static:x }",
		    "" },
		{ "identify { methods = {sasl, pop-before-smtp} }",
		    "test:1: identify.methods: the method pop-before-smtp "
		    "needs a table: set identify.pop-before-smtp\n" },
		{ "identify {\npop-before-smtp = static:x }",
		    "test:2: identify.pop-before-smtp: is not used, because "
		    "pop-before-smtp is not in identify.methods\n" },
		{ "identify { methods = {pop-before-smtp, sasl}\n"
		  "pop-before-smtp = static:x }",
		    "test:1: identify.methods: pop-before-smtp proves the "
		    "least: name it last\n" },
		{ "identify { methods = {sasl, pop-before-smtp}\n"
		  "pop-before-smtp = static:x\n"
		  "pop-never = {192.0.2.0/24, 192.0.2.1/24} }",
		    "test:3: identify.pop-never: \"192.0.2.1/24\": the "
		    "address has bits set behind its prefix length: write "
		    "192.0.2.0/24 or 192.0.2.1\n" },
	};
	struct arena mem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config;
		struct strbuf got;
		struct err err;

		arena_init(&mem);
		strbuf_init(&got, &mem);
		assert_int_equal(config_read_text("test",
				     slice_format(&mem, "%s\n", cases[i].text),
				     NULL, NULL, &config, &err),
		    0);
		(void)!identity_check_config(
		    config, &(struct report){ note_fault, &got });
		check_slice(cases[i].text, strbuf_slice(&got), cases[i].want);
		config_free(config);
		arena_done(&mem);
	}
}

static void
rows_of_a_file_need_a_time(void **state)
{
	struct world world = { .tables_world = NULL };
	struct strbuf got;

	(void)state;
	world_init(
	    &world, "inline:{192.0.2.1=alice;time=1, 192.0.2.2=bob}", "");
	strbuf_init(&got, &world.mem);
	identity_check_values(
	    &world.identity, NULL, &(struct report){ note_fault, &got });
	check_slice("rows", strbuf_slice(&got),
	    "table inline:{192.0.2.1=alice;time=1, 192.0.2.2=bob}: key 192.0.2.2: "
	    "\"bob\" has no ;time=SECONDS, and would count for ever (mail that "
	    "needs this row is answered with 451)\n");
	world_done(&world);
}

/* A server of type tcp that has another answer for each question. */
static void *
answer_in_turn(void *arg)
{
	static const char *const replies[] = { "500 nobody\n",
		"200 alice;time=1000000000\n", "200 bob;time=1000000000\n",
		"500 nobody\n", "200 carol;time=1000000000\n" };
	int *listener = arg, fd = accept(*listener, NULL, NULL);
	size_t next = 0;
	char c;

	while (next < sizeof(replies) / sizeof(replies[0]) &&
	    recv(fd, &c, 1, 0) == 1) {
		if (c != '\n')
			continue;
		assert_int_equal(send(fd, replies[next], strlen(replies[next]),
				     MSG_NOSIGNAL),
		    strlen(replies[next]));
		next++;
	}
	(void)close(fd);
	return NULL;
}

static void
a_server_is_asked_and_no_cache(void **state)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	const struct cache_ages ages = { 60, 60, 60, 1 << 20 };
	struct world world = { .tables_world = table_world_new() };
	struct table_context context;
	struct slice value;
	pthread_t thread;
	char table[64];

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&here, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(
	    getsockname(listener, (struct sockaddr *)&here, &len), 0);
	assert_int_equal(
	    pthread_create(&thread, NULL, answer_in_turn, &listener), 0);
	(void)snprintf(
	    table, sizeof(table), "tcp:127.0.0.1:%d", ntohs(here.sin_port));
	table_world_set(world.tables_world, &ages, NULL);
	world_init(&world, table, "");
	/* Neither "nobody" nor a former login is kept. */
	check_login(&world, "192.0.2.1", "");
	check_login(&world, "192.0.2.1", "alice");
	check_login(&world, "192.0.2.1", "bob");
	/* Whoever does not say so gets what is kept: there is a cache. */
	context =
	    (struct table_context){ .mem = &world.mem, .err = &world.err };
	for (int i = 0; i < 2; i++)
		assert_int_equal(table_lookup_one(world.identity.steps[1].table,
				     SLICE("192.0.2.1"), &context, &value),
		    TABLE_ABSENT);
	check_login(&world, "192.0.2.1", "carol");
	world_done(&world);
	table_world_unref(world.tables_world);
	(void)close(listener);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_counts_for_a_while),
		cmocka_unit_test(networks_that_many_share_prove_nothing),
		cmocka_unit_test(a_login_by_auth_stands_above),
		cmocka_unit_test(a_login_that_has_no_method_stands_above),
		cmocka_unit_test(a_file_is_read_as_it_is_now),
		cmocka_unit_test(a_server_is_asked_and_no_cache),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(rows_of_a_file_need_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
