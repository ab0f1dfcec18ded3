/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of a file: options, lists, blocks, and what is wrong with them.
 */
#include <string.h>

#include "base/suggest.h"
#include "source_priv.h"

enum {
	MAX_OPTION_NAMES = 2 * OPTION_COUNT,
	SHOWN_BYTES = 60,
};

static const char *
config_entries_shown(struct source *s, struct slice text)
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
config_entries_take(struct source *s)
{
	const struct token *t = peek(s);

	if (t->kind != TOKEN_END)
		s->at++;
	return t;
}

static bool
config_entries_is_value(const struct token *t)
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
				FAULT(s, open_line,
				    "the { here is not closed: "
				    "} is missing");
			return;
		}
		if (depth == 0 && (t->line != line || t->kind == TOKEN_CLOSE))
			return;
		config_entries_take(s);
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
		config_entries_take(s);
	} else if (t->kind != TOKEN_END && t->kind != TOKEN_CLOSE &&
	    t->line == line) {
		if (t->kind == TOKEN_COMMA)
			FAULT(s, t->line,
			    "%s: a list stands in braces: "
			    "{a, b}",
			    name);
		else if (t->kind != TOKEN_BAD)
			FAULT(s, t->line,
			    "%s: \"%s\" follows the value: put "
			    "quotes around a value with blanks, and ; between "
			    "two options",
			    name, config_entries_shown(s, t->text));
		skip_entry(s);
	}
}

/* The value or list after "=". */
struct value {
	struct slice *items;
	size_t count;
	bool is_list;
	bool bad; /* reported already */
};

static void
config_entries_add_item(
    struct source *s, struct value *value, size_t *cap, struct slice text)
{
	void *items = value->items;

	arena_reserve_one(
	    &s->r->scratch, &items, cap, value->count, sizeof(value->items[0]));
	value->items = items;
	value->items[value->count++] = text;
}

static void
read_list(struct source *s, const char *name, struct value *value)
{
	const struct token *open = config_entries_take(s);
	bool comma = true;
	size_t cap = 0;

	value->is_list = true;
	for (;;) {
		const struct token *t = peek(s);

		if (t->kind == TOKEN_END || t->kind == TOKEN_SEMICOLON ||
		    at_next_entry(s)) {
			FAULT(s, open->line,
			    "%s: the list that begins here is "
			    "not closed: } is missing",
			    name);
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
		config_entries_take(s);
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
			FAULT(s, t->line,
			    "%s: a comma is missing before "
			    "\"%s\"",
			    name,
			    t->kind == TOKEN_BAD ?
				"" :
				config_entries_shown(s, t->text));
			value->bad = true;
		}
		comma = false;
		if (t->kind == TOKEN_BAD) {
			FAULT(
			    s, t->line, "%s: %.*s", name, SLICE_ARGS(t->text));
			value->bad = true;
		} else {
			config_entries_add_item(s, value, &cap, t->text);
		}
	}
}

/* From behind the "=" on line `line` to the end of the entry. */
static void
config_entries_read_value(
    struct source *s, const char *name, unsigned int line, struct value *value)
{
	const struct token *t = peek(s);
	size_t cap = 0;

	if (t->kind == TOKEN_END || t->kind == TOKEN_CLOSE ||
	    t->kind == TOKEN_SEMICOLON || t->line != line) {
		FAULT(s, line, "%s: no value after =", name);
		value->bad = true;
		if (t->kind == TOKEN_SEMICOLON)
			config_entries_take(s);
		return;
	}
	if (t->kind == TOKEN_OPEN) {
		read_list(s, name, value);
		if (value->bad && at_next_entry(s))
			return;
		line = s->tokens[s->at - 1].line;
	} else if (config_entries_is_value(t)) {
		config_entries_take(s);
		config_entries_add_item(s, value, &cap, t->text);
	} else {
		if (t->kind == TOKEN_BAD)
			FAULT(
			    s, t->line, "%s: %.*s", name, SLICE_ARGS(t->text));
		else
			FAULT(s, t->line,
			    "%s: \"%s\" where a value is "
			    "expected",
			    name, config_entries_shown(s, t->text));
		config_entries_take(s);
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
	const char *words[MAX_OPTION_NAMES] = { NULL };
	const char *text = config_entries_shown(s, name->text);
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < section->count; i++)
		words[count++] = options[section->first + i].name;
	for (const struct former_name *f = former_names; f->path != NULL; f++) {
		if (former_name_is_of(f, slice_of(section->name)))
			words[count++] = f->path + strlen(section->name) + 1;
	}
	near = suggest(name->text, words, count);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		const struct option_section *other = &option_sections[i];

		if (other == section || option_find(other, name->text) == NULL)
			continue;
		if (i == SECTION_main)
			FAULT(s, name->line,
			    "%s.%s: unknown option; %s stands "
			    "outside of blocks",
			    section->name, text, text);
		else
			FAULT(s, name->line,
			    "%s%s%s: unknown option; %s "
			    "stands in the block \"%s\"",
			    section->name,
			    section == option_sections ? "" : ".", text, text,
			    other->name);
		return;
	}
	FAULT(s, name->line, "%s%s%s: unknown option%s%s%s", section->name,
	    section == option_sections ? "" : ".", text,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

/* One option, whichever name it goes by; its value follows. */
static void
set_option(struct source *s, const struct option *option, const char *full,
    unsigned int line)
{
	struct place *place = &s->r->places[option - options];
	struct value value = { 0 };
	struct err err;

	config_entries_read_value(s, full, line, &value);
	if (place->file != NULL) {
		bool other_name = strcmp(place->name, full) != 0;

		FAULT(s, line,
		    "%s: set a second time; the first is at %s:%u%s%s", full,
		    place->file, place->line, other_name ? ", as " : "",
		    other_name ? place->name : "");
		return;
	}
	*place = (struct place){
		.file = s->name, .line = line, .name = full, .bad = true
	};
	if (value.bad)
		return;
	if (value.is_list && !option_is_list(option))
		FAULT(s, line, "%s: takes one value, not a list", full);
	else if (option_set(s->r->config, option,
		     &(struct slice_list){ value.items, value.count },
		     &err) != 0)
		FAULT(s, line, "%s: %s", full, err.text);
	else
		place->bad = false;
}

static void
read_option(struct source *s, const struct option_section *section)
{
	const struct token *name = config_entries_take(s);
	const struct option *option = option_find(section, name->text);
	const struct former_name *former =
	    former_name_find(section->name, name->text);
	struct value value = { 0 };

	config_entries_take(s);
	if (option == NULL && former != NULL) {
		option = &options[former->option];
		reading_warn(s->r,
		    slice_format(&s->r->config->mem,
			"%s:%u: %s is a former name: write %s", s->name,
			name->line, former->path, option_name(option))
			.data);
		set_option(s, option, former->path, name->line);
		return;
	}
	if (option == NULL) {
		if (section == option_sections &&
		    option_section_find(name->text) != NULL) {
			FAULT(s, name->line,
			    "%s is a block: write %s { ... } "
			    "without =",
			    config_entries_shown(s, name->text),
			    config_entries_shown(s, name->text));
			skip_entry(s);
			return;
		}
		unknown_option(s, section, name);
		config_entries_read_value(
		    s, config_entries_shown(s, name->text), name->line, &value);
		return;
	}
	set_option(s, option, option_name(option), name->line);
}

static void read_entries(struct source *s, const struct option_section *section,
    unsigned int open_line);

/* A name with { behind it, outside of blocks. */
static void
read_block(struct source *s)
{
	const struct token *name = peek(s);
	const struct option_section *section = option_section_find(name->text);
	struct option_section former = { .count = 0 };
	const char *words[SECTION_COUNT];
	const char *near;

	/* A former block has no options of its own, but former names. */
	for (const struct former_name *f = former_names;
	     section == NULL && f->path != NULL; f++) {
		if (former_name_is_of(f, name->text)) {
			former.name = slice_cstr(&s->r->scratch, name->text);
			section = &former;
		}
	}
	if (section != NULL) {
		config_entries_take(s);
		config_entries_take(s);
		read_entries(s, section, name->line);
		return;
	}
	if (option_find(option_sections, name->text) != NULL) {
		FAULT(s, name->line, "%s is an option: write %s = ...",
		    config_entries_shown(s, name->text),
		    config_entries_shown(s, name->text));
	} else {
		for (size_t i = 0; i < SECTION_COUNT; i++)
			words[i] = option_sections[i].name;
		near = suggest(name->text, words, SECTION_COUNT);
		FAULT(s, name->line, "%s: unknown block%s%s%s",
		    config_entries_shown(s, name->text),
		    near == NULL ? "" : "; did you mean \"",
		    near == NULL ? "" : near, near == NULL ? "" : "\"?");
	}
	/* The { may stand on the next line. */
	config_entries_take(s);
	skip_entry(s);
}

/* An entry that begins with a word; false when its block ends before it. */
static bool
read_entry(struct source *s, const struct option_section *section,
    unsigned int open_line)
{
	bool in_block = section != option_sections;
	const struct token *word = peek(s);
	const struct token *second = peek_second(s);

	if (slice_eq(word->text, SLICE("include")) &&
	    config_entries_is_value(second)) {
		config_entries_take(s);
		config_entries_take(s);
		end_entry(s, "include", second->line);
		if (in_block)
			FAULT(s, word->line,
			    "include stands outside of blocks only");
		else if (second->text.len == 0 || second->text.len > 1000)
			FAULT(
			    s, word->line, "include: takes the path of a file");
		else
			source_include(s, word->line, second->text);
	} else if (second->kind == TOKEN_EQUALS) {
		read_option(s, section);
	} else if (second->kind == TOKEN_OPEN && !in_block) {
		read_block(s);
	} else if (second->kind == TOKEN_OPEN &&
	    option_section_find(word->text) != NULL) {
		/* Blocks never stand in blocks, so this one is open. */
		FAULT(s, open_line,
		    "the block \"%s\" that begins here "
		    "is not closed: } is missing before \"%s\" on line "
		    "%u",
		    section->name, config_entries_shown(s, word->text),
		    word->line);
		return false;
	} else {
		FAULT(s, word->line, "\"%s\" is followed by neither = nor {",
		    config_entries_shown(s, word->text));
		config_entries_take(s);
		if (peek(s)->line == word->line)
			skip_entry(s);
	}
	return true;
}

/*
 * The entries of a block, or of a file when section is the part outside of
 * blocks.
 */
static void
read_entries(struct source *s, const struct option_section *section,
    unsigned int open_line)
{
	bool in_block = section != option_sections;

	while (s->r->faults < MAX_FAULTS) {
		const struct token *t = peek(s);

		if (t->kind == TOKEN_END) {
			if (in_block)
				FAULT(s, open_line,
				    "the block \"%s\" that "
				    "begins here is not closed: } is missing",
				    section->name);
			return;
		}
		if (t->kind == TOKEN_WORD) {
			if (!read_entry(s, section, open_line))
				return;
		} else if (t->kind == TOKEN_BAD) {
			skip_entry(s);
		} else if (t->kind == TOKEN_SEMICOLON) {
			config_entries_take(s);
		} else if (t->kind == TOKEN_CLOSE) {
			config_entries_take(s);
			if (in_block)
				return;
			FAULT(s, t->line, "} closes nothing");
		} else {
			FAULT(s, t->line, "\"%s\" where an option is expected",
			    config_entries_shown(s, t->text));
			config_entries_take(s);
			if (peek(s)->line == t->line)
				skip_entry(s);
		}
	}
}

void
source_read_text(struct source *s, struct slice text)
{
	size_t count;

	s->tokens = lex(&s->r->scratch, text, &count);
	read_entries(s, option_sections, 0);
}
