/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* A lack of files or memory passes; a path that is wrong stays so. */
static int
system_fault(struct err *err)
{
	int number = errno;
	bool temporary = number == EMFILE || number == ENFILE ||
	    number == EIO || number == ENOMEM || number == ESTALE;

	return err_set(err, temporary ? ERR_TEMP : ERR_CONFIG, "%s",
	    strerror(number));
}

static bool
is_same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
check_file(const struct stat *st, size_t max, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_CONFIG, "not a regular file");
	if ((st->st_mode & S_IWOTH) != 0)
		return err_set(err, ERR_CONFIG, "every user can write this "
		    "file (mode %04o): chmod o-w it",
		    (unsigned int)(st->st_mode & 07777));
	if (st->st_size < 0 || (uintmax_t)st->st_size > max)
		return err_set(err, ERR_CONFIG, "a file over %zu octets", max);
	return 0;
}

static int
check_owner(const struct stat *st, struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_CONFIG, "belongs neither to root nor "
		    "to the user that runs this");
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_CONFIG, "others than its owner can "
		    "write to it (mode %04o): chmod 640",
		    (unsigned int)(st->st_mode & 07777));
	return 0;
}

static int
read_all(int fd, const struct stat *before, struct arena *mem,
    struct slice *ret_text, struct err *err)
{
	/* One octet more shows a file that has grown. */
	size_t size = (size_t)before->st_size, len = 0;
	char *text = arena_alloc(mem, size + 1);
	struct stat after;

	while (len <= size) {
		ssize_t got = read(fd, text + len, size + 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return system_fault(err);
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (fstat(fd, &after) != 0)
		return system_fault(err);
	if (len != size || !is_same_state(before, &after))
		return err_set(err, ERR_TEMP, "the file changed while it was "
		    "read");
	*ret_text = (struct slice){ text, len };
	return 0;
}

int
file_read(struct slice path, size_t max, struct arena *mem,
    struct slice *ret_text, struct err *err)
{
	/* O_NONBLOCK: the path may be a FIFO that nobody writes to. */
	int fd CLEANUP(close_fd) = open(slice_cstr(mem, path),
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return system_fault(err);
	return check_file(&st, max, err) != 0 ? -1
	    : read_all(fd, &st, mem, ret_text, err);
}

int
file_read_own(struct slice path, size_t max, struct arena *mem,
    bool *ret_found, struct slice *ret_text, struct err *err)
{
	int fd CLEANUP(close_fd) = open(slice_cstr(mem, path), O_RDONLY |
	    O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		*ret_found = false;
		return 0;
	}
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_CONFIG, "not a regular file");
	if (fd < 0 || fstat(fd, &st) != 0)
		return system_fault(err);
	if (check_owner(&st, err) != 0 || check_file(&st, max, err) != 0 ||
	    read_all(fd, &st, mem, ret_text, err) != 0)
		return -1;
	*ret_found = true;
	return 0;
}
