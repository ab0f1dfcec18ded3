/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "identity/identity.h"
#include "world.h"

/* 2026-11-24 12:00:00 UTC */
enum { NOON = 1795521600 };

static struct slice
ask(struct world *world, const char *login, const char *text)
{
	struct address address;
	struct slice how = SLICE("?");
	struct err err;

	if (!rights_login_address(slice_of(text), &world->mem, &address))
		fail_msg("%s is no address", text);
	switch (rights_check(&world->rights, login_normalise(&world->mem,
	    slice_of(login), world->config->main.domain), &address,
	    &world->mem, &how, &err)) {
	case RIGHT_GRANTED:
		return how;
	case RIGHT_BEHALF:
		return slice_format(&world->mem, "behalf: %.*s",
		    SLICE_ARGS(how));
	case RIGHT_NONE:
		return SLICE("no");
	case RIGHT_UNKNOWN:
		break;
	}
	return slice_format(&world->mem, "unknown: %s", err.text);
}

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
		{ "admin", "x@corp.example", "texthash:rows, key @corp.example" },
		/* Denials only are no grant: the search goes on. */
		{ "admin", "open@corp.example",
		    "texthash:rows, key @corp.example" },
		{ "bob", "open@corp.example", "no" },
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
		{ "fred", "fred@corp.example", "no" },
		{ "fred", "x@corp.example", "texthash:rows, key @corp.example" },
		{ "gus", "gus-list@corp.example", "no" },
		{ "gus", "gus@corp.example", "no" },
		{ "gus", "gus@other.example", "no" },
	};
	struct world world;

	(void)state;
	clock_set(NOON);
	world_init(&world, "domain = corp.example\n", rows);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].address, ask(&world, cases[i].login,
		    cases[i].address), cases[i].want);
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
			assert_true(slice_starts(ask(&world, logins[j],
			    addresses[i]), SLICE("unknown: texthash:rows, key ")));
	}
	world_done(&world);
}

static void
replies_name_at_most_three_addresses_of_the_login(void **state)
{
	static const struct {
		const char *login, *want;
	} cases[] = {
		{ "alice", "alice@corp.example a1@corp.example *@team.example" },
		{ "bob", "bob@corp.example" },
		/* A denied own address is not named. */
		{ "carol", "c@corp.example" },
		/* Nor is what may be used on behalf of somebody only. */
		{ "dora", "dora@corp.example" },
		{ "nobody@elsewhere.example", "nobody@elsewhere.example" },
		{ "printer", "printer@corp.example" },
	};
	struct world world;

	(void)state;
	world_init(&world, "domain = corp.example\n",
	    "a1@corp.example alice\n"
	    "@team.example alice\n"
	    "a2@corp.example alice, bob;until=2001-01-01\n"
	    "a3@corp.example alice\n"
	    "carol@corp.example !carol, bob;until=2001-01-01\n"
	    "c@corp.example carol\n"
	    "ceo@corp.example dora;behalf\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice texts[RIGHTS_EXAMPLES];
		size_t count = rights_examples(&world.rights,
		    login_normalise(&world.mem, slice_of(cases[i].login),
			SLICE("corp.example")), &world.mem, texts);
		struct strbuf buf;

		strbuf_init(&buf, &world.mem);
		for (size_t t = 0; t < count; t++) {
			strbuf_add_cstr(&buf, t == 0 ? "" : " ");
			strbuf_add(&buf, texts[t]);
		}
		check_slice(cases[i].login, strbuf_slice(&buf), cases[i].want);
	}
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_grant_deny_and_end),
		cmocka_unit_test(what_cannot_be_read_is_not_guessed),
		cmocka_unit_test(
		    replies_name_at_most_three_addresses_of_the_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
