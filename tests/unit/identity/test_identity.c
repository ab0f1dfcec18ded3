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
		{ "alice@b\xc3\xbc"
		  "cher.example",
		    "", "alice@xn--bcher-kva.example" },
		{ "alice@xn--bcher-kva.example", "",
		    "alice@xn--bcher-kva.example" },
		{ "alice",
		    "b\xc3\xbc"
		    "cher.example",
		    "alice@xn--bcher-kva.example" },
		/* What is no domain stays: two such logins are not made one. */
		{ "alice@not a domain", "corp.example", "alice@not a domain" },
		{ "alice@\xef\xbd\x85xample.org", "",
		    "alice@\xef\xbd\x85xample.org" },
		{ "alice@", "corp.example", "alice@" },
		{ "a@b@Corp.Example", "x.example", "a@b@corp.example" },
		/* RFC 8265 section 3.3: width, case, composition. */
		{ "J\xc3\x9cRGEN", "corp.example",
		    "j\xc3\xbcrgen@corp.example" },
		{ "Ju\xcc\x88rgen@Corp.Example", "",
		    "j\xc3\xbcrgen@corp.example" },
		{ "\xef\xbc\xa1lice", "", "alice" },
		{ "\xce\xa3\xce\xa3", "", "\xcf\x83\xcf\x82" },
		{ "stra\xc3\x9f"
		  "e",
		    "",
		    "stra\xc3\x9f"
		    "e" },
		{ "\xd7\x90\xd7\x91", "", "\xd7\x90\xd7\x91" },
		/* Not allowed there, so nothing is mapped: KELVIN SIGN, fi. */
		{ "\xe2\x84\xaa"
		  "evin",
		    "",
		    "\xe2\x84\xaa"
		    "evin" },
		{ "\xef\xac\x81n\xc3\x9c", "", "\xef\xac\x81n\xc3\x9c" },
		{ "a \xc3\x9c", "", "a \xc3\x9c" },
		{ "a\xe2\x80\x8b\xc3\x9c", "", "a\xe2\x80\x8b\xc3\x9c" },
		{ "\xff\xc3\x9c", "", "\xff\xc3\x9c" },
		{ "\xd7\x90"
		  "b\xc3\x9c",
		    "",
		    "\xd7\x90"
		    "b\xc3\x9c" },
		{ "", "corp.example", "" },
		{ " ", "corp.example", "" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].login,
		    login_normalise(&mem, slice_of(cases[i].login),
			slice_of(cases[i].realm)),
		    cases[i].want);
	arena_done(&mem);
}

struct world {
	struct table_set *tables;
	struct table *login_map; /* in the place of that in tables */
	struct arena mem;
	struct config *config;
	struct identity identity;
	struct client_facts client;
};

static void
world_read(struct world *world, struct slice text)
{
	const struct table_use *uses;
	size_t count;
	struct err err;

	assert_int_equal(
	    config_read_text("test", text, NULL, NULL, &world->config, &err),
	    0);
	uses = config_tables(world->config, &world->mem, &count);
	assert_int_equal(table_set_open(&(struct table_set_options){ uses,
					    count, NULL, NULL, NULL },
			     &world->tables, &err),
	    0);
	world->login_map = NULL;
	identity_init(
	    &world->identity, world->config, world->tables, &world->mem);
	world->client =
	    (struct client_facts){ .said[FACT_AUTH_AUTHEN] = SLICE("Alice") };
	assert_true(net_addr_parse(SLICE("192.0.2.7"), &world->client.addr));
}

/* A configuration with a network table that gives one value. */
static void
world_init(struct world *world, const char *methods, const char *value)
{
	arena_init(&world->mem);
	world_read(world,
	    slice_format(&world->mem,
		"domain = corp.example\n"
		"identify { methods = {%s}; %s%s%s }\n",
		methods, value == NULL ? "" : "network = \"static:",
		value == NULL ? "" : value, value == NULL ? "" : "\""));
}

static void
world_done(struct world *world)
{
	table_set_free(world->tables);
	table_close(world->login_map);
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
		    strstr(cases[i].methods, "network") == NULL ? NULL :
								  "webmail");
		world.client.said[FACT_AUTH_AUTHEN] = slice_of(cases[i].auth);
		assert_int_equal(identity_find(&world.identity, &world.client,
				     &(const struct table_context){
					 .mem = &world.mem, .err = &err },
				     &submitter),
		    0);
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
		if (identity_find(&world.identity, &world.client,
			&(const struct table_context){
			    .mem = &world.mem, .err = &err },
			&submitter) == 0)
			fail_msg("%s: became login \"%.*s\"", values[i],
			    SLICE_ARGS(submitter.login));
		assert_int_equal(err.kind, ERR_TEMP);
		assert_non_null(strstr(err.text, "is not one login"));
		assert_non_null(strstr(err.text, "key 192.0.2.7"));
		world_done(&world);
	}
}

/* Replaces the login-map of a world, which is "static:x", by a text. */
static void
use_login_map(struct world *world, const char *spec, const char *rows)
{
	struct err err;

	table_close(world->login_map);
	if (table_open_text(
		slice_of(spec), slice_of(rows), &world->login_map, &err) != 0)
		fail_msg("%s", err.text);
	world->identity.login_map = world->login_map;
}

static void
a_login_map_says_whose_login_it_is(void **state)
{
	static const char rows[] = "as1234                alice@team.example\n"
				   "as1235@corp.example   bob\n"
				   "as1236@far.example    carol@far.example\n"
				   "both@corp.example     first\n"
				   "both                  second\n"
				   "two                   a, b\n";
	static const struct {
		const char *auth, *want;
		bool counts;
	} cases[] = {
		{ "as1234", "alice@team.example", true },
		{ " AS1234 ", "alice@team.example", true },
		{ "as1234@corp.example", "alice@team.example", true },
		/* In another realm it is another user. */
		{ "as1234@far.example", "as1234@far.example", false },
		{ "as1235", "bob@corp.example", true },
		{ "as1236", "as1236@corp.example", true },
		{ "as1236@far.example", "carol@far.example", true },
		/* Nor is it the other user with one more realm behind. */
		{ "as1236@far.example@corp.example",
		    "as1236@far.example@corp.example", true },
		{ "both", "first@corp.example", true },
		/* What is not in the table stays, and is not mapped again. */
		{ "alice@team.example", "alice@team.example", false },
		{ "dora", "dora@corp.example", true },
		{ "two", "", false },
	};
	struct submitter submitter;
	struct world world;
	struct err err;

	(void)state;
	arena_init(&world.mem);
	world_read(&world,
	    SLICE("domain = corp.example\n"
		  "identify { login-map = static:x }\n"));
	use_login_map(&world, "texthash:map", rows);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.client.said[FACT_AUTH_AUTHEN] = slice_of(cases[i].auth);
		if (cases[i].want[0] == '\0') {
			assert_int_equal(
			    identity_find(&world.identity, &world.client,
				&(const struct table_context){
				    .mem = &world.mem, .err = &err },
				&submitter),
			    -1);
			assert_int_equal(err.kind, ERR_TEMP);
			assert_non_null(strstr(err.text, "is not one login"));
			continue;
		}
		assert_int_equal(identity_find(&world.identity, &world.client,
				     &(const struct table_context){
					 .mem = &world.mem, .err = &err },
				     &submitter),
		    0);
		check_slice(cases[i].auth, submitter.login, cases[i].want);
		if (submitter.realm_counts != cases[i].counts)
			fail_msg("%s: its realm counts", cases[i].auth);
	}
	/* Patterns see the whole login once; one that fails is "later". */
	use_login_map(&world, "pcre:map",
	    "/^as(\\d+)@corp\\.example$/ u$1\n"
	    "/^as\\d+$/ wrong\n");
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("as77");
	assert_int_equal(
	    identity_find(&world.identity, &world.client,
		&(const struct table_context){ .mem = &world.mem, .err = &err },
		&submitter),
	    0);
	check_slice("pattern", submitter.login, "u77@corp.example");
	use_login_map(&world, "cidr:map", "192.0.2.0/24 x\n");
	assert_int_equal(
	    identity_find(&world.identity, &world.client,
		&(const struct table_context){ .mem = &world.mem, .err = &err },
		&submitter),
	    -1);
	assert_int_equal(err.kind, ERR_TEMP);
	world_done(&world);
}

static void
only_realms_that_are_named_count(void **state)
{
	static const struct {
		const char *config, *auth;
		bool counts;
	} cases[] = {
		{ "", "alice@corp.example", false },
		{ "", "alice", false },
		{ "domain = corp.example", "alice", true },
		{ "domain = corp.example", "alice@corp.example", true },
		{ "domain = corp.example", "alice@team.example", false },
		{ "domain = corp.example", "a@team.example@corp.example",
		    true },
		{ "domain = corp.example", "a@corp.example@team.example",
		    false },
		{ "identify { realms = {TEAM.example} }", "alice@Team.Example",
		    true },
		{ "identify { realms = {TEAM.example} }", "alice@corp.example",
		    false },
		{ "identify { realms = {TEAM.example} }", "alice", false },
		{ "identify { realms = any-verified-by-sasl }",
		    "alice@far.example", true },
		{ "identify { realms = any-verified-by-sasl }", "alice",
		    false },
		{ "identify { methods = network; network = \"static:"
		  "web@far.example\" }",
		    "alice", true },
		/* A user that RFC 8265 does not allow owns nothing. */
		{ "domain = corp.example", "J\xc3\x9crgen", true },
		{ "domain = corp.example",
		    "\xe2\x84\xaa"
		    "evin",
		    false },
		{ "domain = corp.example", "a\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct submitter submitter;
		struct world world;
		struct err err;

		arena_init(&world.mem);
		world_read(&world, slice_of(cases[i].config));
		world.client.said[FACT_AUTH_AUTHEN] = slice_of(cases[i].auth);
		assert_int_equal(identity_find(&world.identity, &world.client,
				     &(const struct table_context){
					 .mem = &world.mem, .err = &err },
				     &submitter),
		    0);
		if (submitter.realm_counts != cases[i].counts)
			fail_msg("%s: %s: %d", cases[i].config, cases[i].auth,
			    submitter.realm_counts);
		world_done(&world);
	}
}

static void
gather(void *arg, bool is_error, const char *text)
{
	assert_true(is_error);
	strbuf_addf(arg, "%s\n", text);
}

static void
methods_and_their_tables_fit_together(void **state)
{
	static const struct {
		const char *config;
		const char *want;
	} sets[] = {
		{ "", "" },
		{ "identify { methods = {network, sasl}\n"
		  "network = cidr:/x; login-map = static:x }",
		    "" },
		{ "identify { methods = {sasl, netwrk}\nnetwork = cidr:/x }",
		    "test:1: identify.methods: \"netwrk\" is not a method; "
		    "there are sasl, client-cert, login-field, network, host and pop-before-smtp; did you mean "
		    "\"network\"?\n" },
		{ "identify { methods = {ssal}\nlogin-map = static:x }",
		    "test:1: identify.methods: \"ssal\" is not a method; "
		    "there are sasl, client-cert, login-field, network, host and pop-before-smtp; did you mean \"sasl\"?\n" },
		{ "identify { methods = {sasl, kerberos} }",
		    "test:1: identify.methods: \"kerberos\" is not a method; "
		    "there are sasl, client-cert, login-field, network, host and pop-before-smtp\n" },
		{ "identify { methods = {} }",
		    "test:1: identify.methods: takes at least one of sasl, "
		    "client-cert, login-field, network, host, pop-before-smtp\n" },
		{ "identify {\n\n methods = {network} }",
		    "test:3: identify.methods: the method network needs a "
		    "table: set identify.network\n" },
		{ "identify {\n methods = {client-cert} }",
		    "test:2: identify.methods: the method client-cert needs a "
		    "table: set identify.certificates\n" },
		{ "identify {\n methods = {login-field}\n}",
		    "test:2: identify.methods: the method login-field needs a "
		    "name: set identify.login-field\n"
		    "test:2: identify.methods: the method login-field needs a "
		    "secret: set identify.login-secret\n" },
		{ "identify { methods = {login-field, sasl}\n"
		  "login-field = X-Login; login-secret = /x }",
		    "" },
		/* The field is removed, and its fingerprints have a table. */
		{ "identify { login-field = X-Login }", "" },
		{ "identify { methods = {login-field, sasl}\n"
		  "certificates = static:x\n"
		  "login-field = X-Login; login-secret = /x }",
		    "" },
		{ "identify { login-secret = /x }",
		    "test:1: identify.login-secret: is not used: set "
		    "identify.login-field\n" },
		{ "identify { login-field = from }",
		    "test:1: identify.login-field: \"from\" is not the name of a "
		    "field of your own, like X-Submilter-Login\n" },
		{ "identify { login-field = \"X Login\" }",
		    "test:1: identify.login-field: \"X Login\" is not the name "
		    "of a field of your own, like X-Submilter-Login\n" },
		{ "identify {\n certificates = static:x }",
		    "test:2: identify.certificates: is not used, because "
		    "client-cert is not in identify.methods\n" },
		{ "identify { methods = network\n"
		  "network = cidr:/x\nlogin-map = static:x }",
		    "" },
		{ "identify { methods-at = {\"25=sasl\", \"587\"} }",
		    "test:1: identify.methods-at: takes SERVICE=METHOD like "
		    "\"587=sasl\", not \"587\"\n" },
		{ "identify { methods-at = {\"25=kerberos\"} }",
		    "test:1: identify.methods-at: takes SERVICE=METHOD like "
		    "\"587=sasl\", not \"25=kerberos\"\n" },
		/* Network would be asked at each service. */
		{ "identify { methods = {sasl, network}\n"
		  "network = cidr:/x\nmethods-at = {\"10587=host\"} }",
		    "test:3: identify.methods-at: \"10587=host\" is not used, "
		    "because host is not in identify.methods\n" },
		{ "identify { unidentified-at = {\"25=accept\", \"=pass\"} }",
		    "test:1: identify.unidentified-at: takes SERVICE=reject or "
		    "SERVICE=pass like \"25=pass\", not \"25=accept\"\n"
		    "test:1: identify.unidentified-at: takes SERVICE=reject or "
		    "SERVICE=pass like \"25=pass\", not \"=pass\"\n" },
		{ "identify {\n\n network = cidr:/x }",
		    "test:3: identify.network: is not used, because network is "
		    "not in identify.methods\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct config *config;
		struct strbuf got;
		struct arena mem;
		unsigned int count;
		struct err err;

		arena_init(&mem);
		strbuf_init(&got, &mem);
		if (config_read_text("test", slice_of(sets[i].config), NULL,
			NULL, &config, &err) != 0)
			fail_msg("%s: %s", sets[i].config, err.text);
		count = identity_check_config(
		    config, &(const struct report){ gather, &got });
		check_slice(sets[i].config, strbuf_slice(&got), sets[i].want);
		assert_int_equal(count != 0, sets[i].want[0] != '\0');
		config_free(config);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_are_compared_in_one_form),
		cmocka_unit_test(methods_and_their_tables_fit_together),
		cmocka_unit_test(the_first_method_that_proves_a_login_wins),
		cmocka_unit_test(a_network_has_one_login),
		cmocka_unit_test(a_login_map_says_whose_login_it_is),
		cmocka_unit_test(only_realms_that_are_named_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
