/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts the text of a configuration into tokens. */
#include "lexer_priv.h"

#include <string.h>

struct lexer {
	struct arena *mem;
	struct slice rest;
	unsigned int line;
	struct token *tokens;
	size_t count;
	size_t cap;
};

static void
lexer_add(struct lexer *lx, enum token_kind kind, struct slice text)
{
	void *tokens = lx->tokens;

	arena_reserve_one(
	    lx->mem, &tokens, &lx->cap, lx->count, sizeof(lx->tokens[0]));
	lx->tokens = tokens;
	lx->tokens[lx->count++] = (struct token){ kind, lx->line, text };
}

static void
lexer_bad(struct lexer *lx, struct slice fault)
{
	lexer_add(lx, TOKEN_BAD, fault);
}

/* Octets of rest up to its end of line. */
static size_t
line_length(struct slice rest)
{
	size_t len = slice_find(rest, '\n');

	if (len > 0 && len < rest.len && rest.data[len - 1] == '\r')
		len--;
	return len;
}

/* A word may hold what needs no quotes in a socket, table or field name. */
static bool
is_word_char(char c)
{
	return !char_is_control(c) && c != ' ' &&
	    strchr("{}=,;#\"'\\", c) == NULL;
}

static void
lex_string(struct lexer *lx)
{
	struct slice line = slice_sub(lx->rest, 1, line_length(lx->rest) - 1);
	struct strbuf text;
	struct slice fault = { NULL, 0 };
	size_t i = 0;

	strbuf_init(&text, lx->mem);
	strbuf_add_cstr(&text, "");
	while (i < line.len && line.data[i] != '"') {
		char c = line.data[i];

		if (c == '\\' && i + 1 < line.len &&
		    (line.data[i + 1] == '"' || line.data[i + 1] == '\\')) {
			c = line.data[++i];
		} else if (c == '\\' && fault.data == NULL) {
			fault = SLICE(
			    "a backslash in a string stands before "
			    "\" or \\ only: write \\\\ for one backslash");
		} else if (char_is_control(c) && c != '\t' &&
		    fault.data == NULL) {
			fault = SLICE("control character in a string");
		}
		strbuf_add_char(&text, c);
		i++;
	}
	if (i == line.len) {
		lexer_bad(lx,
		    SLICE("string is not closed: \" is missing on this "
			  "line"));
		lx->rest = slice_from(lx->rest, i + 1);
		return;
	}
	lx->rest = slice_from(lx->rest, i + 2);
	if (fault.data == NULL && lx->rest.len > 0 &&
	    (is_word_char(lx->rest.data[0]) || lx->rest.data[0] == '"'))
		fault = SLICE("text follows a string without a blank");
	if (fault.data == NULL && !slice_is_utf8(strbuf_slice(&text)))
		fault = SLICE("string is not UTF-8");
	if (fault.data != NULL)
		lexer_bad(lx, fault);
	else
		lexer_add(lx, TOKEN_STRING, strbuf_slice(&text));
}

static void
lex_word(struct lexer *lx)
{
	size_t len = 0;
	struct slice word, after;

	while (len < lx->rest.len && is_word_char(lx->rest.data[len]))
		len++;
	word = slice_sub(lx->rest, 0, len);
	after = slice_from(lx->rest, len);
	lx->rest = after;
	if (!slice_is_utf8(word)) {
		lexer_bad(lx, SLICE("text is not UTF-8"));
	} else if (slice_starts(word, SLICE("//")) ||
	    slice_starts(word, SLICE("/*"))) {
		lexer_bad(lx, SLICE("a comment begins with #"));
		lx->rest = slice_from(after, line_length(after));
	} else if (after.len > 0 && strchr("#\"'\\", after.data[0]) != NULL &&
	    after.data[0] != '\0') {
		/* "a#b": two readers would read two things. */
		lexer_bad(lx,
		    SLICE("a value with # \" ' or \\ in it needs quotes, and "
			  "a comment a blank before its #"));
		lx->rest = slice_from(after, line_length(after));
	} else {
		lexer_add(lx, TOKEN_WORD, word);
	}
}

struct token *
lex(struct arena *mem, struct slice text, size_t *ret_count)
{
	static const char marks[] = "={},;";
	static const enum token_kind kinds[] = { TOKEN_EQUALS, TOKEN_OPEN,
		TOKEN_CLOSE, TOKEN_COMMA, TOKEN_SEMICOLON };
	struct lexer lx = { .mem = mem, .rest = text, .line = 1 };

	/* Some editors begin a file with a byte order mark. */
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		lx.rest = slice_from(text, 3);
	while (lx.rest.len > 0) {
		char c = lx.rest.data[0];
		const char *mark = c == '\0' ? NULL : strchr(marks, c);

		if (c == '\n' || char_is_wsp(c) ||
		    (c == '\r' && lx.rest.len > 1 && lx.rest.data[1] == '\n')) {
			lx.line += c == '\n';
			lx.rest = slice_from(lx.rest, 1);
		} else if (c == '#') {
			lx.rest =
			    slice_from(lx.rest, slice_find(lx.rest, '\n'));
		} else if (c == '"') {
			lex_string(&lx);
		} else if (mark != NULL) {
			lexer_add(
			    &lx, kinds[mark - marks], slice_sub(lx.rest, 0, 1));
			lx.rest = slice_from(lx.rest, 1);
		} else if (is_word_char(c)) {
			lex_word(&lx);
		} else {
			/* No token begins so; the line goes with it. */
			lexer_bad(&lx,
			    c == '\'' ? SLICE("a string stands in double "
					      "quotes") :
				c == '\\' ?
					SLICE("a backslash may stand in quotes "
					      "only") :
					SLICE("control character"));
			lx.rest = slice_from(lx.rest, 1);
			lx.rest = slice_from(lx.rest, line_length(lx.rest));
		}
	}
	lexer_add(&lx, TOKEN_END, SLICE(""));
	*ret_count = lx.count;
	return lx.tokens;
}
