/* SPDX-License-Identifier: BSD-2-Clause */
/* The logical lines of a table file, and the faults in them. */
#include "table_file_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/pace.h"

void
table_file_init(struct table_file *file, struct slice text, struct arena *mem)
{
	*file = (struct table_file){ .mem = mem, .rest = text, .line = 1 };
	/* Some editors begin a file with a byte order mark. */
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		file->rest = slice_from(text, 3);
}

static struct slice
take_line(struct table_file *file)
{
	size_t end = slice_find(file->rest, '\n');
	struct slice line = slice_sub(file->rest, 0, end);

	file->rest = slice_from(file->rest, end + 1);
	file->line++;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/*
 * Comments and lines without text are not part of a row, wherever they stand.
 */
static bool
is_void(struct slice line)
{
	struct slice text = slice_trim(line);

	return text.len == 0 || text.data[0] == '#';
}

static void
check_line(struct table_file *file, size_t number, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_control(c) && c != '\t') {
			table_file_fault(file, number,
			    "control character 0x%02x",
			    (unsigned int)(unsigned char)c);
			return;
		}
	}
}

/*
 * Adds the lines that continue a row, each with the blanks that it begins with,
 * as Postfix does; false when it gets too long.
 */
static bool
join_lines(struct table_file *file, struct slice *row)
{
	bool too_long = row->len > TABLE_MAX_ROW_BYTES;
	struct strbuf joined;

	strbuf_init(&joined, file->mem);
	while (file->rest.len > 0) {
		struct table_file ahead = *file;
		struct slice line = take_line(&ahead);

		if (!is_void(line) && !char_is_wsp(line.data[0]))
			break;
		file->rest = ahead.rest;
		file->line = ahead.line;
		if (is_void(line))
			continue;
		check_line(file, ahead.line - 1, line);
		too_long =
		    too_long || row->len + line.len >= TABLE_MAX_ROW_BYTES;
		if (too_long)
			continue;
		if (joined.len == 0)
			strbuf_add(&joined, *row);
		strbuf_add(&joined, line);
		*row = strbuf_slice(&joined);
	}
	return !too_long;
}

bool
table_file_next(struct table_file *file, struct slice *ret_row)
{
	while (file->rest.len > 0 && file->faults < TABLE_MAX_FAULTS) {
		size_t number = file->line, faults = file->faults;
		struct slice line = take_line(file);
		struct slice row = line;

		pace();
		if (is_void(line))
			continue;
		check_line(file, number, line);
		if (char_is_wsp(line.data[0]))
			table_file_fault(file, number,
			    "begins with a blank, but there is no row that it "
			    "could continue");
		else if (!join_lines(file, &row))
			table_file_fault(file, number, "a row over %d octets",
			    (int)TABLE_MAX_ROW_BYTES);
		if (file->faults != faults)
			continue;
		*ret_row = slice_trim(row);
		file->row_line = number;
		return true;
	}
	return false;
}

void
table_file_fault(struct table_file *file, size_t line, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list args;

	if (file->faults++ >= TABLE_NAMED_FAULTS)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	file->named[file->faults - 1].line = line;
	file->named[file->faults - 1].text =
	    slice_format(file->mem, "%.300s", text);
}

int
table_file_finish(const struct table_file *file, struct err *err)
{
	if (file->faults == 0)
		return 0;
	if (file->faults == 1)
		return err_set(err, ERR_CONFIG, "line %zu: %s",
		    file->named[0].line, file->named[0].text.data);
	return err_set(err, ERR_CONFIG,
	    "line %zu: %.400s (and %s%zu more fault%s)", file->named[0].line,
	    file->named[0].text.data,
	    file->faults < TABLE_MAX_FAULTS ? "" : "at least ",
	    file->faults - 1, file->faults == 2 ? "" : "s");
}

bool
table_row_is(struct slice row, struct slice word, struct slice *ret_rest)
{
	if (!slice_starts_nocase(row, word))
		return false;
	row = slice_from(row, word.len);
	if (row.len > 0 &&
	    (char_is_alpha(row.data[0]) || char_is_digit(row.data[0])))
		return false;
	*ret_rest = slice_trim(row);
	return true;
}

void
table_block_begin(struct table_blocks *blocks, size_t rule)
{
	size_t line = blocks->file->row_line;

	if (blocks->depth < TABLE_MAX_NESTING) {
		blocks->rules[blocks->depth] = rule;
		blocks->lines[blocks->depth] = line;
	} else {
		table_file_fault(blocks->file, line,
		    "\"if\" nested deeper than %d", (int)TABLE_MAX_NESTING);
	}
	blocks->depth++;
}

bool
table_block_end(
    struct table_blocks *blocks, struct slice rest, size_t *ret_rule)
{
	size_t line = blocks->file->row_line;

	if (blocks->depth == 0) {
		table_file_fault(
		    blocks->file, line, "\"endif\" without \"if\"");
		return false;
	}
	blocks->depth--;
	if (rest.len > 0) {
		table_file_fault(blocks->file, line, "text behind \"endif\"");
		return false;
	}
	if (blocks->depth >= TABLE_MAX_NESTING)
		return false;
	*ret_rule = blocks->rules[blocks->depth];
	return true;
}

void
table_blocks_finish(const struct table_blocks *blocks)
{
	for (size_t i = 0; i < blocks->depth && i < TABLE_MAX_NESTING; i++)
		table_file_fault(
		    blocks->file, blocks->lines[i], "\"if\" without \"endif\"");
}
