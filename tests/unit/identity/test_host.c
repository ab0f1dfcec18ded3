/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods network and host: the keys of a client, and whose name counts. */
#include "../unit.h"

#include "dns/resolver_zone.h"
#include "identity/identity.h"
#include "table/world.h"
#include "world.h"

static const char zone[] = "$TTL 300\n"
			   "mail.example.org. A 192.0.2.1\n"
			   "mail.example.org. A 192.0.2.2\n"
			   "six.example.org. AAAA 2001:db8::7\n"
			   "alias.example.org. CNAME mail.example.org.\n"
			   "a.printers.example.org. A 192.0.2.3\n"
			   "printers.example.org. A 192.0.2.4\n"
			   "empty.example.org. TXT \"x\"\n"
			   "silent.example.org. TIMEOUT\n"
			   "broken.example.org. FAIL\n"
			   "other.example. A 192.0.2.9\n"
			   "localhost. A 127.0.0.1\n"
			   "a.b.c.d.e.f.g.h.i.deep.example. A 192.0.2.1\n"
			   "a.b.c.d.e.f.g.h.i.j.deep.example. A 192.0.2.1\n"
			   "192.0.2.example. A 192.0.2.66\n";

static void
world_init(struct world *world, const char *block)
{
	const struct cache_ages none = { 0 };
	struct resolver *resolver;

	*world = (struct world){ .tables_world = table_world_new() };
	arena_init(&world->mem);
	assert_int_equal(
	    zone_resolver_new(slice_of(zone), "zone", &resolver, &world->err),
	    0);
	table_world_set(world->tables_world, &none, resolver);
	resolver_unref(resolver);
	world_open(world,
	    slice_format(&world->mem,
		"domain = corp.example\nidentify { %s }\n", block));
}

static void
world_done(struct world *world)
{
	world_close(world);
	table_world_unref(world->tables_world);
}

/* The login and the method, "LOGIN METHOD"; "": none; NULL: cannot tell. */
static void
check_login(struct world *world, const char *label, const char *want)
{
	struct submitter submitter;
	struct slice found;

	if (identity_find(&world->identity, &world->client,
		&(const struct table_context){
		    .mem = &world->mem, .err = &world->err },
		&submitter) != 0) {
		if (want != NULL)
			fail_msg("%s: %s", label, world->err.text);
		assert_int_equal(world->err.kind, ERR_TEMP);
		return;
	}
	if (want == NULL)
		fail_msg(
		    "%s: became \"%.*s\"", label, SLICE_ARGS(submitter.login));
	found = submitter.via.len == 0 ?
	    SLICE("") :
	    slice_format(&world->mem, "%.*s %.*s", SLICE_ARGS(submitter.login),
		SLICE_ARGS(submitter.via));
	check_slice(label, found, want);
	assert_int_equal(submitter.is_host,
	    slice_eq(submitter.via, SLICE("host")) ||
		slice_eq(submitter.via, SLICE("network")));
}

static void
come_from(struct world *world, const char *address)
{
	world->client = (struct client_facts){ .addr.bits = 0 };
	if (address[0] != '\0')
		assert_true(
		    net_addr_parse(slice_of(address), &world->client.addr));
}

static void
a_network_is_a_key_by_its_octets(void **state)
{
	static const struct {
		const char *address;
		const char *login;
	} cases[] = {
		{ "192.0.2.7", "host@corp.example network" },
		{ "192.0.2.8", "net@corp.example network" },
		{ "192.0.3.8", "big@corp.example network" },
		{ "192.1.3.8", "" },
		{ "10.9.8.7", "ten@corp.example network" },
		{ "1.10.9.8", "" },
		/* A host is not a network. */
		{ "2001:db8:1::5", "six@corp.example network" },
		{ "2001:db8:1::5:1", "block@corp.example network" },
		{ "2001:db8:0:0:1::", "zero@corp.example network" },
		{ "2001:db8::1:2", "zero@corp.example network" },
		{ "2001:db9::1", "" },
		{ "::ffff:192.0.2.8", "net@corp.example network" },
		{ "", "" },
	};
	struct world world;

	(void)state;
	world_init(&world,
	    "methods = network\n"
	    "network = \"inline:{ {192.0.2.7 = host}, {192.0.2 = net}, "
	    "{192.0 = big}, {10 = ten}, {2001:db8:1::5 = six}, "
	    "{2001:db8:1 = block}, {2001:db8:0:0 = zero} }\"");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		come_from(&world, cases[i].address);
		check_login(&world, cases[i].address, cases[i].login);
	}
	world_done(&world);
}

#define HOSTS                                                       \
	"methods = host\n"                                          \
	"hosts = \"inline:{ {mail.example.org = mail}, "            \
	"{.printers.example.org = printer}, {.example.org = any}, " \
	"{six.example.org = six}, {silent.example.org = silent}, "  \
	"{localhost = bad}, {.localhost = bad}, {1.2.3.4 = bad}, "  \
	"{192.0.2 = bad}, {.0.2 = bad}, {.deep.example = deep} }\"\n"

static void
a_name_counts_that_dns_gives_both_ways(void **state)
{
	static const struct {
		const char *address, *resolved, *name, *ptr;
		const char *want;
	} cases[] = {
		{ "192.0.2.1", "OK", "mail.example.org", "", "mail" },
		{ "192.0.2.2", "OK", "MAIL.Example.Org.", "", "mail" },
		{ "2001:db8::7", "OK", "six.example.org", "", "six" },
		{ "192.0.2.3", "OK", "a.printers.example.org", "", "printer" },
		/* The domain itself is not below it. */
		{ "192.0.2.4", "OK", "printers.example.org", "", "any" },
		{ "192.0.2.1", "OK", "alias.example.org", "", "any" },
		{ "192.0.2.1", "OK", "a.b.c.d.e.f.g.h.i.deep.example", "",
		    "deep" },
		{ "192.0.2.1", "OK", "a.b.c.d.e.f.g.h.i.j.deep.example", "",
		    "deep" },
		{ "192.0.2.9", "OK", "other.example", "", "" },
		/* The name of the proxy, behind XCLIENT. */
		{ "192.0.2.50", "OK", "mail.example.org", "", "" },
		{ "2001:db8::8", "OK", "mail.example.org", "", "" },
		{ "2001:db8::8", "OK", "six.example.org", "", "" },
		{ "192.0.2.1", "OK", "empty.example.org", "", "" },
		{ "192.0.2.1", "OK", "none.example.org", "", "" },
		{ "192.0.2.1", "OK", "silent.example.org", "", NULL },
		{ "192.0.2.1", "OK", "broken.example.org", "", NULL },
		/* Where the MTA cannot tell, DNS can. */
		{ "192.0.2.1", "TEMP", "unknown", "mail.example.org", "mail" },
		{ "192.0.2.1", "FORGED", "[192.0.2.1]", "mail.example.org",
		    "mail" },
		{ "192.0.2.50", "TEMP", "unknown", "mail.example.org", "" },
		{ "192.0.2.50", "FORGED", "", "mail.example.org", "" },
		{ "192.0.2.50", "FORGED", "", "silent.example.org", NULL },
		{ "192.0.2.50", "FORGED", "", "other.example", "" },
		/* Nothing was found, or nothing said. */
		{ "192.0.2.1", "FAIL", "unknown", "mail.example.org", "" },
		{ "192.0.2.1", "FAIL", "mail.example.org", "", "" },
		{ "192.0.2.1", "", "mail.example.org", "mail.example.org", "" },
		{ "192.0.2.1", "ok", "mail.example.org", "", "" },
		{ "", "OK", "mail.example.org", "", "" },
		/* No name of a host. */
		{ "127.0.0.1", "OK", "localhost", "", "" },
		{ "127.0.0.1", "OK", "localhost.", "", "" },
		{ "1.2.3.4", "OK", "1.2.3.4", "", "" },
		{ "192.0.2.1", "OK", "192.0.2", "", "" },
		{ "192.0.2.1", "OK", "[192.0.2.1]", "", "" },
		{ "192.0.2.1", "OK", "mail.example.org..", "", "" },
		{ "192.0.2.1", "OK", ".example.org", "", "" },
		{ "192.0.2.1", "OK", "mail..example.org", "", "" },
		{ "192.0.2.1", "OK", "mail.example.org\n", "", "" },
		{ "192.0.2.1", "OK", "mail example.org", "", "" },
		{ "192.0.2.1", "OK", "m\303\244il.example.org", "", "" },
		{ "192.0.2.1", "OK", "*.example.org", "", "" },
		{ "192.0.2.1", "OK", ".", "", "" },
		{ "192.0.2.1", "OK", "", "", "" },
		/* It may be any: later, as it would be refused. */
		{ "192.0.2.1", "TEMP", "unknown", "unknown", NULL },
		{ "192.0.2.1", "TEMP", "[192.0.2.1]", "[192.0.2.1]", NULL },
		{ "127.0.0.1", "TEMP", "unknown", "unknown", "" },
	};
	struct world world;

	(void)state;
	world_init(&world, HOSTS);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *want = cases[i].want;

		come_from(&world, cases[i].address);
		world.client.said[FACT_CLIENT_RESOLVE] =
		    slice_of(cases[i].resolved);
		world.client.said[FACT_CLIENT_NAME] = slice_of(cases[i].name);
		world.client.said[FACT_CLIENT_PTR] = slice_of(cases[i].ptr);
		check_login(&world,
		    slice_format(&world.mem, "case %zu", i).data,
		    want == NULL || want[0] == '\0' ?
			want :
			slice_format(&world.mem, "%s@corp.example host", want)
			    .data);
	}
	world_done(&world);
}

static void
say(struct world *world, const char *resolved, const char *name)
{
	world->client.said[FACT_CLIENT_RESOLVE] = slice_of(resolved);
	world->client.said[FACT_CLIENT_NAME] = slice_of(name);
	world->client.said[FACT_CLIENT_PTR] = slice_of(name);
}

static void
names_that_are_too_long_are_none(void **state)
{
	struct world world;
	struct strbuf name;

	(void)state;
	world_init(&world, "methods = host\nhosts = \"static:x\"");
	strbuf_init(&name, &world.mem);
	come_from(&world, "192.0.2.1");
	for (size_t i = 0; i < 62; i++)
		strbuf_add_cstr(&name, "a.");
	strbuf_add_cstr(&name, "org");
	say(&world, "OK", slice_cstr(&world.mem, strbuf_slice(&name)));
	/* It has a row, and no address. */
	check_login(&world, "127 octets", "");
	strbuf_add_cstr(&name, ".");
	for (size_t i = 0; i < 64; i++)
		strbuf_add_cstr(&name, "a.");
	strbuf_add_cstr(&name, "org");
	say(&world, "OK", slice_cstr(&world.mem, strbuf_slice(&name)));
	check_login(&world, "259 octets", "");
	world_done(&world);
}

static void
doubt_stops_nobody_who_has_another_login(void **state)
{
	struct world world;

	(void)state;
	/* Another method is asked behind it, and proves a login. */
	world_init(&world,
	    "methods = {host, sasl}\nhosts = \"inline:{ {silent.example.org = "
	    "x} }\"");
	come_from(&world, "192.0.2.1");
	say(&world, "TEMP", "unknown");
	check_login(&world, "nobody", NULL);
	assert_non_null(
	    strstr(world.err.text, "identify by host: DNS does not"));
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("alice");
	check_login(&world, "by sasl", "alice@corp.example sasl");
	say(&world, "OK", "silent.example.org");
	check_login(&world, "by sasl, has a row", "alice@corp.example sasl");
	world.client.said[FACT_AUTH_AUTHEN] = SLICE("");
	check_login(&world, "has a row", NULL);
	assert_non_null(strstr(world.err.text, "timed out"));
	world_done(&world);
}

static void
doubt_of_a_name_refuses_no_stranger_who_may_pass(void **state)
{
	struct world world;

	(void)state;
	world_init(&world,
	    "methods = host\nhosts = \"inline:{ {silent.example.org = x} }\"\n"
	    "unidentified-at = {\"25=pass\"}");
	come_from(&world, "192.0.2.1");
	say(&world, "TEMP", "unknown");
	world.client.said[FACT_DAEMON_PORT] = SLICE("587");
	check_login(&world, "port 587", NULL);
	world.client.said[FACT_DAEMON_PORT] = SLICE("25");
	check_login(&world, "port 25", "");
	/* A host with a row would pass as nobody. */
	say(&world, "FORGED", "silent.example.org");
	check_login(&world, "port 25, has a row", NULL);
	world_done(&world);
}

static void
a_row_that_proves_nothing_is_told(void **state)
{
	struct submitter submitter;
	struct world world;

	(void)state;
	world_init(&world, HOSTS);
	come_from(&world, "192.0.2.50");
	say(&world, "OK", "mail.example.org");
	assert_int_equal(identity_find(&world.identity, &world.client,
			     &(const struct table_context){
				 .mem = &world.mem, .err = &world.err },
			     &submitter),
	    0);
	check_slice("why", submitter.doubt.why,
	    "mail.example.org has a row, but in DNS not the address "
	    "192.0.2.50");
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_a_key_by_its_octets),
		cmocka_unit_test(a_name_counts_that_dns_gives_both_ways),
		cmocka_unit_test(names_that_are_too_long_are_none),
		cmocka_unit_test(doubt_stops_nobody_who_has_another_login),
		cmocka_unit_test(
		    doubt_of_a_name_refuses_no_stranger_who_may_pass),
		cmocka_unit_test(a_row_that_proves_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
