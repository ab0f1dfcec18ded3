/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of patterns, whichever library matches them. */
#include "patterns_priv.h"

#include "base/clock.h"

struct rule {
	struct pattern pattern;
	struct slice value;
	size_t end; /* of an "if": the first rule behind its block */
	size_t line;
	bool is_if;
	bool negated;
	bool has_dollar; /* value has $$ or references */
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
	size_t highest; /* number of a reference in the value */
};

#define FAULT(row, ...) table_file_fault((row)->file, (row)->line, __VA_ARGS__)

/*
 * "[!]/pattern/flags" is cut from the front of *text. A backslash keeps the
 * delimiter from ending the pattern, and stays in it.
 */
static bool
take_pattern(struct row *row, struct slice *text)
{
	struct slice s = *text, pattern;
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
		FAULT(row,
		    "a second pattern: write \"if !/pattern2/\", this "
		    "row, and \"endif\"");
		return false;
	}
	if (flags < s.len && !char_is_wsp(s.data[flags])) {
		FAULT(row, "\"%s\" directly behind the pattern",
		    escape(row->file->mem, slice_from(s, flags), 20));
		return false;
	}
	pattern = slice_sub(s, 1, end - 1);
	if (pattern.len > MAX_PATTERN_BYTES) {
		FAULT(row, "a pattern over %d octets", (int)MAX_PATTERN_BYTES);
		return false;
	}
	row->rule.pattern.text = slice_cstr(row->file->mem, pattern);
	row->rule.pattern.flags = slice_sub(s, end + 1, flags - end - 1);
	*text = slice_trim(slice_from(s, flags));
	return true;
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
		ret_number) ||
	    *ret_number == 0)
		return false;
	if (close != '\0') {
		if (end >= text.len || text.data[end] != close)
			return false;
		end++;
	} else if (end < text.len &&
	    (char_is_alpha(text.data[end]) || text.data[end] == '_')) {
		/* To Postfix the name is "1x", to others it may be "1". */
		return false;
	}
	*ret_len = end;
	return true;
}

static bool
patterns_read_value(struct row *row, struct slice value)
{
	row->rule.value = value;
	for (size_t i = 0; i < value.len;) {
		unsigned long number = 0;
		size_t len = 1;

		if (value.data[i] == '$') {
			if (!take_reference(
				slice_from(value, i), &number, &len)) {
				FAULT(row,
				    "\"%s\" is not a reference: write $1, "
				    "${1} to ${%d}, or $$ for a dollar sign",
				    escape(row->file->mem, slice_from(value, i),
					12),
				    MAX_GROUPS - 1);
				return false;
			}
			row->rule.has_dollar = true;
		}
		if (number > row->highest)
			row->highest = number;
		i += len;
	}
	row->rule.pattern.has_references = row->highest > 0;
	if (row->highest == 0 || !row->rule.negated)
		return true;
	FAULT(row, "$%zu, but what did not match has no groups", row->highest);
	return false;
}

/* "[!]PATTERN VALUE", "if [!]PATTERN" or "endif". */
static void
patterns_read_row(struct patterns *patterns, struct table_blocks *blocks,
    struct row *row, struct slice text)
{
	struct rule *rule = &row->rule;
	void *rules = patterns->rules;
	struct slice rest;
	size_t begin;
	struct err err;

	if (table_row_is(text, SLICE("endif"), &rest)) {
		if (table_block_end(blocks, rest, &begin))
			patterns->rules[begin].end = patterns->count;
		return;
	}
	rule->line = row->line;
	rule->is_if = table_row_is(text, SLICE("if"), &rest);
	/* A faulty "if" is kept, so that its "endif" is not a fault, too. */
	if (rule->is_if)
		table_block_begin(blocks, patterns->count);
	else
		rest = text;
	if (!take_pattern(row, &rest))
		;
	else if (rule->is_if && rest.len > 0)
		FAULT(row,
		    "text behind the pattern of an \"if\" (do not "
		    "indent the rows of its block)");
	else if (!rule->is_if && rest.len == 0)
		FAULT(row, "a pattern without a value");
	else if (!patterns_read_value(row, rest))
		;
	else if (patterns->ops->compile(&rule->pattern, &err) != 0)
		FAULT(row, "%s", err.text);
	else if (row->highest > rule->pattern.groups)
		FAULT(row, "$%zu, but the pattern has %zu group%s",
		    row->highest, rule->pattern.groups,
		    rule->pattern.groups == 1 ? "" : "s");
	arena_reserve_one(patterns->mem, &rules, &patterns->cap,
	    patterns->count, sizeof(*rule));
	patterns->rules = rules;
	patterns->rules[patterns->count++] = *rule;
}

struct patterns *
patterns_read(const struct pattern_ops *ops, struct table_file *file,
    struct arena *mem, size_t *ret_rows)
{
	struct patterns *patterns = arena_alloc(mem, sizeof(*patterns));
	struct table_blocks blocks = { .file = file };
	struct slice text;

	patterns->ops = ops;
	patterns->mem = mem;
	while (table_file_next(file, &text)) {
		struct row row = { .file = file, .line = file->row_line };

		if (patterns->count == MAX_PATTERN_ROWS) {
			FAULT(&row,
			    "more than %d rows, each of which a lookup "
			    "has to try",
			    (int)MAX_PATTERN_ROWS);
			break;
		}
		patterns_read_row(patterns, &blocks, &row, text);
	}
	table_blocks_finish(&blocks);
	*ret_rows = patterns->count;
	return patterns;
}

bool
patterns_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct patterns *patterns = handle;
	const struct rule *rule;

	if (index >= patterns->count)
		return false;
	rule = &patterns->rules[index];
	ret_row->key = SLICE("");
	ret_row->value = rule->has_dollar ? SLICE("") : rule->value;
	ret_row->line = rule->line;
	return true;
}

void
patterns_free(void *handle)
{
	struct patterns *patterns = handle;

	if (patterns == NULL)
		return;
	for (size_t i = 0; i < patterns->count; i++)
		patterns->ops->free(patterns->rules[i].pattern.code);
	patterns->count = 0;
}

/* The value of a rule, with what the groups of its pattern matched. */
static enum table_answer
substitute(const struct rule *rule, const struct matching *matching,
    struct arena *mem, struct slice *ret_value)
{
	struct slice key = { matching->key, matching->key_len };
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
			ENSURE(take_reference(
			    slice_from(value, i), &number, &len));
		if (number == 0)
			strbuf_add_char(&buf, value.data[i]);
		i += len;
		group = &matching->groups[number];
		if (number == 0 || group->begin > group->end)
			continue;
		text = slice_sub(key, group->begin, group->end - group->begin);
		/* In a list of logins it must stay one item, or a part of it. */
		if (slice_has_control(text) || slice_has(text, ' ') ||
		    slice_has(text, ',') || slice_has(text, ';') ||
		    slice_has(text, '!')) {
			err_set(matching->err, ERR_DATA,
			    "line %zu: the key puts "
			    "\"%s\" into a list of logins",
			    rule->line, escape(mem, text, 100));
			return TABLE_FAILED;
		}
		strbuf_add(&buf, text);
	}
	*ret_value = strbuf_slice(&buf);
	return TABLE_FOUND;
}

/* The first rule that holds for the key, in *ret_rule. */
static enum match
find_rule(const struct patterns *patterns, struct matching *matching,
    const struct rule **ret_rule)
{
	uint64_t start = clock_monotonic_us();

	for (size_t i = 0; i < patterns->count; i++) {
		const struct rule *rule = &patterns->rules[i];
		enum match match =
		    patterns->ops->match(&rule->pattern, matching);

		if (match == MATCH_FAILED) {
			err_wrap(matching->err, "line %zu", rule->line);
			return MATCH_FAILED;
		}
		if (clock_monotonic_us() - start > MAX_LOOKUP_US) {
			err_set(matching->err, ERR_LIMIT,
			    "line %zu: the patterns up to "
			    "here took over %d ms",
			    rule->line, MAX_LOOKUP_US / 1000);
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
patterns_find(const void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct patterns *patterns = handle;
	const struct rule *rule = NULL;
	struct matching matching;
	enum match match;

	matching.key = slice_cstr(context->mem, key);
	matching.key_len = key.len;
	matching.state =
	    patterns->ops->begin == NULL ? NULL : patterns->ops->begin();
	matching.err = context->err;
	match = find_rule(patterns, &matching, &rule);
	if (patterns->ops->end != NULL)
		patterns->ops->end(matching.state);
	switch (match) {
	case MATCH_YES:
		return substitute(rule, &matching, context->mem, ret_value);
	case MATCH_NO:
		return TABLE_ABSENT;
	case MATCH_FAILED:
		break;
	}
	return TABLE_FAILED;
}
