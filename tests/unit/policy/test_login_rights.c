/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "world.h"

/* 2026-11-24 12:00:00 UTC */
enum { NOON = 1795521600 };

/* A world whose rights.logins is a texthash table of these rows. */
static struct table *
world_add_logins(struct world *world, const char *text)
{
	static struct table *table;
	struct err err;

	if (table_open_text(
		SLICE("texthash:logins"), slice_of(text), &table, &err) != 0)
		fail_msg("%s", err.text);
	world->rights.login_tables = &table;
	world->rights.login_table_count = 1;
	return table;
}

static void
values_of_logins_are_read_as_directories_write_them(void **state)
{
#define IN_ROW "texthash:logins, key alice@corp.example: "
#define NO_ADDRESS                                                       \
	" is not an address: write USER@DOMAIN, @DOMAIN, !USER@DOMAIN, " \
	"USER@DOMAIN;behalf or USER@DOMAIN;until=YYYY-MM-DD"
	static const struct {
		const char *value, *address, *want;
	} cases[] = {
		{ "a@team.example", "a@team.example", IN_ROW "a@team.example" },
		{ "A@Team.Example", "a@team.example", IN_ROW "a@team.example" },
		{ "b@x.example,,a@team.example", "a@team.example",
		    IN_ROW "a@team.example" },
		{ "smtp:a@team.example", "a@team.example",
		    IN_ROW "a@team.example" },
		{ "SMTP:b@x.example,Smtp:a@team.example;behalf",
		    "a@team.example", "behalf: " IN_ROW "a@team.example" },
		{ "!a@team.example, a@team.example", "a@team.example",
		    "no: denied by " IN_ROW "a@team.example" },
		{ "!smtp:a@team.example @team.example", "a@team.example",
		    "no: denied by " IN_ROW "a@team.example" },
		{ "!@team.example a@team.example", "a@team.example",
		    "no: denied by " IN_ROW "@team.example" },
		{ "!a@team.example;until=2026-11-23 @team.example",
		    "a@team.example", IN_ROW "@team.example" },
		{ "!a@team.example a@team.example", "a+x@team.example",
		    "no: denied by " IN_ROW "a@team.example" },
		/* The nearest one that has not ended counts. */
		{ "@team.example a@team.example;behalf", "a@team.example",
		    "behalf: " IN_ROW "a@team.example" },
		{ "@team.example a@team.example;behalf;until=2026-11-23",
		    "a@team.example", IN_ROW "@team.example" },
		{ "a@team.example;behalf a@team.example", "a@team.example",
		    IN_ROW "a@team.example" },
		/* A domain is not those below it. */
		{ "@team.example", "a@sub.team.example", "no" },
		/* Names in other services, with blanks and what follows "@". */
		{ "X500:/o=A/cn=a b a@team.example,b@x.example",
		    "a@team.example", "no" },
		{ "!X400:C=DE;A= ;a@team.example", "a@team.example", "no" },
		{ "sip:a@team.example", "a@team.example", "no" },
		{ "sip:b@x.example", "alice@corp.example", "own address" },
		{ "\"a b\"@x.example;behalf \"c,;d\"@x.example a@team.example",
		    "\"c,;d\"@x.example", IN_ROW "\\x22c,;d\\x22@x.example" },
		{ "[alice]", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: [alice]" NO_ADDRESS },
		{ "alice", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: alice" NO_ADDRESS },
		{ "a@team.example @", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: @" NO_ADDRESS },
		{ "!", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: !" NO_ADDRESS },
		{ "<a@team.example>;", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: "
		    "<a@team.example>;" NO_ADDRESS },
		{ "a@team.example;forever", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: "
		    "a@team.example;forever" NO_ADDRESS },
		{ "!a@team.example;behalf", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: "
		    "!a@team.example;behalf" NO_ADDRESS },
		{ "a@team.example;until=31.12.2026", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: "
		    "a@team.example;until=31.12.2026: write the last day as "
		    "until=YYYY-MM-DD, like until=2027-01-31" },
		{ "\"a@team.example", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: "
		    "\\x22a@team.example" NO_ADDRESS },
		{ "*", "alice@corp.example",
		    "unknown: texthash:logins, key alice@corp.example: *" NO_ADDRESS },
	};

	(void)state;
	clock_set(NOON);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct table *table;

		world_init(&world, "domain = corp.example\n", "");
		table = world_add_logins(&world,
		    slice_format(
			&world.mem, "alice@corp.example %s\n", cases[i].value)
			.data);
		check_slice(cases[i].value,
		    world_ask(&world, "alice", cases[i].address),
		    cases[i].want);
		/* Nobody else has a part in it. */
		check_slice(
		    "bob", world_ask(&world, "bob", "a@team.example"), "no");
		table_close(table);
		world_done(&world);
	}
	clock_set(0);
}

static void
rows_of_both_directions_are_weighed_together(void **state)
{
	static const struct {
		const char *login, *address, *want;
	} cases[] = {
		{ "alice", "a@team.example",
		    "texthash:rows, key a@team.example" },
		/* On the same rung, the better right of the two. */
		{ "alice", "b@team.example",
		    "texthash:logins, key alice: b@team.example" },
		{ "alice", "c@team.example",
		    "texthash:rows, key c@team.example" },
		/* A nearer row of the other direction ends the search. */
		{ "alice", "d+x@team.example", "no" },
		{ "alice", "d@team.example",
		    "texthash:logins, key alice: d@team.example" },
		{ "bob", "e+x@team.example",
		    "texthash:logins, key bob@corp.example: e+x@team.example" },
		{ "bob", "e+y@team.example", "no" },
		{ "alice", "f@team.example",
		    "no: denied by texthash:rows, key f@team.example" },
		{ "alice", "g@team.example",
		    "no: denied by texthash:logins, key alice: g@team.example" },
		/* Rows under the login with and without its realm. */
		{ "both", "a1@team.example",
		    "texthash:logins, key both@corp.example: a1@team.example" },
		{ "both", "a2@team.example",
		    "texthash:logins, key both: a2@team.example" },
		{ "both", "a3@team.example",
		    "no: denied by texthash:logins, key both: a3@team.example" },
		{ "both@other.example", "a2@team.example", "no" },
		{ "both@other.example@corp.example", "a1@team.example", "no" },
		/* In the main domain, the key without it comes behind. */
		{ "alice", "h+x@corp.example", "no" },
	};
	struct world world;
	struct table *table;

	(void)state;
	world_init(&world, "domain = corp.example\n",
	    "a@team.example   alice\n"
	    "b@team.example   alice;behalf\n"
	    "c@team.example   alice\n"
	    "d+x@team.example bob\n"
	    "e@team.example   alice\n"
	    "f@team.example   !alice\n"
	    "g@team.example   alice\n"
	    "h+x@corp.example bob\n");
	table = world_add_logins(&world,
	    "alice b@team.example c@team.example;behalf d@team.example "
	    "f@team.example !g@team.example h@corp.example\n"
	    "bob@corp.example e+x@team.example\n"
	    "both@corp.example a1@team.example a3@team.example\n"
	    "both a2@team.example !a3@team.example\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].address,
		    world_ask(&world, cases[i].login, cases[i].address),
		    cases[i].want);
	table_close(table);
	world_done(&world);
}

/* A directory may give a login very many; each is found, and the last counts. */
static void
a_login_with_ten_thousand_addresses(void **state)
{
	enum { MANY = 10000 };
	struct login_grants kept = { .known = false };
	struct world world;
	struct table *table;
	struct strbuf text;

	(void)state;
	world_init(&world, "domain = corp.example\n", "");
	strbuf_init(&text, &world.mem);
	strbuf_add_cstr(&text, "alice ");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "user%d@team.example,", i);
	strbuf_add_cstr(&text, "!user7@team.example\n");
	table = world_add_logins(
	    &world, slice_dup(&world.mem, strbuf_slice(&text)).data);
	world.rights.kept = &kept;
	for (int i = 0; i <= MANY; i += 1000)
		check_slice("one of them",
		    world_ask(&world, "alice",
			slice_format(&world.mem, "user%d@team.example", i)
			    .data),
		    i == MANY ? "no" :
				slice_format(&world.mem,
				    "texthash:logins, key alice: "
				    "user%d@team.example",
				    i)
				    .data);
	assert_true(kept.known);
	assert_int_equal(kept.count, MANY + 1);
	check_slice("denied", world_ask(&world, "alice", "user7@team.example"),
	    "no: denied by texthash:logins, key alice: user7@team.example");
	table_close(table);
	world_done(&world);
}

/* Who is nobody has no rows, even where a table has one for each key. */
static void
without_a_login_nothing_is_asked(void **state)
{
	struct login_grants grants;
	struct world world;
	struct table *table;
	struct err err;

	(void)state;
	world_init(&world, "domain = corp.example\n", "");
	assert_int_equal(
	    table_open(SLICE("static:@corp.example"), NULL, &table, &err), 0);
	world.rights.login_tables = &table;
	world.rights.login_table_count = 1;
	check_slice("everybody", world_ask(&world, "bob", "ceo@corp.example"),
	    "static:@corp.example, key bob@corp.example: @corp.example");
	assert_int_equal(
	    rights_of_login(&world.rights,
		&(const struct submitter){ .is_mta = false },
		&(const struct table_context){ .mem = &world.mem, .err = &err },
		&grants),
	    0);
	assert_int_equal(grants.count, 0);
	table_close(table);
	world_done(&world);
}

/* What others say is told, too: it may settle the matter. */
static void
a_table_that_cannot_answer_hides_no_other_one(void **state)
{
	struct login_grants grants = { .count = 0 }, kept = { .known = false };
	struct table *tables[2];
	struct world world;
	struct err err;

	(void)state;
	world_init(&world, "domain = corp.example\n", "");
	/* It knows addresses of networks only. */
	assert_int_equal(table_open_text(SLICE("cidr:t"),
			     SLICE("192.0.2.1 x\n"), &tables[0], &err),
	    0);
	assert_int_equal(table_open(SLICE("static:!ceo@corp.example"), NULL,
			     &tables[1], &err),
	    0);
	world.rights.login_tables = tables;
	world.rights.login_table_count = 2;
	world.rights.kept = &kept;
	assert_int_equal(
	    rights_of_login(&world.rights,
		&(const struct submitter){ .login = SLICE("bob@corp.example") },
		&(const struct table_context){ .mem = &world.mem, .err = &err },
		&grants),
	    -1);
	assert_non_null(strstr(err.text, "table cidr:t"));
	assert_int_equal(grants.count, 1);
	assert_true(grants.items[0].grant.denied);
	assert_false(kept.known);
	for (size_t i = 0; i < 2; i++)
		table_close(tables[i]);
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_of_logins_are_read_as_directories_write_them),
		cmocka_unit_test(rows_of_both_directions_are_weighed_together),
		cmocka_unit_test(a_login_with_ten_thousand_addresses),
		cmocka_unit_test(without_a_login_nothing_is_asked),
		cmocka_unit_test(a_table_that_cannot_answer_hides_no_other_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
