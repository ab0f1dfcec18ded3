/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in the format of rspamd: the universal configuration language. */
#include <string.h>

#include "ucl_priv.h"

enum { MAX_VALUES = 20000 };

/* What is open: a block, or a list whose items are counted. */
struct ucl_level {
	size_t depth; /* of the keys that lead to it */
	bool is_list;
	unsigned int items;
};

struct ucl {
	struct slice rest;
	struct arena *mem;
	ucl_visit *visit;
	void *arg;
	struct ucl_value value;
	unsigned int line;
	unsigned int values;
	struct ucl_level levels[UCL_MAX_DEPTH];
	size_t level;
};

static void
skip(struct ucl *ucl, size_t count)
{
	for (size_t i = 0; i < count && i < ucl->rest.len; i++)
		ucl->line += ucl->rest.data[i] == '\n';
	ucl->rest = slice_from(ucl->rest, count);
}

static bool
is_blank(char c)
{
	return char_is_wsp(c) || c == '\r' || c == '\n';
}

/* A comment that may hold others. */
static size_t
comment_length(struct slice s)
{
	size_t depth = 0, i = 0;

	while (i + 1 < s.len) {
		if (s.data[i] == '/' && s.data[i + 1] == '*') {
			depth++;
			i += 2;
		} else if (s.data[i] == '*' && s.data[i + 1] == '/') {
			i += 2;
			if (--depth == 0)
				return i;
		} else {
			i++;
		}
	}
	return s.len;
}

static void
skip_blanks(struct ucl *ucl)
{
	while (ucl->rest.len > 0) {
		char c = ucl->rest.data[0];

		if (is_blank(c))
			skip(ucl, 1);
		else if (c == '#')
			skip(ucl, slice_find(ucl->rest, '\n'));
		else if (slice_starts(ucl->rest, SLICE("/*")))
			skip(ucl, comment_length(ucl->rest));
		else
			return;
	}
}

static int
ucl_fault(const struct ucl *ucl, const char *text, struct err *err)
{
	return err_set(err, ERR_DATA, "line %u: %s", ucl->line, text);
}

/* In double quotes a backslash stands before the next octet. */
static int
take_string(struct ucl *ucl, struct slice *ret_text, struct err *err)
{
	char quote = ucl->rest.data[0];
	struct strbuf buf;
	size_t i = 1;

	strbuf_init(&buf, ucl->mem);
	strbuf_add_cstr(&buf, "");
	for (; i < ucl->rest.len && ucl->rest.data[i] != quote; i++) {
		if (ucl->rest.data[i] == '\\' && i + 1 < ucl->rest.len)
			i++;
		strbuf_add_char(&buf, ucl->rest.data[i]);
	}
	if (i >= ucl->rest.len)
		return ucl_fault(ucl, "a string is not closed", err);
	skip(ucl, i + 1);
	*ret_text = strbuf_slice(&buf);
	return 0;
}

/* "<<END": lines up to one that is END. */
static int
take_lines(struct ucl *ucl, struct slice *ret_text, struct err *err)
{
	struct slice whole = ucl->rest;
	size_t end = slice_find(whole, '\n');
	struct slice mark = slice_trim(slice_sub(whole, 2, end - 2));
	size_t start = end + 1, at = start;

	while (at < whole.len) {
		struct slice line = slice_from(whole, at);

		line = slice_sub(line, 0, slice_find(line, '\n'));
		if (slice_eq(slice_trim(line), mark)) {
			*ret_text = slice_sub(whole, start, at - start);
			skip(ucl, at + line.len);
			return 0;
		}
		at += line.len + 1;
	}
	return ucl_fault(ucl, "a text is not closed", err);
}

/* A word, or a value without quotes, which may hold blanks. */
static int
take_text(struct ucl *ucl, bool is_key, struct slice *ret_text, struct err *err)
{
	static const char ends_key[] = " \t\r\n=:{}[];,#\"";
	static const char ends_value[] = "\r\n{}[];,#";
	const char *ends = is_key ? ends_key : ends_value;
	size_t len = 0;

	if (ucl->rest.data[0] == '"' || ucl->rest.data[0] == '\'')
		return take_string(ucl, ret_text, err);
	if (!is_key && slice_starts(ucl->rest, SLICE("<<")) &&
	    ucl->rest.len > 2 && char_is_alpha(ucl->rest.data[2]))
		return take_lines(ucl, ret_text, err);
	while (len < ucl->rest.len && ucl->rest.data[len] != '\0' &&
	    strchr(ends, ucl->rest.data[len]) == NULL)
		len++;
	*ret_text = slice_trim(slice_sub(ucl->rest, 0, len));
	if (len == 0)
		return ucl_fault(ucl, is_key ? "no key" : "no value", err);
	skip(ucl, len);
	return 0;
}

static int
tell(struct ucl *ucl, struct slice text, unsigned int line, struct err *err)
{
	if (ucl->values++ == MAX_VALUES)
		return err_set(err, ERR_LIMIT, "line %u: more than %d values",
		    line, MAX_VALUES);
	ucl->value.text = text;
	ucl->value.line = line;
	ucl->visit(ucl->arg, &ucl->value);
	return 0;
}

static int
push_key(struct ucl *ucl, struct slice key, struct err *err)
{
	if (ucl->value.depth == UCL_MAX_DEPTH)
		return err_set(
		    err, ERR_LIMIT, "line %u: nested too deep", ucl->line);
	ucl->value.keys[ucl->value.depth++] = key;
	return 0;
}

static int
open_level(struct ucl *ucl, bool is_list, struct err *err)
{
	if (ucl->level + 1 == UCL_MAX_DEPTH)
		return err_set(
		    err, ERR_LIMIT, "line %u: nested too deep", ucl->line);
	ucl->levels[++ucl->level] =
	    (struct ucl_level){ ucl->value.depth, is_list, 0 };
	skip(ucl, 1);
	return 0;
}

static int
close_level(struct ucl *ucl, struct err *err)
{
	struct ucl_level *level = &ucl->levels[ucl->level];

	if (ucl->level == 0 || (ucl->rest.data[0] == ']') != level->is_list)
		return ucl_fault(ucl, "closed what is not open", err);
	ucl->level--;
	ucl->value.depth = ucl->levels[ucl->level].depth;
	skip(ucl, 1);
	return 0;
}

/* A value behind its key: a block, a list, or text. */
static int
take_value(struct ucl *ucl, struct err *err)
{
	unsigned int line = ucl->line;
	struct slice text;

	if (ucl->rest.len == 0)
		return ucl_fault(ucl, "no value", err);
	if (ucl->rest.data[0] == '{' || ucl->rest.data[0] == '[')
		return open_level(ucl, ucl->rest.data[0] == '[', err);
	if (take_text(ucl, false, &text, err) != 0 ||
	    tell(ucl, text, line, err) != 0)
		return -1;
	ucl->value.depth = ucl->levels[ucl->level].depth;
	return 0;
}

/* "key = value", "key: value", "key value", "key { ... }", "key name { ... }". */
static int
take_entry(struct ucl *ucl, struct err *err)
{
	struct slice key, line;

	if (take_text(ucl, true, &key, err) != 0 ||
	    push_key(ucl, key, err) != 0)
		return -1;
	skip_blanks(ucl);
	if (ucl->rest.len > 0 &&
	    (ucl->rest.data[0] == '=' || ucl->rest.data[0] == ':')) {
		skip(ucl, 1);
		skip_blanks(ucl);
		return take_value(ucl, err);
	}
	if (ucl->rest.len > 0 &&
	    (ucl->rest.data[0] == '{' || ucl->rest.data[0] == '['))
		return take_value(ucl, err);
	/* Another key, or a value without a sign in between. */
	line = slice_sub(ucl->rest, 0, slice_find(ucl->rest, '\n'));
	if (slice_has(line, '{'))
		return take_entry(ucl, err);
	return take_value(ucl, err);
}

/* ".include "file"": a line, not part of the values. */
static int
take_directive(struct ucl *ucl, struct err *err)
{
	size_t depth = ucl->value.depth;
	unsigned int line = ucl->line;
	struct slice text =
	    slice_trim(slice_sub(ucl->rest, 0, slice_find(ucl->rest, '\n')));
	int status;

	skip(ucl, slice_find(ucl->rest, '\n'));
	ucl->value.depth = 0;
	status = tell(ucl, text, line, err);
	ucl->value.depth = depth;
	return status;
}

static int
take_item(struct ucl *ucl, struct err *err)
{
	struct ucl_level *level = &ucl->levels[ucl->level];
	struct slice number = slice_format(ucl->mem, "%u", level->items++);

	return push_key(ucl, number, err) != 0 ? -1 : take_value(ucl, err);
}

int
ucl_read(struct slice text, struct arena *mem, ucl_visit *visit, void *arg,
    struct err *err)
{
	struct ucl ucl = {
		.rest = text, .mem = mem, .visit = visit, .arg = arg, .line = 1
	};

	for (;;) {
		int status;
		char c;

		skip_blanks(&ucl);
		if (ucl.rest.len == 0)
			break;
		c = ucl.rest.data[0];
		if (c == ';' || c == ',') {
			skip(&ucl, 1);
			continue;
		}
		if (c == '}' || c == ']')
			status = close_level(&ucl, err);
		else if (ucl.levels[ucl.level].is_list)
			status = take_item(&ucl, err);
		else if (c == '.')
			status = take_directive(&ucl, err);
		else
			status = take_entry(&ucl, err);
		if (status != 0)
			return -1;
	}
	return ucl.level == 0 ? 0 :
				ucl_fault(&ucl, "a block is not closed", err);
}
