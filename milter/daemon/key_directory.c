/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include "daemon_priv.h"

/* FNV-1a over what tells one state of a directory from another. */
static uint64_t
mix(uint64_t mark, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		mark = (mark ^ (value >> 8 * i & 0xff)) * 1099511628211ULL;
	return mark;
}

static uint64_t
mix_directory(uint64_t mark, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return mix(mark, 0);
	mark = mix(mark, (uint64_t)st.st_ino);
	mark = mix(mark, (uint64_t)st.st_mtim.tv_sec);
	return mix(mark, (uint64_t)st.st_mtim.tv_nsec);
}

uint64_t
key_directory_mark(const struct snapshot *snapshot)
{
	struct slice top = snapshot->config->main.keys;
	uint64_t mark = 14695981039346656037ULL;
	struct arena mem;

	arena_init(&mem);
	mark = mix_directory(mark, slice_cstr(&mem, top));
	for (size_t d = 0; d < keystore_domain_count(snapshot->keys); d++)
		mark = mix_directory(mark, slice_format(&mem, "%.*s/%.*s",
		    SLICE_ARGS(top), SLICE_ARGS(keystore_domain(snapshot->keys,
		    d)->domain)).data);
	arena_done(&mem);
	return mark;
}
