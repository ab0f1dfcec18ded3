/* SPDX-License-Identifier: BSD-2-Clause */
/* What the strings in a query in SQL are used for. */
#include "sql_priv.h"

size_t sql_key_parts(struct slice template)
{
	size_t count = 0;

	for (size_t i = 0; i + 1 < template.len; i++) {
		if (template.data[i] != '%')
			continue;
		count += template.data[++i] != '%';
	}
	return count;
}

static bool
is_word(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || char_is_8bit(c) ||
	    c == '_';
}

/* The offset behind the quote that closes the one at begin; 0: there is none. */
static size_t
quoted_end(struct slice text, size_t begin, bool has_escapes)
{
	char quote = text.data[begin];

	for (size_t i = begin + 1; i < text.len; i++) {
		if (text.data[i] == '\\' && has_escapes) {
			i++;
			continue;
		}
		if (text.data[i] != quote)
			continue;
		if (i + 1 == text.len || text.data[i + 1] != quote)
			return i + 1;
		i++;
	}
	return 0;
}

/*
 * The offset behind a comment that begins there; begin: there is none; more
 * than the text has: it is one that the server may read.
 */
static size_t
comment_end(struct slice text, size_t begin, enum sql_dialect dialect)
{
	struct slice rest = slice_from(text, begin);

	if (slice_starts(rest, SLICE("--")))
		return text.len;
	if (text.data[begin] == '#' && dialect == SQL_MYSQL)
		return text.len;
	if (!slice_starts(rest, SLICE("/*")))
		return begin;
	if (rest.len > 2 && (rest.data[2] == '!' || rest.data[2] == 'M'))
		return SIZE_MAX;
	for (size_t i = begin + 2; i + 1 < text.len; i++) {
		if (text.data[i] == '/' && text.data[i + 1] == '*')
			return SIZE_MAX;
		if (text.data[i] == '*' && text.data[i + 1] == '/')
			return i + 2;
	}
	return SIZE_MAX;
}

/*
 * The offset behind a string between dollars of PostgreSQL, $$..$$ or $a$..$a$; 0:
 * there is none that ends. A dollar within a name is part of that.
 */
static size_t
dollars_end(struct slice text, size_t begin)
{
	size_t tag = begin + 1;
	struct slice mark;

	while (tag < text.len && is_word(text.data[tag]))
		tag++;
	if (tag == text.len || text.data[tag] != '$' ||
	    char_is_digit(text.data[begin + 1]) ||
	    (begin > 0 && is_word(text.data[begin - 1])))
		return 0;
	mark = slice_sub(text, begin, tag + 1 - begin);
	for (size_t i = tag + 1; i + mark.len <= text.len; i++) {
		if (slice_eq(slice_sub(text, i, mark.len), mark))
			return i + mark.len;
	}
	return 0;
}

bool
sql_keys_look_quoted(struct slice text, enum sql_dialect dialect)
{
	char quote = '\0';

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '%' && i + 1 < text.len) {
			if (text.data[++i] != '%' && quote == '\0')
				return false;
		} else if (quote == '\0' &&
		    (c == '\'' || (c == '"' && dialect == SQL_MYSQL))) {
			/* E'..' has other escapes. */
			if (dialect != SQL_MYSQL && i > 0 &&
			    is_word(text.data[i - 1]))
				return false;
			quote = c;
		} else if (c == quote) {
			quote = '\0';
		}
	}
	return true;
}

/* Reads the token that begins at begin. False: it has no end. */
static bool
read_token(struct sql_tokens *tokens, size_t begin, struct sql_token *token)
{
	struct slice text = tokens->text;
	char c = text.data[begin];
	bool is_mysql = tokens->dialect == SQL_MYSQL;
	size_t end = begin + 1;

	*token = (struct sql_token){ .kind = TOKEN_SIGN, .begin = begin };
	if (c == '\'' || c == '"' || c == '`') {
		token->kind = c == '\'' || (c == '"' && is_mysql) ?
		    TOKEN_STRING :
		    TOKEN_NAME;
		token->has_prefix = begin > 0 && is_word(text.data[begin - 1]);
		end = quoted_end(text, begin,
		    token->kind == TOKEN_STRING &&
			(is_mysql || token->has_prefix));
	} else if (c == '$' && tokens->dialect == SQL_POSTGRESQL) {
		end = dollars_end(text, begin);
	} else if (is_word(c)) {
		token->kind = TOKEN_WORD;
		while (end < text.len && is_word(text.data[end]))
			end++;
	}
	token->end = end;
	token->has_key = token->kind == TOKEN_STRING && end != 0 &&
	    sql_key_parts(slice_sub(text, begin, end - begin)) > 0;
	return end != 0;
}

bool
sql_tokens_read(struct slice text, enum sql_dialect dialect, struct arena *mem,
    struct sql_tokens *ret_tokens)
{
	struct sql_token *items = NULL;
	size_t room = 0, at = 0;

	*ret_tokens = (struct sql_tokens){ .text = text, .dialect = dialect };
	while (at < text.len) {
		size_t behind = comment_end(text, at, dialect);

		/* Escapes outside of strings mean something to nobody else. */
		if (behind > text.len || text.data[at] == '\\' ||
		    ret_tokens->count == SQL_MAX_TOKENS)
			return false;
		if (behind != at || char_is_wsp(text.data[at])) {
			at = behind != at ? behind : at + 1;
			continue;
		}
		arena_reserve_one(mem, (void **)&items, &room,
		    ret_tokens->count, sizeof(*items));
		ret_tokens->items = items;
		if (!read_token(ret_tokens, at, &items[ret_tokens->count]))
			return false;
		at = items[ret_tokens->count++].end;
	}
	return true;
}

struct slice
sql_token_text(const struct sql_tokens *tokens, size_t index)
{
	const struct sql_token *token;

	if (index >= tokens->count)
		return SLICE("");
	token = &tokens->items[index];
	return slice_sub(tokens->text, token->begin, token->end - token->begin);
}

bool
sql_token_is(const struct sql_tokens *tokens, size_t index, const char *word)
{
	return index < tokens->count &&
	    tokens->items[index].kind != TOKEN_STRING &&
	    slice_eq_nocase(sql_token_text(tokens, index), slice_of(word));
}

static bool
is_one_of(
    const struct sql_tokens *tokens, size_t index, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (sql_token_is(tokens, index, *words))
			return true;
	}
	return false;
}

/* How the token uses what stands behind it. */
static enum sql_use
use_behind(const struct sql_tokens *tokens, size_t index)
{
	static const char *const like[] = { "LIKE", "ILIKE", NULL };
	static const char *const others[] = { "REGEXP", "RLIKE", "SIMILAR",
		"GLOB", "MATCH", "AGAINST", "to_tsquery", "~", "regexp_like",
		"regexp_match", NULL };

	return is_one_of(tokens, index, like) ? SQL_PATTERN :
	    is_one_of(tokens, index, others)  ? SQL_REGEXP :
						SQL_VALUE;
}

/* The index behind the expression that begins there. */
static size_t
expression_end(const struct sql_tokens *tokens, size_t index)
{
	static const char *const ends[] = { ",", ";", "AND", "OR", "XOR",
		"UNION", "ORDER", "GROUP", "HAVING", "LIMIT", "THEN", "ELSE",
		"END", "WHEN", "FROM", "WHERE", "ESCAPE", "EXCEPT", "INTERSECT",
		"AS", NULL };
	size_t depth = 0;

	for (; index < tokens->count; index++) {
		if (sql_token_is(tokens, index, "("))
			depth++;
		else if (sql_token_is(tokens, index, ")") && depth-- == 0)
			break;
		else if (depth == 0 && is_one_of(tokens, index, ends))
			break;
	}
	return index;
}

/* Which character takes the meaning from a wildcard of this pattern. */
static char
escape_behind(struct sql_tokens *tokens, size_t end)
{
	struct slice named = sql_token_text(tokens, end + 1);

	if (sql_token_is(tokens, end, "ESCAPE"))
		return named.len == 3 && named.data[0] == '\'' &&
			named.data[1] != '%' && named.data[1] != '_' ?
		    named.data[1] :
		    '\0';
	if (tokens->dialect == SQL_SQLITE)
		tokens->items[end - 1].wants_escape = true;
	return '\\';
}

void
sql_mark_patterns(struct sql_tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++) {
		enum sql_use use = use_behind(tokens, i);
		bool has_key = false;
		char escape = '\0';
		size_t end;

		if (use == SQL_VALUE)
			continue;
		end = expression_end(tokens, i + 1);
		for (size_t j = i + 1; j < end; j++)
			has_key = has_key || tokens->items[j].has_key;
		if (!has_key)
			continue;
		if (use == SQL_PATTERN)
			escape = escape_behind(tokens, end);
		for (size_t j = i + 1; j < end; j++) {
			tokens->items[j].use = use;
			tokens->items[j].escape = escape;
		}
	}
}

/* A name of a column at *index, which is moved behind it: its last part. */
static struct slice
take_column(const struct sql_tokens *tokens, size_t *index)
{
	struct slice name = SLICE("");

	while (*index < tokens->count &&
	    (tokens->items[*index].kind == TOKEN_WORD ||
		tokens->items[*index].kind == TOKEN_NAME)) {
		bool is_quoted = tokens->items[*index].kind == TOKEN_NAME;

		name = sql_token_text(tokens, (*index)++);
		if (is_quoted)
			name = slice_sub(name, 1, name.len - 2);
		if (!sql_token_is(tokens, *index, "."))
			return name;
		(*index)++;
	}
	return SLICE("");
}

bool
sql_echoes_key(const struct sql_tokens *tokens)
{
	static const char *const others[] = { "OR", "UNION", "JOIN", "NOT",
		"CASE", "IN", "XOR", "EXCEPT", "INTERSECT", "|", ",", "AS",
		"SELECT", NULL };
	size_t index = 1;
	struct slice column;
	bool found = false;

	if (!sql_token_is(tokens, 0, "SELECT"))
		return false;
	if (sql_token_is(tokens, index, "DISTINCT"))
		index++;
	column = take_column(tokens, &index);
	if (column.len == 0 || !sql_token_is(tokens, index, "FROM"))
		return false;
	for (; index < tokens->count; index++) {
		size_t behind = index;
		struct slice compared = take_column(tokens, &behind);

		if (is_one_of(tokens, index, others))
			return false;
		if (compared.len == 0)
			continue;
		if (slice_eq_nocase(compared, column) &&
		    sql_token_is(tokens, behind, "=") &&
		    slice_eq(sql_token_text(tokens, behind + 1), SLICE("'%s'")))
			found = true;
		index = behind - 1;
	}
	return found;
}
