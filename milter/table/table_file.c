/* SPDX-License-Identifier: BSD-2-Clause */
#include "table_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILE_BYTES = 256 * 1024 * 1024 };

static void
close_file(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

int
table_file_open(struct table_file *file, struct slice path, struct arena *mem,
    struct err *err)
{
	CLEANUP(close_file) FILE *in = fopen(slice_cstr(mem, path), "re");
	struct strbuf text;
	char chunk[65536];
	size_t len;

	if (in == NULL)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	strbuf_init(&text, mem);
	while ((len = fread(chunk, 1, sizeof(chunk), in)) > 0) {
		if (text.len > MAX_FILE_BYTES)
			return err_set(err, ERR_CONFIG, "the file is too large");
		strbuf_add(&text, (struct slice){ chunk, len });
	}
	if (ferror(in))
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	table_file_open_text(file, path, strbuf_slice(&text), mem);
	return 0;
}

void
table_file_open_text(struct table_file *file, struct slice path,
    struct slice text, struct arena *mem)
{
	*file = (struct table_file){ .mem = mem, .path = path, .rest = text,
		.line = 1 };
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

/* Comments and lines without text are no part of a row, wherever they stand. */
static bool
is_void(struct slice line)
{
	struct slice text = slice_trim(line);

	return text.len == 0 || text.data[0] == '#';
}

bool
table_file_next(struct table_file *file, struct slice *ret_text,
    size_t *ret_number)
{
	struct strbuf joined;
	struct slice line;

	do {
		if (file->rest.len == 0)
			return false;
		*ret_number = file->line;
		line = take_line(file);
		if (slice_has(line, '\0')) {
			table_file_fault(file, *ret_number, "NUL in the line");
			line.len = 0;
		}
		if (!is_void(line) && char_is_wsp(line.data[0])) {
			table_file_fault(file, *ret_number,
			    "a continuation without a row before it");
			line.len = 0;
		}
	} while (is_void(line));
	*ret_text = slice_trim(line);
	strbuf_init(&joined, file->mem);
	while (file->rest.len > 0) {
		struct table_file ahead = *file;

		line = take_line(&ahead);
		if (!is_void(line) && !char_is_wsp(line.data[0]))
			break;
		*file = ahead;
		if (is_void(line))
			continue;
		if (joined.len == 0)
			strbuf_add(&joined, *ret_text);
		strbuf_add_char(&joined, ' ');
		strbuf_add(&joined, slice_trim(line));
		*ret_text = strbuf_slice(&joined);
	}
	return true;
}

void
table_file_fault(struct table_file *file, size_t number,
    const char *format, ...)
{
	char text[300];
	va_list args;

	if (file->faults++ > 0)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err_set(&file->first, ERR_CONFIG, "%s:%zu: %s",
	    escape(file->mem, file->path, 150), number, text);
}

int
table_file_close(struct table_file *file, struct err *err)
{
	if (file->faults == 0)
		return 0;
	*err = file->first;
	if (file->faults > 1) {
		size_t used = strlen(err->text);

		(void)snprintf(err->text + used, sizeof(err->text) - used,
		    " (and %zu more)", file->faults - 1);
	}
	return -1;
}

bool
table_split_row(struct slice text, struct slice *ret_key,
    struct slice *ret_value)
{
	size_t end = 0;

	while (end < text.len && !char_is_wsp(text.data[end]))
		end++;
	*ret_key = slice_sub(text, 0, end);
	*ret_value = slice_trim(slice_from(text, end));
	return ret_key->len != 0 && ret_value->len != 0;
}
