/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of opendkim.conf, and of what it includes. */
#include "conf/opendkim_conf.h"

#include "base/file.h"

enum {
	MAX_BYTES = 256 * 1024,
	MAX_DEPTH = 5,
	MAX_FILES = 64,
	SHOWN_BYTES = 60
};

struct reading_opendkim {
	struct arena *mem;
	opendkim_visit *visit;
	void *arg;
	unsigned int depth;
	unsigned int files; /* so far: two that include each other multiply */
};

static int read_file(
    struct reading_opendkim *r, struct slice path, struct err *err);

static int
read_line(struct reading_opendkim *r, struct opendkim_line *line,
    struct slice text, struct err *err)
{
	size_t end = 0;

	text = slice_trim(slice_sub(text, 0, slice_find(text, '#')));
	while (end < text.len && !char_is_wsp(text.data[end]))
		end++;
	line->name = slice_sub(text, 0, end);
	line->value = slice_trim(slice_from(text, end));
	if (line->name.len == 0)
		return 0;
	if (slice_eq_nocase(line->name, SLICE("Include")))
		return read_file(r, line->value, err);
	return r->visit(r->arg, line, err);
}

static int
read_file(struct reading_opendkim *r, struct slice path, struct err *err)
{
	struct opendkim_line line = { .path = path };
	struct slice rest;

	if (r->depth == MAX_DEPTH)
		return err_set(err, ERR_CONFIG, "Include: nested too deep");
	if (r->files++ == MAX_FILES)
		return err_set(
		    err, ERR_CONFIG, "Include: more than %d files", MAX_FILES);
	if (file_read(&(struct file_request){ path, MAX_BYTES, r->mem }, &rest,
		err) != 0)
		return err_wrap(err, "%s", escape(r->mem, path, SHOWN_BYTES));
	r->depth++;
	while (rest.len > 0) {
		struct slice text = slice_sub(rest, 0, slice_find(rest, '\n'));

		rest = slice_from(rest, text.len + 1);
		line.line++;
		if (read_line(r, &line, text, err) != 0)
			return -1;
	}
	r->depth--;
	return 0;
}

int
opendkim_conf_read(struct slice path, struct arena *mem, opendkim_visit *visit,
    void *arg, struct err *err)
{
	struct reading_opendkim r = { .mem = mem, .visit = visit, .arg = arg };

	return read_file(&r, path, err);
}

bool
opendkim_is_yes(struct slice value)
{
	return slice_eq_nocase(value, SLICE("yes")) ||
	    slice_eq_nocase(value, SLICE("true")) ||
	    slice_eq(value, SLICE("1"));
}
