/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/levels.h"
#include "world.h"

/* "mismatch redirect address protected", by the order of their words. */
static struct slice
text_of(struct world *world, const struct rights_levels *levels)
{
	return slice_format(&world->mem, "%d %d %d %d", (int)levels->mismatch,
	    (int)levels->redirect, (int)levels->address,
	    (int)levels->protected_name);
}

static void
words_change_what_they_name(void **state)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
		{ "", "0 0 0 0" },
		{ "mismatch=reject", "0 0 0 0" },
		{ "mismatch=hold", "1 0 0 0" },
		{ "mismatch=rewrite-from", "2 0 0 0" },
		{ "redirect=accept", "0 1 0 0" },
		{ "names=neutralise", "0 0 1 1" },
		{ "names=log", "0 0 2 2" },
		{ "names=accept", "0 0 3 3" },
		{ "Mismatch=HOLD,Redirect=Accept  names=log", "1 1 2 2" },
		{ "mismatch=hold,\tredirect=refuse", "1 0 0 0" },
		/* None of these changes anything. */
		{ "hold", "fault" },
		{ "mismatch", "fault" },
		{ "mismatch=", "fault" },
		{ "mismatch=log", "fault" },
		{ "mismatch=hold=hold", "fault" },
		{ "mismatch = hold", "fault" },
		{ "redirect=yes", "fault" },
		{ "names=hold", "fault" },
		{ "spf=reject", "fault" },
		{ "=hold", "fault" },
		{ "mismatch=hold; redirect=accept", "fault" },
		{ "mismatch=hold mismatch=hold", "fault" },
		{ "redirect=accept nonsense", "fault" },
	};
	struct world world;

	(void)state;
	world_init(&world, "domain = corp.example\n", "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rights_levels levels = rights_levels_of(world.config);
		struct err err;
		bool fault =
		    rights_levels_change(&levels, slice_of(cases[i].words),
			&world.mem, &err) != 0;

		check_slice("untouched", text_of(&world, &levels),
		    fault ? "0 0 0 0" : cases[i].want);
		if (fault != (strcmp(cases[i].want, "fault") == 0))
			fail_msg("%s", cases[i].words);
		if (fault && err.kind != ERR_CONFIG)
			fail_msg("%s: %s", cases[i].words, err.text);
	}
	world_done(&world);
}

static struct slice
ask(struct world *world, const char *login)
{
	struct submitter submitter = world_submitter(world, login);
	struct rights_levels levels = { .mismatch = MISMATCH_REJECT };
	struct err err;

	if (rights_levels_find(&world->rights, &submitter,
		&(const struct table_context){
		    .mem = &world->mem, .err = &err },
		&levels) != 0)
		return slice_format(&world->mem, "unknown: %s", err.text);
	return text_of(world, &levels);
}

static const char options[] =
    "domain = corp.example\n"
    "identify { realms = {school.example} }\n"
    "rights { redirect = accept ; extension = \"+-\" }\n"
    "names { address = log }\n";

static void
open_levels(struct world *world, const char *spec, const char *rows)
{
	struct err err;

	world_init(world, options, "");
	if (table_open_text(slice_of(spec), slice_of(rows),
		&world->rights.levels, &err) != 0)
		fail_msg("%s", err.text);
}

static void
close_levels(struct world *world)
{
	table_close(world->rights.levels);
	world_done(world);
}

/* No row can be said to be meant for it, and none can be passed over. */
static void
a_login_that_is_not_utf8_has_no_known_levels(void **state)
{
	static const char *const logins[] = { "al\xffice",
		"al\xffice@corp.example", "al\xffice@school.example" };
	struct world world;

	(void)state;
	open_levels(&world, "regexp:levels", "/./ names=neutralise\n");
	check_slice("alice", ask(&world, "alice@corp.example"), "0 1 1 1");
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		if (!slice_starts(ask(&world, logins[i]), SLICE("unknown: ")))
			fail_msg("%s", logins[i]);
	}
	close_levels(&world);
}

static void
the_nearest_row_of_a_login_counts_alone(void **state)
{
	static const struct {
		const char *login, *want;
	} cases[] = {
		/* What the configuration says. */
		{ "nobody@other.example", "0 1 2 0" },
		{ "alice@corp.example", "1 1 2 0" },
		{ "ALICE", "1 1 2 0" },
		{ "bob@corp.example", "2 1 2 0" },
		{ "carol@corp.example", "0 0 2 0" },
		{ "ann@school.example", "0 1 3 3" },
		{ "ben@school.example", "1 1 2 0" },
		/* The bare row is one of the option domain. */
		{ "bob@school.example", "0 1 3 3" },
		/* No row of alice's or bob's. */
		{ "alice+x@corp.example", "0 0 2 0" },
		{ "bob-x@corp.example", "0 0 2 0" },
		/* A realm that the client may have typed. */
		{ "ann@evil.example", "0 1 2 0" },
		{ "eve@evil.example", "1 1 2 0" },
		/* Without its realm it would be a login of another. */
		{ "ben@school.example@corp.example", "0 0 2 0" },
		{ "x@y@corp.example", "2 1 2 0" },
		{ "broken@corp.example",
		    "unknown: rights.levels: key "
		    "broken@corp.example: \"mismatch=holt\" is not "
		    "mismatch=reject, hold or rewrite-from, redirect=refuse or "
		    "accept, or names=refuse, neutralise, log or accept" },
	};
	struct world world;

	(void)state;
	open_levels(&world, "texthash:levels",
	    "alice@corp.example mismatch=hold\n"
	    "bob mismatch=rewrite-from\n"
	    "broken@corp.example mismatch=holt\n"
	    "@corp.example redirect=refuse\n"
	    "@school.example names=accept\n"
	    "ben@school.example mismatch=hold\n"
	    "@evil.example mismatch=rewrite-from\n"
	    "eve@evil.example mismatch=hold\n"
	    "x@y@corp.example mismatch=rewrite-from\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(
		    cases[i].login, ask(&world, cases[i].login), cases[i].want);
	close_levels(&world);
}

static void
patterns_are_asked_for_the_whole_login(void **state)
{
	struct world world;

	(void)state;
	open_levels(&world, "regexp:levels",
	    "/^[^@]*@corp\\.example$/ mismatch=hold\n"
	    "/^@/ mismatch=rewrite-from\n");
	check_slice("matches", ask(&world, "alice@corp.example"), "1 1 2 0");
	check_slice("none", ask(&world, "ann@school.example"), "0 1 2 0");
	close_levels(&world);
}

static void
a_table_that_cannot_answer_is_not_absent(void **state)
{
	struct world world;

	(void)state;
	open_levels(&world, "cidr:levels", "192.0.2.0/24 mismatch=hold\n");
	check_slice("owned",
	    slice_sub(ask(&world, "alice@corp.example"), 0, 23),
	    "unknown: rights.levels:");
	check_slice("typed", slice_sub(ask(&world, "ann@evil.example"), 0, 23),
	    "unknown: rights.levels:");
	close_levels(&world);
}

static void
count_fault(void *arg, bool is_error, const char *text)
{
	unsigned int *count = arg;

	assert_true(is_error);
	assert_non_null(strstr(text, "key b"));
	(*count)++;
}

static void
each_faulty_row_is_reported(void **state)
{
	unsigned int count = 0;
	struct world world;

	(void)state;
	open_levels(&world, "texthash:levels",
	    "a mismatch=hold\nb1 hold\n"
	    "c names=log\nb2 redirect=yes\n");
	table_check_values(world.rights.levels, rights_levels_value, NULL,
	    &(struct report){ count_fault, &count });
	assert_int_equal(count, 2);
	close_levels(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_change_what_they_name),
		cmocka_unit_test(a_login_that_is_not_utf8_has_no_known_levels),
		cmocka_unit_test(the_nearest_row_of_a_login_counts_alone),
		cmocka_unit_test(patterns_are_asked_for_the_whole_login),
		cmocka_unit_test(a_table_that_cannot_answer_is_not_absent),
		cmocka_unit_test(each_faulty_row_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
