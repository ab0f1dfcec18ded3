/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a message, by what each step says and whether it counts. */
#include "../unit.h"

#include "../../../milter/pipeline/outcome_priv.h"

struct saying {
	const char *step; /* NULL: no more */
	enum action action;
	enum standing standing;
};

enum { SAYINGS = 3 };

static const struct outcome_case {
	const char *name;
	struct saying sayings[SAYINGS];
	const char *step; /* whose verdict counts; NULL: none is against it */
	enum action action;
	enum standing standing;
	bool clean;
} cases[] = {
	{ "nothing", { { NULL, 0, 0 } }, NULL, ACTION_ACCEPT, OUTCOME_STANDS,
	    true },
	{ "an acceptance", { { "a", ACTION_ACCEPT, OUTCOME_WATCHED } }, NULL,
	    ACTION_ACCEPT, OUTCOME_STANDS, true },
	{ "a refusal", { { "a", ACTION_REJECT, OUTCOME_STANDS } }, "a",
	    ACTION_REJECT, OUTCOME_STANDS, false },
	{ "a watched refusal", { { "a", ACTION_REJECT, OUTCOME_WATCHED } }, "a",
	    ACTION_REJECT, OUTCOME_WATCHED, false },
	{ "advice leaves it to be signed",
	    { { "a", ACTION_REJECT, OUTCOME_ADVISED } }, "a", ACTION_REJECT,
	    OUTCOME_ADVISED, true },
	{ "of two watched the first",
	    { { "a", ACTION_REJECT, OUTCOME_WATCHED },
		{ "b", ACTION_TEMPFAIL, OUTCOME_WATCHED } },
	    "a", ACTION_REJECT, OUTCOME_WATCHED, false },
	{ "what stands comes before what is watched",
	    { { "a", ACTION_REJECT, OUTCOME_WATCHED },
		{ "b", ACTION_TEMPFAIL, OUTCOME_STANDS } },
	    "b", ACTION_TEMPFAIL, OUTCOME_STANDS, false },
	{ "what is watched comes before advice",
	    { { "a", ACTION_REJECT, OUTCOME_ADVISED },
		{ "b", ACTION_REJECT, OUTCOME_WATCHED } },
	    "b", ACTION_REJECT, OUTCOME_WATCHED, false },
	{ "advice does not hide what is watched",
	    { { "a", ACTION_REJECT, OUTCOME_WATCHED },
		{ "b", ACTION_REJECT, OUTCOME_ADVISED } },
	    "a", ACTION_REJECT, OUTCOME_WATCHED, false },
	{ "a remedy keeps it open",
	    { { "a", ACTION_REJECT, OUTCOME_REMEDIED } }, "a", ACTION_REJECT,
	    OUTCOME_REMEDIED, true },
	{ "a remedy that is refused is what it was for",
	    { { "a", ACTION_REJECT, OUTCOME_REMEDIED },
		{ "b", ACTION_REJECT, OUTCOME_STANDS } },
	    "a", ACTION_REJECT, OUTCOME_STANDS, false },
	{ "the same where all is watched",
	    { { "a", ACTION_REJECT, OUTCOME_REMEDIED },
		{ "b", ACTION_REJECT, OUTCOME_WATCHED } },
	    "a", ACTION_REJECT, OUTCOME_WATCHED, false },
	{ "a doubt about a remedy is a doubt",
	    { { "a", ACTION_REJECT, OUTCOME_REMEDIED },
		{ "b", ACTION_TEMPFAIL, OUTCOME_STANDS } },
	    "b", ACTION_TEMPFAIL, OUTCOME_STANDS, false },
};

static void
each_verdict_counts_as_it_stands(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct outcome_case *c = &cases[i];
		struct outcome outcome = { .verdict = verdict_accept() };

		for (size_t j = 0; j < SAYINGS && c->sayings[j].step != NULL;
		     j++) {
			struct verdict verdict =
			    verdict_refused(REASON_RIGHTS, SLICE("no"));

			verdict.action = c->sayings[j].action;
			outcome_add(&outcome, c->sayings[j].step, verdict,
			    c->sayings[j].standing);
		}
		if (outcome.verdict.action != c->action ||
		    outcome.standing != c->standing ||
		    outcome_is_clean(&outcome) != c->clean ||
		    (c->step == NULL) != (outcome.step == NULL) ||
		    (c->step != NULL && strcmp(c->step, outcome.step) != 0))
			fail_msg(
			    "%s: step %s, action %d, standing %d, clean %d",
			    c->name, outcome.step == NULL ? "-" : outcome.step,
			    (int)outcome.verdict.action, (int)outcome.standing,
			    outcome_is_clean(&outcome));
	}
}

static void
a_remedy_that_helps_leaves_nothing(void **state)
{
	struct outcome outcome = { .verdict = verdict_accept() };

	(void)state;
	outcome_add(&outcome, "a", verdict_refused(REASON_RIGHTS, SLICE("no")),
	    OUTCOME_REMEDIED);
	assert_true(outcome_is_remedied(&outcome));
	outcome_settle(&outcome);
	assert_false(outcome_is_remedied(&outcome));
	assert_int_equal(outcome.verdict.action, ACTION_ACCEPT);
	assert_null(outcome.step);
}

static void
only_what_stands_is_held(void **state)
{
	struct outcome outcome = { .verdict = verdict_accept() };
	struct verdict verdict = verdict_refused(REASON_RIGHTS, SLICE("no"));

	(void)state;
	verdict.action = ACTION_HOLD;
	outcome_add(&outcome, "a", verdict, OUTCOME_WATCHED);
	assert_false(outcome_is_held(&outcome));
	outcome_add(&outcome, "b", verdict, OUTCOME_STANDS);
	assert_true(outcome_is_held(&outcome));
	assert_false(outcome_is_clean(&outcome));
}

static void
warnings_are_kept_once_and_counted(void **state)
{
	static const char digits[] = "0123456789abcdefghijk";
	struct outcome outcome = { .verdict = verdict_accept() };

	(void)state;
	outcome_warn(&outcome, SLICE("x"));
	outcome_warn(&outcome, SLICE("x"));
	assert_int_equal(outcome.warning_count, 1);
	for (size_t i = 0; i < sizeof(digits) - 1; i++)
		outcome_warn(&outcome, (struct slice){ &digits[i], 1 });
	assert_int_equal(outcome.warning_count, MAX_WARNINGS);
	assert_int_equal(
	    outcome.warnings_left_out, sizeof(digits) - 1 - (MAX_WARNINGS - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verdict_counts_as_it_stands),
		cmocka_unit_test(a_remedy_that_helps_leaves_nothing),
		cmocka_unit_test(only_what_stands_is_held),
		cmocka_unit_test(warnings_are_kept_once_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
