/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of parameters of databases. The first octet chooses the dialect of SQL,
 * the first line is a key, the second one a value that is found, and the rest is
 * the file. Oracle: no key changes what a query is made of, and what is left out
 * of an answer is not in it.
 */
#include <string.h>

#include "../../milter/table/sql_priv.h"
#include "fuzz.h"
#include "table/backend.h"

struct fuzzed {
	struct database database; /* first */
	struct slice text, secret;
	unsigned int number;
	bool flag;
	struct sql_parameters parameters;
};

static const struct database_parameter parameters[] = {
	{ "text", DATABASE_TEXT, offsetof(struct fuzzed, text), "x", 1, 0 },
	{ "secret", DATABASE_SECRET, offsetof(struct fuzzed, secret), NULL, 0,
	    0 },
	{ "number", DATABASE_NUMBER, offsetof(struct fuzzed, number), "7", 1,
	    99 },
	{ "flag", DATABASE_BOOL, offsetof(struct fuzzed, flag), "no", 0, 0 },
	{ "unused", DATABASE_UNUSED, 0, NULL, 0, 0 },
	SQL_PARAMETERS(struct fuzzed, parameters),
};
static const struct database_type type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

static struct slice
next_line(struct slice *rest)
{
	struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));

	*rest = slice_from(*rest, line.len + 1);
	return line;
}

/* As the libraries do it: backslashes mean something to MySQL only. */
static int
quote(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	const enum sql_dialect *dialect = arg;

	(void)err;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.data[i];

		if (*dialect == SQL_MYSQL &&
		    (c == '\'' || c == '"' || c == '\\'))
			strbuf_add_char(query, '\\');
		else if (c == '\'')
			strbuf_add_char(query, c);
		strbuf_add_char(query, c);
	}
	return 0;
}

/* The query with a key in it, in tokens. False: the key cannot be asked for. */
static bool
make_query(const struct sql_query *query, struct slice whole, struct arena *mem,
    struct sql_tokens *ret_tokens)
{
	enum sql_dialect dialect = query->dialect;
	const struct database_quote how = { quote, &dialect };
	struct slice *values =
	    arena_array(mem, query->value_count + 1, sizeof(*values));
	struct database_key key;
	struct strbuf text;
	struct err err;

	database_key_init(whole, &key);
	strbuf_init(&text, mem);
	if (sql_values(query, &key, mem, values, &err) != 0) {
		ENSURE(err.kind == ERR_DATA);
		return false;
	}
	ENSURE(sql_quoted_text(query, &key, &how, &text, &err) == 0);
	ENSURE(sql_tokens_read(
	    strbuf_slice(&text), query->dialect, mem, ret_tokens));
	return true;
}

/* A key becomes part of strings, and of nothing else. */
static void
check_query(const struct sql_query *query, struct slice key, struct arena *mem)
{
	struct sql_tokens got, plain, written;

	if (!sql_tokens_read(query->text, query->dialect, mem, &written) ||
	    !make_query(query, key, mem, &got) ||
	    !make_query(query, SLICE("a@a.a.a.a.a.a.a.a.a"), mem, &plain))
		return;
	ENSURE(got.count == plain.count);
	for (size_t i = 0; i < got.count; i++) {
		ENSURE(got.items[i].kind == plain.items[i].kind);
		ENSURE(got.items[i].kind == TOKEN_STRING ||
		    slice_eq(
			sql_token_text(&got, i), sql_token_text(&plain, i)));
	}
}

static void
check_result(const struct database *database, struct slice key,
    struct slice value, struct arena *mem)
{
	struct database_result result;
	struct slice joined = { NULL, 0 };
	struct err err = { .kind = ERR_NONE };

	database_result_init(&result, database, key, mem);
	for (unsigned int i = 0; i < 3; i++) {
		if (database_result_add(&result, value, &err) != 0) {
			ENSURE(err.kind == ERR_LIMIT);
			return;
		}
	}
	ENSURE(database->expansion_limit == 0 || result.count <= 3);
	if (database_result_end(&result, &joined) == SERVER_ABSENT)
		ENSURE(joined.data == NULL);
	else
		ENSURE(result.count == 3 && joined.len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, key, value;
	struct arena mem;
	struct err err = { .kind = ERR_NONE };
	struct table_opening opening = { .name = SLICE("/f"), .mem = &mem };
	const struct table_context context = { .mem = &mem, .err = &err };
	struct database_key parts;
	struct sql_query query;
	struct fuzzed *fuzzed;
	enum sql_dialect dialect;

	if (size == 0 || size > 16384)
		return 0;
	dialect = data[0] == 'm' ? SQL_MYSQL :
	    data[0] == 's'	 ? SQL_SQLITE :
				   SQL_POSTGRESQL;
	rest = slice_from(rest, 1);
	key = next_line(&rest);
	value = next_line(&rest);
	/* Files of this machine are not read. */
	if (slice_has_text_nocase(rest, SLICE("domain")) &&
	    (slice_has(rest, '/') || slice_has(rest, ':')))
		return 0;
	arena_init(&mem);
	fuzzed = arena_alloc(&mem, sizeof(*fuzzed));
	if (rest.data == NULL)
		rest = SLICE("");
	opening.text = &rest;
	if (database_open(&opening, &type, &fuzzed->database, &err) == 0 &&
	    sql_open(&opening, &fuzzed->database, &fuzzed->parameters, dialect,
		&query, &err) == 0) {
		ENSURE(fuzzed->number >= 1 && fuzzed->number <= 99);
		database_key_init(key, &parts);
		if (slice_is_utf8(key) && !slice_has_control(key) &&
		    database_admits(&fuzzed->database, &parts, &context) ==
			TABLE_FOUND) {
			check_query(&query, key, &mem);
			check_result(&fuzzed->database, key, value, &mem);
		}
	} else {
		ENSURE(err.kind == ERR_CONFIG);
	}
	database_close(fuzzed);
	arena_done(&mem);
	return 0;
}
