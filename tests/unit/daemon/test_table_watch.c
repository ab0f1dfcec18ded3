/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../milter/daemon/daemon_priv.h"
#include "../../../milter/daemon/status_priv.h"

enum { PATIENCE_SECONDS = 30 };

static void
note_report(void *arg, bool is_error, const char *text)
{
	(void)arg;
	assert_false(is_error);
	assert_non_null(strstr(text, "Too many open files"));
}

/* As a start does it while no file can be opened. */
static struct snapshot *
start_without_files(struct config *config)
{
	struct rlimit files, none;
	struct snapshot *snapshot;
	struct err err;
	int status;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = files;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	status = snapshot_new(config, NULL,
	    &(struct report){ note_report, NULL }, &snapshot, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (status != 0)
		fail_msg("%s", err.text);
	return snapshot;
}

static bool
has_table_down(struct snapshot_slot *slot)
{
	struct snapshot *snapshot = snapshot_acquire(slot);
	struct err why;
	bool is_down = table_is_down(table_set_at(snapshot->tables, 0), &why);

	snapshot_unref(snapshot);
	return is_down;
}

static enum right
right_of(struct snapshot_slot *slot, const char *login, struct arena *mem)
{
	struct snapshot *snapshot = snapshot_acquire(slot);
	struct submitter submitter = { .login = slice_of(login) };
	struct address address;
	struct slice how;
	struct err err;
	enum right right;

	assert_true(
	    rights_login_address(SLICE("info@corp.example"), mem, &address));
	right = rights_check(&snapshot->rights, &submitter, &address,
	    &(const struct table_context){ .mem = mem, .err = &err }, &how);
	snapshot_unref(snapshot);
	return right;
}

/* Also where files that change are left alone: this one was never read. */
static void
a_table_that_was_down_is_taken_up(void **state)
{
	static struct snapshot_slot slot;
	static struct table_watch watch;
	static struct status_writer status;
	const struct timespec pause = { .tv_nsec = 100000000 };
	char path[] = "/tmp/submilter-test.XXXXXX";
	int fd = mkstemp(path);
	struct config *config;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "info@corp.example alice\n"), 24);
	assert_int_equal(close(fd), 0);
	assert_int_equal(config_read_text("test",
			     slice_format(&mem,
				 "rights { tables = \"texthash:%s\" }\n"
				 "tables { watch = no }",
				 path),
			     NULL, NULL, &config, &err),
	    0);
	snapshot_slot_init(&slot, start_without_files(config));
	assert_true(has_table_down(&slot));
	assert_int_equal(right_of(&slot, "alice", &mem), RIGHT_UNKNOWN);
	assert_int_equal(right_of(&slot, "bob", &mem), RIGHT_UNKNOWN);
	assert_int_equal(table_watch_start(&watch, &slot, &status, &err), 0);
	for (int i = 0; i < PATIENCE_SECONDS * 10 && has_table_down(&slot); i++)
		(void)nanosleep(&pause, NULL);
	assert_false(has_table_down(&slot));
	assert_int_equal(right_of(&slot, "alice", &mem), RIGHT_GRANTED);
	assert_int_equal(right_of(&slot, "bob", &mem), RIGHT_NONE);
	assert_int_equal(unlink(path), 0);
	arena_done(&mem);
}

static void
write_row(const char *path, const char *row)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(row, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Its file is looked at again, even if it was garbled when it came. */
static void
a_part_that_was_down_is_taken_up(void **state)
{
	static struct snapshot_slot slot;
	static struct table_watch watch;
	static struct status_writer status;
	const struct timespec pause = { .tv_nsec = 100000000 };
	const struct timespec looks = { .tv_sec = 4 };
	char path[] = "/tmp/submilter-test.XXXXXX";
	int fd = mkstemp(path);
	struct config *config;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	write_row(path, "garbled\n");
	assert_int_equal(
	    config_read_text("test",
		slice_format(&mem,
		    "rights { tables = \"unionmap:{inline:{b@x=bob}, "
		    "texthash:%s}\" }",
		    path),
		NULL, NULL, &config, &err),
	    0);
	snapshot_slot_init(&slot, start_without_files(config));
	assert_true(has_table_down(&slot));
	assert_int_equal(table_watch_start(&watch, &slot, &status, &err), 0);
	(void)nanosleep(&looks, NULL);
	assert_int_equal(right_of(&slot, "alice", &mem), RIGHT_UNKNOWN);
	write_row(path, "info@corp.example alice\n");
	for (int i = 0; i < PATIENCE_SECONDS * 10 && has_table_down(&slot); i++)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(right_of(&slot, "alice", &mem), RIGHT_GRANTED);
	assert_int_equal(right_of(&slot, "bob", &mem), RIGHT_NONE);
	assert_int_equal(unlink(path), 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_that_was_down_is_taken_up),
		cmocka_unit_test(a_part_that_was_down_is_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
