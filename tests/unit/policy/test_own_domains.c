/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/display.h"
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

/* What is ours after main.example, beside a set with some of these. */
static void
the_same_domains_are_one_set(void **state)
{
	static const struct {
		const char *first[5], *second[5];
		size_t count; /* of the second set */
		bool same;
	} cases[] = {
		{ { "a.example", "b.example" }, { "a.example", "b.example" }, 3,
		    true },
		{ { "a.example", "main.example" },
		    { "main.example", "A.example", "a.example" }, 2, true },
		{ { NULL }, { NULL }, 1, true },
		{ { "a.example", "b.example" }, { "a.example" }, 2, false },
		{ { "a.example" }, { "a.example", "b.example" }, 3, false },
		{ { "a.example", "b.example" }, { "b.example", "a.example" }, 3,
		    false },
		{ { "a.example", "b.example", "c.example" },
		    { "a.example", "c.example", "b.example" }, 4, false },
		{ { "a.example", "b.example", "c.example" },
		    { "a.example", "x.example", "c.example" }, 4, false },
		{ { "a.example" }, { "not a domain", "a.example" }, 2, true },
	};
	struct config *config;
	struct slice domain;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(
	    config_read_text("test", SLICE("domain = main.example\n"), NULL,
		NULL, &config, &err),
	    0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct own_set *first = own_set_begin(config, NULL), *second;

		for (size_t k = 0; k < 5 && cases[i].first[k] != NULL; k++)
			own_domains_add(
			    &first->domains, slice_of(cases[i].first[k]));
		first = own_set_finish(first, NULL, true);
		second = own_set_begin(config, first);
		for (size_t k = 0; k < 5 && cases[i].second[k] != NULL; k++)
			own_domains_add(
			    &second->domains, slice_of(cases[i].second[k]));
		second = own_set_finish(second, first, true);
		assert_int_equal(second == first, cases[i].same);
		own_set_unref(first);
		/* It does not need the other one any more. */
		assert_int_equal(
		    own_domains_count(&second->domains), cases[i].count);
		for (size_t k = 0; k < 5 && cases[i].second[k] != NULL; k++) {
			struct slice name =
			    slice_lower(&mem, slice_of(cases[i].second[k]));

			if (slice_has(name, ' '))
				continue;
			assert_true(own_domains_has(&second->domains, name));
			assert_true(own_domains_look_like(&second->domains,
			    display_skeleton(name, &mem), &domain));
			check_slice("domain", domain, name.data);
		}
		own_set_unref(second);
		arena_done(&mem);
	}
	config_free(config);
}

static void
add_numbers(struct own_set *set, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		CLEANUP(arena_done) struct arena mem;

		arena_init(&mem);
		own_domains_add(
		    &set->domains, slice_format(&mem, "d%zu.example", i));
	}
}

/* Each of them is there once, by its index, name and look. */
static void
check_numbers(const struct own_set *set, size_t count)
{
	const struct own_domains *own = &set->domains;
	struct slice domain;

	assert_int_equal(own_domains_count(own), count + 1);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(arena_done) struct arena mem;
		struct slice name;
		size_t found = 0;

		arena_init(&mem);
		name = slice_format(&mem, "d%zu.example", i);
		assert_true(own_domains_has(own, name));
		for (size_t k = 0; k <= count; k++)
			found += slice_eq(own_domains_at(own, k), name);
		assert_int_equal(found, 1);
		assert_true(own_domains_look_like(
		    own, display_skeleton(name, &mem), &domain));
	}
	assert_false(own_domains_has(own, SLICE("d100.example")));
}

/* A reload with a new domain, among the others, does not copy very many. */
static void
a_few_more_domains_stand_beside_those_that_are_shared(void **state)
{
	enum { MANY = 80 };
	struct config *config;
	struct own_set *first, *second, *third;
	struct err err;

	(void)state;
	assert_int_equal(
	    config_read_text("test", SLICE("domain = main.example\n"), NULL,
		NULL, &config, &err),
	    0);
	first = own_set_begin(config, NULL);
	add_numbers(first, 0, MANY);
	first = own_set_finish(first, NULL, true);
	second = own_set_begin(config, first);
	add_numbers(second, 0, 30);
	add_numbers(second, MANY, MANY + 2);
	add_numbers(second, MANY, MANY + 1);
	add_numbers(second, 30, MANY);
	second = own_set_finish(second, first, true);
	assert_ptr_equal(second->base, first);
	third = own_set_begin(config, second);
	add_numbers(third, 0, MANY + 3);
	third = own_set_finish(third, second, true);
	assert_ptr_equal(third->base, first);
	check_numbers(first, MANY);
	own_set_unref(first);
	check_numbers(second, MANY + 2);
	own_set_unref(second);
	check_numbers(third, MANY + 3);
	/* One is gone, or many are new. */
	first = own_set_begin(config, third);
	add_numbers(first, 0, MANY - 1);
	first = own_set_finish(first, third, true);
	assert_null(first->base);
	check_numbers(first, MANY - 1);
	own_set_unref(first);
	first = own_set_begin(config, third);
	add_numbers(first, 0, MANY + 15);
	first = own_set_finish(first, third, true);
	assert_null(first->base);
	check_numbers(first, MANY + 15);
	own_set_unref(first);
	own_set_unref(third);
	config_free(config);
}

static void
a_set_without_looks_does_not_stand_for_one_with_them(void **state)
{
	struct own_set *plain, *looks, *again;
	struct config *config;
	struct slice domain;
	struct err err;

	(void)state;
	assert_int_equal(
	    config_read_text("test", SLICE("domain = corp0.example\n"), NULL,
		NULL, &config, &err),
	    0);
	plain = own_set_finish(own_set_begin(config, NULL), NULL, false);
	looks = own_set_finish(own_set_begin(config, plain), plain, true);
	again = own_set_finish(own_set_begin(config, looks), looks, false);
	assert_ptr_not_equal(plain, looks);
	assert_ptr_equal(again, looks);
	assert_false(own_domains_look_like(
	    &plain->domains, SLICE("corpo.exarnple"), &domain));
	assert_true(own_domains_look_like(
	    &looks->domains, SLICE("corpo.exarnple"), &domain));
	check_slice("domain", domain, "corp0.example");
	own_set_unref(plain);
	own_set_unref(looks);
	own_set_unref(again);
	config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_is_there_once_in_its_form),
		cmocka_unit_test(a_domain_is_ours_or_below_one_of_ours),
		cmocka_unit_test(without_any_none_is_ours),
		cmocka_unit_test(the_same_domains_are_one_set),
		cmocka_unit_test(
		    a_few_more_domains_stand_beside_those_that_are_shared),
		cmocka_unit_test(
		    a_set_without_looks_does_not_stand_for_one_with_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
