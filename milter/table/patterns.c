/* SPDX-License-Identifier: BSD-2-Clause */
#include "patterns_priv.h"

struct rule {
	void *code;
	struct slice value;	/* empty: an "if" row */
	size_t end;		/* of an "if": the first row behind its block */
	bool negated;
};

struct patterns {
	const struct pattern_ops *ops;
	struct rule *rules;
	size_t count;
	size_t cap;
};

enum { MAX_NESTING = 16 };

/* "[!]/pattern/flags" cut from the front of *text. */
static bool
take_pattern(struct slice *text, bool *ret_negated, struct slice *ret_pattern,
    struct slice *ret_flags)
{
	struct slice s = slice_trim(*text);
	char delimiter;
	size_t end = 1, flags;

	*ret_negated = s.len > 0 && s.data[0] == '!';
	if (*ret_negated)
		s = slice_trim(slice_from(s, 1));
	if (s.len < 2)
		return false;
	delimiter = s.data[0];
	if (char_is_alpha(delimiter) || char_is_digit(delimiter) ||
	    delimiter == '\\')
		return false;
	while (end < s.len && s.data[end] != delimiter)
		end += s.data[end] == '\\' ? 2 : 1;
	if (end >= s.len)
		return false;
	*ret_pattern = slice_sub(s, 1, end - 1);
	flags = end + 1;
	while (flags < s.len && char_is_alpha(s.data[flags]))
		flags++;
	if (flags < s.len && !char_is_wsp(s.data[flags]))
		return false;
	*ret_flags = slice_sub(s, end + 1, flags - end - 1);
	*text = slice_trim(slice_from(s, flags));
	return true;
}

/*
 * A reference at the front of text: its number, and how long it is; "$$" is
 * number 0. False when it is none that can be.
 */
static bool
take_reference(struct slice text, unsigned long *ret_number, size_t *ret_len)
{
	size_t start = 1, end;
	char close = '\0';

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
	if (close != '\0' && (end >= text.len || text.data[end] != close))
		return false;
	*ret_len = end + (close != '\0' ? 1 : 0);
	return true;
}

static bool
check_references(struct slice value, size_t groups, bool negated)
{
	for (size_t i = 0; i < value.len;) {
		unsigned long number;
		size_t len = 1;

		if (value.data[i] == '$') {
			if (!take_reference(slice_from(value, i), &number,
			    &len))
				return false;
			/* What did not match has no groups. */
			if (number > 0 && (number > groups || negated))
				return false;
		}
		i += len;
	}
	return true;
}

static void
add_rule(struct patterns *patterns, struct arena *mem, const struct rule *rule)
{
	void *rules = patterns->rules;

	arena_reserve_one(mem, &rules, &patterns->cap, patterns->count,
	    sizeof(*rule));
	patterns->rules = rules;
	patterns->rules[patterns->count++] = *rule;
}

/* Blocks that are open while a file is read. */
struct blocks {
	size_t rows[MAX_NESTING];
	size_t depth;
};

static void
read_row(struct patterns *patterns, struct table_file *file, size_t number,
    struct slice text, struct blocks *blocks)
{
	struct rule rule = { 0 };
	struct slice rest = text, word, pattern, flags;
	struct err err;
	size_t groups;
	bool is_if;

	if (slice_eq_nocase(text, SLICE("endif"))) {
		if (blocks->depth == 0)
			table_file_fault(file, number, "endif without if");
		else
			patterns->rules[blocks->rows[--blocks->depth]].end =
			    patterns->count;
		return;
	}
	is_if = slice_next_item(&rest, " \t", &word) &&
	    slice_eq_nocase(word, SLICE("if"));
	if (!is_if)
		rest = text;
	if (!take_pattern(&rest, &rule.negated, &pattern, &flags)) {
		table_file_fault(file, number,
		    "not of the form /pattern/flags value");
		return;
	}
	if (is_if != (rest.len == 0)) {
		table_file_fault(file, number, is_if
		    ? "text behind the pattern of an if"
		    : "a pattern without a value");
		return;
	}
	if (is_if && blocks->depth == MAX_NESTING) {
		table_file_fault(file, number, "if nested too deep");
		return;
	}
	if (patterns->ops->compile(slice_cstr(file->mem, pattern), flags,
	    &rule.code, &groups, &err) != 0) {
		table_file_fault(file, number, "%s", err.text);
		return;
	}
	rule.value = rest;
	if (is_if)
		blocks->rows[blocks->depth++] = patterns->count;
	else if (!check_references(rest, groups, rule.negated))
		table_file_fault(file, number,
		    "a '$' that refers to no group of the pattern");
	add_rule(patterns, file->mem, &rule);
}

static int
read_rows(const struct pattern_ops *ops, struct table_file *file,
    struct arena *mem, struct patterns **ret_patterns, size_t *ret_rows,
    struct err *err)
{
	struct patterns *patterns = arena_alloc(mem, sizeof(*patterns));
	struct blocks blocks = { .depth = 0 };
	struct slice text;
	size_t number;

	patterns->ops = ops;
	while (table_file_next(file, &text, &number))
		read_row(patterns, file, number, text, &blocks);
	if (blocks.depth > 0)
		table_file_fault(file, number, "an if without endif");
	/* The caller closes what was compiled, also after a fault. */
	*ret_patterns = patterns;
	*ret_rows = patterns->count;
	return table_file_close(file, err);
}

int
patterns_open(const struct pattern_ops *ops, struct slice path,
    struct arena *mem, struct patterns **ret_patterns, size_t *ret_rows,
    struct err *err)
{
	struct table_file file;

	if (table_file_open(&file, path, mem, err) != 0)
		return -1;
	return read_rows(ops, &file, mem, ret_patterns, ret_rows, err);
}

int
patterns_open_text(const struct pattern_ops *ops, struct slice path,
    struct slice text, struct arena *mem, struct patterns **ret_patterns,
    size_t *ret_rows, struct err *err)
{
	struct table_file file;

	table_file_open_text(&file, path, text, mem);
	return read_rows(ops, &file, mem, ret_patterns, ret_rows, err);
}

void
patterns_close(struct patterns *patterns)
{
	if (patterns == NULL)
		return;
	for (size_t i = 0; i < patterns->count; i++)
		patterns->ops->free(patterns->rules[i].code);
}

/* What a group puts into a list of logins must not become two of them. */
static bool
is_one_item(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == ' ' || c == ',' || char_is_control(c))
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

	if (!slice_has(value, '$')) {
		*ret_value = value;
		return TABLE_FOUND;
	}
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len;) {
		unsigned long number = 0;
		size_t len = 1;
		struct slice text;

		if (value.data[i] != '$' ||
		    !take_reference(slice_from(value, i), &number, &len) ||
		    number == 0) {
			strbuf_add_char(&buf, value.data[i]);
			i += len;
			continue;
		}
		i += len;
		if (groups[number].begin > groups[number].end)
			continue;
		text = slice_sub(key, groups[number].begin,
		    groups[number].end - groups[number].begin);
		if (!is_one_item(text)) {
			err_set(err, ERR_DATA, "the key puts white space or a "
			    "comma into the value \"%s\"",
			    escape(mem, value, 100));
			return TABLE_FAILED;
		}
		strbuf_add(&buf, text);
	}
	*ret_value = strbuf_slice(&buf);
	return TABLE_FOUND;
}

enum table_answer
patterns_lookup(const struct patterns *patterns, struct slice key,
    struct arena *mem, struct slice *ret_value, struct err *err)
{
	const char *text = slice_cstr(mem, key);
	struct group groups[MAX_GROUPS];

	for (size_t i = 0; i < patterns->count; i++) {
		const struct rule *rule = &patterns->rules[i];
		enum match match = patterns->ops->match(rule->code, text,
		    key.len, groups, err);

		if (match == MATCH_FAILED)
			return TABLE_FAILED;
		if ((match == MATCH_YES) == rule->negated) {
			if (rule->value.len == 0)
				i = rule->end - 1;
			continue;
		}
		if (rule->value.len != 0)
			return substitute(rule, key, groups, mem, ret_value,
			    err);
	}
	return TABLE_ABSENT;
}
