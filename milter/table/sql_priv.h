/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_SQL_PRIV_H
#define SUBMILTER_TABLE_SQL_PRIV_H

#include "table/sql.h"

enum sql_token_kind { TOKEN_WORD, TOKEN_NAME, TOKEN_STRING, TOKEN_SIGN };

struct sql_token {
	enum sql_token_kind kind;
	size_t begin, end; /* in the query, quotes included */
	bool has_key;	   /* a string with parts of the key */
	bool has_prefix;   /* a string with letters right before it: E'..' */
	enum sql_use use;
	char escape;
	bool wants_escape; /* " ESCAPE '\'" has to follow */
};

enum { SQL_MAX_TOKENS = 4096 };

struct sql_tokens {
	struct slice text;
	enum sql_dialect dialect;
	struct sql_token *items;
	size_t count;
};

/* How many parts of the key a template has. */
size_t sql_key_parts(struct slice template);

/*
 * Cuts a query into tokens; comments and blanks are none. False: only the server
 * knows how to read it.
 */
bool sql_tokens_read(struct slice text, enum sql_dialect dialect,
    struct arena *mem, struct sql_tokens *ret_tokens);
/*
 * Of a query that is not read: whether all parts of the key stand between quotes,
 * as far as quotes alone tell. Where they do not, it is not to be used.
 */
bool sql_keys_look_quoted(struct slice text, enum sql_dialect dialect);
struct slice sql_token_text(const struct sql_tokens *tokens, size_t index);
/* Whether it is this word, without regard to case. */
bool sql_token_is(
    const struct sql_tokens *tokens, size_t index, const char *word);

/* Marks strings that are used as patterns. */
void sql_mark_patterns(struct sql_tokens *tokens);
/* Whether what is selected is what is compared with the key. */
bool sql_echoes_key(const struct sql_tokens *tokens);

#endif
