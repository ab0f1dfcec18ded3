/* SPDX-License-Identifier: BSD-2-Clause */
#include "patterns_priv.h"

#include "base/clock.h"

struct rule {
	void *code;
	struct slice value;
	size_t end;		/* of an "if": the first rule behind its block */
	size_t line;
	bool is_if;
	bool negated;
	bool has_dollar;	/* value has $$ or references */
	bool has_references;
};

struct patterns {
	const struct pattern_ops *ops;
	struct arena *mem;
	struct rule *rules;
	size_t count;
	size_t cap;
};

/* A row while it is read. */
struct row {
	struct table_file *file;
	size_t line;
	struct rule rule;
	struct slice pattern;
	struct slice flags;
	size_t highest;		/* number of a reference in the value */
};

#define FAULT(row, ...) table_file_fault((row)->file, (row)->line, __VA_ARGS__)

/*
 * "[!]/pattern/flags" is cut from the front of *text. A backslash keeps the
 * delimiter from ending the pattern, and stays in it.
 */
static bool
take_pattern(struct row *row, struct slice *text)
{
	struct slice s = *text;
	size_t end = 1, flags;

	while (s.len > 0 && (s.data[0] == '!' || char_is_wsp(s.data[0]))) {
		row->rule.negated ^= s.data[0] == '!';
		s = slice_from(s, 1);
	}
	if (s.len == 0 || char_is_alpha(s.data[0]) ||
	    char_is_digit(s.data[0]) || s.data[0] == '\\') {
		FAULT(row, "a pattern stands between two marks: /pattern/");
		return false;
	}
	while (end < s.len && s.data[end] != s.data[0])
		end += s.data[end] == '\\' ? 2 : 1;
	if (end >= s.len) {
		FAULT(row, "the pattern has no \"%s\" at its end",
		    escape(row->file->mem, slice_sub(s, 0, 1), 1));
		return false;
	}
	flags = end + 1;
	while (flags < s.len && char_is_alpha(s.data[flags]))
		flags++;
	if (flags < s.len && s.data[flags] == '!') {
		FAULT(row, "a second pattern: write \"if !/pattern2/\", this "
		    "row, and \"endif\"");
		return false;
	}
	if (flags < s.len && !char_is_wsp(s.data[flags])) {
		FAULT(row, "\"%s\" directly behind the pattern",
		    escape(row->file->mem, slice_from(s, flags), 20));
		return false;
	}
	row->pattern = slice_sub(s, 1, end - 1);
	row->flags = slice_sub(s, end + 1, flags - end - 1);
	*text = slice_trim(slice_from(s, flags));
	if (row->pattern.len <= MAX_PATTERN_BYTES)
		return true;
	FAULT(row, "a pattern over %d octets", (int)MAX_PATTERN_BYTES);
	return false;
}

/*
 * A reference at the front of text, which is a '$': its number, 0 for "$$",
 * and how long it is. False when it is none.
 */
static bool
take_reference(struct slice text, unsigned long *ret_number, size_t *ret_len)
{
	char close = '\0';
	size_t start = 1, end;

	if (text.len >= 2 && text.data[1] == '$') {
		*ret_number = 0;
		*ret_len = 2;
		return true;
	}
	if (text.len >= 2 && (text.data[1] == '{' || text.data[1] == '(')) {
		close = text.data[1] == '{' ? '}' : ')';
		start = 2;
	}
	for (end = start; end < text.len && char_is_digit(text.data[end]);)
		end++;
	if (!slice_number(slice_sub(text, start, end - start), MAX_GROUPS - 1,
	    ret_number) || *ret_number == 0)
		return false;
	if (close != '\0') {
		if (end >= text.len || text.data[end] != close)
			return false;
		end++;
	} else if (end < text.len && (char_is_alpha(text.data[end]) ||
	    text.data[end] == '_')) {
		/* To Postfix the name is "1x", to others it may be "1". */
		return false;
	}
	*ret_len = end;
	return true;
}

static bool
read_value(struct row *row, struct slice value)
{
	row->rule.value = value;
	for (size_t i = 0; i < value.len;) {
		unsigned long number = 0;
		size_t len = 1;

		if (value.data[i] == '$') {
			if (!take_reference(slice_from(value, i), &number,
			    &len)) {
				FAULT(row, "\"%s\" is no reference: write $1, "
				    "${1} to ${%d}, or $$ for a dollar sign",
				    escape(row->file->mem,
				    slice_from(value, i), 12), MAX_GROUPS - 1);
				return false;
			}
			row->rule.has_dollar = true;
		}
		if (number > row->highest)
			row->highest = number;
		i += len;
	}
	row->rule.has_references = row->highest > 0;
	if (!row->rule.has_references || !row->rule.negated)
		return true;
	FAULT(row, "$%zu, but what did not match has no groups", row->highest);
	return false;
}

static bool
compile(const struct patterns *patterns, struct row *row)
{
	size_t groups = 0;
	struct err err;

	if (patterns->ops->compile(slice_cstr(row->file->mem, row->pattern),
	    row->flags, row->rule.has_references, &row->rule.code, &groups,
	    &err) != 0) {
		FAULT(row, "%s", err.text);
		return false;
	}
	if (row->highest <= groups)
		return true;
	FAULT(row, "$%zu, but the pattern has %zu group%s", row->highest,
	    groups, groups == 1 ? "" : "s");
	return false;
}

static void
read_rule(const struct patterns *patterns, struct row *row, struct slice text)
{
	if (!take_pattern(row, &text))
		return;
	if (row->rule.is_if && text.len > 0)
		FAULT(row, "text behind the pattern of an \"if\" (do not "
		    "indent the rows of its block)");
	else if (!row->rule.is_if && text.len == 0)
		FAULT(row, "a pattern without a value");
	else if (read_value(row, text))
		(void)compile(patterns, row);
}

static void
add_rule(struct patterns *patterns, const struct rule *rule)
{
	void *rules = patterns->rules;

	arena_reserve_one(patterns->mem, &rules, &patterns->cap,
	    patterns->count, sizeof(*rule));
	patterns->rules = rules;
	patterns->rules[patterns->count++] = *rule;
}

static void
read_row(struct patterns *patterns, struct row *row, struct slice text,
    struct table_blocks *blocks)
{
	struct slice rest;
	size_t begin;

	if (table_row_is(text, SLICE("endif"), &rest)) {
		if (table_block_end(blocks, row->file, row->line, rest, &begin))
			patterns->rules[begin].end = patterns->count;
		return;
	}
	row->rule.line = row->line;
	row->rule.is_if = table_row_is(text, SLICE("if"), &rest);
	/* An "if" with a fault is kept, so that its "endif" is none. */
	if (row->rule.is_if)
		table_block_begin(blocks, row->file, row->line,
		    patterns->count);
	read_rule(patterns, row, row->rule.is_if ? rest : text);
	add_rule(patterns, &row->rule);
}

struct patterns *
patterns_read(const struct pattern_ops *ops, struct table_file *file,
    struct arena *mem, size_t *ret_rows)
{
	struct patterns *patterns = arena_alloc(mem, sizeof(*patterns));
	struct table_blocks blocks = { .depth = 0 };
	struct slice text;
	size_t line;

	patterns->ops = ops;
	patterns->mem = mem;
	while (table_file_next(file, &text, &line)) {
		struct row row = { .file = file, .line = line };

		if (patterns->count == MAX_PATTERN_ROWS) {
			FAULT(&row, "more than %d rows, each of which a lookup "
			    "has to try", (int)MAX_PATTERN_ROWS);
			break;
		}
		read_row(patterns, &row, text, &blocks);
	}
	table_blocks_finish(&blocks, file);
	*ret_rows = patterns->count;
	return patterns;
}

void
patterns_free(struct patterns *patterns)
{
	if (patterns == NULL)
		return;
	for (size_t i = 0; i < patterns->count; i++)
		patterns->ops->free(patterns->rules[i].code);
	patterns->count = 0;
}

/* What a group puts into a list of logins must stay one item, or a part of it. */
static bool
is_one_item(struct slice text)
{
	const struct slice marks = SLICE(" ,;!");

	for (size_t i = 0; i < text.len; i++) {
		if (slice_has(marks, text.data[i]) ||
		    char_is_control(text.data[i]))
			return false;
	}
	return true;
}

static enum table_answer
substitute(const struct rule *rule, struct slice key,
    const struct group *groups, struct arena *mem, struct slice *ret_value,
    struct err *err)
{
	struct slice value = rule->value;
	struct strbuf buf;

	if (!rule->has_dollar) {
		*ret_value = value;
		return TABLE_FOUND;
	}
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len;) {
		const struct group *group;
		unsigned long number = 0;
		size_t len = 1;
		struct slice text;

		if (value.data[i] == '$')
			ENSURE(take_reference(slice_from(value, i), &number,
			    &len));
		if (number == 0)
			strbuf_add_char(&buf, value.data[i]);
		i += len;
		group = &groups[number];
		if (number == 0 || group->begin > group->end)
			continue;
		text = slice_sub(key, group->begin, group->end - group->begin);
		if (!is_one_item(text)) {
			err_set(err, ERR_DATA, "line %zu: the key puts "
			    "\"%s\" into a list of logins", rule->line,
			    escape(mem, text, 100));
			return TABLE_FAILED;
		}
		strbuf_add(&buf, text);
	}
	*ret_value = strbuf_slice(&buf);
	return TABLE_FOUND;
}

/* The first rule that holds for the key, in *ret_rule; NULL: none. */
static enum match
find_rule(const struct patterns *patterns, void *state, const char *key,
    size_t key_len, struct group *groups, const struct rule **ret_rule,
    struct err *err)
{
	uint64_t start = clock_monotonic_us();

	for (size_t i = 0; i < patterns->count; i++) {
		const struct rule *rule = &patterns->rules[i];
		enum match match = patterns->ops->match(rule->code, state, key,
		    key_len, rule->has_references ? groups : NULL, err);

		if (match == MATCH_FAILED) {
			err_wrap(err, "line %zu", rule->line);
			return MATCH_FAILED;
		}
		if (clock_monotonic_us() - start > MAX_LOOKUP_US) {
			err_set(err, ERR_LIMIT, "line %zu: the patterns up to "
			    "here took over %d ms", rule->line,
			    MAX_LOOKUP_US / 1000);
			return MATCH_FAILED;
		}
		if ((match == MATCH_YES) == rule->negated) {
			if (rule->is_if)
				i = rule->end - 1;
		} else if (!rule->is_if) {
			*ret_rule = rule;
			return MATCH_YES;
		}
	}
	return MATCH_NO;
}

enum table_answer
patterns_lookup(const struct patterns *patterns, struct slice key,
    struct arena *mem, struct slice *ret_value, struct err *err)
{
	void *state = patterns->ops->begin == NULL ? NULL :
	    patterns->ops->begin();
	const struct rule *rule = NULL;
	struct group groups[MAX_GROUPS];
	enum match match = find_rule(patterns, state, slice_cstr(mem, key),
	    key.len, groups, &rule, err);

	if (patterns->ops->end != NULL)
		patterns->ops->end(state);
	switch (match) {
	case MATCH_YES:
		return substitute(rule, key, groups, mem, ret_value, err);
	case MATCH_NO:
		return TABLE_ABSENT;
	case MATCH_FAILED:
		break;
	}
	return TABLE_FAILED;
}
