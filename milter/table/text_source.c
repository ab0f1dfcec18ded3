/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts that tables are read from, and how it shows that they have changed. */
#include "table/text_source.h"

#include "base/file.h"
#include "table_file_priv.h"
#include "table_priv.h"

int
text_source_read(const struct table_opening *opening,
    struct text_source *source, struct err *err)
{
	ENSURE(clock_gettime(CLOCK_REALTIME, &source->read_at) == 0);
	if (opening->text != NULL) {
		source->text = slice_dup(opening->mem, *opening->text);
		return 0;
	}
	if (file_read_state(&(struct file_request){ opening->name,
				TABLE_MAX_FILE_BYTES, opening->mem },
		&source->text, &source->state, err) != 0)
		return -1;
	source->path = opening->name;
	return 0;
}

/* FNV-1a over what tells one state of a file from another. */
static void
text_source_mix(uint64_t *mark, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		*mark = (*mark ^ (value >> 8 * i & 0xff)) * 1099511628211ULL;
}

static uint64_t
text_source_mark_of(const struct stat *st)
{
	uint64_t mark = 14695981039346656037ULL;

	text_source_mix(&mark, (uint64_t)st->st_dev);
	text_source_mix(&mark, (uint64_t)st->st_ino);
	text_source_mix(&mark, (uint64_t)st->st_mode);
	text_source_mix(&mark, (uint64_t)st->st_size);
	text_source_mix(&mark, (uint64_t)st->st_mtim.tv_sec);
	text_source_mix(&mark, (uint64_t)st->st_mtim.tv_nsec);
	text_source_mix(&mark, (uint64_t)st->st_ctim.tv_sec);
	text_source_mix(&mark, (uint64_t)st->st_ctim.tv_nsec);
	return mark > TABLE_STATE_UNSURE ? mark : mark + 2;
}

/*
 * The times of a file that was written to just before it was read may hide a
 * change behind that; a second is more than any clock of files takes from tick
 * to tick.
 */
static uint64_t
text_source_state(const void *handle)
{
	const struct text_source *source = handle;

	if (source->path.len == 0)
		return TABLE_STATE_NONE;
	return source->state.st_mtim.tv_sec + 1 < source->read_at.tv_sec ?
	    text_source_mark_of(&source->state) :
	    TABLE_STATE_UNSURE;
}

static uint64_t
text_source_state_now(const void *handle)
{
	const struct text_source *source = handle;
	struct arena mem;
	struct stat st;
	bool found;

	if (source->path.len == 0)
		return TABLE_STATE_NONE;
	arena_init(&mem);
	found = stat(slice_cstr(&mem, source->path), &st) == 0;
	arena_done(&mem);
	return found ? text_source_mark_of(&st) : TABLE_STATE_NONE;
}

static bool
text_source_same(const void *a, const void *b)
{
	const struct text_source *one = a, *other = b;

	return slice_eq(one->text, other->text);
}

static int
text_source_check_whole(
    const void *handle, const void *before, size_t *ret_lost, struct err *err)
{
	const struct text_source *source = handle, *old = before;
	size_t lost = text_lines_lost(source->text, old->text);

	if (lost == 0 ||
	    file_check_stands(
		source->path, source->text, TABLE_STAND_MS, err) == 0) {
		*ret_lost = lost;
		return 0;
	}
	return err_wrap(err, "ends where %zu line%s more stood before", lost,
	    lost == 1 ? "" : "s");
}

const struct table_source_ops text_source_ops = {
	.state = text_source_state,
	.state_now = text_source_state_now,
	.same = text_source_same,
	.check_whole = text_source_check_whole,
};
