/* SPDX-License-Identifier: BSD-2-Clause */
#include "reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of its own for each test. */
struct scratch {
	struct arena mem;
	char dir[64];
};

static int
setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	arena_init(&s->mem);
	(void)snprintf(
	    s->dir, sizeof(s->dir), "%s", "/tmp/submilter-test.XXXXXX");
	if (mkdtemp(s->dir) == NULL || chdir(s->dir) != 0)
		return -1;
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct scratch *s = *state;
	static const char *const names[] = { "main.conf", "a.conf", "b.conf",
		"conf.d/10.conf", "conf.d/20.conf", "conf.d/note", "fifo",
		"1.conf", "2.conf", "3.conf", "4.conf", "5.conf", "6.conf",
		"7.conf", "8.conf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	(void)rmdir("conf.d");
	arena_done(&s->mem);
	if (chdir("/") != 0 || rmdir(s->dir) != 0)
		return -1;
	free(s);
	return 0;
}

/* Exactly this text. */
static void
write_text(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(name, 0644), 0);
}

/* The text, and an end of its last line where it has none. */
static void
write_file(const char *name, const char *text)
{
	size_t len = strlen(text);
	char whole[512];

	assert_in_range(len, 0, sizeof(whole) - 2);
	(void)snprintf(whole, sizeof(whole), "%s%s", text,
	    len != 0 && text[len - 1] == '\n' ? "" : "\n");
	write_text(name, whole);
}

/*
 * Reads main.conf by its absolute path and compares the reports, in which "@"
 * stands for the directory.
 */
static struct config *
read_main(struct scratch *s, const char *want)
{
	struct config *config = NULL;
	struct strbuf got, wanted;
	struct slice path = slice_format(&s->mem, "%s/main.conf", s->dir);
	struct err err;
	int result;

	strbuf_init(&got, &s->mem);
	strbuf_init(&wanted, &s->mem);
	strbuf_add_cstr(&got, "");
	strbuf_add_cstr(&wanted, "");
	for (const char *p = want; *p != '\0'; p++) {
		if (*p == '@')
			strbuf_add_cstr(&wanted, s->dir);
		else
			strbuf_add_char(&wanted, *p);
	}
	result = config_read(path.data, gather, &got, &config, &err);
	if (strcmp(got.data, wanted.data) != 0)
		fail_msg("got\n%swant\n%s", got.data, wanted.data);
	assert_int_equal(result, *want == '\0' ? 0 : -1);
	assert_int_equal(config == NULL, *want != '\0');
	return config;
}

static void
includes_are_relative_to_their_file(void **state)
{
	struct config *config;

	assert_int_equal(mkdir("conf.d", 0755), 0);
	write_file("main.conf",
	    "include \"conf.d/10.conf\"\n"
	    "domain = example.org ; include a.conf");
	write_file("conf.d/10.conf", "include 20.conf\n");
	write_file("conf.d/20.conf", "mode = monitor");
	write_file("a.conf", "sign { mode = enforce }");
	config = read_main(*state, "");
	assert_int_equal(config->main.mode, MODE_MONITOR);
	assert_int_equal(config->sign.mode, SECTION_ENFORCE);
	check_slice("domain", config->main.domain, "example.org");
	config_free(config);
}

static void
patterns_match_files_in_order(void **state)
{
	struct config *config;

	assert_int_equal(mkdir("conf.d", 0755), 0);
	write_file("main.conf",
	    "include \"conf.d/*.conf\"\ninclude \"conf.d/*.none\"");
	write_file("conf.d/20.conf", "mode = monitor");
	write_file("conf.d/10.conf", "domain = example.org");
	write_file("conf.d/note", "this is not read");
	config = read_main(*state, "");
	assert_int_equal(config->main.mode, MODE_MONITOR);
	check_slice("domain", config->main.domain, "example.org");
	config_free(config);
	write_file("conf.d/10.conf", "mode = enforce");
	read_main(*state,
	    "@/conf.d/20.conf:1: mode: set a second time; the "
	    "first is at @/conf.d/10.conf:1\n");
	/* As in an example of the manual: conf.d comes when it is needed. */
	write_file("main.conf", "include \"nothing/*.conf\"");
	config_free(read_main(*state, ""));
	/* Root can read every directory, but this leads nowhere. */
	assert_int_equal(symlink("a.conf", "a.conf"), 0);
	write_file("main.conf", "include \"a.conf/*.conf\"");
	read_main(*state,
	    "@/main.conf:1: include: @/a.conf/*.conf: the "
	    "directory cannot be read\n");
}

/* What is read up to there would be a configuration, and another one. */
static void
cut_files_are_refused(void **state)
{
	static const char end[] =
	    "the last line has no end: is the file cut? "
	    "If it is whole, put a newline behind it: echo >>'@/%s'\n";
	static const char empty[] =
	    "the file is empty: was it cut, or is the "
	    "disk full? One that shall say nothing has a comment line (#)\n";
	char said[256], want[512];

	write_text("main.conf", "domain = example.org\nmode = enforce");
	(void)snprintf(said, sizeof(said), end, "main.conf");
	(void)snprintf(want, sizeof(want), "@/main.conf:0: %s", said);
	read_main(*state, want);
	write_text("main.conf", "mode = enforce # and so on");
	read_main(*state, want);
	write_text("main.conf", "");
	(void)snprintf(want, sizeof(want), "@/main.conf:0: %s", empty);
	read_main(*state, want);
	write_text("main.conf", "include a.conf\n");
	write_text("a.conf", "mode = monitor");
	(void)snprintf(said, sizeof(said), end, "a.conf");
	(void)snprintf(want, sizeof(want), "@/a.conf:0: %s", said);
	read_main(*state, want);
	write_text("a.conf", "");
	(void)snprintf(want, sizeof(want), "@/a.conf:0: %s", empty);
	read_main(*state, want);
	write_text("a.conf", "# nothing\n");
	config_free(read_main(*state, ""));
}

static void
faults_name_the_included_file(void **state)
{
	write_file("main.conf", "mode = x\ninclude a.conf\nkeys = /a\n");
	write_file("a.conf", "\nkeys = k\nsign {\n");
	read_main(*state,
	    "@/main.conf:1: mode: takes enforce or monitor, not \"x\"\n"
	    "@/a.conf:3: the block \"sign\" that begins here is not closed: } "
	    "is missing\n"
	    "@/main.conf:3: keys: set a second time; the first is at "
	    "@/a.conf:2\n"
	    "@/a.conf:2: keys: takes an absolute path, not \"k\"\n");
}

static void
loops_are_caught(void **state)
{
	write_file("main.conf", "\ninclude a.conf\n");
	write_file("a.conf", "include ./b.conf\n");
	write_file("b.conf", "\n\ninclude main.conf\n");
	read_main(*state,
	    "@/./b.conf:3: include: @/./main.conf includes "
	    "itself\n");
}

/* What config_read says in short about main.conf. */
static void
check_summary(struct scratch *s, const char *want)
{
	struct slice path = slice_format(&s->mem, "%s/main.conf", s->dir);
	struct config *config = NULL;
	struct err err;

	assert_int_equal(config_read(path.data, NULL, NULL, &config, &err), -1);
	if (strstr(err.text, want) == NULL)
		fail_msg("got %s, want %s", err.text, want);
}

static void
files_are_counted(void **state)
{
	FILE *file;

	assert_int_equal(mkdir("conf.d", 0755), 0);
	write_file("conf.d/10.conf", "");
	file = fopen("main.conf", "w");
	assert_non_null(file);
	assert_int_equal(chmod("main.conf", 0644), 0);
	for (int i = 0; i < 100; i++)
		assert_true(fputs("include conf.d/10.conf\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	check_summary(*state, "main.conf:100: include: more than 100 files");
}

static void
depth_is_bounded(void **state)
{
	write_file("main.conf", "include 1.conf");
	write_file("1.conf", "include 2.conf");
	write_file("2.conf", "include 3.conf");
	write_file("3.conf", "include 4.conf");
	write_file("4.conf", "include 5.conf");
	write_file("5.conf", "include 6.conf");
	write_file("6.conf", "include 7.conf");
	write_file("7.conf", "include 8.conf");
	write_file("8.conf", "");
	config_free(read_main(*state, ""));
	write_file("8.conf", "\ninclude a.conf");
	write_file("a.conf", "");
	read_main(*state,
	    "@/8.conf:2: include: more than 8 files inside one "
	    "another\n");
}

static void
missing_files_are_named_where_they_are_included(void **state)
{
	write_file("main.conf", "mode = monitor\ninclude b.conf");
	read_main(*state,
	    "@/main.conf:2: include: @/b.conf cannot be opened: "
	    "No such file or directory\n");
	assert_int_equal(unlink("main.conf"), 0);
	read_main(*state,
	    "@/main.conf:0: cannot be opened: No such file or "
	    "directory\n");
}

static void
files_that_others_can_write_are_refused(void **state)
{
	write_file("main.conf", "include a.conf");
	write_file("a.conf", "");
	assert_int_equal(chmod("a.conf", 0664), 0);
	read_main(*state,
	    "@/a.conf:0: can be written by its group (mode "
	    "0664): chmod go-w\n");
	assert_int_equal(chmod("main.conf", 0646), 0);
	read_main(*state,
	    "@/main.conf:0: can be written by everybody (mode "
	    "0646): chmod go-w\n");
}

static void
only_regular_files_are_read(void **state)
{
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("conf.d", 0755), 0);
	write_file("main.conf", "include fifo\ninclude conf.d");
	read_main(*state,
	    "@/fifo:0: is not a regular file\n"
	    "@/conf.d:0: is not a regular file\n");
}

/* A reload that fails for want of files may work a minute later. */
static void
faults_that_may_pass_are_temporary(void **state)
{
	struct scratch *s = *state;
	struct slice path = slice_format(&s->mem, "%s/main.conf", s->dir);
	struct config *config = NULL;
	struct rlimit old, none;
	struct err err;
	int result;

	write_file("main.conf", "mode = monitor");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	result = config_read(path.data, NULL, NULL, &config, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_non_null(strstr(err.text,
	    "main.conf: cannot be opened: Too "
	    "many open files"));
}

static void
large_files_are_refused(void **state)
{
	FILE *file;

	file = fopen("main.conf", "w");
	assert_non_null(file);
	assert_int_equal(chmod("main.conf", 0644), 0);
	assert_int_equal(fprintf(file, "%262145s", ""), 262145);
	assert_int_equal(fclose(file), 0);
	read_main(*state, "@/main.conf:0: is larger than 262144 octets\n");
	write_file("main.conf", "mode = monitor");
	config_free(read_main(*state, ""));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(includes_are_relative_to_their_file),
		TEST(patterns_match_files_in_order),
		TEST(cut_files_are_refused),
		TEST(faults_name_the_included_file),
		TEST(loops_are_caught),
		TEST(files_are_counted),
		TEST(depth_is_bounded),
		TEST(missing_files_are_named_where_they_are_included),
		TEST(files_that_others_can_write_are_refused),
		TEST(only_regular_files_are_read),
		TEST(faults_that_may_pass_are_temporary),
		TEST(large_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
