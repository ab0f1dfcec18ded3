/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that are files which are read as a whole. */
#include "table_text_priv.h"

#include <time.h>

#include "base/clock.h"
#include "base/file.h"

struct text_table {
	const struct text_format *format;
	void *rows;
	struct slice spec;
	struct slice path; /* empty: the text was given */
	struct slice text;
	struct stat state;
	struct timespec read_at; /* by the clock of the file's times */
};

/* One by one. */
static void
report_faults(const struct text_table *table, const struct table_file *file,
    struct table_opening *opening)
{
	struct arena *mem = opening->mem;

	if (file->faults == 0 || !report_is_read(opening->report))
		return;
	opening->is_reported = true;
	for (size_t i = 0; i < file->faults && i < TABLE_NAMED_FAULTS; i++)
		report_error(opening->report, "%s: %s",
		    text_table_place(table, file->named[i].line, mem),
		    file->named[i].text.data);
	if (file->faults > TABLE_NAMED_FAULTS)
		report_error(opening->report, "table %s: %s%zu more faults",
		    escape(mem, table->spec, 200),
		    file->faults < TABLE_MAX_FAULTS ? "" : "at least ",
		    file->faults - TABLE_NAMED_FAULTS);
}

int
text_table_open(const struct text_format *format, struct table_opening *opening,
    void **ret_handle, struct err *err)
{
	struct text_table *table = arena_alloc(opening->mem, sizeof(*table));
	struct table_file file;
	struct slice content;
	struct err fault;
	size_t line = 1;

	*table = (struct text_table){ .format = format, .spec = opening->spec };
	*ret_handle = table;
	ENSURE(clock_gettime(CLOCK_REALTIME, &table->read_at) == 0);
	if (opening->text != NULL)
		content = slice_dup(opening->mem, *opening->text);
	else if (file_read_state(&(struct file_request){ opening->name,
				     TABLE_MAX_FILE_BYTES, opening->mem },
		     &content, &table->state, err) != 0)
		return -1;
	table_file_init(&file, content, opening->mem);
	if (opening->text == NULL) {
		table->path = opening->name;
		table->text = content;
		/* A row may be cut in what limits it, like ";until=". */
		if (file_check_end(content, table->path, &fault) != 0) {
			for (size_t i = 0; i < content.len; i++)
				line += content.data[i] == '\n';
			table_file_fault(&file, line, "%s", fault.text);
		}
	}
	table->rows = format->read(&file, opening->mem, &opening->rows);
	report_faults(table, &file, opening);
	return table_file_finish(&file, err);
}

enum table_answer
text_table_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct text_table *table = handle;
	enum table_answer all = TABLE_ABSENT;

	for (size_t i = 0; i < keys->count; i++) {
		/* A pattern may take long. */
		if (i > 0 && context->deadline_us != 0 &&
		    clock_monotonic_us() > context->deadline_us) {
			err_set(context->err, ERR_TEMP,
			    "no time left to look up %s",
			    escape(context->mem, keys->items[i], 128));
			return TABLE_FAILED;
		}
		switch (table->format->find(
		    table->rows, keys->items[i], context, &ret_values[i])) {
		case TABLE_FOUND:
			if (ret_values[i].data == NULL)
				ret_values[i] = SLICE("");
			all = TABLE_FOUND;
			break;
		case TABLE_ABSENT:
			break;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
	}
	return all;
}

bool
text_table_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct text_table *table = handle;

	return table->format->row(table->rows, index, ret_row);
}

const char *
text_table_place(const void *handle, size_t line, struct arena *mem)
{
	const struct text_table *table = handle;

	if (table->path.len == 0 || line == 0)
		return slice_format(
		    mem, "table %s", escape(mem, table->spec, 200))
		    .data;
	return slice_format(mem, "%s:%zu", escape(mem, table->path, 200), line)
	    .data;
}

void
text_table_close(void *handle)
{
	struct text_table *table = handle;

	if (table != NULL && table->format->free != NULL)
		table->format->free(table->rows);
}

/* FNV-1a over what tells one state of a file from another. */
static void
table_text_mix(uint64_t *mark, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		*mark = (*mark ^ (value >> 8 * i & 0xff)) * 1099511628211ULL;
}

static uint64_t
table_text_mark_of(const struct stat *st)
{
	uint64_t mark = 14695981039346656037ULL;

	table_text_mix(&mark, (uint64_t)st->st_dev);
	table_text_mix(&mark, (uint64_t)st->st_ino);
	table_text_mix(&mark, (uint64_t)st->st_mode);
	table_text_mix(&mark, (uint64_t)st->st_size);
	table_text_mix(&mark, (uint64_t)st->st_mtim.tv_sec);
	table_text_mix(&mark, (uint64_t)st->st_mtim.tv_nsec);
	table_text_mix(&mark, (uint64_t)st->st_ctim.tv_sec);
	table_text_mix(&mark, (uint64_t)st->st_ctim.tv_nsec);
	return mark > TABLE_STATE_UNSURE ? mark : mark + 2;
}

/*
 * The times of a file that was written to just before it was read may hide a
 * change behind that; a second is more than any clock of files takes from tick
 * to tick.
 */
static uint64_t
text_table_state(const void *handle)
{
	const struct text_table *table = handle;

	if (table->path.len == 0)
		return TABLE_STATE_NONE;
	return table->state.st_mtim.tv_sec + 1 < table->read_at.tv_sec ?
	    table_text_mark_of(&table->state) :
	    TABLE_STATE_UNSURE;
}

static uint64_t
text_table_state_now(const void *handle)
{
	const struct text_table *table = handle;
	struct arena mem;
	struct stat st;
	bool found;

	if (table->path.len == 0)
		return TABLE_STATE_NONE;
	arena_init(&mem);
	found = stat(slice_cstr(&mem, table->path), &st) == 0;
	arena_done(&mem);
	return found ? table_text_mark_of(&st) : TABLE_STATE_NONE;
}

static bool
text_table_same(const void *a, const void *b)
{
	const struct text_table *one = a, *other = b;

	return slice_eq(one->text, other->text);
}

static int
text_table_check_whole(
    const void *handle, const void *before, size_t *ret_lost, struct err *err)
{
	const struct text_table *table = handle, *old = before;
	size_t lost = text_lines_lost(table->text, old->text);

	if (lost == 0 ||
	    file_check_stands(table->path, table->text, TABLE_STAND_MS, err) ==
		0) {
		*ret_lost = lost;
		return 0;
	}
	return err_wrap(err, "ends where %zu line%s more stood before", lost,
	    lost == 1 ? "" : "s");
}

const struct table_source_ops text_table_source = {
	.state = text_table_state,
	.state_now = text_table_state_now,
	.same = text_table_same,
	.check_whole = text_table_check_whole,
};
