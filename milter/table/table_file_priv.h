/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_FILE_PRIV_H
#define SUBMILTER_TABLE_FILE_PRIV_H

#include "base/err.h"
#include "base/str.h"

enum {
	TABLE_MAX_FILE_BYTES = 256 * 1024 * 1024,
	TABLE_MAX_ROW_BYTES = 256 * 1024,
	TABLE_MAX_FAULTS = 100,
	TABLE_NAMED_FAULTS = 20,
	TABLE_MAX_NESTING = 16,
};

/*
 * The logical lines of a table file, as Postfix reads them: comments and empty
 * lines left out wherever they stand, lines that begin with white space joined
 * to the one before. Faults are gathered: the first ones are kept, with their
 * lines, the others are counted.
 */
struct table_file {
	struct arena *mem;
	struct slice rest;
	size_t line;	 /* number of the next physical line */
	size_t row_line; /* of the last row: its first physical line */
	size_t faults;
	struct {
		size_t line;
		struct slice text;
	} named[TABLE_NAMED_FAULTS];
};

/* text outlives all that is taken from it; joined lines are in mem. */
void table_file_init(
    struct table_file *file, struct slice text, struct arena *mem);
/*
 * False at the end, and after too many faults. No row has control characters
 * except tabs, nor blanks at its ends.
 */
bool table_file_next(struct table_file *file, struct slice *ret_row);
void table_file_fault(struct table_file *file, size_t line, const char *format,
    ...) PRINTF_LIKE(3, 4);
/* -1 and *err if there was any fault. */
MUST_USE int table_file_finish(const struct table_file *file, struct err *err);

/* The blocks from "if" to "endif" that are open while a file is read. */
struct table_blocks {
	struct table_file *file;
	size_t rules[TABLE_MAX_NESTING]; /* index of the "if" */
	size_t lines[TABLE_MAX_NESTING];
	size_t depth;
};

/* Whether row begins with this word (letter case ignored) and what follows. */
bool table_row_is(struct slice row, struct slice word, struct slice *ret_rest);
/* The last row is an "if", and the rule of that index. */
void table_block_begin(struct table_blocks *blocks, size_t rule);
/*
 * The last row is an "endif" with this text behind it. *ret_rule is the index of
 * its "if"; false after a fault.
 */
bool table_block_end(
    struct table_blocks *blocks, struct slice rest, size_t *ret_rule);
/* At the end of the file: reports the blocks that were not closed. */
void table_blocks_finish(const struct table_blocks *blocks);

#endif
