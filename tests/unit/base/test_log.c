/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* What a function writes to standard error. */
static struct slice
written(
    void (*write_log)(struct slice text), struct slice text, struct arena *mem)
{
	int saved = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	char *line = arena_alloc(mem, 8192);
	ssize_t len;

	assert_non_null(file);
	assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	write_log(text);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	len = pread(fileno(file), line, 8191, 0);
	(void)fclose(file);
	assert_true(len >= 0);
	return (struct slice){ line, (size_t)len };
}

static void
as_a_line(struct slice text)
{
	log_write_line(LOG_LEVEL_INFO, text);
}

static void
as_a_format(struct slice text)
{
	log_write(LOG_LEVEL_INFO, "%.*s", SLICE_ARGS(text));
}

static void
what_is_cut_says_how_much(void **state)
{
	static char text[200000];
	void (*const ways[])(struct slice) = { as_a_line, as_a_format };
	static const struct {
		size_t len;
		const char *end;
	} cases[] = {
		{ 10, "aaa\n" },
		{ LOG_LINE_OCTETS, "aaa\n" },
		{ LOG_LINE_OCTETS + 1, "aaa ... (65 octets more)\n" },
		{ 199999, "aaa ... (198163 octets more)\n" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	memset(text, 'a', sizeof(text) - 1);
	log_open_stderr("test", LOG_LEVEL_INFO);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t w = 0; w < 2; w++) {
			struct slice line = written(ways[w],
			    (struct slice){ text, cases[i].len }, &mem);

			assert_true(slice_starts(line, SLICE("test: aaa")));
			assert_true(
			    line.len <= LOG_LINE_OCTETS + sizeof("test: "));
			if (!slice_ends_nocase(line, slice_of(cases[i].end)))
				fail_msg("%zu: %.*s", cases[i].len,
				    SLICE_ARGS(
					slice_from(line, line.len - 40)));
		}
	}
	arena_done(&mem);
}

static void
nobody_begins_a_line_of_his_own(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	log_open_stderr("test", LOG_LEVEL_INFO);
	check_slice("controls",
	    written(as_a_line, SLICE("a\nb\r\x1b[0m\0c"), &mem),
	    "test: a?b??[0m?c\n");
	arena_done(&mem);
}

/* As systemd starts a service: JOURNAL_STREAM names a file, off by some inodes. */
static void
for_a_journal(struct slice text, ino_t off)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)(st.st_ino + off));
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_open_stderr("test", LOG_LEVEL_DEBUG);
	assert_true(log_stderr_is_journal() == (off == 0));
	log_write_line(LOG_LEVEL_ERROR, text);
	log_write_line(LOG_LEVEL_WARNING, text);
	log_write(LOG_LEVEL_INFO, "%.*s", SLICE_ARGS(text));
	log_write(LOG_LEVEL_DEBUG, "%.*s", SLICE_ARGS(text));
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void
for_the_journal(struct slice text)
{
	for_a_journal(text, 0);
}

static void
for_another_stream(struct slice text)
{
	for_a_journal(text, 1);
}

static void
the_journal_is_told_priorities(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("journal", written(for_the_journal, SLICE("a\n<0>b"), &mem),
	    "<3>a?<0>b\n<4>a?<0>b\n<6>a?<0>b\n<7>a?<0>b\n");
	check_slice("another stream",
	    written(for_another_stream, SLICE("a"), &mem),
	    "test: a\ntest: a\ntest: a\ntest: a\n");
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_says_how_much),
		cmocka_unit_test(nobody_begins_a_line_of_his_own),
		cmocka_unit_test(the_journal_is_told_priorities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
