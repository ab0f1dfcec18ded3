/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/limits.h"
#include "world.h"

static const char options[] =
    "domain = corp.example\n"
    "identify { realms = {school.example} }\n"
    "limits { messages = {60/10m, 1000/1d}; recipients = 500/1d }\n";

static struct slice
text_of(struct arena *mem, const struct login_limits *limits)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t k = 0; k < LIMIT_KINDS; k++) {
		strbuf_add_cstr(&buf, k == 0 ? "" : " ; ");
		for (size_t i = 0; i < limits->of[k].count; i++) {
			strbuf_add_cstr(&buf, i == 0 ? "" : " ");
			rate_print(&buf, &limits->of[k].items[i]);
		}
		strbuf_add_cstr(&buf, limits->of[k].count == 0 ? "none" : "");
	}
	return strbuf_slice(&buf);
}

static void
words_change_what_they_name(void **state)
{
#define AS_WAS "60/10m 1000/1d ; 500/1d"
	static const struct {
		const char *words, *want;
	} cases[] = {
		{ "", AS_WAS },
		{ "none", "none ; none" },
		{ " None ", "none ; none" },
		{ "messages=5/1h", "5/1h ; 500/1d" },
		{ "messages=5/1h,10/1d", "5/1h 10/1d ; 500/1d" },
		{ "messages=5/1h;recipients=7/1m", "5/1h ; 7/1m" },
		{ "recipients=none", "60/10m 1000/1d ; none" },
		{ "messages=none;recipients=9/1d", "none ; 9/1d" },
		{ "Messages=5/1h 6/2h, recipients=1/1d", "5/1h 6/2h ; 1/1d" },
		/* Several values of a table, joined. */
		{ "messages=5/1h,messages=9/1d,recipients=1/1d",
		    "5/1h 9/1d ; 1/1d" },
		/* None of these changes anything. */
		{ "5/1h", "fault" },
		{ "messages", "fault" },
		{ "messages=", "fault" },
		{ "messages=5", "fault" },
		{ "messages=5/1h,7/60m", "fault" },
		{ "messages=none,5/1h", "fault" },
		{ "messages=5/1h,none", "fault" },
		{ "messages=none,messages=none", "fault" },
		{ "none,messages=5/1h", "fault" },
		{ "mails=5/1h", "fault" },
		{ "messages=5/1h;mails=7/1h", "fault" },
		{ "messages=1/1s,1/2s,1/3s,1/4s,1/5s", "fault" },
		{ "messages = 5/1h", "fault" },
		{ "alice@corp.example", "fault" },
	};
	struct world world;

	(void)state;
	world_init(&world, options, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login_limits limits = limits_of(world.config);
		bool fault = strcmp(cases[i].want, "fault") == 0;
		struct err err;

		if ((limits_change(&limits, slice_of(cases[i].words),
			 &world.mem, &err) != 0) != fault)
			fail_msg("%s", cases[i].words);
		check_slice(cases[i].words, text_of(&world.mem, &limits),
		    fault ? AS_WAS : cases[i].want);
		if (fault && err.kind != ERR_CONFIG)
			fail_msg("%s: %s", cases[i].words, err.text);
	}
	world_done(&world);
}

/* A table in memory, or in one that is away. */
static struct slice
ask(struct world *world, struct table *table, const char *login)
{
	struct submitter submitter = world_submitter(world, login);
	struct login_limits limits = { .row = { NULL, 0 } };
	struct err err;
	bool failed = limits_find(world->config, table, &submitter,
			  &(const struct table_context){
			      .mem = &world->mem, .err = &err },
			  &limits) != 0;

	return slice_format(&world->mem, "%.*s%s%s",
	    SLICE_ARGS(text_of(&world->mem, &limits)), failed ? ": " : "",
	    failed ? err.text : "");
}

static void
the_nearest_row_of_a_login_counts(void **state)
{
	static const struct {
		const char *login, *want;
	} cases[] = {
		{ "alice@corp.example", "1/1h ; 500/1d" },
		{ "ALICE", "1/1h ; 500/1d" },
		{ "bob@corp.example", "none ; none" },
		{ "carol@corp.example", AS_WAS },
		{ "ann@school.example", "60/10m 1000/1d ; 3/1d" },
		{ "bob@school.example", "60/10m 1000/1d ; 3/1d" },
		/* Nobody chooses limits with a realm that he types. */
		{ "mallory@rich.example", AS_WAS },
		{ "dave@corp.example",
		    AS_WAS ": limits.table: key dave@corp.example: \"lots\" is "
			   "not messages=RATE, recipients=RATE or none, where "
			   "RATE is like 60/10m" },
	};
	struct table *table;
	struct world world;
	struct err err;

	(void)state;
	world_init(&world, options, "");
	if (table_open_text(SLICE("texthash:limits"),
		SLICE("alice@corp.example messages=1/1h\n"
		      "bob none\n"
		      "dave@corp.example lots\n"
		      "@school.example recipients=3/1d\n"
		      "@rich.example none\n"),
		&table, &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].login, ask(&world, table, cases[i].login),
		    cases[i].want);
	check_slice("no table", ask(&world, NULL, "alice"), AS_WAS);
	table_close(table);
	world_done(&world);
}

static void
a_table_that_cannot_answer_leaves_those_of_all(void **state)
{
	struct table *table;
	struct world world;
	struct err err;

	(void)state;
	world_init(&world, options, "");
	if (table_open(SLICE("socketmap:unix:/nonexistent/socket:limits"),
		&(const struct table_options){ .report = NULL }, &table,
		&err) != 0)
		fail_msg("%s", err.text);
	if (!slice_starts(ask(&world, table, "alice"),
		SLICE(AS_WAS ": limits.table: table socketmap:")))
		fail_msg("%s", ask(&world, table, "alice").data);
	table_close(table);
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_change_what_they_name),
		cmocka_unit_test(the_nearest_row_of_a_login_counts),
		cmocka_unit_test(
		    a_table_that_cannot_answer_leaves_those_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
