/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "identity/identity.h"

static void
logins_are_compared_in_one_form(void **state)
{
	static const struct {
		const char *login;
		const char *realm;
		const char *want;
	} cases[] = {
		{ "alice", "", "alice" },
		{ " Alice ", "", "alice" },
		{ "alice", "corp.example", "alice@corp.example" },
		{ "ALICE", "Corp.Example", "alice@corp.example" },
		{ "alice@Other.Example", "corp.example",
		    "alice@other.example" },
		{ "alice@b\xc3\xbc" "cher.example", "",
		    "alice@xn--bcher-kva.example" },
		{ "alice@xn--bcher-kva.example", "",
		    "alice@xn--bcher-kva.example" },
		{ "alice", "b\xc3\xbc" "cher.example",
		    "alice@xn--bcher-kva.example" },
		/* What is no domain stays: two such logins are not made one. */
		{ "alice@not a domain", "corp.example", "alice@not a domain" },
		{ "alice@\xef\xbd\x85xample.org", "",
		    "alice@\xef\xbd\x85xample.org" },
		{ "alice@", "corp.example", "alice@" },
		{ "a@b@Corp.Example", "x.example", "a@b@corp.example" },
		{ "", "corp.example", "" },
		{ " ", "corp.example", "" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].login, login_normalise(&mem,
		    slice_of(cases[i].login), slice_of(cases[i].realm)),
		    cases[i].want);
	arena_done(&mem);
}

/* A world: a configuration with a network table that gives one value. */
struct world {
	struct arena mem;
	struct config *config;
	struct identity identity;
	struct client_facts client;
};

static void
world_init(struct world *world, const char *methods, const char *value)
{
	struct err err;
	struct slice text;

	arena_init(&world->mem);
	text = slice_format(&world->mem, "domain = corp.example\n"
	    "identify { methods = {%s}; %s%s%s }\n", methods,
	    value == NULL ? "" : "network = \"static:",
	    value == NULL ? "" : value, value == NULL ? "" : "\"");
	assert_int_equal(config_read_text("test", text, NULL, NULL,
	    &world->config, &err), 0);
	assert_int_equal(identity_open(&world->identity, world->config, NULL,
	    NULL, &err), 0);
	world->client = (struct client_facts){ .auth_authen = SLICE("Alice") };
	assert_true(net_addr_parse(SLICE("192.0.2.7"), &world->client.addr));
}

static void
world_done(struct world *world)
{
	identity_close(&world->identity);
	config_free(world->config);
	arena_done(&world->mem);
}

static void
the_first_method_that_proves_a_login_wins(void **state)
{
	static const struct {
		const char *methods;
		const char *auth;
		const char *login;
		const char *via;
	} cases[] = {
		{ "sasl, network", "Alice", "alice@corp.example", "sasl" },
		{ "network, sasl", "Alice", "webmail@corp.example", "network" },
		{ "sasl, network", "", "webmail@corp.example", "network" },
		{ "sasl", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct submitter submitter;
		struct world world;
		struct err err;

		world_init(&world, cases[i].methods,
		    strstr(cases[i].methods, "network") == NULL ? NULL
			: "webmail");
		world.client.auth_authen = slice_of(cases[i].auth);
		assert_int_equal(identity_find(&world.identity, &world.client,
		    &world.mem, &submitter, &err), 0);
		check_slice(cases[i].methods, submitter.login, cases[i].login);
		check_slice(cases[i].methods, submitter.via, cases[i].via);
		world_done(&world);
	}
}

static void
a_network_has_one_login(void **state)
{
	static const char *const values[] = { "alice, bob", "alice,bob",
		"alice bob", "alice;behalf", "!alice" };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct submitter submitter;
		struct world world;
		struct err err;

		world_init(&world, "network", values[i]);
		if (identity_find(&world.identity, &world.client, &world.mem,
		    &submitter, &err) == 0)
			fail_msg("%s: became login \"%.*s\"", values[i],
			    SLICE_ARGS(submitter.login));
		assert_int_equal(err.kind, ERR_TEMP);
		assert_non_null(strstr(err.text, "is not one login"));
		assert_non_null(strstr(err.text, "key 192.0.2.7"));
		world_done(&world);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_are_compared_in_one_form),
		cmocka_unit_test(the_first_method_that_proves_a_login_wins),
		cmocka_unit_test(a_network_has_one_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
