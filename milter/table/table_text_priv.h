/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TEXT_PRIV_H
#define SUBMILTER_TABLE_TEXT_PRIV_H

#include "table_file_priv.h"
#include "table/text_source.h"
#include "table_priv.h"

/* A format of text tables: files that are read as a whole. */
struct text_format {
	/*
	 * Reads all rows, in memory of mem; bad lines go to
	 * table_file_fault(). *ret_count is their number for the log.
	 */
	void *(*read)(
	    struct table_file *file, struct arena *mem, size_t *ret_count);
	/* *ret_value may stand in the memory of the rows. */
	enum table_answer (*find)(const void *rows, struct slice key,
	    const struct table_context *context, struct slice *ret_value);
	/* See struct table_ops; NULL: no key has several values. */
	size_t (*matches)(const void *rows, struct slice key, struct arena *mem,
	    const size_t **ret_rows);
	/* See struct table_ops. */
	bool (*row)(const void *rows, size_t index, struct table_row *ret_row);
	/* What the arena does not hold; may be NULL. Takes NULL. */
	void (*free)(void *rows);
};

/* Opens a table of one format; what else its ops need is TEXT_TABLE_OPS. */
MUST_USE int text_table_open(const struct text_format *format,
    struct table_opening *opening, void **ret_handle, struct err *err);

enum table_answer text_table_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values);
size_t text_table_matches(const void *handle, struct slice key,
    struct arena *mem, const size_t **ret_rows);
bool text_table_row(
    const void *handle, size_t index, struct table_row *ret_row);
const char *text_table_place(
    const void *handle, size_t line, struct arena *mem);
void text_table_close(void *handle);

#define TEXT_TABLE_OPS                                      \
	.name_word = "a file", .lookup = text_table_lookup, \
	.row = text_table_row, .place = text_table_place,   \
	.source = &text_source_ops, .close = text_table_close

#endif
