/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_LEXER_PRIV_H
#define SUBMILTER_CONF_LEXER_PRIV_H

#include "base/str.h"

enum token_kind {
	TOKEN_WORD,   /* unquoted */
	TOKEN_STRING, /* quoted; text has its escapes resolved */
	TOKEN_EQUALS,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_SEMICOLON,
	TOKEN_BAD, /* text says what is wrong with it */
	TOKEN_END,
};

struct token {
	enum token_kind kind;
	unsigned int line; /* the first line is 1 */
	struct slice text;
};

/*
 * Cuts a configuration text into tokens, the last of which is TOKEN_END.
 * Blanks, line ends and "# ..." separate tokens. A string stands between
 * double quotes on one line and knows the escapes \" and \\ only: anything else
 * that a backslash could mean has been misread by somebody before. Tokens and
 * their texts live in mem; the size of text is the caller's to bound.
 */
struct token *lex(struct arena *mem, struct slice text, size_t *ret_count);

#endif
