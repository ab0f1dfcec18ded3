/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that are written in the configuration, and tables made of others. */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "table/trace.h"

/* What the table says of a key: its value, "-" or "! why"; "open: why". */
static struct slice
ask(struct arena *mem, const char *spec, const char *key)
{
	struct table *table;
	struct slice value;
	struct err err;

	if (table_open(slice_of(spec), NULL, &table, &err) != 0)
		return slice_format(mem, "open: %s", err.text);
	value = table_says(mem, table, slice_of(key));
	table_close(table);
	return value;
}

/* Each answer is the one that postmap -q of Postfix 3.7 gives. */
static void
answers_are_those_of_postfix(void **state)
{
	static const struct {
		const char *spec, *key, *want;
	} cases[] = {
		{ "inline:{a=1, b=2}", "b", "2" },
		{ "inline:{a=1 b=2,,c=3}", "c", "3" },
		{ "inline:{ {a = x, y z }, b=2 }", "a", "x, y z" },
		{ "inline:{ {a = {x}} }", "a", "{x}" },
		{ "inline:{A=1}", "a", "1" },
		{ "inline:{\303\234@x=1}", "\303\274@x", "1" },
		{ "inline:{a=1, a=2}", "a", "2" },
		{ "inline:{a=}", "a", "" },
		{ "inline:{=v, a=1}", "", "-" },
		{ "inline:{a=b=c}", "a", "b=c" },
		{ "proxy:inline:{a=1}", "a", "1" },
		{ "unionmap:{inline:{a=1}, inline:{a=2}}", "a", "1,2" },
		{ "unionmap:{inline:{a=1} inline:{a=1}}", "a", "1,1" },
		{ "unionmap:{inline:{a=1}, inline:{a=}}", "a", "1," },
		{ "unionmap:{inline:{b=1}, proxy:static:x}", "a", "x" },
		{ "unionmap:{inline:{b=1}, inline:{c=1}}", "a", "-" },
		{ "unionmap:{unionmap:{static:x}, {static:y z}}", "a",
		    "open: text" },
		{ "pipemap:{inline:{a=B}, inline:{b=3}}", "a", "3" },
		{ "pipemap:{inline:{a=c}, inline:{b=3}}", "a", "-" },
		{ "pipemap:{inline:{a=c}, unionmap:{static:1, inline:{c=2}}}",
		    "a", "1,2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena mem;
		struct slice got;

		arena_init(&mem);
		got = ask(&mem, cases[i].spec, cases[i].key);
		if (strcmp(cases[i].want, "open: text") == 0)
			assert_true(slice_starts(got, SLICE("open: ")));
		else
			check_slice(cases[i].spec, got, cases[i].want);
		arena_done(&mem);
	}
}

static void
faults_are_named(void **state)
{
	static const struct {
		const char *spec, *want;
	} cases[] = {
		{ "inline:a=1", "a \"{\" is missing" },
		{ "inline:{a=1", "a \"}\" is missing" },
		{ "inline:{a=1}x", "text behind the last \"}\"" },
		{ "inline:{a}", "an item is not written as key=value" },
		{ "inline:{ }", "there is no key=value in the braces" },
		{ "inline:{{a=1}b}", "text behind \"}\" in an item" },
		{ "unionmap:{}", "there is no table in the braces" },
		{ "unionmap:{nonsense:x}", "there is no table type" },
		{ "unionmap:{texthash:/no/such/file}", "/no/such/file" },
		{ "pipemap:{inline:{a}}", "key=value" },
		{ "proxy:x", "TYPE:NAME" },
		{ "inline:{\303=1}", "a key is not UTF-8" },
		{ "inline:{a=1, b\xff=1}", "a key is not UTF-8" },
		{ "unionmap:{{{{{{{{{{{{{{{{{a=b}}}}}}}}}}}}}}}}}",
		    "more than 16 braces within each other" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena mem;
		struct slice got;

		arena_init(&mem);
		got = ask(&mem, cases[i].spec, "a");
		if (!slice_starts(got, SLICE("open: ")) ||
		    strstr(slice_cstr(&mem, got), cases[i].want) == NULL)
			fail_msg(
			    "%s: \"%.*s\"", cases[i].spec, SLICE_ARGS(got));
		arena_done(&mem);
	}
}

static void
parts_say_what_can_be_asked(void **state)
{
	static const struct {
		const char *spec;
		unsigned int caps;
		bool can_list;
	} cases[] = {
		{ "unionmap:{inline:{a=1}, inline:{a=2}}", TABLE_FOR_ANY,
		    true },
		/* The address goes to all parts in parts, as in Postfix. */
		{ "unionmap:{static:x, inline:{a=2}}", TABLE_FOR_ANY, false },
		{ "unionmap:{static:x, static:y}",
		    TABLE_FOR_ANY | TABLE_CAP_PATTERNS, false },
		{ "pipemap:{inline:{a=2}, static:x}", TABLE_FOR_ANY, false },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *table;

		assert_int_equal(
		    table_open(slice_of(cases[i].spec), NULL, &table, &err), 0);
		assert_int_equal(table_caps(table), cases[i].caps);
		assert_int_equal(table_can_list(table), cases[i].can_list);
		table_close(table);
	}
	assert_int_equal(table_spec_check(SLICE("unionmap:{cidr:/x, static:y}"),
			     TABLE_FOR_LOGINS, "texthash:/y", &err),
	    -1);
	assert_non_null(strstr(err.text, "logins are asked for"));
	assert_int_equal(
	    table_spec_check(SLICE("pipemap:{cidr:/x, inline:{a=b}}"),
		TABLE_FOR_CLIENTS, "texthash:/y", &err),
	    0);
}

static void
write_rows(const char *path, const char *rows)
{
	FILE *file = fopen(path, "w");
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	assert_non_null(file);
	assert_true(fputs(rows, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Rows of files that are parts are read, listed and watched as others are. */
static void
parts_that_are_files(void **state)
{
	char path[] = "/tmp/submilter-composed.XXXXXX";
	int fd = mkstemp(path);
	struct table *table, *same;
	struct table_row row;
	struct slice spec;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	write_rows(path, "# one\nb 2\nc 3\n");
	spec = slice_format(&mem, "unionmap:{inline:{a=1}, texthash:%s}", path);
	assert_int_equal(table_open(spec, NULL, &table, &err), 0);
	assert_int_equal(table_rows(table), 3);
	assert_true(table_row(table, 0, &row));
	check_slice("key", row.key, "a");
	assert_true(table_row(table, 2, &row));
	check_slice("key", row.key, "c");
	assert_string_equal(
	    table_place(&row, &mem), slice_format(&mem, "%s:3", path).data);
	assert_false(table_row(table, 3, &row));

	assert_int_equal(table_state(table), table_state_now(table));
	assert_int_equal(table_open(spec, NULL, &same, &err), 0);
	assert_true(table_same(table, same));
	table_close(same);
	write_rows(path, "b 2\n");
	assert_int_not_equal(table_state(table), table_state_now(table));
	assert_int_equal(table_open(spec, NULL, &same, &err), 0);
	assert_false(table_same(table, same));
	table_close(same);
	assert_int_equal(unlink(path), 0);
	assert_int_not_equal(table_state(table), table_state_now(table));
	table_close(table);
	arena_done(&mem);
}

/* A trace has each key of the table, and of what it is made of. */
static void
all_that_is_asked_is_noted(void **state)
{
	static const char want[] =
	    "0 unionmap b - | 1 inline b - | 1 pipemap b - | 2 inline b - | "
	    "0 unionmap A 1,xy | 1 inline A 1 | 1 pipemap A xy | "
	    "2 inline A c | 2 static c xy | ";
	const struct slice keys[] = { SLICE("b"), SLICE("A") };
	struct slice values[2];
	struct table *table;
	struct table_trace trace = { .count = 0 };
	struct strbuf told;
	struct arena mem;
	struct err err;
	const struct table_context context = {
		.mem = &mem, .err = &err, .trace = &trace
	};

	(void)state;
	arena_init(&mem);
	trace.mem = &mem;
	strbuf_init(&told, &mem);
	assert_int_equal(table_open(SLICE("unionmap:{inline:{a=1}, "
					  "pipemap:{inline:{a=c}, static:xy}}"),
			     NULL, &table, &err),
	    0);
	assert_int_equal(table_lookup(table, &(struct table_keys){ keys, 2 },
			     &context, values),
	    TABLE_FOUND);
	assert_null(values[0].data);
	check_slice("value", values[1], "1,xy");
	for (size_t i = 0; i < trace.count; i++) {
		const struct table_asked *asked = &trace.items[i];
		struct slice spec = table_spec(asked->table);

		strbuf_addf(&told, "%u %.*s %.*s %s | ", asked->depth,
		    SLICE_ARGS(slice_sub(spec, 0, slice_find(spec, ':'))),
		    SLICE_ARGS(asked->key),
		    asked->answer == TABLE_FOUND ? asked->value.data : "-");
	}
	check_slice("trace", strbuf_slice(&told), want);
	table_close(table);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_those_of_postfix),
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(parts_say_what_can_be_asked),
		cmocka_unit_test(parts_that_are_files),
		cmocka_unit_test(all_that_is_asked_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
