/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that options had once: accepted, with a warning that says the new one. */
#include "reports.h"

/* Faults and warnings in one text, a line each; the result is freed. */
static struct config *
read_text(struct arena *mem, const char *text, const char *want)
{
	struct config *config = NULL;
	struct strbuf got;
	const char *warning;
	struct err err;

	strbuf_init(&got, mem);
	strbuf_add_cstr(&got, "");
	(void)!config_read_text(
	    "c", slice_of(text), gather, &got, &config, &err);
	for (size_t i = 0;
	     config != NULL && config_next_warning(config, &i, &warning);)
		strbuf_addf(&got, "%s\n", warning);
	if (strcmp(got.data, want) != 0)
		fail_msg("\"%s\":\ngot\n%swant\n%s", text, got.data, want);
	return config;
}

static void
a_former_name_sets_the_option_and_warns(void **state)
{
	struct config *config;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	config = read_text(&mem,
	    "limits {\n mailboxes = 7\n seconds = 9; authors = 8 }\n",
	    "c:2: limits.mailboxes is a former name: write bounds.mailboxes\n"
	    "c:3: limits.seconds is a former name: write rights.seconds\n"
	    "c:3: limits.authors is a former name: write bounds.authors\n");
	assert_int_equal(config->bounds.mailboxes, 7);
	assert_int_equal(config->rights.seconds, 9);
	assert_int_equal(config->bounds.authors, 8);
	config_free(config);
	arena_done(&mem);
}

static void
options_of_keys_are_found_in_the_block_sign(void **state)
{
	struct config *config;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	config = read_text(&mem,
	    "preflight { dkim-key = off; mode = monitor\n"
	    "key-overlap = 3 }\n",
	    "c:1: preflight.dkim-key is a former name: write sign.dkim-key\n"
	    "c:2: preflight.key-overlap is a former name: write "
	    "sign.key-overlap\n");
	assert_int_equal(config->sign.dkim_key, DKIM_KEY_OFF);
	assert_int_equal(config->sign.key_overlap, 3);
	assert_int_equal(config->preflight.mode, SECTION_MONITOR);
	config_free(config);
	arena_done(&mem);
}

static void
names_of_today_warn_of_nothing(void **state)
{
	struct config *config;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	config = read_text(
	    &mem, "bounds { mailboxes = 7 }\nrights { seconds = 9 }\n", "");
	assert_int_equal(config->bounds.mailboxes, 7);
	config_free(config);
	arena_done(&mem);
}

static void
both_names_at_once_are_a_fault_that_says_both(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	assert_null(read_text(&mem,
	    "limits { mailboxes = 7 }\nbounds { mailboxes = 7 }\n",
	    "c:2: bounds.mailboxes: set a second time; the first is at c:1, "
	    "as limits.mailboxes\n"));
	assert_null(read_text(&mem,
	    "rights { seconds = 7 }\n\nlimits { seconds = 7 }\n",
	    "c:3: limits.seconds: set a second time; the first is at c:1, "
	    "as rights.seconds\n"));
	assert_null(read_text(&mem, "limits { seconds = 7; seconds = 7 }\n",
	    "c:1: limits.seconds: set a second time; the first is at c:1\n"));
	arena_done(&mem);
}

static void
a_fault_says_the_name_that_stands_there(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	assert_null(read_text(&mem,
	    "limits { mailboxes = none\nmailboxs = 1; domain = x.example }\n",
	    "c:1: limits.mailboxes: takes a number from 1 to 1000, not "
	    "\"none\"\n"
	    "c:2: limits.mailboxs: unknown option; did you mean "
	    "\"mailboxes\"?\n"
	    "c:2: limits.domain: unknown option; domain stands outside of "
	    "blocks\n"));
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_former_name_sets_the_option_and_warns),
		cmocka_unit_test(options_of_keys_are_found_in_the_block_sign),
		cmocka_unit_test(names_of_today_warn_of_nothing),
		cmocka_unit_test(both_names_at_once_are_a_fault_that_says_both),
		cmocka_unit_test(a_fault_says_the_name_that_stands_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
