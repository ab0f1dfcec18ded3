/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../unit.h"

#include "base/clock.h"
#include "message/spool.h"

enum { SECOND_US = 1000 * 1000, MANY = 20 };

static struct spool_file
taken(const char *directory)
{
	struct spool_file file;
	struct err err;

	assert_int_equal(spool_take(directory, &file, &err), 0);
	assert_true(file.fd >= 0);
	return file;
}

static void
check_written(struct spool_file *file, uint64_t offset, struct slice text)
{
	char back[16];
	struct err err;

	assert_int_equal(
	    spool_write(file, "/tmp", offset, text.data, text.len, &err), 0);
	assert_int_equal(
	    pread(file->fd, back, text.len, (off_t)offset), text.len);
	assert_memory_equal(back, text.data, text.len);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
a_file_is_used_again(void **state)
{
	struct spool_file file = taken("/tmp"), other = taken("/tmp");
	int fd = file.fd;

	(void)state;
	assert_true(other.fd != fd);
	check_written(&file, 0, SLICE("first"));
	check_written(&other, 0, SLICE("second"));
	assert_int_equal(file.octets, 5);
	spool_give_back(&file, "/tmp");
	assert_int_equal(file.fd, -1);
	file = taken("/tmp");
	assert_int_equal(file.fd, fd);
	check_written(&file, 0, SLICE("new"));
	/* What it takes on the disk counts. */
	assert_int_equal(file.octets, 5);
	/* Those in use are not touched. */
	spool_drop();
	check_written(&file, 3, SLICE("more"));
	spool_give_back(&file, "/tmp");
	spool_give_back(&file, "/tmp");
	spool_give_back(&other, "/tmp");
	spool_drop();
	assert_false(is_open(fd));
}

static void
another_directory_has_files_of_its_own(void **state)
{
	struct spool_file file = taken("/tmp"), other;
	int fd = file.fd;

	(void)state;
	spool_give_back(&file, "/tmp");
	assert_true(is_open(fd));
	other = taken("/var/tmp");
	assert_true(other.fd != fd);
	spool_give_back(&other, "/var/tmp");
	assert_false(is_open(fd));
	spool_drop();
}

static void
what_is_kept_has_bounds(void **state)
{
	struct spool_file files[MANY], large = taken("/tmp");
	const uint64_t too_far = 64 * 1024 * 1024;
	size_t open = 0;
	int fds[MANY], fd = large.fd;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		files[i] = taken("/tmp");
		fds[i] = files[i].fd;
	}
	for (size_t i = 0; i < MANY; i++)
		spool_give_back(&files[i], "/tmp");
	for (size_t i = 0; i < MANY; i++)
		open += is_open(fds[i]);
	assert_in_range(open, 1, 8);
	spool_drop();
	/* Sparse, but nobody knows. */
	check_written(&large, too_far, SLICE("x"));
	spool_give_back(&large, "/tmp");
	assert_false(is_open(fd));
}

static void
what_is_not_used_is_closed(void **state)
{
	struct spool_file file = taken("/tmp");
	uint64_t now_us = clock_monotonic_us();
	int fd = file.fd;

	(void)state;
	spool_give_back(&file, "/tmp");
	spool_look(now_us + SECOND_US);
	assert_true(is_open(fd));
	spool_look(now_us + 4 * SECOND_US);
	assert_false(is_open(fd));
	/* Soon the kernel would write it to the disk. */
	file = taken("/tmp");
	fd = file.fd;
	file.made_us -= 21 * SECOND_US;
	spool_give_back(&file, "/tmp");
	assert_false(is_open(fd));
}

static void
what_cannot_be_written_is_not_used_again(void **state)
{
	const struct rlimit small = { 4, RLIM_INFINITY };
	struct rlimit before;
	struct spool_file file = taken("/tmp");
	int fd = file.fd;
	struct err err;

	(void)state;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(
	    spool_write(&file, "/tmp", 0, "much more", 9, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_string_equal(err.text, "/tmp: File too large");
	assert_int_equal(file.fd, -1);
	assert_false(is_open(fd));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_used_again),
		cmocka_unit_test(another_directory_has_files_of_its_own),
		cmocka_unit_test(what_is_kept_has_bounds),
		cmocka_unit_test(what_is_not_used_is_closed),
		cmocka_unit_test(what_cannot_be_written_is_not_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
