/* SPDX-License-Identifier: BSD-2-Clause */
/* Queries in SQL that are made of keys. */
#include "sql_priv.h"

#include <string.h>

#include "table_priv.h"

/* The query that older files have in parts. */
static int
make_text(const struct sql_parameters *parameters, struct arena *mem,
    struct slice *ret_text, struct err *err)
{
	if (database_is_set(parameters->query)) {
		*ret_text = parameters->query;
		return 0;
	}
	if (database_is_set(parameters->select_function)) {
		*ret_text = slice_format(mem, "SELECT %.*s('%%s')",
		    SLICE_ARGS(parameters->select_function));
		return 0;
	}
	if (!database_is_set(parameters->table) ||
	    !database_is_set(parameters->select_field) ||
	    !database_is_set(parameters->where_field))
		return err_set(err, ERR_CONFIG,
		    "the parameter query is missing, or table, select_field "
		    "and where_field are");
	*ret_text = slice_format(mem,
	    "SELECT %.*s FROM %.*s WHERE %.*s='%%s' %.*s",
	    SLICE_ARGS(parameters->select_field), SLICE_ARGS(parameters->table),
	    SLICE_ARGS(parameters->where_field),
	    SLICE_ARGS(parameters->additional_conditions));
	return 0;
}

static void
add_piece(struct sql_query *query, struct sql_piece piece)
{
	query->pieces[query->count++] = piece;
	query->value_count += piece.use != SQL_TEXT;
}

/* A string as SQL means it: doubled quotes are single ones. */
static struct slice
without_doubled(struct slice text, char quote, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		strbuf_add_char(&buf, text.data[i]);
		i += text.data[i] == quote;
	}
	return strbuf_slice(&buf);
}

/* Cuts the query at the strings that have parts of the key. */
static void
cut_at_values(
    struct sql_query *query, const struct sql_tokens *tokens, struct arena *mem)
{
	struct slice text = query->text;
	size_t done = 0;

	query->pieces =
	    arena_array(mem, 3 * tokens->count + 1, sizeof(*query->pieces));
	query->can_bind = true;
	for (size_t i = 0; i < tokens->count; i++) {
		const struct sql_token *token = &tokens->items[i];
		struct sql_piece piece = { .use = token->use,
			.quote = text.data[token->begin],
			.escape = token->escape };

		if (token->has_key) {
			add_piece(query,
			    (struct sql_piece){ .text = slice_sub(text, done,
						    token->begin - done) });
			piece.text = slice_sub(text, token->begin + 1,
			    token->end - token->begin - 2);
			piece.value =
			    without_doubled(piece.text, piece.quote, mem);
			query->can_bind = query->can_bind &&
			    !token->has_prefix && !slice_has(piece.text, '\\');
			add_piece(query, piece);
			done = token->end;
		}
		if (token->wants_escape) {
			add_piece(query,
			    (struct sql_piece){
				.text = slice_format(mem, "%.*s ESCAPE '\\'",
				    SLICE_ARGS(slice_sub(
					text, done, token->end - done))) });
			done = token->end;
		}
	}
	add_piece(query, (struct sql_piece){ .text = slice_from(text, done) });
}

static int
outside_fault(struct err *err)
{
	return err_set(err, ERR_CONFIG,
	    "query: a part of the key stands outside of single quotes, so that "
	    "a sender could change the query: write '%%s'");
}

/* Whether all parts of the key stand where they cannot change the query. */
static int
check_values(const struct sql_tokens *tokens, struct err *err)
{
	size_t in_strings = 0;

	for (size_t i = 0; i < tokens->count; i++) {
		if (!tokens->items[i].has_key)
			continue;
		in_strings += sql_key_parts(sql_token_text(tokens, i));
		if (tokens->items[i].has_prefix && tokens->dialect != SQL_MYSQL)
			return err_set(err, ERR_CONFIG,
			    "query: a part of the key stands in a string with "
			    "a prefix: write '%%s', not E'%%s'");
	}
	if (in_strings != sql_key_parts(tokens->text))
		return outside_fault(err);
	return 0;
}

static void
warn_patterns(
    const struct table_opening *opening, const struct sql_query *query)
{
	const char *name = escape(opening->mem, opening->name, 200);

	for (size_t i = 0; i < query->count; i++) {
		if (query->pieces[i].use == SQL_REGEXP) {
			report_warning(opening->report,
			    "%s: the query takes the key for a pattern: keys "
			    "with characters that are special there, such as "
			    "\"+\", cannot be answered",
			    name);
			return;
		}
		if (query->pieces[i].use == SQL_PATTERN &&
		    query->pieces[i].escape == '\0') {
			report_warning(opening->report,
			    "%s: the key stands behind LIKE without an escape "
			    "character: keys with \"_\" or a percent sign "
			    "cannot be answered",
			    name);
			return;
		}
	}
}

int
sql_open(const struct table_opening *opening, struct database *database,
    const struct sql_parameters *parameters, enum sql_dialect dialect,
    struct sql_query *ret_query, struct err *err)
{
	struct sql_query query = { .dialect = dialect };
	struct arena *mem = opening->mem;
	struct sql_tokens tokens;
	bool has_key;

	if (make_text(parameters, mem, &query.text, err) != 0 ||
	    database_add_template(
		database, "query", query.text, &has_key, err) != 0)
		return -1;
	if (!has_key)
		report_warning(opening->report,
		    "%s: the query has no part of the key, like '%%s': it "
		    "finds the same for all keys",
		    escape(mem, opening->name, 200));
	if (!sql_tokens_read(query.text, dialect, mem, &tokens)) {
		if (!sql_keys_look_quoted(query.text, dialect))
			return outside_fault(err);
		report_warning(opening->report,
		    "%s: the query has something that only the server can "
		    "read: whether it uses keys as patterns is not known",
		    escape(mem, opening->name, 200));
		query.pieces = arena_alloc(mem, sizeof(*query.pieces));
		add_piece(&query, (struct sql_piece){ .text = query.text });
		*ret_query = query;
		return 0;
	}
	if (check_values(&tokens, err) != 0)
		return -1;
	for (size_t i = 0; i < tokens.count; i++)
		tokens.items[i].use = SQL_VALUE;
	sql_mark_patterns(&tokens);
	cut_at_values(&query, &tokens, mem);
	query.echoes_key = sql_echoes_key(&tokens);
	warn_patterns(opening, &query);
	*ret_query = query;
	return 0;
}

struct slice
sql_bound_text(const struct sql_query *query, struct arena *mem)
{
	struct strbuf text;
	size_t number = 0;
	struct err err;

	strbuf_init(&text, mem);
	for (size_t i = 0; i < query->count; i++) {
		/* Outside of values there are no parts of a key. */
		if (query->pieces[i].use == SQL_TEXT)
			ENSURE(database_expand(query->pieces[i].text,
				   &(struct database_key){ .whole = SLICE("") },
				   NULL, &text, &err) == 0);
		else
			strbuf_addf(&text, "%c%zu",
			    query->dialect == SQL_POSTGRESQL ? '$' : '?',
			    ++number);
	}
	return strbuf_slice(&text);
}

/* A part of a key on its way into a value. */
struct passing {
	const struct sql_piece *piece;
	const struct database_quote *quote;
};

/* Makes a part of a key one that matches itself only, and quotes it. */
static int
add_part(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	const struct passing *passing = arg;
	char escape_with = passing->piece->escape;
	bool is_pattern = passing->piece->use == SQL_PATTERN;
	const char *special =
	    passing->piece->use == SQL_REGEXP ? "\\^$*+?()[]{}|" : "%_";
	CLEANUP(arena_done) struct arena mem;
	struct strbuf safe;

	arena_init(&mem);
	strbuf_init(&safe, &mem);
	for (size_t i = 0; i < part.len; i++) {
		char c = part.data[i];
		bool is_special = c != '\0' && strchr(special, c) != NULL;

		if (passing->piece->use == SQL_REGEXP && is_special)
			return err_set(err, ERR_DATA,
			    "the query would take \"%c\" of the key for part "
			    "of a pattern",
			    c);
		if (is_pattern && is_special && escape_with == '\0')
			return err_set(err, ERR_DATA,
			    "the query would take \"%c\" of the key for a "
			    "wildcard of LIKE",
			    c);
		if (is_pattern && escape_with != '\0' &&
		    (is_special || c == escape_with))
			strbuf_add_char(&safe, escape_with);
		strbuf_add_char(&safe, c);
	}
	if (passing->quote != NULL)
		return passing->quote->add(
		    passing->quote->arg, strbuf_slice(&safe), query, err);
	strbuf_add(query, strbuf_slice(&safe));
	return 0;
}

int
sql_values(const struct sql_query *query, const struct database_key *key,
    struct arena *mem, struct slice *ret_values, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < query->count; i++) {
		struct passing passing = { &query->pieces[i], NULL };
		const struct database_quote quote = { add_part, &passing };
		struct strbuf value;

		if (query->pieces[i].use == SQL_TEXT)
			continue;
		strbuf_init(&value, mem);
		if (database_expand(
			query->pieces[i].value, key, &quote, &value, err) != 0)
			return -1;
		ret_values[count++] = strbuf_slice(&value);
	}
	return 0;
}

/* A string of the query, quoted as a whole, where its text is plain. */
static int
add_quoted(const struct sql_piece *piece, const struct database_key *key,
    const struct database_quote *quote, struct strbuf *text, struct err *err)
{
	bool is_plain = !slice_has(piece->text, '\\');
	struct passing passing = { piece, is_plain ? NULL : quote };
	const struct database_quote safe = { add_part, &passing };
	CLEANUP(arena_done) struct arena mem;
	struct strbuf value;

	arena_init(&mem);
	strbuf_init(&value, &mem);
	if (database_expand(is_plain ? piece->value : piece->text, key, &safe,
		&value, err) != 0)
		return -1;
	strbuf_add_char(text, is_plain ? '\'' : piece->quote);
	if (!is_plain)
		strbuf_add(text, strbuf_slice(&value));
	else if (quote->add(quote->arg, strbuf_slice(&value), text, err) != 0)
		return -1;
	strbuf_add_char(text, is_plain ? '\'' : piece->quote);
	return 0;
}

int
sql_quoted_text(const struct sql_query *query, const struct database_key *key,
    const struct database_quote *quote, struct strbuf *text, struct err *err)
{
	for (size_t i = 0; i < query->count; i++) {
		const struct sql_piece *piece = &query->pieces[i];

		/* Parts of the key stand here only if the query is not read. */
		if ((piece->use == SQL_TEXT ?
			    database_expand(
				piece->text, key, quote, text, err) :
			    add_quoted(piece, key, quote, text, err)) != 0)
			return -1;
	}
	return 0;
}

int
sql_check_value(const struct sql_query *query, const struct database_key *key,
    struct slice value, struct arena *mem, struct err *err)
{
	if (!query->echoes_key || value.len == 0 || !slice_is_utf8(value))
		return 0;
	if (slice_eq(table_fold(mem, slice_trim(value)),
		table_fold(mem, slice_trim(key->whole))))
		return 0;
	return err_set(err, ERR_DATA,
	    "the server gives the row of %s for %s: its collation takes "
	    "different letters for the same",
	    escape(mem, value, 100), escape(mem, key->whole, 100));
}
