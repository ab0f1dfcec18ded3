/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "table/table.h"

/* What a table of that text says of a key: its value, "-" or "! why". */
static struct slice
ask(struct arena *mem, const char *type, const char *text, struct slice key)
{
	struct slice spec = slice_format(mem, "%s:test", type);
	struct table *table;
	struct slice value;
	struct err err;

	if (table_open_text(spec, slice_of(text), &table, &err) != 0) {
		assert_int_equal(err.kind, ERR_CONFIG);
		return slice_format(mem, "open: %s", err.text);
	}
	switch (table_lookup(table, key, mem, &value, &err)) {
	case TABLE_FOUND:
		break;
	case TABLE_ABSENT:
		value = SLICE("-");
		break;
	case TABLE_FAILED:
		value = slice_format(mem, "! %s", err.text);
		break;
	}
	value = slice_dup(mem, value);
	table_close(table);
	return value;
}

struct table_case {
	const char *type, *text, *key, *want;
};

/* A fault is told by what it must mention. */
static void
check_cases(const struct table_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice want = slice_of(cases[i].want);
		bool is_fault = want.data[0] == '!' ||
		    slice_starts(want, SLICE("open:"));
		struct slice part = slice_from(want, slice_find(want, ' ') + 1);
		struct slice got;
		struct arena mem;

		arena_init(&mem);
		got = ask(&mem, cases[i].type, cases[i].text,
		    slice_of(cases[i].key));
		if (!is_fault)
			check_slice(cases[i].text, got, cases[i].want);
		else if (got.data[0] != want.data[0] ||
		    !slice_has_text_nocase(got, part))
			fail_msg("%s \"%s\": got \"%.*s\", want \"%s\"",
			    cases[i].type, cases[i].text, SLICE_ARGS(got),
			    want.data);
		arena_done(&mem);
	}
}

static void
rows_are_found_as_postfix_finds_them(void **state)
{
	static const struct table_case cases[] = {
		{ "texthash", "a@b.c  one\n", "a@b.c", "one" },
		{ "texthash", "A@B.c  one, two\n", "a@b.C", "one, two" },
		{ "texthash", "# x\n\n  # y\na 1\n", "a", "1" },
		{ "texthash", "a 1\n  2\n# z\n  3\nb 4\n", "a", "1 2 3" },
		{ "texthash", "a 1\n", "b", "-" },
		{ "texthash", "a 1\n", "", "-" },
		{ "texthash", "\"x y\"@b.c 1\n", "\"x y\"@b.c", "1" },
		{ "regexp", "/^a(.*)@b\\.c$/ <$1>\n", "A.x@b.c", "<.x>" },
		{ "regexp", "/^a/i 1\n/^A/ 2\n", "A", "2" },
		{ "regexp", "!/x/ none\n/x/ some\n", "y", "none" },
		{ "regexp", "if /@b/\n/^a/ in\nendif\n/^a/ out\n", "a@c", "out" },
		{ "regexp", "if !/@b/\n/^a/ in\nendif\n/^a/ out\n", "a@c", "in" },
		{ "regexp", "/^(a)|(b)$/ [$1][$2]\n", "b", "[][b]" },
		{ "regexp", "/a/ $$1\n", "a", "$1" },
		{ "pcre", "/^a(\\+[^@]*)?@b$/ ok\n", "a+x@b", "ok" },
		{ "pcre", "/^a(\\+[^@]*)?@b$/ ok\n", "a@b.c", "-" },
		{ "pcre", "/(?<x>a)(b)/ ${2}$(1)\n", "ab", "ba" },
		{ "cidr", "192.0.2.0/24 net\n", "192.0.2.7", "net" },
		{ "cidr", "192.0.2.7 host\n192.0.2.0/24 net\n", "192.0.2.7",
		    "host" },
		{ "cidr", "!192.0.2.0/24 out\n", "198.51.100.1", "out" },
		{ "cidr", "if 192.0.2.0/24\n192.0.2.7 a\nendif\n0.0.0.0/0 b\n",
		    "198.51.100.1", "b" },
		{ "cidr", "2001:db8::/32 six\n", "2001:db8::1", "six" },
		{ "cidr", "0.0.0.0/0 four\n", "2001:db8::1", "-" },
	};

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void
faults_are_named_with_their_line(void **state)
{
	static const struct table_case cases[] = {
		{ "texthash", "a 1\nb\n", "a", "open: 2: " },
		{ "texthash", "a 1\nA 2\n", "a", "open: stands in line 1" },
		{ "texthash", "  a 1\n", "a", "open: 1: " },
		{ "texthash", "a\nb\nc\n", "a", "open: 2 more" },
		{ "regexp", "/a( 1\n", "a", "open: 1: " },
		{ "regexp", "/a 1\n", "a", "open: 1: " },
		{ "regexp", "/a/q 1\n", "a", "open: no flag 'q'" },
		{ "regexp", "/a/\n", "a", "open: 1: " },
		{ "regexp", "/a/ $1\n", "a", "open: 1: " },
		{ "regexp", "!/(a)/ $1\n", "a", "open: 1: " },
		{ "regexp", "if /a/\n/b/ 1\n", "a", "open: endif" },
		{ "regexp", "endif\n", "a", "open: 1: " },
		/* Each of them doubles what the C library makes of it. */
		{ "regexp", "/a++++++++++++++++++++++++++++++/ 1\n", "a",
		    "open: too large" },
		{ "regexp", "/a{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}"
		    "{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}/ 1\n",
		    "a", "open: too large" },
		{ "pcre", "/a(?/ 1\n", "a", "open: 1: " },
		{ "cidr", "192.0.2.1/24 x\n", "192.0.2.1", "open: 1: " },
		{ "cidr", "nonsense x\n", "192.0.2.1", "open: 1: " },
		{ "cidr", "192.0.2.1\n", "192.0.2.1", "open: 1: " },
	};

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void
what_cannot_be_answered_is_no_answer(void **state)
{
	static const struct table_case cases[] = {
		/* Two logins, or a blank, out of a stranger's address. */
		{ "regexp", "/^(.*)@b$/ $1\n", "x,y@b", "! table" },
		{ "pcre", "/^(.*)@b$/ $1\n", "x y@b", "! table" },
		/* Backtracking without end. */
		{ "pcre", "/^(a+)+$/ 1\n",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		    "! table" },
		{ "cidr", "0.0.0.0/0 x\n", "no address", "! table" },
	};
	static const char *const texts[][2] = { { "texthash", "a 1\n" },
		{ "regexp", "/a/ 1\n" }, { "pcre", "/a/ 1\n" },
		{ "cidr", "0.0.0.0/0 1\n" } };
	struct arena mem;

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
	/* A library would see less of it than we do. */
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(ask(&mem, texts[i][0], texts[i][1],
		    (struct slice){ "a\0b", 3 }).data[0], '!');
	arena_done(&mem);
}

static void
a_spec_is_type_and_name(void **state)
{
	static const struct {
		const char *spec, *want;
	} cases[] = {
		{ "texthsh:/x", "did you mean \"texthash\"" },
		{ "/x", "TYPE:NAME" },
		{ "nonsense:/x", "nonsense" },
		{ "texthash:/nonexistent/file", "No such file" },
		{ "texthash:/tmp", "table texthash:/tmp" },
		{ "static:", "value" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *table;
		struct err err;

		assert_int_equal(table_open(slice_of(cases[i].spec), &table,
		    &err), -1);
		if (!slice_has_text_nocase(slice_of(err.text),
		    slice_of(cases[i].want)))
			fail_msg("%s: %s", cases[i].spec, err.text);
	}
}

static void
static_answers_every_key(void **state)
{
	struct table *table;
	struct arena mem;
	struct slice value;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(table_open(SLICE("static:{ a, b }"), &table, &err), 0);
	assert_int_equal(table_lookup(table, SLICE("x"), &mem, &value, &err),
	    TABLE_FOUND);
	check_slice("value", value, "a, b");
	table_close(table);
	arena_done(&mem);
}

static void
a_hundred_thousand_rows(void **state)
{
	struct table *table;
	struct strbuf text;
	struct arena mem;
	struct slice value;
	struct err err;

	(void)state;
	arena_init(&mem);
	strbuf_init(&text, &mem);
	for (int i = 0; i < 100000; i++)
		strbuf_addf(&text, "user%d@corp.example login%d\n", i, i);
	assert_int_equal(table_open_text(SLICE("texthash:big"),
	    strbuf_slice(&text), &table, &err), 0);
	assert_int_equal(table_rows(table), 100000);
	assert_int_equal(table_lookup(table, SLICE("user99999@corp.example"),
	    &mem, &value, &err), TABLE_FOUND);
	check_slice("value", value, "login99999");
	table_close(table);
	arena_done(&mem);
}

/* The C library would take memory without bound for each of these. */
static void
patterns_that_grow_without_bound_are_refused(void **state)
{
	static const char *const patterns[] = {
		"/a{200}{200}{200}/ x\n",
		"/(((a{99}){99}){99}){99}/ x\n",
		"/a+++++++++++++++++++++++++++++++++++++++++++/ x\n",
		"/{++++++++++++++++++++++++++++++++++++++++++++/ x\n",
		"/^(.*)+++++/ x\n",
		"/(a+){9}{9}{9}{9}{9}{9}/ x\n",
		"/((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+/ x\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct table *table;
		struct err err;

		if (table_open_text(SLICE("regexp:grow"), slice_of(patterns[i]),
		    &table, &err) == 0)
			fail_msg("%s", patterns[i]);
	}
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

/* A file in a directory of its own. */
struct scratch {
	char dir[64], path[96], spec[160];
};

static void
scratch_init(struct scratch *s, const char *type)
{
	(void)snprintf(s->dir, sizeof(s->dir), "%s",
	    "/tmp/submilter-test.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	(void)snprintf(s->path, sizeof(s->path), "%s/rows", s->dir);
	(void)snprintf(s->spec, sizeof(s->spec), "%s:%s", type, s->path);
}

static void
scratch_done(const struct scratch *s)
{
	assert_int_equal(unlink(s->path), 0);
	assert_int_equal(rmdir(s->dir), 0);
}

/* The last row would be read, and as another one: "a@b.example c;until=2". */
static void
cut_files_are_refused(void **state)
{
	static const struct {
		const char *type, *text, *want;
	} cases[] = {
		{ "texthash", "a b\nc d", "line 2: the last line has no end" },
		{ "texthash", "a b\n# c", "line 2: the last line has no end" },
		{ "texthash", "a b\n\tc", "line 2: the last line has no end" },
		{ "regexp", "/a/ b\n/c/ d", "line 2: the last line has no end" },
		{ "pcre", "/a/ b", "line 1: the last line has no end" },
		{ "cidr", "10.0.0.0/8 a", "line 1: the last line has no end" },
		{ "cidr", "", "the file is empty" },
		{ "texthash", "", "the file is empty" },
		{ "texthash", "# none yet\n", "" },
		{ "texthash", "\n", "" },
		{ "texthash", "a b\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scratch s;
		struct table *table;
		struct err err;
		int status;

		scratch_init(&s, cases[i].type);
		write_file(s.path, cases[i].text);
		status = table_open(slice_of(s.spec), &table, &err);
		if (status == 0)
			table_close(table);
		if ((status == 0) != (cases[i].want[0] == '\0') ||
		    (status != 0 && strstr(err.text, cases[i].want) == NULL))
			fail_msg("%zu: %s", i, status == 0 ? "read" : err.text);
		scratch_done(&s);
	}
}

static void *
write_more(void *arg)
{
	const struct timespec pause = { .tv_nsec = 300000000 };

	(void)nanosleep(&pause, NULL);
	write_file(arg, "a b\nc d\n");
	return NULL;
}

/* Whoever removed the last row means it; whoever writes still does not. */
static void
what_lost_its_end_has_to_stand(void **state)
{
	static const struct {
		const char *before, *text;
		bool is_written, is_whole;
		size_t lost;
	} cases[] = {
		{ "a b\nc d\n", "a b\n", true, false, 0 },
		{ "a b\nc d\n", "a b\n", false, true, 1 },
		{ "a b\n c\n\td\n", "a b\n", false, true, 2 },
		{ "a b\nc d\n", "a b\n# c d\n", false, true, 0 },
		{ "a b\nc d\n", "c d\n", false, true, 0 },
		{ "a b\nc d\n", "a b\nc e\n", false, true, 0 },
		{ "a b\n# c\n\n", "a b\n", false, true, 0 },
		{ "a b\n", "a b\nc d\n", false, true, 0 },
		{ "a b\n", "a b\n", false, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scratch s;
		struct table *before, *table;
		size_t lost = 0;
		struct err err;
		pthread_t writer;

		scratch_init(&s, "texthash");
		write_file(s.path, cases[i].before);
		assert_int_equal(table_open(slice_of(s.spec), &before, &err),
		    0);
		write_file(s.path, cases[i].text);
		assert_int_equal(table_open(slice_of(s.spec), &table, &err), 0);
		if (cases[i].is_written)
			assert_int_equal(pthread_create(&writer, NULL,
			    write_more, s.path), 0);
		if ((table_check_whole(table, before, &lost, &err) == 0) !=
		    cases[i].is_whole || lost != cases[i].lost)
			fail_msg("%zu: lost %zu", i, lost);
		if (cases[i].is_written)
			assert_int_equal(pthread_join(writer, NULL), 0);
		if (!cases[i].is_whole)
			assert_int_equal(err.kind, ERR_TEMP);
		table_close(table);
		table_close(before);
		scratch_done(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_as_postfix_finds_them),
		cmocka_unit_test(faults_are_named_with_their_line),
		cmocka_unit_test(what_cannot_be_answered_is_no_answer),
		cmocka_unit_test(a_spec_is_type_and_name),
		cmocka_unit_test(static_answers_every_key),
		cmocka_unit_test(a_hundred_thousand_rows),
		cmocka_unit_test(patterns_that_grow_without_bound_are_refused),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(what_lost_its_end_has_to_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
