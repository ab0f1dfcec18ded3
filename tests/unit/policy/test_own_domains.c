/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "policy/own_domains.h"

static struct own_domains
own_of(const char *domain, struct arena *mem)
{
	struct own_domains own;
	struct config *config;
	struct err err;

	assert_int_equal(config_read_text("test",
			     slice_format(mem, "%s%s\n",
				 domain[0] == '\0' ? "" : "domain = ", domain),
			     NULL, NULL, &config, &err),
	    0);
	own_domains_init(&own, config, mem);
	config_free(config);
	return own;
}

static void
each_name_is_there_once_in_its_form(void **state)
{
	static const char *const added[] = { "team.example", "CORP.example",
		"b\303\274cher.example", "Team.Example", "not a domain", "",
		"xn--bcher-kva.example" };
	static const char *const want[] = { "corp.example", "team.example",
		"xn--bcher-kva.example" };
	struct own_domains own;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	own = own_of("Corp.example", &mem);
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		own_domains_add(&own, slice_of(added[i]));
	assert_int_equal(own_domains_count(&own), 3);
	for (size_t i = 0; i < 3; i++)
		check_slice("name", own_domains_at(&own, i), want[i]);
	arena_done(&mem);
}

static void
a_domain_is_ours_or_below_one_of_ours(void **state)
{
	static const struct {
		const char *domain;
		bool has, covers;
	} cases[] = {
		{ "corp.example", true, true },
		{ "CORP.example", false, true },
		{ "mail.corp.example", false, true },
		{ "a.b.Corp.Example", false, true },
		{ "xcorp.example", false, false },
		{ "example", false, false },
		{ ".corp.example", false, true },
		{ "corp.example.", false, false },
		{ "", false, false },
	};
	struct own_domains own;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	own = own_of("corp.example", &mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice domain = slice_of(cases[i].domain);

		if (own_domains_has(&own, domain) != cases[i].has ||
		    own_domains_cover(&own, domain, &mem) != cases[i].covers)
			fail_msg("%s", cases[i].domain);
	}
	arena_done(&mem);
}

static void
without_any_none_is_ours(void **state)
{
	const struct own_domains zeroed = { .mem = NULL };
	struct own_domains none;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	none = own_of("", &mem);
	{
		const struct own_domains *const readers[] = { NULL, &zeroed,
			&none };

		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(own_domains_count(readers[i]), 0);
			assert_false(
			    own_domains_has(readers[i], SLICE("corp.example")));
			assert_false(own_domains_cover(
			    readers[i], SLICE("corp.example"), &mem));
		}
	}
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_is_there_once_in_its_form),
		cmocka_unit_test(a_domain_is_ours_or_below_one_of_ours),
		cmocka_unit_test(without_any_none_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
