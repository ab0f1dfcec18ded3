/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of a configuration, and keeps what is wrong in them. */
#include "source_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum {
	MAX_FILE_BYTES = 256 * 1024,
	MAX_FILES = 100,
	MAX_INCLUDE_DEPTH = 8,
};

void
reading_fault(
    struct reading *r, const struct fault *fault, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (r->faults == 0 && fault->line != 0)
		err_set(&r->first, fault->kind, "%s:%u: %s", fault->file,
		    fault->line, text);
	else if (r->faults == 0)
		err_set(&r->first, fault->kind, "%s: %s", fault->file, text);
	r->faults++;
	if (r->report == NULL || r->faults > MAX_FAULTS)
		return;
	r->report(r->arg, fault->file, fault->line,
	    r->faults < MAX_FAULTS ? text :
				     "too many faults: the rest was not read");
}

void
reading_warn(struct reading *r, const char *text)
{
	struct config *config = r->config;
	void *array = config->warnings;

	arena_reserve_one(&config->mem, &array, &config->warning_cap,
	    config->warning_count, sizeof(config->warnings[0]));
	config->warnings = array;
	config->warnings[config->warning_count++] = text;
}

/* Whether an error of the system may be gone when it is tried again. */
static enum err_kind
errno_kind(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EIO:
	case EINTR:
	case ESTALE:
		return ERR_TEMP;
	default:
		return ERR_CONFIG;
	}
}

/*
 * The text of an open file; false after a fault. An entry less, or a value that
 * is shorter, may read as well as the whole.
 */
static bool
read_whole(
    struct source *s, int fd, const struct stat *before, struct slice *ret_text)
{
	char *data = arena_alloc(&s->r->scratch, MAX_FILE_BYTES + 1);
	struct stat after;
	size_t len = 0;
	ssize_t got;
	struct err err;

	do {
		got = read(fd, data + len, MAX_FILE_BYTES + 1 - len);
		if (got < 0 && errno != EINTR) {
			FAULT_OF_KIND(errno_kind(errno), s,
			    "cannot be read: %s", strerror(errno));
			return false;
		}
		if (got > 0)
			len += (size_t)got;
	} while (got != 0 && len <= MAX_FILE_BYTES);
	*ret_text = (struct slice){ data, len };
	if (len > MAX_FILE_BYTES)
		FAULT(s, 0, "is larger than %d octets", MAX_FILE_BYTES);
	else if (fstat(fd, &after) != 0 || (size_t)after.st_size != len ||
	    !file_same_state(before, &after))
		FAULT_OF_KIND(
		    ERR_TEMP, s, "the file changed while it was read");
	else if (file_check_end(*ret_text, slice_of(s->name), &err) != 0)
		FAULT(s, 0, "%s", err.text);
	else
		return true;
	return false;
}

/*
 * Opens a file that is included on a line, or the first one: -1 after a fault,
 * which stands where it is included if it cannot be opened.
 */
static int
open_source(const struct source *s, unsigned int line, struct stat *ret_st)
{
	const struct source *parent = s->parent;
	struct fault fault = { ERR_CONFIG,
		parent == NULL ? s->name : parent->name, line };
	int fd, error;

	if (s->depth > MAX_INCLUDE_DEPTH) {
		reading_fault(s->r, &fault,
		    "include: more than %d files inside one another",
		    MAX_INCLUDE_DEPTH);
		return -1;
	}
	if (++s->r->files > MAX_FILES) {
		reading_fault(
		    s->r, &fault, "include: more than %d files", MAX_FILES);
		return -1;
	}
	/* O_NONBLOCK: a FIFO must not hold us up. */
	fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	error = errno;
	if (fd >= 0 && fstat(fd, ret_st) == 0)
		return fd;
	if (fd >= 0) {
		error = errno;
		(void)close(fd);
	}
	fault.kind = errno_kind(error);
	if (parent == NULL)
		reading_fault(
		    s->r, &fault, "cannot be opened: %s", strerror(error));
	else
		reading_fault(s->r, &fault, "include: %s cannot be opened: %s",
		    s->name, strerror(error));
	return -1;
}

/* Reads a file: from `parent`, line `line`, or NULL for the first one. */
static void
config_read_file(struct reading *r, const struct source *parent,
    unsigned int line, const char *path)
{
	struct config *config = r->config;
	struct source s = { .r = r,
		.parent = parent,
		.name = path,
		.depth = parent == NULL ? 0 : parent->depth + 1,
		.is_file = true };
	struct stat st;
	int fd CLEANUP(fd_close) = open_source(&s, line, &st);
	struct slice text;

	if (fd < 0)
		return;
	if (!S_ISREG(st.st_mode)) {
		FAULT(&s, 0, "is not a regular file");
		return;
	}
	/* Who can write it decides who may send as whom. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		FAULT(&s, 0, "can be written by %s (mode %04o): chmod go-w",
		    (st.st_mode & S_IWOTH) != 0 ? "everybody" : "its group",
		    (unsigned int)st.st_mode & 07777U);
		return;
	}
	for (const struct source *up = parent; up != NULL; up = up->parent) {
		if (up->is_file && up->dev == st.st_dev &&
		    up->ino == st.st_ino) {
			FAULT(
			    parent, line, "include: %s includes itself", path);
			return;
		}
	}
	s.dev = st.st_dev;
	s.ino = st.st_ino;
	if (!read_whole(&s, fd, &st, &text))
		return;
	if (config->files == NULL)
		config->files = arena_array(
		    &config->mem, MAX_FILES, sizeof(*config->files));
	config->files[config->file_count++] = (struct config_file){
		.path = slice_of(path),
		.text = slice_dup(&config->mem, text),
	};
	source_read_text(&s, text);
}

/*
 * Ends glob(). A directory that is not there has no files that match; one that
 * cannot be read may have some.
 */
static int
is_no_answer(const char *directory, int error)
{
	(void)directory;
	return error != ENOENT;
}

void
source_include(struct source *s, unsigned int line, struct slice name)
{
	struct arena *mem = &s->r->config->mem;
	struct slice own = slice_of(s->name);
	size_t slash = slice_find_last(own, '/');
	const char *path = slice_cstr(mem, name);
	glob_t found;
	int error;

	/* A path in a file is relative to the directory of that file. */
	if (!slice_starts(name, SLICE("/")) && slash < own.len)
		path = slice_format(mem, "%.*s/%.*s",
		    SLICE_ARGS(slice_sub(own, 0, slash)), SLICE_ARGS(name))
			   .data;
	if (strpbrk(slice_cstr(&s->r->scratch, name), "*?[") == NULL) {
		config_read_file(s->r, s, line, path);
		return;
	}
	/* A pattern may match nothing: no conf.d, or an empty one, is fine. */
	error = glob(path, 0, is_no_answer, &found);
	if (error != 0 && error != GLOB_NOMATCH)
		reading_fault(s->r,
		    &(struct fault){
			error == GLOB_NOSPACE ? ERR_TEMP : ERR_CONFIG, s->name,
			line },
		    "include: %s: the directory cannot be read", path);
	for (size_t i = 0; error == 0 && i < found.gl_pathc; i++)
		config_read_file(s->r, s, line,
		    slice_cstr(mem, slice_of(found.gl_pathv[i])));
	if (error == 0)
		globfree(&found);
}

static void
reading_init(
    struct reading *r, const char *name, config_report *report, void *arg)
{
	*r = (struct reading){ .report = report, .arg = arg };
	r->config = calloc(1, sizeof(*r->config));
	ENSURE(r->config != NULL);
	arena_init_large(&r->config->mem);
	arena_init(&r->scratch);
	r->config->path = slice_dup(&r->config->mem, slice_of(name));
	r->main_file = r->config->path.data;
	options_set_defaults(r->config);
}

struct option_place {
	const char *file; /* NULL: nowhere */
	unsigned int line;
};

bool
config_where(const struct config *config, const char *option,
    const char **ret_file, unsigned int *ret_line)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strcmp(option_name(&options[i]), option) != 0)
			continue;
		if (config->places[i].file == NULL)
			return false;
		*ret_file = config->places[i].file;
		*ret_line = config->places[i].line;
		return true;
	}
	return false;
}

const char *
config_fault(const struct config *config, const char *option, const char *text,
    struct arena *mem)
{
	const char *file = config->path.data;
	unsigned int line;

	if (!config_where(config, option, &file, &line))
		return slice_format(mem, "%s: %s: %s", file, option, text).data;
	return slice_format(mem, "%s:%u: %s: %s", file, line, option, text)
	    .data;
}

bool
config_next_warning(
    const struct config *config, size_t *index, const char **ret_text)
{
	if (*index >= config->warning_count)
		return false;
	*ret_text = config->warnings[(*index)++];
	return true;
}

bool
config_has_keys(const struct config *config)
{
	return config->main.keys.len != 0 || config->sign.key_table.len != 0;
}

/* Checks what was read and hands it out, or takes it back. */
static int
reading_finish(struct reading *r, struct config **ret_config, struct err *err)
{
	struct arena *mem = &r->config->mem;
	struct option_place *places =
	    arena_array(mem, OPTION_COUNT, sizeof(*places));

	config_check(r);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (r->places[i].file != NULL)
			places[i] = (struct option_place){
				slice_cstr(mem, slice_of(r->places[i].file)),
				r->places[i].line
			};
	}
	r->config->places = places;
	arena_done(&r->scratch);
	if (r->faults == 0) {
		*ret_config = r->config;
		return 0;
	}
	config_free(r->config);
	if (r->faults == 1)
		return err_set(err, r->first.kind, "%s", r->first.text);
	return err_set(err, r->first.kind, "%zu faults, the first: %s",
	    r->faults, r->first.text);
}

int
config_read(const char *path, config_report *report, void *arg,
    struct config **ret_config, struct err *err)
{
	struct reading r;

	reading_init(&r, path, report, arg);
	config_read_file(&r, NULL, 0, r.main_file);
	return reading_finish(&r, ret_config, err);
}

struct slice
config_read_status_file(const char *path, struct arena *mem)
{
	struct reading r;
	struct slice status_file;

	reading_init(&r, path, NULL, NULL);
	config_read_file(&r, NULL, 0, r.main_file);
	status_file = slice_dup(mem, r.config->main.status_file);
	arena_done(&r.scratch);
	config_free(r.config);
	return status_file;
}

int
config_read_text(const char *name, struct slice text, config_report *report,
    void *arg, struct config **ret_config, struct err *err)
{
	struct reading r;
	struct source s = { .r = &r };

	reading_init(&r, name, report, arg);
	s.name = r.main_file;
	if (text.len > MAX_FILE_BYTES)
		FAULT(&s, 0, "is larger than %d octets", MAX_FILE_BYTES);
	else
		source_read_text(&s, text);
	return reading_finish(&r, ret_config, err);
}

struct config *
config_ref(struct config *config)
{
	config->sharers++;
	return config;
}

void
config_free(struct config *config)
{
	if (config == NULL || config->sharers-- != 0)
		return;
	arena_done(&config->mem);
	free(config);
}
