/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/suggest.h"

static void
the_nearest_word_is_suggested(void **state)
{
	static const char *const words[] = { "listen", "methods", "network",
		"keys", "mode", "sasl", "sign" };
	static const struct {
		const char *typed;
		const char *want;
	} cases[] = {
		{ "lisetn", "listen" },	   /* exchanged */
		{ "method", "methods" },   /* missing */
		{ "netwoork", "network" }, /* too many */
		{ "kays", "keys" },	   /* wrong */
		{ "MODE", "mode" },
		{ "singing", "sign" }, /* all of it is there */
		{ "saslauth", NULL },
		{ "soda", NULL }, /* half of it is wrong */
		{ "x", NULL },
		{ "", NULL },
		{ "zzzzzz", NULL },
		{ "listenlistenlistenlistenlistenlistenlistenlisten", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = suggest(slice_of(cases[i].typed), words,
		    sizeof(words) / sizeof(words[0]));

		if (got == NULL && cases[i].want == NULL)
			continue;
		if (got == NULL || cases[i].want == NULL ||
		    strcmp(got, cases[i].want) != 0)
			fail_msg("%s: got %s, want %s", cases[i].typed,
			    got == NULL ? "nothing" : got,
			    cases[i].want == NULL ? "nothing" : cases[i].want);
	}
}

static void
no_words_no_suggestion(void **state)
{
	(void)state;
	assert_null(suggest(SLICE("a"), NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_word_is_suggested),
		cmocka_unit_test(no_words_no_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
