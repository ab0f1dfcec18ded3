/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type pgsql: a query in PostgreSQL, and what is read of its answer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pgsql_priv.h"
#include "table/module.h"

/* An answer while it is read. */
struct reading {
	struct pgsql_table *table;
	struct pgsql_connection *connection;
	const struct table_context *context;
	struct database_result result;
	enum server_answer answer; /* FOUND: no fault so far */
	/* After REFUSED: */
	bool is_misread;  /* the server does not understand the query */
	bool is_misnamed; /* it does not have it, or has another one */
};

static void
read_row(struct reading *reading, const PGresult *row, int index)
{
	struct err *err = reading->context->err;

	for (int i = 0; i < PQnfields(row); i++) {
		struct slice value = { PQgetvalue(row, index, i),
			(size_t)PQgetlength(row, index, i) };

		if (PQgetisnull(row, index, i))
			continue;
		if (sql_check_value(&reading->table->query,
			&reading->result.key, value, reading->context->mem,
			err) != 0 ||
		    database_result_add(&reading->result, value, err) != 0) {
			reading->answer = SERVER_REFUSED;
			return;
		}
	}
}

static void
read_fault(struct reading *reading, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL)
		state = "";
	(void)pgsql_fault(text != NULL ? text : PQresultErrorMessage(result),
	    reading->context->err);
	reading->is_misnamed =
	    strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0;
	/* Class 42: syntax, types and names. */
	reading->is_misread =
	    !reading->is_misnamed && strncmp(state, "42", 2) == 0;
	/*
	 * 57P: it is shut down, or starts. 0A000: the columns of the query were
	 * changed; a new connection reads it anew.
	 */
	reading->answer = strncmp(state, "57P", 3) == 0 ||
		(strcmp(state, "0A000") == 0 &&
		    reading->connection->is_prepared) ||
		PQstatus(reading->connection->link) != CONNECTION_OK ?
	    SERVER_LOST :
	    SERVER_REFUSED;
}

/* Reads all of the answer, also behind a fault, so that another may follow. */
static void
read_answer(struct reading *reading)
{
	for (;;) {
		PGresult *result = NULL;

		if (pgsql_next_result(
			reading->connection, reading->context, &result) != 0) {
			reading->answer = SERVER_LOST;
			return;
		}
		if (result == NULL)
			return;
		switch ((int)PQresultStatus(result)) {
		case PGRES_SINGLE_TUPLE:
		case PGRES_TUPLES_OK:
			for (int i = 0; i < PQntuples(result) &&
			     reading->answer == SERVER_FOUND;
			     i++)
				read_row(reading, result, i);
			break;
		case PGRES_COMMAND_OK:
		case PGRES_EMPTY_QUERY:
			break;
		case PGRES_COPY_IN:
		case PGRES_COPY_OUT:
		case PGRES_COPY_BOTH:
			(void)pgsql_fault(
			    "the query is COPY", reading->context->err);
			reading->answer = SERVER_LOST;
			PQclear(result);
			return;
		default:
			if (reading->answer == SERVER_FOUND)
				read_fault(reading, result);
			break;
		}
		PQclear(result);
	}
}

static int
quote(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	int fault = 0;
	char *quoted;
	size_t len;

	arena_init(&mem);
	quoted = arena_array(&mem, part.len + 1, 2);
	len = PQescapeStringConn(arg, quoted, part.data, part.len, &fault);
	if (fault != 0)
		return pgsql_fault(PQerrorMessage(arg), err);
	strbuf_add(query, (struct slice){ quoted, len });
	return 0;
}

/* Reads the answer to what was sent. */
static void
finish(struct reading *reading, bool is_sent)
{
	PGconn *link = reading->connection->link;

	reading->answer = SERVER_LOST;
	reading->is_misread = reading->is_misnamed = false;
	/* Rows come one by one: the rest of too many is not kept. */
	if (is_sent)
		(void)PQsetSingleRowMode(link);
	if (pgsql_flush(reading->connection, is_sent, reading->context) != 0)
		return;
	reading->answer = SERVER_FOUND;
	read_answer(reading);
}

/* Asks with the values in the query; that is one statement, too. */
static void
ask_quoted(struct reading *reading)
{
	const struct table_context *context = reading->context;
	PGconn *link = reading->connection->link;
	const struct database_quote how = { quote, link };
	struct strbuf text;

	strbuf_init(&text, context->mem);
	reading->answer = SERVER_REFUSED;
	if (sql_quoted_text(&reading->table->query, &reading->result.key, &how,
		&text, context->err) != 0)
		return;
	finish(reading,
	    PQsendQueryParams(link, text.data, 0, NULL, NULL, NULL, NULL, 0) !=
		0);
}

/* Asks with the values apart. The server reads the query once if it has a name. */
static void
ask_bound(struct reading *reading, bool is_named)
{
	const struct pgsql_table *table = reading->table;
	const struct table_context *context = reading->context;
	struct pgsql_connection *connection = reading->connection;
	int count = (int)table->query.value_count;
	struct slice *values =
	    arena_array(context->mem, (size_t)count + 1, sizeof(*values));
	const char **data =
	    arena_array(context->mem, (size_t)count + 1, sizeof(*data));

	reading->answer = SERVER_REFUSED;
	if (sql_values(&table->query, &reading->result.key, context->mem,
		values, context->err) != 0)
		return;
	for (int i = 0; i < count; i++)
		data[i] = values[i].len == 0 ? "" : values[i].data;
	if (!is_named) {
		finish(reading,
		    PQsendQueryParams(connection->link, table->bound.data,
			count, NULL, data, NULL, NULL, 0) != 0);
		return;
	}
	if (!connection->is_prepared) {
		finish(reading,
		    PQsendPrepare(connection->link, table->name,
			table->bound.data, count, NULL) != 0);
		if (reading->answer != SERVER_FOUND)
			return;
		connection->is_prepared = true;
	}
	finish(reading,
	    PQsendQueryPrepared(connection->link, table->name, count, data,
		NULL, NULL, 0) != 0);
}

static enum server_answer
pgsql_ask(void *settings, void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	struct pgsql_table *table = settings;
	struct reading reading = {
		.table = table, .connection = handle, .context = context
	};
	bool is_bound = table->query.can_bind && !table->quotes;
	bool is_named = !table->is_unnamed;

	reading.connection->bytes_left = PGSQL_MAX_ANSWER_BYTES;
	database_result_init(
	    &reading.result, &table->database, key, context->mem);
	if (is_bound)
		ask_bound(&reading, is_named);
	/* A pool of connections between us gives away what others prepared. */
	if (is_bound && is_named && reading.answer == SERVER_REFUSED &&
	    reading.is_misnamed) {
		table->is_unnamed = true;
		ask_bound(&reading, false);
	}
	/*
	 * Types of values that stand apart are not always known: concat('@',
	 * $1). Postfix writes them into the query.
	 */
	if (!is_bound)
		ask_quoted(&reading);
	else if (reading.answer == SERVER_REFUSED && reading.is_misread) {
		ask_quoted(&reading);
		if (reading.answer == SERVER_FOUND)
			table->quotes = true;
	}
	return reading.answer == SERVER_FOUND ?
	    database_result_end(&reading.result, ret_value) :
	    reading.answer;
}

static const struct server_ops pgsql_server = {
	.connect = pgsql_connect,
	.is_quiet = pgsql_is_quiet,
	.ask = pgsql_ask,
	.disconnect = pgsql_disconnect,
};

static const struct database_parameter parameters[] = {
	{ "hosts", DATABASE_TEXT, offsetof(struct pgsql_table, hosts),
	    "localhost", 0, 0 },
	{ "user", DATABASE_TEXT, offsetof(struct pgsql_table, user), "", 0, 0 },
	{ "password", DATABASE_SECRET, offsetof(struct pgsql_table, password),
	    "", 0, 0 },
	{ "dbname", DATABASE_TEXT, offsetof(struct pgsql_table, dbname), NULL,
	    1, 0 },
	{ "encoding", DATABASE_TEXT, offsetof(struct pgsql_table, encoding),
	    "UTF8", 1, 0 },
	{ "idle_interval", DATABASE_UNUSED, 0, NULL, 0, 0 },
	{ "retry_interval", DATABASE_UNUSED, 0, NULL, 0, 0 },
	{ "select_function", DATABASE_TEXT,
	    offsetof(struct pgsql_table, parameters.select_function), NULL, 1,
	    0 },
	SQL_PARAMETERS(struct pgsql_table, parameters),
};
static const struct database_type pgsql_type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

static int
pgsql_add_host(struct hosts *hosts, struct pgsql_table *table,
    struct slice word, struct err *err)
{
	struct server_host host = { .name = word, .kind = HOST_OTHER };
	CLEANUP(arena_done) struct arena mem;
	struct pgsql_uri uri;

	arena_init(&mem);
	if (slice_starts(word, SLICE("postgresql://")) ||
	    slice_starts(word, SLICE("postgres://"))) {
		if (pgsql_read_uri(word, &mem, &uri, err) != 0)
			return -1;
		host.text = uri.shown;
		table->has_secret = table->has_secret || uri.has_password;
	} else if (host_read(word, PGSQL_PORT, &host, err) != 0) {
		return err_wrap(err, "hosts");
	} else if (table->dbname.len == 0) {
		return err_set(
		    err, ERR_CONFIG, "the parameter dbname is missing");
	}
	return hosts_add(hosts, &host, err);
}

/* Different texts have different names: another's query is never asked. */
static const char *
query_name(struct slice text, struct arena *mem)
{
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 1099511628211ULL;
	return slice_format(mem, "submilter_%016" PRIx64 "_%zu", hash, text.len)
	    .data;
}

static int
pgsql_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct pgsql_table *table = arena_alloc(opening->mem, sizeof(*table));
	struct hosts *hosts = hosts_new(opening, HOSTS_AT_RANDOM);
	struct slice rest, word;

	*ret_handle = table;
	if (database_open(opening, &pgsql_type, &table->database, err) != 0 ||
	    sql_open(opening, &table->database, &table->parameters,
		SQL_POSTGRESQL, &table->query, err) != 0)
		return -1;
	table->bound = sql_bound_text(&table->query, opening->mem);
	table->name = query_name(table->bound, opening->mem);
	rest = table->hosts;
	while (slice_next_item(&rest, ", \t", &word)) {
		if (pgsql_add_host(hosts, table, word, err) != 0)
			return -1;
	}
	if (hosts_count(hosts) == 0 &&
	    pgsql_add_host(hosts, table, SLICE("localhost"), err) != 0)
		return -1;
	if (table->has_secret)
		database_warn_secret(&table->database, opening);
	table->database.server = server_new(&pgsql_server, table, hosts);
	return 0;
}

static const struct table_ops pgsql_ops = {
	.type = "pgsql",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a file of parameters",
	.file_suffix = "",
	.open = pgsql_open,
	.lookup = database_lookup,
	.source = &database_source_ops,
	.close = database_close,
};

TABLE_MODULE(&pgsql_ops);
