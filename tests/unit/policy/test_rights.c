/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "base/clock.h"
#include "world.h"

/* 2026-11-24 12:00:00 UTC */
enum { NOON = 1795521600 };

static const char rows[] =
    "info@corp.example       alice, bob@corp.example\n"
    "ceo@corp.example        ceo, dora;behalf\n"
    "temp@corp.example       alice;until=2026-11-24, bob;until=2026-11-23\n"
    "both@corp.example       dora;behalf;until=2026-11-25 dora;until=2026-11-23\n"
    "twice@corp.example      dora;behalf, dora\n"
    "alice@corp.example      !alice;until=2026-11-23, erin\n"
    "fred@corp.example       !fred\n"
    "@corp.example           admin, fred, !gus\n"
    "gus-list@corp.example   gus\n"
    "open@corp.example       !bob\n"
    "broken@corp.example     alice;forever\n"
    "date@corp.example       alice;until=2026-02-30\n"
    "bare@corp.example       !\n"
    "denied@corp.example     !alice;behalf\n";

static void
rows_grant_deny_and_end(void **state)
{
	static const struct {
		const char *login, *address, *want;
	} cases[] = {
		{ "alice", "info@corp.example",
		    "texthash:rows, key info@corp.example" },
		{ "Bob", "INFO@Corp.Example",
		    "texthash:rows, key info@corp.example" },
		{ "dora", "info@corp.example", "no" },
		/* The nearest row with a grant ends the search. */
		{ "admin", "info@corp.example", "no" },
		{ "admin", "x@corp.example",
		    "texthash:rows, key @corp.example" },
		/* Denials only are no grant: the search goes on. */
		{ "admin", "open@corp.example",
		    "texthash:rows, key @corp.example" },
		{ "bob", "open@corp.example",
		    "no: denied by texthash:rows, key open@corp.example" },
		{ "dora", "ceo@corp.example",
		    "behalf: texthash:rows, key ceo@corp.example" },
		{ "ceo", "ceo@corp.example", "own address" },
		{ "dora", "twice@corp.example",
		    "texthash:rows, key twice@corp.example" },
		/* A day ends at its end, in UTC. */
		{ "alice", "temp@corp.example",
		    "texthash:rows, key temp@corp.example" },
		{ "bob", "temp@corp.example", "no" },
		{ "dora", "both@corp.example",
		    "behalf: texthash:rows, key both@corp.example" },
		/* A denial that has ended is none. */
		{ "alice", "alice@corp.example", "own address" },
		/* Denials come first: own addresses, and nearer rows. */
		{ "fred", "fred@corp.example",
		    "no: denied by texthash:rows, key fred@corp.example" },
		{ "fred", "x@corp.example",
		    "texthash:rows, key @corp.example" },
		{ "gus", "gus-list@corp.example",
		    "no: denied by texthash:rows, key @corp.example" },
		{ "gus", "gus@corp.example",
		    "no: denied by texthash:rows, key @corp.example" },
		{ "gus", "gus@other.example", "no" },
	};
	struct world world;

	(void)state;
	clock_set(NOON);
	world_init(&world, "domain = corp.example\n", rows);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].address,
		    world_ask(&world, cases[i].login, cases[i].address),
		    cases[i].want);
	world_done(&world);
	clock_set(0);
}

static void
what_cannot_be_read_is_not_guessed(void **state)
{
	static const char *const addresses[] = { "broken@corp.example",
		"date@corp.example", "bare@corp.example",
		"denied@corp.example" };
	static const char *const logins[] = { "alice", "nobody", "admin" };
	struct world world;

	(void)state;
	world_init(&world, "domain = corp.example\n", rows);
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 3; j++)
			assert_true(slice_starts(
			    world_ask(&world, logins[j], addresses[i]),
			    SLICE("unknown: texthash:rows, key ")));
	}
	world_done(&world);
}

static void
replies_name_at_most_three_addresses_of_the_login(void **state)
{
	static const struct {
		const char *login, *want;
	} cases[] = {
		{ "alice",
		    "alice@corp.example a1@corp.example *@team.example" },
		{ "bob", "bob@corp.example" },
		/* A denied own address is not named. */
		{ "carol", "c@corp.example" },
		/* Nor is what may be used on behalf of somebody only. */
		{ "dora", "dora@corp.example" },
		{ "nobody@elsewhere.example", "" },
		{ "nobody@hosted.example", "nobody@hosted.example" },
		{ "printer", "printer@corp.example" },
	};
	struct world world;

	(void)state;
	world_init(&world,
	    "domain = corp.example\n"
	    "identify { realms = hosted.example }\n",
	    "a1@corp.example alice\n"
	    "@team.example alice\n"
	    "a2@corp.example alice, bob;until=2001-01-01\n"
	    "a3@corp.example alice\n"
	    "carol@corp.example !carol, bob;until=2001-01-01\n"
	    "c@corp.example carol\n"
	    "ceo@corp.example dora;behalf\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct submitter submitter =
		    world_submitter(&world, cases[i].login);
		struct slice texts[RIGHTS_EXAMPLES];
		struct strbuf buf;
		struct err err;
		size_t count = rights_examples(&world.rights, &submitter,
		    &(const struct table_context){
			.mem = &world.mem, .err = &err },
		    texts);

		strbuf_init(&buf, &world.mem);
		for (size_t t = 0; t < count; t++) {
			strbuf_add_cstr(&buf, t == 0 ? "" : " ");
			strbuf_add(&buf, texts[t]);
		}
		check_slice(cases[i].login, strbuf_slice(&buf), cases[i].want);
	}
	world_done(&world);
}

static void
realms_that_nobody_named_own_nothing(void **state)
{
#define NAMES_NEITHER                             \
	"no: no own address: neither domain nor " \
	"identify.realms names the realm "
	static const char one[] = "domain = corp.example\n";
	static const char none[] = "";
	static const char several[] =
	    "domain = corp.example\n"
	    "identify { realms = {Team.Example, xn--bcher-kva.example} }\n";
	static const char any[] =
	    "identify { realms = any-verified-by-sasl }\n";
	static const char off[] = "rights { own-address = no; "
				  "tables = texthash:rows }\n";
	static const struct {
		const char *config, *login, *address, *want;
	} cases[] = {
		{ one, "alice@corp.example", "alice@corp.example",
		    "own address" },
		{ one, "alice", "alice+x@corp.example", "own address" },
		{ one, "alice@team.example", "alice@team.example",
		    NAMES_NEITHER "team.example of the login" },
		{ one, "Alice@TEAM.example", "alice+x@team.example",
		    NAMES_NEITHER "team.example of the login" },
		/* A row that names such a login gives what it says. */
		{ one, "alice@team.example", "row@corp.example",
		    "texthash:rows, key row@corp.example" },
		{ one, "alice@team.example", "alice@corp.example", "no" },
		/* Below, above and beside a realm is another one. */
		{ one, "alice@a.corp.example", "alice@a.corp.example",
		    NAMES_NEITHER "a.corp.example of the login" },
		{ one, "alice@corp.example.", "alice@corp.example", "no" },
		{ none, "alice@corp.example", "alice@corp.example",
		    NAMES_NEITHER "corp.example of the login" },
		{ none, "alice", "alice@corp.example",
		    "no: no own address: "
		    "the login has no realm, and domain is not set" },
		{ none, "alice", "bob@corp.example", "no" },
		{ several, "alice@TEAM.example", "alice@team.example",
		    "own address" },
		{ several,
		    "alice@b\xc3\xbc"
		    "cher.example",
		    "alice@xn--bcher-kva.example", "own address" },
		{ several, "alice@other.example", "alice@other.example",
		    NAMES_NEITHER "other.example of the login" },
		{ any, "alice@other.example", "alice@other.example",
		    "own address" },
		{ any, "<alice@other.example>", "alice@other.example", "no" },
		{ any, "alice", "alice@other.example",
		    "no: no own address: "
		    "the login has no realm, and domain is not set" },
		{ off, "alice@corp.example", "alice@corp.example", "no" },
		{ off, "alice", "alice@corp.example", "no" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;

		world_init(&world, cases[i].config,
		    "row@corp.example alice@team.example\n");
		check_slice(cases[i].login,
		    world_ask(&world, cases[i].login, cases[i].address),
		    cases[i].want);
		world_done(&world);
	}
}

static void
a_table_may_give_an_extension_to_somebody_else(void **state)
{
#define TO_OTHERS                                                  \
	"no: an extension of the own address, given to others by " \
	"texthash:rows, key "
	static const struct {
		const char *login, *address, *want;
	} cases[] = {
		{ "jean", "jean-luc@corp.example",
		    TO_OTHERS "jean-luc@corp.example" },
		{ "jean-luc", "jean-luc@corp.example", "own address" },
		{ "jean", "jean-paul@corp.example", "own address" },
		{ "sales", "sales+eu@corp.example",
		    TO_OTHERS "sales+eu@corp.example" },
		{ "bob", "sales+eu@corp.example",
		    "texthash:rows, key sales+eu@corp.example" },
		/* Without the domain the key is the longer address, too. */
		{ "sales", "sales+us@corp.example", TO_OTHERS "sales+us" },
		/* What a row of it says to the owner of the short one counts. */
		{ "sales", "sales+both@corp.example",
		    "texthash:rows, key sales+both@corp.example" },
		{ "sales", "sales+for@corp.example",
		    "behalf: texthash:rows, key sales+for@corp.example" },
		{ "sales", "sales+behalf@corp.example",
		    TO_OTHERS "sales+behalf@corp.example" },
		/* Nobody has it: a right that has ended, and a denial. */
		{ "sales", "sales+old@corp.example", "own address" },
		{ "sales", "sales+no@corp.example", "own address" },
		/* Rows of the short address and of the domain are no such. */
		{ "team", "team+x@corp.example", "own address" },
		{ "team", "team@corp.example", "own address" },
		{ "bob", "team+x@corp.example",
		    "texthash:rows, key team@corp.example" },
		/* Who has an address has those that are longer still. */
		{ "jean", "jean-luc+x@corp.example",
		    TO_OTHERS "jean-luc@corp.example" },
		{ "jean", "jean-luc-x+y@corp.example",
		    TO_OTHERS "jean-luc@corp.example" },
		{ "jean-luc", "jean-luc+x@corp.example", "own address" },
		{ "jean", "jean-paul+x@corp.example", "own address" },
		{ "jean-paul", "jean-paul+x@corp.example", "own address" },
		{ "sales", "sales+us+x@corp.example", TO_OTHERS "sales+us" },
		/* Rows go by the same rule as own addresses. */
		{ "team-lead", "team-lead+x@corp.example", "own address" },
		{ "bob", "team-lead+x@corp.example", "no" },
		{ "dora", "team-lead+x@corp.example",
		    "texthash:rows, key team-lead@corp.example" },
		{ "bob", "team-x+y@corp.example",
		    "texthash:rows, key team@corp.example" },
		{ "bob", "sales+us+x@corp.example",
		    "texthash:rows, key sales+us" },
		/* An address is not longer by letters alone. */
		{ "jean", "jeanette@corp.example", "no" },
		{ "jean", "jean@corp.example", "own address" },
		{ "jean", "jean-@corp.example", "own address" },
		{ "jean-", "jean-@corp.example", "own address" },
		{ "jean-", "jean-x@corp.example", "no" },
		/* Addresses of a list, and more marks than anybody has. */
		{ "jean", "jean-request@corp.example", "no" },
		{ "jean", "jean+1+2+3+4+5+6+7+8@corp.example", "own address" },
		{ "jean", "jean+1+2+3+4+5+6+7+8+9@corp.example", "no" },
	};
	struct world world;

	(void)state;
	world_init(&world,
	    "domain = corp.example\n"
	    "rights { extension = \"+-\" }\n",
	    "jean-luc@corp.example     jean-luc\n"
	    "sales+eu@corp.example     bob\n"
	    "sales+us                  bob\n"
	    "sales+both@corp.example   bob, sales\n"
	    "sales+for@corp.example    bob, sales;behalf\n"
	    "sales+behalf@corp.example bob;behalf\n"
	    "sales+old@corp.example    bob;until=2001-01-01\n"
	    "sales+no@corp.example     !bob\n"
	    "team@corp.example         bob\n"
	    "team-lead@corp.example    dora\n"
	    "@corp.example             admin\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].address,
		    world_ask(&world, cases[i].login, cases[i].address),
		    cases[i].want);
	world_done(&world);
}

/* One table of the type and text given, beside no other. */
static struct slice
ask_table(
    const char *spec, const char *text, const char *login, const char *address)
{
	struct world world;
	struct table *table;
	struct slice answer;
	struct err err;
	static char copy[256];

	world_init(&world, "domain = corp.example\n", "");
	if (text[0] == '\0' ?
		table_open(slice_of(spec), NULL, &table, &err) != 0 :
		table_open_text(slice_of(spec), slice_of(text), &table, &err) !=
		    0)
		fail_msg("%s", err.text);
	world.table = table;
	rights_init(&world.rights, world.config, &world.table, 1, &world.mem);
	answer = world_ask(&world, login, address);
	(void)snprintf(copy, sizeof(copy), "%.*s", SLICE_ARGS(answer));
	world_done(&world);
	return slice_of(copy);
}

static void
patterns_that_match_both_forms_leave_the_extension(void **state)
{
	static const struct {
		const char *spec, *text, *address, *want;
	} cases[] = {
		{ "static:admin", "", "alice+x@corp.example", "own address" },
		{ "pcre:t", "/@corp\\.example$/ admin", "alice+x@corp.example",
		    "own address" },
		{ "regexp:t", "/^alice[+]x@/ bob", "alice+x@corp.example",
		    "no: an extension of the own address, given to others by "
		    "regexp:t, key alice+x@corp.example" },
		{ "regexp:t", "/^alice[+]x@/ bob", "alice+y@corp.example",
		    "own address" },
		/* The short one, or all others, with it: it was singled out. */
		{ "pcre:t", "/^alice(\\+x)?@corp/ bob", "alice+x@corp.example",
		    "no: an extension of the own address, given to others by "
		    "pcre:t, key alice+x@corp.example" },
		{ "pcre:t", "/^alice\\+.*@corp/ bob", "alice+x@corp.example",
		    "no: an extension of the own address, given to others by "
		    "pcre:t, key alice+x@corp.example" },
		{ "pcre:t", "/^alice(\\+.*)?@corp/ bob", "alice+x@corp.example",
		    "own address" },
		{ "pcre:t", "/^alice\\+x@corp/ bob", "alice+x+y@corp.example",
		    "no: an extension of the own address, given to others by "
		    "pcre:t, key alice+x@corp.example" },
		{ "pcre:t", "/^(.*)@corp\\.example$/ $1",
		    "alice+x@corp.example",
		    "no: an extension of the own address, given to others by "
		    "pcre:t, key alice+x@corp.example" },
		{ "pcre:t", "/^([^+]*)(\\+.*)?@corp\\.example$/ $1",
		    "alice+x@corp.example", "own address" },
		/* The short address cannot be asked for: later. */
		{ "pcre:t",
		    "/^alice\\+x@/ bob\n"
		    "/^(?:[a-z.@]+)+(?:1|2)$/ x\n",
		    "alice+x@corp.example", "unknown: " },
		{ "cidr:t", "192.0.2.0/24 bob\n", "alice+x@corp.example",
		    "unknown: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice answer = ask_table(cases[i].spec, cases[i].text,
		    "alice@corp.example", cases[i].address);

		if (slice_starts(slice_of(cases[i].want), SLICE("unknown")))
			answer.len = slice_starts(answer, SLICE("unknown: ")) ?
			    9 :
			    answer.len;
		check_slice(cases[i].spec, answer, cases[i].want);
	}
}

/* Neither refused nor granted: a table answers after the deadline. */
static void
what_is_not_found_out_in_time_is_unknown(void **state)
{
	struct submitter submitter;
	struct slice how = SLICE("?");
	struct address address;
	struct world world;
	struct err err;
	struct table_context context = { .err = &err };

	(void)state;
	world_init(&world, "domain = corp.example\n", rows);
	context.mem = &world.mem;
	submitter = world_submitter(&world, "alice");
	assert_true(rights_login_address(
	    SLICE("info@corp.example"), &world.mem, &address));
	context.deadline_us = clock_monotonic_us() + 60 * 1000000ULL;
	assert_int_equal(
	    rights_check(&world.rights, &submitter, &address, &context, &how),
	    RIGHT_GRANTED);
	context.deadline_us = 1;
	assert_int_equal(
	    rights_check(&world.rights, &submitter, &address, &context, &how),
	    RIGHT_UNKNOWN);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_non_null(strstr(err.text, "no time left to look up"));
	world_done(&world);
}

/* What was opened holds what it needs, whatever becomes of a configuration. */
static void
the_configuration_is_not_kept(void **state)
{
	struct submitter submitter;
	struct slice how = SLICE("?");
	struct address address;
	struct world world;
	struct err err;
	struct table_context context = { .err = &err };

	(void)state;
	world_init(&world,
	    "domain = corp.example\nrights { extension = \"+\" }\n", rows);
	context.mem = &world.mem;
	world.config->main.domain = SLICE("other.example");
	world.config->identify.methods.count = 0;
	world.config->rights.own_address = false;
	config_free(world.config);
	world.config = NULL;
	submitter = world_submitter(&world, "alice");
	check_slice("login", submitter.login, "alice@corp.example");
	assert_true(rights_login_address(
	    SLICE("alice+x@corp.example"), &world.mem, &address));
	assert_int_equal(
	    rights_check(&world.rights, &submitter, &address, &context, &how),
	    RIGHT_GRANTED);
	check_slice("how", how, "own address");
	world_done(&world);
}

/* A table that says what it says, beside one whose server is not there. */
static void
what_one_table_has_settled_needs_no_other_one(void **state)
{
	static const char settled[] = "sales@corp.example  alice\n"
				      "team@corp.example   !alice, bob\n"
				      "boss@corp.example   alice;behalf\n"
				      "others@corp.example bob\n"
				      "@wide.example       alice\n"
				      "odd@corp.example    alice;forever\n";
	static const struct {
		const char *address, *want; /* NULL: unknown */
		bool all_tables;
	} cases[] = {
		{ "sales@corp.example", "texthash:rows, key sales@corp.example",
		    false },
		{ "sales@corp.example", NULL, true },
		{ "team@corp.example",
		    "no: denied by texthash:rows, key team@corp.example",
		    false },
		{ "team@corp.example",
		    "no: denied by texthash:rows, key team@corp.example",
		    true },
		/* The other one might say more, or something nearer. */
		{ "boss@corp.example", NULL, false },
		{ "others@corp.example", NULL, false },
		{ "sales+x@corp.example", NULL, false },
		{ "x@wide.example", NULL, false },
		{ "alice@corp.example", NULL, false },
		{ "unheard@corp.example", NULL, false },
		{ "odd@corp.example", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *tables[2];
		struct world world;
		struct slice said;
		struct err err;

		world_init(&world, "domain = corp.example\n", settled);
		/* The one that is away is asked first, and last. */
		tables[i % 2] = world.table;
		assert_int_equal(
		    table_open(SLICE("socketmap:unix:/nonexistent/socket:m"),
			NULL, &tables[1 - i % 2], &err),
		    0);
		rights_init(&world.rights, world.config, tables, 2, &world.mem);
		world.rights.all_tables = cases[i].all_tables;
		said =
		    world_ask(&world, "alice@corp.example", cases[i].address);
		if (cases[i].want != NULL)
			check_slice(cases[i].address, said, cases[i].want);
		else if (!slice_starts(said, SLICE("unknown: ")))
			fail_msg(
			    "%s: %.*s", cases[i].address, SLICE_ARGS(said));
		table_close(tables[1 - i % 2]);
		world_done(&world);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_table_has_settled_needs_no_other_one),
		cmocka_unit_test(rows_grant_deny_and_end),
		cmocka_unit_test(what_cannot_be_read_is_not_guessed),
		cmocka_unit_test(realms_that_nobody_named_own_nothing),
		cmocka_unit_test(
		    a_table_may_give_an_extension_to_somebody_else),
		cmocka_unit_test(
		    patterns_that_match_both_forms_leave_the_extension),
		cmocka_unit_test(
		    replies_name_at_most_three_addresses_of_the_login),
		cmocka_unit_test(what_is_not_found_out_in_time_is_unknown),
		cmocka_unit_test(the_configuration_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
