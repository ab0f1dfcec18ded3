/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of a file: options, lists, blocks, and what is wrong with them. */
#include "base/suggest.h"
#include "source_priv.h"

enum {
	MAX_OPTION_NAMES = OPTION_COUNT + SECTION_COUNT + 1,
	SHOWN_BYTES = 60,
};

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

static void
read_include(struct source *s, bool in_block)
{
	const struct token *word = take(s);
	const struct token *value = take(s);

	end_entry(s, "include", value->line);
	if (in_block)
		FAULT(s, word->line, "include stands outside of blocks only");
	else if (value->text.len == 0 || value->text.len > 1000)
		FAULT(s, word->line, "include: wants the path of a file");
	else
		source_include(s, word->line, value->text);
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

void
source_read_text(struct source *s, struct slice text)
{
	size_t count;

	s->tokens = lex(&s->r->scratch, text, &count);
	read_entries(s, option_sections, 0);
}
