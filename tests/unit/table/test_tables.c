/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve.h"
#include "answer.h"

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
	value = table_says(mem, table, key);
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
		bool is_fault =
		    want.data[0] == '!' || slice_starts(want, SLICE("open:"));
		struct slice part = slice_from(want, slice_find(want, ' ') + 1);
		struct slice got;
		struct arena mem;

		arena_init(&mem);
		got = ask(
		    &mem, cases[i].type, cases[i].text, slice_of(cases[i].key));
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
		{ "texthash", "a 1\n  2\n# z\n  3\nb 4\n", "a", "1  2  3" },
		{ "texthash", "a 1\n", "b", "-" },
		{ "texthash", "a 1\n", "", "-" },
		{ "texthash", "\"x y\"@b.c 1\n", "\"x y\"@b.c", "1" },
		{ "regexp", "/^a(.*)@b\\.c$/ <$1>\n", "A.x@b.c", "<.x>" },
		{ "regexp", "/^a/i 1\n/^A/ 2\n", "A", "2" },
		{ "regexp", "!/x/ none\n/x/ some\n", "y", "none" },
		{ "regexp", "if /@b/\n/^a/ in\nendif\n/^a/ out\n", "a@c",
		    "out" },
		{ "regexp", "if !/@b/\n/^a/ in\nendif\n/^a/ out\n", "a@c",
		    "in" },
		{ "regexp", "/^(a)|(b)$/ [$1][$2]\n", "b", "[][b]" },
		{ "regexp", "/a/ $$1\n", "a", "$1" },
		{ "pcre", "/^a(\\+[^@]*)?@b$/ ok\n", "a+x@b", "ok" },
		{ "pcre", "/^a(\\+[^@]*)?@b$/ ok\n", "a@b.c", "-" },
		{ "pcre", "/(?<x>a)(b)/ ${2}$(1)\n", "ab", "ba" },
		{ "cidr", "192.0.2.0/24 net\n", "192.0.2.7", "net" },
		{ "cidr", "192.0.2.7 host\n192.0.2.0/24 net\n", "192.0.2.7",
		    "host" },
		{ "cidr", "!192.0.2.0/24 out\n", "198.51.100.1", "out" },
		{ "cidr", "!192.0.2.0/24 out\n", "2001:db8::1", "-" },
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
		{ "regexp",
		    "/a{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}"
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
				     (struct slice){ "a\0b", 3 })
				     .data[0],
		    '!');
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

		assert_int_equal(
		    table_open(slice_of(cases[i].spec), NULL, &table, &err),
		    -1);
		if (!slice_has_text_nocase(
			slice_of(err.text), slice_of(cases[i].want)))
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
	const struct table_context context = { .mem = &mem, .err = &err };

	(void)state;
	arena_init(&mem);
	assert_int_equal(
	    table_open(SLICE("static:{ a, b }"), NULL, &table, &err), 0);
	assert_int_equal(
	    table_lookup_one(table, SLICE("x"), &context, &value), TABLE_FOUND);
	check_slice("value", value, "a, b");
	table_close(table);
	arena_done(&mem);
}

/* A table of each type that has the keys "a" or 192.0.2.1, and no others. */
static const struct backend {
	const char *type, *text;
	const char *has, *lacks;
	unsigned int caps;
	const char *name; /* behind the type; NULL: any */
} backends[] = {
	{ "texthash", "a 1\n", "a", "b", TABLE_FOR_ANY, NULL },
	{ "regexp", "/^a$/ 1\n", "a", "b", TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	    NULL },
	{ "pcre", "/^a$/ 1\n", "a", "b", TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	    NULL },
	{ "cidr", "192.0.2.1 1\n", "192.0.2.1", "192.0.2.2",
	    TABLE_CAP_PATTERNS | TABLE_FOR_CLIENTS, NULL },
	{ "static", NULL, "a", NULL, TABLE_CAP_PATTERNS | TABLE_FOR_ANY, NULL },
	{ "inline", NULL, "a", "b", TABLE_FOR_ANY, "{a=1}" },
	{ "unionmap", NULL, "a", "b", TABLE_FOR_ANY,
	    "{inline:{c=3}, inline:{a=1}}" },
	{ "pipemap", NULL, "a", "b", TABLE_FOR_ANY,
	    "{inline:{a=x}, inline:{x=1}}" },
	/* %u: the port of a server that the test starts. */
	{ "socketmap", NULL, "a", "b", TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	    "inet:127.0.0.1:%u:m" },
	{ "tcp", NULL, "a", "b", TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	    "127.0.0.1:%u" },
	{ "file", "a 1\n", "a", "b", TABLE_FOR_ANY, NULL },
	{ "refile", "a* 1\n", "a", "b", TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	    NULL },
	{ "csl", NULL, "a", "b", TABLE_FOR_ANY, "a=1" },
};

enum { BACKENDS = sizeof(backends) / sizeof(backends[0]) };

static bool
has_server(const struct backend *backend)
{
	return backend->name != NULL && strchr(backend->name, '%') != NULL;
}

static struct table *
open_backend(const struct backend *backend)
{
	struct table *table;
	struct err err;
	static unsigned int ports[128];
	unsigned int *port = &ports[(unsigned char)backend->type[0]];
	const char *name = backend->name == NULL ? "1" : backend->name;
	char spec[64];
	int status;

	if (!has_server(backend)) {
		(void)snprintf(
		    spec, sizeof(spec), "%s:%s", backend->type, name);
	} else {
		size_t before = strcspn(name, "%");

		if (*port == 0)
			*port = serve(backend->type[0]);
		(void)snprintf(spec, sizeof(spec), "%s:%.*s%u%s", backend->type,
		    (int)before, name, *port, name + before + 2);
	}
	status = backend->text == NULL ?
	    table_open(slice_of(spec), NULL, &table, &err) :
	    table_open_text(
		slice_of(spec), slice_of(backend->text), &table, &err);
	if (status != 0)
		fail_msg("%s: %s", backend->type, err.text);
	return table;
}

static void
every_type_is_tested(void **state)
{
	size_t count;
	const char *const *types = table_types(&count);

	(void)state;
	assert_int_equal(count, BACKENDS);
	for (size_t i = 0; i < count; i++) {
		struct table *table = open_backend(&backends[i]);

		assert_string_equal(types[i], backends[i].type);
		assert_int_equal(table_caps(table), backends[i].caps);
		table_close(table);
	}
}

/* Whatever the table is, and wherever the key stands among others. */
static void
each_key_has_its_own_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < BACKENDS; i++) {
		const struct backend *backend = &backends[i];
		struct table *table = open_backend(backend);
		struct slice has = slice_of(backend->has);
		struct slice lacks =
		    backend->lacks == NULL ? has : slice_of(backend->lacks);
		const struct slice keys[] = { lacks, has, lacks, has };
		struct slice values[4], one = SLICE("untouched");
		struct arena mem;
		struct err err;
		const struct table_context context = { .mem = &mem,
			.err = &err };

		arena_init(&mem);
		assert_int_equal(
		    table_lookup(table, &(struct table_keys){ keys, 4 },
			&context, values),
		    TABLE_FOUND);
		for (size_t k = 0; k < 4; k++) {
			if (k % 2 == 0 && backend->lacks != NULL)
				assert_null(values[k].data);
			else
				check_slice(backend->type, values[k], "1");
		}
		assert_int_equal(
		    table_lookup(table, &(struct table_keys){ keys, 0 },
			&context, values),
		    TABLE_ABSENT);
		if (backend->lacks != NULL) {
			assert_int_equal(
			    table_lookup_one(table, lacks, &context, &one),
			    TABLE_ABSENT);
			check_slice("absent", one, "untouched");
		}
		arena_done(&mem);
		table_close(table);
	}
}

/* A failure for one key is no answer for the others. */
static void
one_bad_key_fails_all(void **state)
{
	char longest[TABLE_MAX_KEY_BYTES + 1];
	const struct slice bad[] = { { "a\nb", 3 }, { "a\0b", 3 },
		{ "a\xc3", 2 }, { "\xff", 1 }, { longest, sizeof(longest) } };

	(void)state;
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 0; i < BACKENDS; i++) {
		struct table *table = open_backend(&backends[i]);

		for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
			const struct slice keys[] = { slice_of(backends[i].has),
				bad[b] };
			struct slice values[2];
			struct arena mem;
			struct err err;
			const struct table_context context = { .mem = &mem,
				.err = &err };

			arena_init(&mem);
			assert_int_equal(
			    table_lookup(table, &(struct table_keys){ keys, 2 },
				&context, values),
			    TABLE_FAILED);
			assert_non_null(strstr(err.text, "table "));
			arena_done(&mem);
		}
		table_close(table);
	}
}

static void
what_is_not_known_by_the_deadline_is_no_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < BACKENDS; i++) {
		struct slice key = slice_of(backends[i].has);
		const struct slice keys[] = { key, key };
		struct table *table = open_backend(&backends[i]);
		struct slice values[2];
		struct arena mem;
		struct err err;
		struct table_context context = { .mem = &mem, .err = &err };

		arena_init(&mem);
		context.deadline_us = clock_monotonic_us() + 60 * 1000000ULL;
		assert_int_equal(
		    table_lookup(table, &(struct table_keys){ keys, 2 },
			&context, values),
		    TABLE_FOUND);
		context.deadline_us = 1;
		/* One that has nothing to read is never late. */
		if (backends[i].text != NULL || has_server(&backends[i])) {
			assert_int_equal(
			    table_lookup(table, &(struct table_keys){ keys, 2 },
				&context, values),
			    TABLE_FAILED);
			assert_int_equal(err.kind, ERR_TEMP);
		}
		arena_done(&mem);
		table_close(table);
	}
}

static void
a_table_is_fit_for_what_it_is_asked(void **state)
{
	static const struct {
		const char *spec;
		unsigned int keys;
		const char *want; /* NULL: it is fit */
	} cases[] = {
		{ "texthash:/x", TABLE_FOR_ANY, NULL },
		{ "cidr:/x", TABLE_FOR_CLIENTS, NULL },
		{ "static:x", TABLE_FOR_LOGINS, NULL },
		{ "cidr:/x", TABLE_FOR_LOGINS,
		    "\"cidr:/x\" has networks, and logins are asked for" },
		{ "cidr:/x", TABLE_FOR_ADDRESSES,
		    "\"cidr:/x\" has networks, and addresses are asked for" },
		{ "cidr:/x", TABLE_FOR_CLIENTS | TABLE_FOR_DOMAINS,
		    "\"cidr:/x\" has networks, and domains are asked for" },
		{ "/x", TABLE_FOR_ANY,
		    "takes TYPE:NAME like regexp:/y, not \"/x\"" },
		{ "te-st:/x", TABLE_FOR_ANY,
		    "takes TYPE:NAME like regexp:/y, not \"te-st:/x\"" },
		{ "texthash:", TABLE_FOR_ANY,
		    "table texthash:: a file is missing behind the colon" },
		{ "texthsh:/x", TABLE_FOR_ANY,
		    "table texthsh:/x: there is no table type \"texthsh\": did "
		    "you mean \"texthash\"?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .kind = ERR_NONE };
		int status = table_spec_check(
		    slice_of(cases[i].spec), cases[i].keys, "regexp:/y", &err);

		assert_int_equal(status, cases[i].want == NULL ? 0 : -1);
		if (cases[i].want != NULL)
			assert_string_equal(err.text, cases[i].want);
	}
}

static void
a_hundred_thousand_rows(void **state)
{
	struct table *table;
	struct strbuf text;
	struct arena mem;
	struct slice value;
	struct err err;
	const struct table_context context = { .mem = &mem, .err = &err };

	(void)state;
	arena_init(&mem);
	strbuf_init(&text, &mem);
	for (int i = 0; i < 100000; i++)
		strbuf_addf(&text, "user%d@corp.example login%d\n", i, i);
	assert_int_equal(table_open_text(SLICE("texthash:big"),
			     strbuf_slice(&text), &table, &err),
	    0);
	assert_int_equal(table_rows(table), 100000);
	assert_int_equal(table_lookup_one(table,
			     SLICE("user99999@corp.example"), &context, &value),
	    TABLE_FOUND);
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
	(void)snprintf(
	    s->dir, sizeof(s->dir), "%s", "/tmp/submilter-test.XXXXXX");
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
		{ "regexp", "/a/ b\n/c/ d",
		    "line 2: the last line has no end" },
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
		char does[256];
		int status;

		scratch_init(&s, cases[i].type);
		write_file(s.path, cases[i].text);
		status = table_open(slice_of(s.spec), NULL, &table, &err);
		if (status == 0)
			table_close(table);
		if ((status == 0) != (cases[i].want[0] == '\0') ||
		    (status != 0 && strstr(err.text, cases[i].want) == NULL))
			fail_msg("%zu: %s", i, status == 0 ? "read" : err.text);
		/* What it says to do is what helps. */
		(void)snprintf(does, sizeof(does), "echo >>'%s'", s.path);
		if (status != 0 && strstr(cases[i].want, "no end") != NULL) {
			assert_non_null(strstr(err.text, does));
			assert_int_equal(system(does), 0);
			assert_int_equal(
			    table_open(slice_of(s.spec), NULL, &table, &err),
			    0);
			table_close(table);
		}
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
		assert_int_equal(
		    table_open(slice_of(s.spec), NULL, &before, &err), 0);
		write_file(s.path, cases[i].text);
		assert_int_equal(
		    table_open(slice_of(s.spec), NULL, &table, &err), 0);
		if (cases[i].is_written)
			assert_int_equal(
			    pthread_create(&writer, NULL, write_more, s.path),
			    0);
		if ((table_check_whole(table, before, &lost, &err) == 0) !=
			cases[i].is_whole ||
		    lost != cases[i].lost)
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
		cmocka_unit_test(every_type_is_tested),
		cmocka_unit_test(each_key_has_its_own_answer),
		cmocka_unit_test(one_bad_key_fails_all),
		cmocka_unit_test(
		    what_is_not_known_by_the_deadline_is_no_answer),
		cmocka_unit_test(a_table_is_fit_for_what_it_is_asked),
		cmocka_unit_test(a_hundred_thousand_rows),
		cmocka_unit_test(patterns_that_grow_without_bound_are_refused),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(what_lost_its_end_has_to_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
