/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows for an MTA that is not known follow from those of the others. */
#include "../unit.h"

#include "repair/mta_traits.h"

/*
 * The traits, whatever their names: limits, and behind them octets that are
 * true or false. A new one is compared as well.
 */
enum {
	FLAGS_START = offsetof(struct mta_traits, converts_by_label),
	LIMITS = FLAGS_START / sizeof(size_t),
};

static const enum mta_choice known[] = { MTA_POSTFIX, MTA_SENDMAIL };

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static size_t
limit_of(const struct mta_traits *traits, size_t i)
{
	size_t limit;

	memcpy(&limit, (const char *)traits + i * sizeof(limit), sizeof(limit));
	return limit;
}

static bool
flag_at(const struct mta_traits *traits, size_t at)
{
	return ((const char *)traits)[at] != 0;
}

static void
limits_are_the_least_and_the_greatest(void **state)
{
	(void)state;
	assert_int_equal(FLAGS_START % sizeof(size_t), 0);
	for (size_t i = 0; i < LIMITS; i++) {
		size_t least = SIZE_MAX, greatest = 0;

		for (size_t k = 0; k < KNOWN; k++) {
			size_t limit = limit_of(mta_traits(known[k]), i);

			/* 0 would be a row without that trait. */
			assert_int_not_equal(limit, 0);
			least = limit < least ? limit : least;
			greatest = limit > greatest ? limit : greatest;
		}
		if (limit_of(mta_traits(MTA_AUTO), i) != least)
			fail_msg("limit %zu of any MTA", i);
		if (limit_of(mta_certain_traits(MTA_AUTO), i) != greatest)
			fail_msg("limit %zu of all MTAs", i);
	}
}

static void
flags_are_those_of_any_and_of_all(void **state)
{
	(void)state;
	for (size_t at = FLAGS_START; at < sizeof(struct mta_traits); at++) {
		bool any = false, all = true;

		for (size_t k = 0; k < KNOWN; k++) {
			bool flag = flag_at(mta_traits(known[k]), at);

			any = any || flag;
			all = all && flag;
		}
		if (flag_at(mta_traits(MTA_AUTO), at) != any)
			fail_msg("the trait at octet %zu, of any MTA", at);
		if (flag_at(mta_certain_traits(MTA_AUTO), at) != all)
			fail_msg("the trait at octet %zu, of all MTAs", at);
	}
}

static void
what_a_known_mta_does_is_certain(void **state)
{
	(void)state;
	for (size_t k = 0; k < KNOWN; k++)
		assert_ptr_equal(
		    mta_traits(known[k]), mta_certain_traits(known[k]));
	/* Not one row for all. */
	assert_true(mta_traits(MTA_POSTFIX)->converts_by_label);
	assert_true(mta_traits(MTA_SENDMAIL)->closes_multiparts);
	assert_false(mta_traits(MTA_POSTFIX)->closes_multiparts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_the_least_and_the_greatest),
		cmocka_unit_test(flags_are_those_of_any_and_of_all),
		cmocka_unit_test(what_a_known_mta_does_is_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
