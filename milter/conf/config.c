/* SPDX-License-Identifier: BSD-2-Clause */
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
reading_fault(struct reading *r, enum err_kind kind, const char *file,
    unsigned int line, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (r->faults == 0 && line != 0)
		err_set(&r->first, kind, "%s:%u: %s", file, line, text);
	else if (r->faults == 0)
		err_set(&r->first, kind, "%s: %s", file, text);
	r->faults++;
	if (r->report == NULL || r->faults > MAX_FAULTS)
		return;
	r->report(r->arg, file, line, r->faults < MAX_FAULTS ? text :
	    "too many faults: the rest was not read");
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

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* The octets of an open file; false when that was reported as a fault. */
static bool
read_octets(struct source *s, int fd, struct slice *ret_text)
{
	char *data = arena_alloc(&s->r->scratch, MAX_FILE_BYTES + 1);
	size_t len = 0;

	while (len <= MAX_FILE_BYTES) {
		ssize_t got = read(fd, data + len, MAX_FILE_BYTES + 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			reading_fault(s->r, errno_kind(errno), s->name, 0,
			    "cannot be read: %s", strerror(errno));
			return false;
		}
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (len > MAX_FILE_BYTES) {
		FAULT(s, 0, "is larger than %d octets", MAX_FILE_BYTES);
		return false;
	}
	*ret_text = (struct slice){ data, len };
	return true;
}

/* An entry less, or a value that is shorter, may read as well as the whole. */
static bool
is_whole(struct source *s, int fd, const struct stat *before,
    struct slice text)
{
	struct stat after;
	struct err err;

	if (fstat(fd, &after) != 0 || (size_t)after.st_size != text.len ||
	    !file_same_state(before, &after)) {
		reading_fault(s->r, ERR_TEMP, s->name, 0,
		    "the file changed while it was read");
		return false;
	}
	if (file_check_end(text, &err) != 0) {
		FAULT(s, 0, "%s", err.text);
		return false;
	}
	return true;
}

static void
keep_file(struct reading *r, const char *path, struct slice text)
{
	struct config *config = r->config;

	if (config->files == NULL)
		config->files = arena_array(&config->mem, MAX_FILES,
		    sizeof(*config->files));
	config->files[config->file_count++] = (struct config_file){
		.path = slice_of(path),
		.text = slice_dup(&config->mem, text),
	};
}

/*
 * Reads a file; from `parent`, line `line`, or NULL for the first one. A file
 * that cannot be opened is a fault where it is included.
 */
static void
read_file(struct reading *r, const struct source *parent, unsigned int line,
    const char *path)
{
	struct source s = { .r = r, .parent = parent, .name = path,
		.depth = parent == NULL ? 0 : parent->depth + 1,
		.is_file = true };
	const char *where = parent == NULL ? path : parent->name;
	int fd CLEANUP(close_fd) = -1;
	struct slice text;
	struct stat st;

	if (s.depth > MAX_INCLUDE_DEPTH) {
		reading_fault(r, ERR_CONFIG, where, line,
		    "include: more than %d files inside one another",
		    MAX_INCLUDE_DEPTH);
		return;
	}
	if (++r->files > MAX_FILES) {
		reading_fault(r, ERR_CONFIG, where, line,
		    "include: more than %d files", MAX_FILES);
		return;
	}
	/* O_NONBLOCK: a FIFO must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int error = errno;

		if (parent == NULL)
			reading_fault(r, errno_kind(error), path, 0,
			    "cannot be opened: %s", strerror(error));
		else
			reading_fault(r, errno_kind(error), where, line,
			    "include: %s cannot be opened: %s", path,
			    strerror(error));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		FAULT(&s, 0, "is no regular file");
		return;
	}
	/* Whoever can write it decides who may send as whom. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		FAULT(&s, 0, "can be written by %s (mode %04o): chmod go-w",
		    (st.st_mode & S_IWOTH) != 0 ? "everybody" : "its group",
		    (unsigned int)st.st_mode & 07777U);
		return;
	}
	for (const struct source *up = parent; up != NULL; up = up->parent) {
		if (up->is_file && up->dev == st.st_dev &&
		    up->ino == st.st_ino) {
			reading_fault(r, ERR_CONFIG, where, line,
			    "include: %s includes itself", path);
			return;
		}
	}
	s.dev = st.st_dev;
	s.ino = st.st_ino;
	if (!read_octets(&s, fd, &text) || !is_whole(&s, fd, &st, text))
		return;
	keep_file(r, path, text);
	source_read_text(&s, text);
}

/* A path in a file is relative to the directory of that file. */
static const char *
include_path(struct source *s, struct slice path)
{
	struct arena *mem = &s->r->config->mem;
	struct slice name = slice_of(s->name);
	size_t slash = slice_find_last(name, '/');
	struct slice directory = slice_sub(name, 0, slash);

	if (slice_starts(path, SLICE("/")) || slash == name.len)
		return slice_cstr(mem, path);
	return slice_format(mem, "%.*s/%.*s", SLICE_ARGS(directory),
	    SLICE_ARGS(path)).data;
}

void
source_include(struct source *s, unsigned int line, struct slice name)
{
	const char *path = include_path(s, name);
	glob_t found;
	int error;

	if (strpbrk(slice_cstr(&s->r->scratch, name), "*?[") == NULL) {
		read_file(s->r, s, line, path);
		return;
	}
	/* A pattern may match nothing: an empty conf.d is fine. */
	error = glob(path, GLOB_ERR, NULL, &found);
	if (error != 0 && error != GLOB_NOMATCH)
		reading_fault(s->r, error == GLOB_NOSPACE ? ERR_TEMP :
		    ERR_CONFIG, s->name, line, "include: %s: the directory "
		    "cannot be read", path);
	for (size_t i = 0; error == 0 && i < found.gl_pathc; i++)
		read_file(s->r, s, line, slice_cstr(&s->r->config->mem,
		    slice_of(found.gl_pathv[i])));
	if (error == 0)
		globfree(&found);
}

static void
reading_init(struct reading *r, const char *name, config_report *report,
    void *arg)
{
	*r = (struct reading){ .report = report, .arg = arg };
	r->config = calloc(1, sizeof(*r->config));
	ENSURE(r->config != NULL);
	arena_init(&r->config->mem);
	arena_init(&r->scratch);
	r->config->path = slice_dup(&r->config->mem, slice_of(name));
	r->main_file = r->config->path.data;
	options_set_defaults(r->config);
}

struct option_place {
	const char *file;	/* NULL: nowhere */
	unsigned int line;
};

static void
keep_places(struct reading *r)
{
	struct arena *mem = &r->config->mem;
	struct option_place *places = arena_array(mem, OPTION_COUNT,
	    sizeof(*places));

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (r->places[i].file != NULL)
			places[i] = (struct option_place){ slice_cstr(mem,
			    slice_of(r->places[i].file)), r->places[i].line };
	}
	r->config->places = places;
}

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

/* Checks what was read and hands it out, or takes it back. */
static int
reading_finish(struct reading *r, struct config **ret_config, struct err *err)
{
	config_check(r);
	keep_places(r);
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
	read_file(&r, NULL, 0, r.main_file);
	return reading_finish(&r, ret_config, err);
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

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	arena_done(&config->mem);
	free(config);
}
