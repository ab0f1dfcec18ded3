/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "table/table_stats.h"

static void
a_label_names_nobody(void **state)
{
	static const struct {
		const char *spec, *label;
	} cases[] = {
		{ "texthash:/etc/postfix/logins",
		    "texthash:/etc/postfix/logins" },
		{ "socketmap:inet:127.0.0.1:9999:logins",
		    "socketmap:inet:127.0.0.1:9999:logins" },
		{ "inline:{alice@corp.example=alice}", "inline:..." },
		{ "static:alice", "static:..." },
		{ "unionmap:{texthash:/x,inline:{a=b}}", "unionmap:..." },
		{ "texthash:/home/alice@corp.example/x", "texthash:..." },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].spec,
		    table_label(slice_of(cases[i].spec), &mem), cases[i].label);
	arena_done(&mem);
}

static void
table_stats_count(void *arg, const struct table_stats *stats)
{
	(void)stats;
	*(size_t *)arg += 1;
}

static size_t
how_many(void)
{
	size_t count = 0;

	table_stats_each(table_stats_count, &count);
	return count;
}

static void
what_is_counted_outlives_a_table_that_is_opened_anew(void **state)
{
	struct slice spec = SLICE("inline:{a=1}"), key = SLICE("a"), value;
	struct table *old, *new;
	struct arena mem;
	struct err err;
	const struct table_context context = { .mem = &mem, .err = &err };
	const struct table_stats *stats;

	(void)state;
	arena_init(&mem);
	assert_int_equal(table_open(spec, NULL, &old, &err), 0);
	assert_int_equal(
	    table_lookup_one(old, key, &context, &value), TABLE_FOUND);
	assert_int_equal(
	    table_lookup_one(old, SLICE("b"), &context, &value), TABLE_ABSENT);
	assert_int_equal(table_lookup_one(old, SLICE("a\n"), &context, &value),
	    TABLE_FAILED);
	assert_int_equal(table_open(spec, NULL, &new, &err), 0);
	table_close(old);
	stats = table_stats_of(new);
	assert_int_equal(stats->answers[TABLE_KIND_FOUND], 1);
	assert_int_equal(stats->answers[TABLE_KIND_ABSENT], 1);
	assert_int_equal(stats->answers[TABLE_KIND_FAILED], 1);
	assert_int_equal(stats->answers[TABLE_KIND_STALE], 0);
	assert_true(stats->answered_us != 0);
	assert_int_equal(how_many(), 1);
	table_close(new);
	assert_int_equal(how_many(), 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_names_nobody),
		cmocka_unit_test(
		    what_is_counted_outlives_a_table_that_is_opened_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
