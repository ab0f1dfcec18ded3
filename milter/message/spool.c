/* SPDX-License-Identifier: BSD-2-Clause */
/* Files without a name, used again. */
#include "message/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"

/*
 * KEPT_OCTETS: of all files together. IDLE_US: a file is kept for so long, at
 * least. AGE_US: and it is not used again when it is so old. The kernel writes to
 * the disk what has waited for 30 seconds (vm.dirty_expire_centisecs); what is
 * closed before that is never written.
 */
enum { KEPT_FILES = 8, SECOND_US = 1000 * 1000 };
static const uint64_t kept_octets = 64 * 1024 * 1024;
static const uint64_t idle_us = 2 * SECOND_US, age_us = 20 * SECOND_US;

struct kept_file {
	struct spool_file file;
	uint64_t since_us;
};

/* All are of `directory`; the one that was given back last is the last. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept_file kept[KEPT_FILES];
static size_t kept_count;
static char *kept_directory;

/* Closes those from `first` to before `end`. With the lock. */
static void
close_kept(size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		(void)close(kept[i].file.fd);
	memmove(kept + first, kept + end, (kept_count - end) * sizeof(*kept));
	kept_count -= end - first;
}

/* Those that were not used for a while, or are old. With the lock. */
static void
close_stale(uint64_t now_us)
{
	size_t idle = 0;

	while (idle < kept_count && now_us - kept[idle].since_us > idle_us)
		idle++;
	close_kept(0, idle);
	for (size_t i = kept_count; i > 0; i--) {
		if (now_us - kept[i - 1].file.made_us > age_us)
			close_kept(i - 1, i);
	}
}

static bool
is_of_directory(const char *directory)
{
	return kept_directory != NULL && strcmp(kept_directory, directory) == 0;
}

void
spool_drop(void)
{
	ENSURE(pthread_mutex_lock(&lock) == 0);
	close_kept(0, kept_count);
	free(kept_directory);
	kept_directory = NULL;
	ENSURE(pthread_mutex_unlock(&lock) == 0);
}

void
spool_look(uint64_t now_us)
{
	ENSURE(pthread_mutex_lock(&lock) == 0);
	close_stale(now_us);
	ENSURE(pthread_mutex_unlock(&lock) == 0);
}

static int
open_file(const char *directory, struct err *err)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	char path[4096];

	/* Not every file system has O_TMPFILE. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		if (strlen(directory) > sizeof(path) - 32)
			return err_set(err, ERR_TEMP, "%s: %s", directory,
			    strerror(ENAMETOOLONG));
		(void)stpcpy(stpcpy(path, directory), "/submilter.XXXXXX");
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			(void)unlink(path);
	}
	if (fd < 0)
		return err_set(
		    err, ERR_TEMP, "%s: %s", directory, strerror(errno));
	return fd;
}

int
spool_take(const char *directory, struct spool_file *ret_file, struct err *err)
{
	uint64_t now_us = clock_monotonic_us();
	int fd = -1;

	ENSURE(pthread_mutex_lock(&lock) == 0);
	close_stale(now_us);
	if (kept_count > 0 && is_of_directory(directory)) {
		*ret_file = kept[--kept_count].file;
		fd = ret_file->fd;
	}
	ENSURE(pthread_mutex_unlock(&lock) == 0);
	if (fd >= 0)
		return 0;
	fd = open_file(directory, err);
	if (fd < 0)
		return -1;
	*ret_file = (struct spool_file){ .fd = fd, .made_us = now_us };
	return 0;
}

int
spool_write(struct spool_file *file, const char *directory, uint64_t offset,
    const char *data, size_t len, struct err *err)
{
	bool dropped = false;

	while (len > 0) {
		ssize_t done = pwrite(file->fd, data, len, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && (errno == ENOSPC || errno == EDQUOT) &&
		    !dropped) {
			spool_drop();
			dropped = true;
			continue;
		}
		if (done <= 0) {
			err_set(err, ERR_TEMP, "%s: %s", directory,
			    done < 0 ? strerror(errno) : "nothing written");
			(void)close(file->fd);
			file->fd = -1;
			return -1;
		}
		data += done;
		len -= (size_t)done;
		offset += (size_t)done;
	}
	if (offset > file->octets)
		file->octets = offset;
	return 0;
}

/* Whether there is room for it. With the lock. */
static bool
may_keep(const struct spool_file *file, uint64_t now_us)
{
	uint64_t octets = file->octets;

	for (size_t i = 0; i < kept_count; i++)
		octets += kept[i].file.octets;
	return octets <= kept_octets && kept_count < KEPT_FILES &&
	    now_us - file->made_us <= age_us;
}

void
spool_give_back(struct spool_file *file, const char *directory)
{
	uint64_t now_us = clock_monotonic_us();

	if (file->fd < 0)
		return;
	ENSURE(pthread_mutex_lock(&lock) == 0);
	/* Another one since a reload. */
	if (!is_of_directory(directory)) {
		close_kept(0, kept_count);
		free(kept_directory);
		kept_directory = strdup(directory);
		ENSURE(kept_directory != NULL);
	}
	if (may_keep(file, now_us)) {
		kept[kept_count++] =
		    (struct kept_file){ .file = *file, .since_us = now_us };
		file->fd = -1;
	}
	ENSURE(pthread_mutex_unlock(&lock) == 0);
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}
