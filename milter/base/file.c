/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are read whole, and what shows that they were cut. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

void
fd_close(int *fd)
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

	return err_set(
	    err, temporary ? ERR_TEMP : ERR_CONFIG, "%s", strerror(number));
}

bool
file_same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
check_owner(const struct stat *st, struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_CONFIG,
		    "belongs neither to root nor "
		    "to the user that runs this");
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_CONFIG,
		    "others than its owner can "
		    "write to it (mode %04o): chmod 640",
		    (unsigned int)(st->st_mode & 07777));
	return 0;
}

/* An open file. */
struct content {
	struct stat state; /* when it was opened */
	struct slice text;
};

static int
check_state(const struct stat *st, size_t max_bytes, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_CONFIG, "not a regular file");
	if ((st->st_mode & S_IWOTH) != 0)
		return err_set(err, ERR_CONFIG,
		    "every user can write this "
		    "file (mode %04o): chmod o-w it",
		    (unsigned int)(st->st_mode & 07777));
	if (st->st_size < 0 || (uintmax_t)st->st_size > max_bytes)
		return err_set(
		    err, ERR_CONFIG, "a file over %zu octets", max_bytes);
	return 0;
}

/* Whether it is as it was when it was opened, and as long as what was read. */
static int
check_unchanged(int fd, const struct stat *before, size_t len, struct err *err)
{
	struct stat after;

	if (fstat(fd, &after) != 0)
		return system_fault(err);
	if (len != (size_t)before->st_size || !file_same_state(before, &after))
		return err_set(
		    err, ERR_TEMP, "the file changed while it was read");
	return 0;
}

/* Fills the text, if the state allows it. */
static int
read_open(int fd, const struct file_request *request, struct content *content,
    struct err *err)
{
	const struct stat *st = &content->state;
	size_t size, len = 0;
	char *text;

	if (check_state(st, request->max_bytes, err) != 0)
		return -1;
	size = (size_t)st->st_size;
	/* One octet more shows a file that has grown. */
	text = arena_alloc(request->mem, size + 1);
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
	if (check_unchanged(fd, st, len, err) != 0)
		return -1;
	content->text = (struct slice){ text, len };
	return 0;
}

int
file_read_state(const struct file_request *request, struct slice *ret_text,
    struct stat *ret_state, struct err *err)
{
	/* O_NONBLOCK: the path may be a FIFO that nobody writes to. */
	int fd CLEANUP(fd_close) = open(slice_cstr(request->mem, request->path),
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct content content;

	if (fd < 0 || fstat(fd, &content.state) != 0)
		return system_fault(err);
	if (read_open(fd, request, &content, err) != 0)
		return -1;
	*ret_text = content.text;
	*ret_state = content.state;
	return 0;
}

int
file_read(
    const struct file_request *request, struct slice *ret_text, struct err *err)
{
	struct stat st;

	return file_read_state(request, ret_text, &st, err);
}

/* *ret_fd: it is open, or -1, as there is none. */
static int
open_own(const struct file_request *request, int *ret_fd, struct stat *ret_st,
    struct err *err)
{
	int fd = open(slice_cstr(request->mem, request->path),
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int status = 0;

	if (fd < 0 && errno != ENOENT)
		return errno == ELOOP ?
		    err_set(err, ERR_CONFIG, "not a regular file") :
		    system_fault(err);
	if (fd >= 0 && fstat(fd, ret_st) != 0)
		status = system_fault(err);
	else if (fd >= 0)
		status = check_owner(ret_st, err);
	if (status == 0)
		*ret_fd = fd;
	else
		(void)close(fd);
	return status;
}

int
file_read_own(const struct file_request *request, bool *ret_found,
    struct slice *ret_text, struct err *err)
{
	int fd CLEANUP(fd_close) = -1;
	struct content content;

	if (open_own(request, &fd, &content.state, err) != 0)
		return -1;
	if (fd >= 0 && read_open(fd, request, &content, err) != 0)
		return -1;
	if (fd >= 0)
		*ret_text = content.text;
	*ret_found = fd >= 0;
	return 0;
}

static int
take_lines(
    FILE *file, file_line *take, void *arg, size_t *ret_octets, struct err *err)
{
	char *line = NULL;
	size_t room = 0, octets = 0;
	int status = 0;
	ssize_t len;

	while (status == 0 && (len = getline(&line, &room, file)) > 0) {
		octets += (size_t)len;
		status = take(arg, (struct slice){ line, (size_t)len }, err);
	}
	if (status == 0 && ferror(file))
		status = system_fault(err);
	free(line);
	*ret_octets = octets;
	return status;
}

int
file_each_line_own(const struct file_request *request, file_line *take,
    void *arg, bool *ret_found, struct err *err)
{
	int fd = -1, status;
	struct stat st;
	size_t octets;
	FILE *file;

	if (open_own(request, &fd, &st, err) != 0)
		return -1;
	*ret_found = fd >= 0;
	if (fd < 0)
		return 0;
	file = fdopen(fd, "r");
	ENSURE(file != NULL);
	status = check_state(&st, request->max_bytes, err);
	if (status == 0)
		status = take_lines(file, take, arg, &octets, err);
	if (status == 0)
		status = check_unchanged(fd, &st, octets, err);
	(void)fclose(file);
	return status;
}

int
file_check_end(struct slice text, struct slice path, struct err *err)
{
	if (text.len == 0)
		return err_set(err, ERR_CONFIG,
		    "the file is empty: was it cut, "
		    "or is the disk full? One that shall say nothing has a "
		    "comment line (#)");
	if (text.data[text.len - 1] == '\n')
		return 0;
	/* A shell would read such a path as more than that. */
	if (slice_find(path, '\'') != path.len)
		return err_set(err, ERR_CONFIG,
		    "the last line has no end: is "
		    "the file cut? If it is whole, put a newline behind it");
	return err_set(err, ERR_CONFIG,
	    "the last line has no end: is the file "
	    "cut? If it is whole, put a newline behind it: echo >>'%.*s'",
	    SLICE_ARGS(path));
}

int
file_check_readable(const char *parameter, struct slice path, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	int status = 0;

	arena_init(&mem);
	if (path.len != 0 && access(slice_cstr(&mem, path), R_OK) != 0)
		status = err_set(err, ERR_TEMP, "%s %s: %s", parameter,
		    escape(&mem, path, 200), strerror(errno));
	return status;
}

/* Lines that are more than blanks or a comment. */
static size_t
count_lines(struct slice text)
{
	size_t count = 0;
	struct slice line;

	while (slice_next_item(&text, "\n", &line)) {
		line = slice_trim(line);
		if (line.len != 0 && line.data[0] != '#')
			count++;
	}
	return count;
}

size_t
text_lines_lost(struct slice text, struct slice before)
{
	if (text.len >= before.len || !slice_starts(before, text))
		return 0;
	return count_lines(slice_from(before, text.len));
}

/* An image that is full by nature cannot be written to. */
static bool
is_full(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY) == 0 &&
	    fs.f_blocks != 0 && fs.f_bavail == 0;
}

static int64_t
ms_between(const struct timespec *from, const struct timespec *to)
{
	enum { LONG = 1000000 };

	if (to->tv_sec > LONG && from->tv_sec < to->tv_sec - LONG)
		return INT64_C(1000) * LONG;
	if (from->tv_sec > to->tv_sec)
		return -1;
	return ((int64_t)to->tv_sec - from->tv_sec) * 1000 +
	    (to->tv_nsec - from->tv_nsec) / 1000000;
}

/* A date may be ahead of the clock, or as old as somebody has set it. */
static void
wait_until_old(const char *path, unsigned int ms)
{
	uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;
	const struct timespec step = { .tv_nsec = 20000000 };
	struct timespec now;
	struct stat st;

	while (clock_monotonic_us() < end) {
		if (stat(path, &st) != 0 ||
		    clock_gettime(CLOCK_REALTIME, &now) != 0 ||
		    (ms_between(&st.st_mtim, &now) > ms &&
			ms_between(&st.st_ctim, &now) > ms))
			return;
		(void)nanosleep(&step, NULL);
	}
}

int
file_check_stands(
    struct slice path, struct slice text, unsigned int ms, struct err *err)
{
	struct slice again = { NULL, 0 };
	struct arena mem;
	const char *name;
	int status;

	arena_init(&mem);
	name = slice_cstr(&mem, path);
	wait_until_old(name, ms);
	status = file_read(
	    &(struct file_request){ path, text.len, &mem }, &again, err);
	if (status != 0 || !slice_eq(again, text))
		status = err_set(err, ERR_TEMP, "the file changes still");
	else if (is_full(name))
		status = err_set(err, ERR_TEMP,
		    "the disk of the file is full, "
		    "and it may be cut");
	arena_done(&mem);
	return status;
}
