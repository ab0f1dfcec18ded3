/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/suggest.h"
#include "lexer_priv.h"

enum {
	MAX_FILE_BYTES = 256 * 1024,
	MAX_FILES = 100,
	MAX_INCLUDE_DEPTH = 8,
	MAX_FAULTS = 100,	/* reported one by one */
	MAX_OPTION_NAMES = OPTION_COUNT + SECTION_COUNT + 1,
	SHOWN_BYTES = 60,
};

/* One file, and how far it was read. */
struct source {
	struct reading *r;
	const struct source *parent;	/* what includes it, or NULL */
	const char *name;
	unsigned int depth;
	dev_t dev;	/* which file it is, to catch loops */
	ino_t ino;
	bool is_file;
	struct token *tokens;
	size_t at;
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

#define FAULT(s, line, ...) \
	reading_fault((s)->r, ERR_CONFIG, (s)->name, (line), __VA_ARGS__)

static const char *
shown(struct source *s, struct slice text)
{
	return escape(&s->r->scratch, text, SHOWN_BYTES);
}

static const struct token *
peek(const struct source *s)
{
	return &s->tokens[s->at];
}

static const struct token *
peek_second(const struct source *s)
{
	return &s->tokens[peek(s)->kind == TOKEN_END ? s->at : s->at + 1];
}

/* The last token, TOKEN_END, stays. */
static const struct token *
take(struct source *s)
{
	const struct token *t = peek(s);

	if (t->kind != TOKEN_END)
		s->at++;
	return t;
}

static bool
is_value(const struct token *t)
{
	return t->kind == TOKEN_WORD || t->kind == TOKEN_STRING;
}

/* "name =" or "name {": the next option or block begins here. */
static bool
at_next_entry(const struct source *s)
{
	return peek(s)->kind == TOKEN_WORD &&
	    (peek_second(s)->kind == TOKEN_EQUALS ||
	    peek_second(s)->kind == TOKEN_OPEN);
}

/*
 * After a fault: to the end of the entry, which is a line or, where a brace is
 * opened in it, the line of its counterpart.
 */
static void
skip_entry(struct source *s)
{
	unsigned int line = peek(s)->line;
	unsigned int open_line = 0;
	size_t depth = 0;

	for (;;) {
		const struct token *t = peek(s);

		if (t->kind == TOKEN_END) {
			if (depth > 0)
				FAULT(s, open_line, "the { here is not closed: "
				    "} is missing");
			return;
		}
		if (depth == 0 && (t->line != line || t->kind == TOKEN_CLOSE))
			return;
		take(s);
		if (t->kind == TOKEN_BAD) {
			FAULT(s, t->line, "%.*s", SLICE_ARGS(t->text));
		} else if (t->kind == TOKEN_OPEN) {
			if (depth++ == 0)
				open_line = t->line;
		} else if (t->kind == TOKEN_CLOSE) {
			depth--;
			line = t->line;
		} else if (t->kind == TOKEN_SEMICOLON && depth == 0) {
			return;
		}
	}
}

/* An entry ends with its line, with ";" or with its block. */
static void
end_entry(struct source *s, const char *name, unsigned int line)
{
	const struct token *t = peek(s);

	if (t->kind == TOKEN_SEMICOLON) {
		take(s);
	} else if (t->kind != TOKEN_END && t->kind != TOKEN_CLOSE &&
	    t->line == line) {
		if (t->kind == TOKEN_COMMA)
			FAULT(s, t->line, "%s: a list stands in braces: "
			    "{a, b}", name);
		else if (t->kind != TOKEN_BAD)
			FAULT(s, t->line, "%s: \"%s\" follows the value: put "
			    "quotes around a value with blanks, and ; between "
			    "two options", name, shown(s, t->text));
		skip_entry(s);
	}
}

/* The value or list after "=". */
struct value {
	struct slice *items;
	size_t count;
	bool is_list;
	bool bad;	/* reported already */
};

static void
add_item(struct source *s, struct value *value, size_t *cap, struct slice text)
{
	void *items = value->items;

	arena_reserve_one(&s->r->scratch, &items, cap, value->count,
	    sizeof(value->items[0]));
	value->items = items;
	value->items[value->count++] = text;
}

static void
read_list(struct source *s, const char *name, struct value *value)
{
	const struct token *open = take(s);
	bool comma = true;
	size_t cap = 0;

	value->is_list = true;
	for (;;) {
		const struct token *t = peek(s);

		if (t->kind == TOKEN_END || t->kind == TOKEN_SEMICOLON ||
		    at_next_entry(s)) {
			FAULT(s, open->line, "%s: the list that begins here is "
			    "not closed: } is missing", name);
			value->bad = true;
			return;
		}
		if (t->kind == TOKEN_OPEN || t->kind == TOKEN_EQUALS) {
			FAULT(s, t->line, "%s: \"%s\" in a list", name,
			    t->kind == TOKEN_OPEN ? "{" : "=");
			value->bad = true;
			skip_entry(s);
			continue;
		}
		take(s);
		if (t->kind == TOKEN_CLOSE)
			return;
		if (t->kind == TOKEN_COMMA) {
			if (comma) {
				FAULT(s, t->line, "%s: nothing before a comma",
				    name);
				value->bad = true;
			}
			comma = true;
			continue;
		}
		if (!comma) {
			FAULT(s, t->line, "%s: a comma is missing before "
			    "\"%s\"", name, t->kind == TOKEN_BAD ? "" :
			    shown(s, t->text));
			value->bad = true;
		}
		comma = false;
		if (t->kind == TOKEN_BAD) {
			FAULT(s, t->line, "%s: %.*s", name,
			    SLICE_ARGS(t->text));
			value->bad = true;
		} else {
			add_item(s, value, &cap, t->text);
		}
	}
}

/* From behind the "=" on line `line` to the end of the entry. */
static void
read_value(struct source *s, const char *name, unsigned int line,
    struct value *value)
{
	const struct token *t = peek(s);
	size_t cap = 0;

	if (t->kind == TOKEN_END || t->kind == TOKEN_CLOSE ||
	    t->kind == TOKEN_SEMICOLON || t->line != line) {
		FAULT(s, line, "%s: no value after =", name);
		value->bad = true;
		if (t->kind == TOKEN_SEMICOLON)
			take(s);
		return;
	}
	if (t->kind == TOKEN_OPEN) {
		read_list(s, name, value);
		if (value->bad && at_next_entry(s))
			return;
		line = s->tokens[s->at - 1].line;
	} else if (is_value(t)) {
		take(s);
		add_item(s, value, &cap, t->text);
	} else {
		if (t->kind == TOKEN_BAD)
			FAULT(s, t->line, "%s: %.*s", name,
			    SLICE_ARGS(t->text));
		else
			FAULT(s, t->line, "%s: \"%s\" where a value is "
			    "expected", name, shown(s, t->text));
		take(s);
		value->bad = true;
		if (peek(s)->line == line)
			skip_entry(s);
		return;
	}
	end_entry(s, name, line);
}

/* Says what an unknown name may have been meant to be. */
static void
unknown_option(struct source *s, const struct option_section *section,
    const struct token *name)
{
	const char *words[MAX_OPTION_NAMES];
	const char *text = shown(s, name->text);
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < section->count; i++)
		words[count++] = options[section->first + i].name;
	near = suggest(name->text, words, count);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		const struct option_section *other = &option_sections[i];

		if (other == section || option_find(other, name->text) == NULL)
			continue;
		if (i == SECTION_main)
			FAULT(s, name->line, "%s.%s: unknown option; %s stands "
			    "outside of blocks", section->name, text, text);
		else
			FAULT(s, name->line, "%s%s%s: unknown option; %s "
			    "stands in the block \"%s\"", section->name,
			    section == option_sections ? "" : ".", text, text,
			    other->name);
		return;
	}
	FAULT(s, name->line, "%s%s%s: unknown option%s%s%s", section->name,
	    section == option_sections ? "" : ".", text,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

static void
read_option(struct source *s, const struct option_section *section)
{
	const struct token *name = take(s);
	const struct option *option = option_find(section, name->text);
	struct value value = { 0 };
	struct place *place;
	const char *full;
	struct err err;

	take(s);
	if (option == NULL) {
		if (section == option_sections &&
		    option_section_find(name->text) != NULL) {
			FAULT(s, name->line, "%s is a block: write %s { ... } "
			    "without =", shown(s, name->text),
			    shown(s, name->text));
			skip_entry(s);
			return;
		}
		unknown_option(s, section, name);
		read_value(s, shown(s, name->text), name->line, &value);
		return;
	}
	full = option_name(option);
	place = &s->r->places[option - options];
	read_value(s, full, name->line, &value);
	if (place->file != NULL) {
		FAULT(s, name->line, "%s: set a second time; the first is at "
		    "%s:%u", full, place->file, place->line);
		return;
	}
	place->file = s->name;
	place->line = name->line;
	place->bad = true;
	if (value.bad)
		return;
	if (value.is_list && option->kind != OPTION_LIST) {
		FAULT(s, name->line, "%s: wants one value, not a list", full);
	} else if (option_set(s->r->config, option, value.items, value.count,
	    &err) != 0) {
		FAULT(s, name->line, "%s: %s", full, err.text);
	} else {
		place->bad = false;
	}
}

static void read_entries(struct source *s,
    const struct option_section *section, unsigned int open_line);

/* A name with { behind it, outside of blocks. */
static void
read_block(struct source *s)
{
	const struct token *name = peek(s);
	const struct option_section *section = option_section_find(name->text);
	const char *words[SECTION_COUNT];
	const char *near;

	if (section != NULL) {
		take(s);
		take(s);
		read_entries(s, section, name->line);
		return;
	}
	if (option_find(option_sections, name->text) != NULL) {
		FAULT(s, name->line, "%s is an option: write %s = ...",
		    shown(s, name->text), shown(s, name->text));
	} else {
		for (size_t i = 0; i < SECTION_COUNT; i++)
			words[i] = option_sections[i].name;
		near = suggest(name->text, words, SECTION_COUNT);
		FAULT(s, name->line, "%s: unknown block%s%s%s",
		    shown(s, name->text),
		    near == NULL ? "" : "; did you mean \"",
		    near == NULL ? "" : near, near == NULL ? "" : "\"?");
	}
	/* The { may stand on the next line. */
	take(s);
	skip_entry(s);
}

static void read_include(struct source *s, bool in_block);

/*
 * The entries of a block, or of a file when section is the part outside of
 * blocks.
 */
static void
read_entries(struct source *s, const struct option_section *section,
    unsigned int open_line)
{
	bool in_block = section != option_sections;

	for (;;) {
		const struct token *t = peek(s);
		const struct token *second = peek_second(s);

		if (s->r->faults >= MAX_FAULTS)
			return;
		if (t->kind == TOKEN_END) {
			if (in_block)
				FAULT(s, open_line, "the block \"%s\" that "
				    "begins here is not closed: } is missing",
				    section->name);
			return;
		}
		if (t->kind == TOKEN_SEMICOLON) {
			take(s);
		} else if (t->kind == TOKEN_CLOSE) {
			take(s);
			if (in_block)
				return;
			FAULT(s, t->line, "} closes nothing");
		} else if (t->kind == TOKEN_WORD &&
		    slice_eq(t->text, SLICE("include")) && is_value(second)) {
			read_include(s, in_block);
		} else if (t->kind == TOKEN_WORD &&
		    second->kind == TOKEN_EQUALS) {
			read_option(s, section);
		} else if (t->kind == TOKEN_WORD &&
		    second->kind == TOKEN_OPEN && !in_block) {
			read_block(s);
		} else if (t->kind == TOKEN_WORD &&
		    second->kind == TOKEN_OPEN &&
		    option_section_find(t->text) != NULL) {
			/* Blocks never stand in blocks, so this one is open. */
			FAULT(s, open_line, "the block \"%s\" that begins here "
			    "is not closed: } is missing before \"%s\" on line "
			    "%u", section->name, shown(s, t->text), t->line);
			return;
		} else if (t->kind == TOKEN_BAD) {
			skip_entry(s);
		} else {
			if (t->kind == TOKEN_WORD)
				FAULT(s, t->line, "\"%s\" is followed by "
				    "neither = nor {", shown(s, t->text));
			else
				FAULT(s, t->line, "\"%s\" where an option is "
				    "expected", shown(s, t->text));
			take(s);
			if (peek(s)->line == t->line)
				skip_entry(s);
		}
	}
}

static void
read_text(struct source *s, struct slice text)
{
	size_t count;

	s->tokens = lex(&s->r->scratch, text, &count);
	read_entries(s, option_sections, 0);
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
	if (read_octets(&s, fd, &text))
		read_text(&s, text);
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

static void
read_include(struct source *s, bool in_block)
{
	const struct token *word = take(s);
	const struct token *value = take(s);
	unsigned int line = word->line;
	const char *path;
	glob_t found;
	int error;

	end_entry(s, "include", value->line);
	if (in_block) {
		FAULT(s, line, "include stands outside of blocks only");
		return;
	}
	if (value->text.len == 0 || value->text.len > 1000) {
		FAULT(s, line, "include: wants the path of a file");
		return;
	}
	path = include_path(s, value->text);
	if (strpbrk(slice_cstr(&s->r->scratch, value->text), "*?[") == NULL) {
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
		read_text(&s, text);
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
