/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type sqlite: a query in a SQLite file. It is opened for reading, and
 * never made; while somebody writes, we wait until the deadline.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "table/module.h"
#include "table/sql.h"

struct sqlite_table {
	struct database database; /* first */
	struct slice path;
	struct sql_parameters parameters;
	struct sql_query query;
	struct slice bound; /* the query with marks for its values */
};

struct sqlite_connection {
	sqlite3 *db;
	sqlite3_stmt *statement; /* NULL: the values stand in the query */
	uint64_t deadline_us;
	const char *path;
	struct stat state; /* when it was opened */
};

/* Whether a query that takes long has to end. */
static int
is_late(void *arg)
{
	const struct sqlite_connection *connection = arg;

	return clock_monotonic_us() >= connection->deadline_us;
}

static void
set_deadline(struct sqlite_connection *connection, uint64_t deadline_us)
{
	uint64_t now = clock_monotonic_us();
	uint64_t ms = deadline_us > now ? (deadline_us - now) / 1000 : 0;

	connection->deadline_us = deadline_us;
	(void)sqlite3_busy_timeout(
	    connection->db, ms > INT_MAX ? INT_MAX : (int)ms);
}

static int
sqlite_fault(
    const struct sqlite_connection *connection, int status, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (status == SQLITE_INTERRUPT)
		return err_set(err, ERR_TEMP, "no answer within the time");
	return err_set(err, ERR_TEMP, "%s: %s", connection->path,
	    escape(&mem, slice_of(sqlite3_errmsg(connection->db)), 200));
}

static void
sqlite_disconnect(void *handle)
{
	struct sqlite_connection *connection = handle;

	(void)sqlite3_finalize(connection->statement);
	(void)sqlite3_close(connection->db);
	free(connection);
}

/* A statement that only reads, and is the only one in the text. */
static int
prepare(struct sqlite_connection *connection, struct slice text,
    sqlite3_stmt **ret_statement, struct err *err)
{
	sqlite3_stmt *statement = NULL, *more = NULL;
	const char *rest = NULL;
	int status = sqlite3_prepare_v2(
	    connection->db, text.data, (int)text.len, &statement, &rest);

	if (status == SQLITE_OK && statement != NULL && rest != NULL)
		status = sqlite3_prepare_v2(connection->db, rest,
		    (int)(text.data + text.len - rest), &more, NULL);
	if (status != SQLITE_OK)
		(void)sqlite_fault(connection, status, err);
	else if (statement == NULL)
		status = err_set(err, ERR_CONFIG, "the query is empty");
	else if (more != NULL)
		status = err_set(
		    err, ERR_CONFIG, "the query has several statements");
	else if (!sqlite3_stmt_readonly(statement))
		status = err_set(err, ERR_CONFIG, "the query is to write");
	(void)sqlite3_finalize(more);
	if (status == SQLITE_OK) {
		*ret_statement = statement;
		return 0;
	}
	(void)sqlite3_finalize(statement);
	return -1;
}

/* The file, if others than its owners cannot write to it. */
static int
check_file(struct sqlite_connection *connection, struct err *err)
{
	if (stat(connection->path, &connection->state) != 0)
		return err_set(
		    err, ERR_TEMP, "%s: %s", connection->path, strerror(errno));
	if (!S_ISREG(connection->state.st_mode))
		return err_set(
		    err, ERR_TEMP, "%s: not a regular file", connection->path);
	if ((connection->state.st_mode & S_IWOTH) != 0)
		return err_set(err, ERR_TEMP,
		    "%s: every user can write this file: chmod o-w it",
		    connection->path);
	return 0;
}

static int
sqlite_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	const struct sqlite_table *table = settings;
	struct sqlite_connection *connection = calloc(1, sizeof(*connection));
	int status;

	(void)host;
	ENSURE(connection != NULL);
	connection->path = table->path.data;
	status = check_file(connection, err);
	if (status == 0 &&
	    sqlite3_open_v2(connection->path, &connection->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		status = sqlite_fault(connection, SQLITE_CANTOPEN, err);
	if (status == 0) {
		set_deadline(connection, deadline_us);
		sqlite3_progress_handler(
		    connection->db, 1000, is_late, connection);
		if (table->query.can_bind)
			status = prepare(connection, table->bound,
			    &connection->statement, err);
	}
	if (status != 0) {
		sqlite_disconnect(connection);
		return -1;
	}
	*ret_connection = connection;
	return 0;
}

/* A file that took the place of the one that is open counts at once. */
static bool
sqlite_is_quiet(void *handle)
{
	const struct sqlite_connection *connection = handle;
	struct stat now;

	return stat(connection->path, &now) == 0 &&
	    now.st_dev == connection->state.st_dev &&
	    now.st_ino == connection->state.st_ino;
}

/* As sqlite3_mprintf("%q") does. */
static int
quote(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	(void)arg;
	(void)err;
	for (size_t i = 0; i < part.len; i++) {
		if (part.data[i] == '\'')
			strbuf_add_char(query, '\'');
		strbuf_add_char(query, part.data[i]);
	}
	return 0;
}

/* The statement with its values. -1: *err. */
static int
make_statement(const struct sqlite_table *table,
    struct sqlite_connection *connection, const struct database_key *key,
    const struct table_context *context, sqlite3_stmt **ret_statement)
{
	const struct sql_query *query = &table->query;
	const struct database_quote how = { quote, NULL };
	struct slice *values;
	struct strbuf text;

	if (connection->statement == NULL) {
		strbuf_init(&text, context->mem);
		if (sql_quoted_text(query, key, &how, &text, context->err) != 0)
			return -1;
		return prepare(connection, strbuf_slice(&text), ret_statement,
		    context->err);
	}
	values =
	    arena_array(context->mem, query->value_count + 1, sizeof(*values));
	if (sql_values(query, key, context->mem, values, context->err) != 0)
		return -1;
	for (size_t i = 0; i < query->value_count; i++) {
		const char *data = values[i].len == 0 ? "" : values[i].data;
		int status = sqlite3_bind_text(connection->statement,
		    (int)i + 1, data, (int)values[i].len, SQLITE_STATIC);

		if (status != SQLITE_OK)
			return sqlite_fault(connection, status, context->err);
	}
	*ret_statement = connection->statement;
	return 0;
}

/* The first column of each row, as in Postfix. */
static enum server_answer
read_rows(const struct sqlite_table *table,
    const struct sqlite_connection *connection, sqlite3_stmt *statement,
    struct database_result *result, const struct table_context *context)
{
	int status;

	while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
		struct slice value = { NULL, 0 };

		if (sqlite3_column_count(statement) > 0) {
			value.data =
			    (const char *)sqlite3_column_text(statement, 0);
			value.len = (size_t)sqlite3_column_bytes(statement, 0);
		}
		if (sql_check_value(&table->query, &result->key, value,
			context->mem, context->err) != 0 ||
		    database_result_add(result, value, context->err) != 0)
			return SERVER_REFUSED;
	}
	if (status == SQLITE_DONE)
		return SERVER_FOUND;
	(void)sqlite_fault(connection, status, context->err);
	return status == SQLITE_BUSY || status == SQLITE_INTERRUPT ?
	    SERVER_REFUSED :
	    SERVER_LOST;
}

static enum server_answer
sqlite_ask(void *settings, void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct sqlite_table *table = settings;
	struct sqlite_connection *connection = handle;
	struct database_result result;
	sqlite3_stmt *statement = NULL;
	enum server_answer answer;

	set_deadline(connection, context->deadline_us);
	database_result_init(&result, &table->database, key, context->mem);
	if (make_statement(
		table, connection, &result.key, context, &statement) != 0)
		return SERVER_REFUSED;
	answer = read_rows(table, connection, statement, &result, context);
	if (statement == connection->statement) {
		(void)sqlite3_reset(statement);
		(void)sqlite3_clear_bindings(statement);
	} else {
		(void)sqlite3_finalize(statement);
	}
	return answer == SERVER_FOUND ?
	    database_result_end(&result, ret_value) :
	    answer;
}

static const struct server_ops sqlite_server = {
	.connect = sqlite_connect,
	.is_quiet = sqlite_is_quiet,
	.ask = sqlite_ask,
	.disconnect = sqlite_disconnect,
};

static const struct database_parameter parameters[] = {
	{ "dbpath", DATABASE_TEXT, offsetof(struct sqlite_table, path), NULL, 1,
	    0 },
	SQL_PARAMETERS(struct sqlite_table, parameters),
};
static const struct database_type sqlite_type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

static int
sqlite_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct sqlite_table *table = arena_alloc(opening->mem, sizeof(*table));
	struct hosts *hosts = hosts_new(opening, HOSTS_IN_ORDER);

	*ret_handle = table;
	if (database_open(opening, &sqlite_type, &table->database, err) != 0 ||
	    sql_open(opening, &table->database, &table->parameters, SQL_SQLITE,
		&table->query, err) != 0)
		return -1;
	if (!database_is_set(table->path))
		return err_set(
		    err, ERR_CONFIG, "the parameter dbpath is missing");
	table->path = slice_dup(opening->mem, table->path);
	table->bound = sql_bound_text(&table->query, opening->mem);
	if (hosts_add(hosts,
		&(struct server_host){
		    .text = table->path, .kind = HOST_OTHER },
		err) != 0)
		return -1;
	table->database.server = server_new(&sqlite_server, table, hosts);
	return 0;
}

static const struct table_ops sqlite_ops = {
	.type = "sqlite",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "a file of parameters",
	.file_suffix = "",
	.open = sqlite_open,
	.lookup = database_lookup,
	.source = &database_source_ops,
	.close = database_close,
};

TABLE_MODULE(&sqlite_ops);
