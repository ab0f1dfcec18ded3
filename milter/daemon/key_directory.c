/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <sys/stat.h>

#include "daemon_priv.h"

/* Times of files are those of the last tick of the clock, which may be slow. */
enum { TICK_NS = 10000000 };

struct marking {
	uint64_t mark;
	const struct timespec *began;
	bool late;
};

/* FNV-1a over what tells one state of a directory from another. */
static void
mix(struct marking *marking, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		marking->mark = (marking->mark ^ (value >> 8 * i & 0xff)) *
		    1099511628211ULL;
}

static bool
is_late(const struct timespec *changed, const struct timespec *began)
{
	/* A difference of centuries is none of an int64_t in nanoseconds. */
	if (changed->tv_sec > began->tv_sec + 1 ||
	    changed->tv_sec < began->tv_sec - 1)
		return changed->tv_sec > began->tv_sec;
	return (changed->tv_sec - began->tv_sec) * 1000000000LL +
	    changed->tv_nsec - began->tv_nsec + TICK_NS >= 0;
}

/* Files in any order: a key may be there and not be whole yet. */
static void
mix_files(struct marking *marking, const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		struct marking file = { .mark = 14695981039346656037ULL };

		if (entry->d_name[0] == '.' || fstatat(dirfd(directory),
		    entry->d_name, &st, 0) != 0)
			continue;
		mix(&file, (uint64_t)st.st_ino);
		mix(&file, (uint64_t)st.st_mode);
		mix(&file, (uint64_t)st.st_uid);
		mix(&file, (uint64_t)st.st_size);
		mix(&file, (uint64_t)st.st_ctim.tv_sec);
		mix(&file, (uint64_t)st.st_ctim.tv_nsec);
		sum += file.mark;
	}
	if (directory != NULL)
		(void)closedir(directory);
	mix(marking, sum);
}

static void
mix_directory(struct marking *marking, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		mix(marking, 0);
		return;
	}
	mix(marking, (uint64_t)st.st_ino);
	mix(marking, (uint64_t)st.st_mtim.tv_sec);
	mix(marking, (uint64_t)st.st_mtim.tv_nsec);
	marking->late = marking->late || is_late(&st.st_mtim, marking->began);
}

uint64_t
key_directory_mark(const struct snapshot *snapshot, bool lacking_only,
    bool *ret_late)
{
	struct slice top = snapshot->config->main.keys;
	struct marking marking = { .mark = 14695981039346656037ULL,
		.began = &snapshot->began };
	size_t count = keystore_domain_count(snapshot->keys);
	struct arena mem;

	arena_init(&mem);
	if (!lacking_only || count == 0)
		mix_directory(&marking, slice_cstr(&mem, top));
	for (size_t d = 0; d < count; d++) {
		const struct domain_keys *domain =
		    keystore_domain(snapshot->keys, d);
		const char *path = slice_format(&mem, "%.*s/%.*s",
		    SLICE_ARGS(top), SLICE_ARGS(domain->domain)).data;

		if (!lacking_only || domain->count == 0)
			mix_directory(&marking, path);
		if (domain->count == 0)
			mix_files(&marking, path);
	}
	arena_done(&mem);
	*ret_late = marking.late;
	return marking.mark;
}
