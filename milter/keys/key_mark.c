/* SPDX-License-Identifier: BSD-2-Clause */
/* What tells one state of keys from another, without reading them. */
#include <dirent.h>
#include <sys/stat.h>

#include "key_source_priv.h"

/* Times of files are those of the last tick of the clock, which may be slow. */
enum { TICK_NS = 10000000 };

/* FNV-1a. */
static void
mix_octet(struct key_mark *mark, unsigned char octet)
{
	mark->value = (mark->value ^ octet) * 1099511628211ULL;
}

void
key_mark_number(struct key_mark *mark, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		mix_octet(mark, (unsigned char)(value >> 8 * i & 0xff));
}

void
key_mark_text(struct key_mark *mark, struct slice text)
{
	key_mark_number(mark, text.len);
	for (size_t i = 0; i < text.len; i++)
		mix_octet(mark, (unsigned char)text.data[i]);
}

bool
key_mark_is_late(const struct timespec *changed, const struct timespec *began)
{
	/* A difference of centuries is none of an int64_t in nanoseconds. */
	if (changed->tv_sec > began->tv_sec + 1 ||
	    changed->tv_sec < began->tv_sec - 1)
		return changed->tv_sec > began->tv_sec;
	return (changed->tv_sec - began->tv_sec) * 1000000000LL +
	    changed->tv_nsec - began->tv_nsec + TICK_NS >=
	    0;
}

static void
mix_status(struct key_mark *mark, const struct stat *st)
{
	key_mark_number(mark, (uint64_t)st->st_ino);
	key_mark_number(mark, (uint64_t)st->st_mode);
	key_mark_number(mark, (uint64_t)st->st_uid);
	key_mark_number(mark, (uint64_t)st->st_size);
	key_mark_number(mark, (uint64_t)st->st_ctim.tv_sec);
	key_mark_number(mark, (uint64_t)st->st_ctim.tv_nsec);
	mark->late = mark->late || key_mark_is_late(&st->st_ctim, &mark->began);
}

void
key_mark_file(struct key_mark *mark, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		key_mark_number(mark, 0);
	else
		mix_status(mark, &st);
}

/* Files in any order: a key may be there and not be whole yet. */
void
key_mark_files(struct key_mark *mark, const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		struct key_mark file = { .value = KEY_MARK_SEED,
			.began = mark->began };

		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(directory), entry->d_name, &st, 0) != 0)
			continue;
		mix_status(&file, &st);
		sum += file.value;
		mark->late = mark->late || file.late;
	}
	if (directory != NULL)
		(void)closedir(directory);
	key_mark_number(mark, sum);
}
