/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/field_names.h"

static void
a_field_is_known_in_any_case(void **state)
{
	static const struct {
		const char *name;
		unsigned int traits;
	} cases[] = {
		{ "From",
		    FIELD_AUTHOR | FIELD_ADDRESSES | FIELD_ONCE |
			FIELD_NEEDED },
		{ "fROM",
		    FIELD_AUTHOR | FIELD_ADDRESSES | FIELD_ONCE |
			FIELD_NEEDED },
		{ "subject", FIELD_ACTED_UPON | FIELD_ONCE | FIELD_TEXT },
		{ "Fro", 0 },
		{ "From:", 0 },
		{ "", 0 },
		{ "X-From", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    field_traits(slice_of(cases[i].name)), cases[i].traits);
	assert_true(field_is(SLICE("to"), FIELD_RECIPIENTS | FIELD_ONCE));
	assert_false(field_is(SLICE("to"), FIELD_RECIPIENTS | FIELD_AUTHOR));
}

/* What the traits promise of each other, over the whole list. */
static void
traits_fit_together(void **state)
{
	int count = 0;

	(void)state;
	for (int i = field_with(0, 0); i != FIELD_END;
	     i = field_with(0, i + 1)) {
		struct slice name = field_known_name(i);
		unsigned int traits = field_traits(name);

		count++;
		assert_true(traits != 0);
		assert_int_equal(name.len, strlen(name.data));
		/* Each stands there once. */
		for (int j = 0; j < i; j++)
			assert_false(
			    slice_eq_nocase(field_known_name(j), name));
		if ((traits & FIELD_AUTHOR) != 0)
			assert_true(
			    field_is(name, FIELD_ADDRESSES | FIELD_NEEDED));
		if ((traits & FIELD_RECIPIENTS) != 0)
			assert_true(field_is(name, FIELD_ADDRESSES));
		assert_false(field_is(name, FIELD_ADDRESSES | FIELD_TEXT));
		assert_false(field_is(name, FIELD_NEEDED | FIELD_UNSIGNED));
	}
	assert_true(count > 50);
	assert_int_equal(field_with(FIELD_AUTHOR | FIELD_TEXT, 0), FIELD_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_known_in_any_case),
		cmocka_unit_test(traits_fit_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
