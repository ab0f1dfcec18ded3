/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that are files which are read as a whole. */
#include "table_text_priv.h"

#include "base/clock.h"
#include "base/file.h"

struct text_table {
	struct text_source source; /* first: see text_source_ops */
	const struct text_format *format;
	void *rows;
	struct slice spec;
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
	struct text_source *source = &table->source;
	struct err fault;
	size_t line = 1;

	*table = (struct text_table){ .format = format, .spec = opening->spec };
	*ret_handle = table;
	if (text_source_read(opening, source, err) != 0)
		return -1;
	table_file_init(&file, source->text, opening->mem);
	/* A row may be cut in what limits it, like ";until=". */
	if (source->path.len != 0 &&
	    file_check_end(source->text, source->path, &fault) != 0) {
		for (size_t i = 0; i < source->text.len; i++)
			line += source->text.data[i] == '\n';
		table_file_fault(&file, line, "%s", fault.text);
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

size_t
text_table_matches(const void *handle, struct slice key, struct arena *mem,
    const size_t **ret_rows)
{
	const struct text_table *table = handle;

	return table->format->matches(table->rows, key, mem, ret_rows);
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

	if (table->source.path.len == 0 || line == 0)
		return slice_format(
		    mem, "table %s", escape(mem, table->spec, 200))
		    .data;
	return slice_format(
	    mem, "%s:%zu", escape(mem, table->source.path, 200), line)
	    .data;
}

void
text_table_close(void *handle)
{
	struct text_table *table = handle;

	if (table != NULL && table->format->free != NULL)
		table->format->free(table->rows);
}
