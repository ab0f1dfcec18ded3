/* SPDX-License-Identifier: BSD-2-Clause */
#include "reports.h"

#include <string.h>
#include <sys/resource.h>

#include "../scratch.h"

/* A directory of its own for each test. */
struct scratch {
	struct arena mem;
	char dir[SCRATCH_BYTES];
};

static int
setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	arena_init(&s->mem);
	*state = s;
	return scratch_enter(s->dir);
}

static int
teardown(void **state)
{
	struct scratch *s = *state;
	static const char *const names[] = { "main.conf", "a.conf", "b.conf",
		"conf.d/10.conf", "conf.d/20.conf", "conf.d/note", "fifo",
		"1.conf", "2.conf", "3.conf", "4.conf", "5.conf", "6.conf",
		"7.conf", "8.conf" };
	int status;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	(void)rmdir("conf.d");
	arena_done(&s->mem);
	status = scratch_leave(s->dir);
	free(s);
	return status;
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

/* NULL where there is no such option. */
static const struct config_option *
option_of(const struct config *config, const char *name, struct arena *mem)
{
	size_t count;
	const struct config_option *list = config_options(config, mem, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	}
	fail_msg("no option %s", name);
	return NULL;
}

static void
options_say_where_they_are_set(void **state)
{
	struct scratch *s = *state;
	const struct config_option *one;
	struct config *config;

	write_file("main.conf",
	    "domain = example.org\ninclude a.conf\n"
	    "limits { messages = {60/10m, 1000/1d} }\n"
	    "rights { tables = {\"static:a, \\\"b\\\"\"} }");
	write_file("a.conf", "\nsign {\n mode = inherit }");
	config = read_main(s, "");
	one = option_of(config, "domain", &s->mem);
	check_slice("value", one->value, "\"example.org\"");
	check_slice("json", one->json, "\"example.org\"");
	check_slice("initial", one->initial, "\"\"");
	assert_int_equal(one->line, 1);
	assert_false(one->restart);
	/* One that was set to its default, in a file that is included. */
	one = option_of(config, "sign.mode", &s->mem);
	check_slice("value", one->value, "inherit");
	check_slice("initial", one->initial, "inherit");
	check_slice("file", slice_of(one->file),
	    slice_format(&s->mem, "%s/a.conf", s->dir).data);
	assert_int_equal(one->line, 3);
	one = option_of(config, "rights.tables", &s->mem);
	check_slice("value", one->value, "{\"static:a, \\\"b\\\"\"}");
	check_slice("json", one->json, "[\"static:a, \\\"b\\\"\"]");
	one = option_of(config, "limits.messages", &s->mem);
	check_slice("json", one->json, "[\"60/10m\",\"1000/1d\"]");
	one = option_of(config, "rights.all-tables", &s->mem);
	check_slice("json", one->json, "false");
	one = option_of(config, "dns.seconds", &s->mem);
	check_slice("json", one->json, one->value.data);
	assert_null(one->file);
	assert_true(option_of(config, "listen", &s->mem)->restart);
	config_free(config);
}

/* No default is taken for what another option set. */
static void
defaults_are_told_from_what_is_derived(void **state)
{
	struct scratch *s = *state;
	const struct config_option *one;
	struct config *config, *again;
	size_t count;
	struct err err;

	write_file("main.conf", "sign { opendkim-conf = a.conf }");
	write_file("a.conf",
	    "KeyTable file:/k\nSigningTable file:/s\n"
	    "MultipleSignatures yes\n");
	config = read_main(s, "");
	one = config_options(config, &s->mem, &count);
	for (size_t i = 0; i < count; i++) {
		if (one[i].derived != NULL) {
			assert_string_equal(
			    one[i].derived, "sign.opendkim-conf");
			assert_true(
			    strcmp(one[i].name, "sign.key-table") == 0 ||
			    strcmp(one[i].name, "sign.signing-table") == 0 ||
			    strcmp(one[i].name, "sign.multiple-signatures") ==
				0);
		} else if (one[i].file == NULL) {
			check_slice(
			    one[i].name, one[i].value, one[i].initial.data);
		}
	}
	assert_string_equal(
	    option_of(config, "sign.key-table", &s->mem)->derived,
	    "sign.opendkim-conf");
	/* They could not be set beside it, so they are comments. */
	assert_int_equal(
	    config_read_text("printed", config_print(&s->mem, config), NULL,
		NULL, &again, &err),
	    0);
	check_slice("table", again->sign.key_table, "file:/k");
	assert_true(again->sign.multiple_signatures);
	config_free(again);
	config_free(config);
}

/* What takes a restart is as the process was started. */
static void
options_in_force_wait_for_a_restart(void **state)
{
	struct scratch *s = *state;
	struct config *started, *loaded;
	const struct config_option *list;
	size_t count;

	write_file("main.conf", "log = stderr");
	started = read_main(s, "");
	write_file("main.conf", "mode = monitor");
	loaded = read_main(s, "");
	list = config_options_in_force(started, loaded, &s->mem, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, "log") == 0)
			check_slice("log", list[i].value, "stderr");
		else if (strcmp(list[i].name, "mode") == 0)
			check_slice("mode", list[i].value, "monitor");
	}
	config_free(started);
	config_free(loaded);
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
		TEST(options_say_where_they_are_set),
		TEST(defaults_are_told_from_what_is_derived),
		TEST(options_in_force_wait_for_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
