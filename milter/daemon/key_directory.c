/* SPDX-License-Identifier: BSD-2-Clause */
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
key_directory_mark(const struct snapshot *snapshot, bool *ret_late)
{
	struct slice top = snapshot->config->main.keys;
	struct marking marking = { .mark = 14695981039346656037ULL,
		.began = &snapshot->began };
	struct arena mem;

	arena_init(&mem);
	mix_directory(&marking, slice_cstr(&mem, top));
	for (size_t d = 0; d < keystore_domain_count(snapshot->keys); d++)
		mix_directory(&marking, slice_format(&mem, "%.*s/%.*s",
		    SLICE_ARGS(top), SLICE_ARGS(keystore_domain(snapshot->keys,
		    d)->domain)).data);
	arena_done(&mem);
	*ret_late = marking.late;
	return marking.mark;
}
