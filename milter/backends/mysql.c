/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type mysql: a query in MariaDB or MySQL. */
#include <string.h>

#include "mysql_priv.h"
#include "table/module.h"

/* Columns that the query may compare, while it names their tables. */
struct search {
	struct slice query;
	struct mysql_connection *connection;
};

static bool
take_column(void *arg, MYSQL_ROW row, const unsigned long *lengths,
    unsigned int columns, struct err *err)
{
	const struct search *search = arg;
	struct mysql_connection *connection = search->connection;
	bool is_seen = slice_has_text_nocase(search->query, SLICE("FROM"));
	struct slice names[3];
	CLEANUP(arena_done) struct arena mem;
	struct slice text;

	(void)err;
	arena_init(&mem);
	if (columns != 3 || connection->folding == FOLDING_FOUND)
		return true;
	for (unsigned int i = 0; i < 3; i++) {
		if (row[i] == NULL)
			return true;
		names[i] = (struct slice){ row[i], lengths[i] };
		/* A procedure compares what only the server knows. */
		if (i < 2 && is_seen &&
		    !slice_has_text_nocase(search->query, names[i]))
			return true;
	}
	text = slice_format(&mem, "%s.%s with %s", escape(&mem, names[0], 50),
	    escape(&mem, names[1], 50), escape(&mem, names[2], 50));
	ENSURE(text.len < sizeof(connection->folding_column));
	memcpy(connection->folding_column, text.data, text.len);
	connection->folding = FOLDING_FOUND;
	return true;
}

/*
 * A key that is not ASCII may find the row of another one, where a column's
 * collation takes different letters for the same: then nobody can say.
 */
static enum server_answer
check_collation(const struct mysql_table *table,
    struct mysql_connection *connection, const struct table_context *context)
{
	struct search search = { table->query.text, connection };
	struct mysql_rows rows = { .mysql = connection->mysql,
		.deadline_us = context->deadline_us,
		.take = take_column,
		.arg = &search,
		.err = context->err };

	if (connection->folding == FOLDING_UNKNOWN) {
		mysql_table_query(&rows,
		    SLICE("SELECT table_name, column_name, collation_name FROM "
			  "information_schema.columns WHERE table_schema = "
			  "DATABASE() AND collation_name IS NOT NULL AND "
			  "RIGHT(collation_name, 4) <> '_bin' AND "
			  "LOCATE('_as_', collation_name) = 0"));
		if (rows.answer != SERVER_FOUND)
			return rows.answer;
		if (connection->folding == FOLDING_UNKNOWN)
			connection->folding = FOLDING_NONE;
	}
	if (connection->folding == FOLDING_NONE)
		return SERVER_FOUND;
	err_set(context->err, ERR_DATA,
	    "the key is not ASCII, and column %s takes different letters for "
	    "the same: give it a collation that ends in _bin",
	    connection->folding_column);
	return SERVER_REFUSED;
}

static int
quote(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	unsigned long len;
	char *quoted;

	arena_init(&mem);
	quoted = arena_array(&mem, part.len + 1, 2);
	len = mysql_real_escape_string(arg, quoted,
	    part.len == 0 ? "" : part.data, (unsigned long)part.len);
	if (len > 2 * part.len)
		return err_set(
		    err, ERR_TEMP, "the library cannot quote the key");
	strbuf_add(query, (struct slice){ quoted, len });
	return 0;
}

/*
 * Where the server takes no backslash for an escape, nothing makes a wildcard of
 * LIKE a letter.
 */
static bool
has_wildcards(const struct mysql_table *table,
    const struct mysql_connection *connection, struct slice key)
{
	if ((connection->mysql->server_status &
		SERVER_STATUS_NO_BACKSLASH_ESCAPES) == 0 ||
	    (!slice_has(key, '%') && !slice_has(key, '_')))
		return false;
	for (size_t i = 0; i < table->query.count; i++) {
		if (table->query.pieces[i].use == SQL_PATTERN &&
		    table->query.pieces[i].escape == '\\')
			return true;
	}
	return false;
}

struct taking {
	const struct mysql_table *table;
	struct database_result result;
	struct arena *mem;
};

static bool
take_values(void *arg, MYSQL_ROW row, const unsigned long *lengths,
    unsigned int columns, struct err *err)
{
	struct taking *taking = arg;

	for (unsigned int i = 0; i < columns; i++) {
		struct slice value = { row[i],
			row[i] == NULL ? 0 : lengths[i] };

		if (sql_check_value(&taking->table->query, &taking->result.key,
			value, taking->mem, err) != 0 ||
		    database_result_add(&taking->result, value, err) != 0)
			return false;
	}
	return true;
}

static enum server_answer
mysql_table_ask(void *settings, void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct mysql_table *table = settings;
	struct mysql_connection *connection = handle;
	const struct database_quote how = { quote, connection->mysql };
	struct taking taking = { .table = table, .mem = context->mem };
	struct mysql_rows rows = { .mysql = connection->mysql,
		.deadline_us = context->deadline_us,
		.take = take_values,
		.arg = &taking,
		.err = context->err };
	struct strbuf text;

	if (!slice_is_ascii(key)) {
		enum server_answer answer =
		    check_collation(table, connection, context);

		if (answer != SERVER_FOUND)
			return answer;
	}
	if (has_wildcards(table, connection, key)) {
		err_set(context->err, ERR_DATA,
		    "the query would take \"%%\" or \"_\" of the key for a "
		    "wildcard of LIKE (NO_BACKSLASH_ESCAPES)");
		return SERVER_REFUSED;
	}
	database_result_init(
	    &taking.result, &table->database, key, context->mem);
	strbuf_init(&text, context->mem);
	if (sql_quoted_text(&table->query, &taking.result.key, &how, &text,
		context->err) != 0)
		return SERVER_REFUSED;
	mysql_table_query(&rows, strbuf_slice(&text));
	if (rows.answer != SERVER_FOUND)
		return rows.answer;
	if (rows.sets == 0 && table->require_result_set) {
		err_set(context->err, ERR_TEMP,
		    "the query has no set of results (require_result_set)");
		return SERVER_REFUSED;
	}
	return database_result_end(&taking.result, ret_value);
}

static const struct server_ops mysql_server = {
	.connect = mysql_table_connect,
	.is_quiet = mysql_table_is_quiet,
	.ask = mysql_table_ask,
	.disconnect = mysql_table_disconnect,
};

#define TEXT(name, member, standard)                                       \
	{                                                                  \
		name, DATABASE_TEXT, offsetof(struct mysql_table, member), \
		    standard, 0, 0                                         \
	}
static const struct database_parameter parameters[] = {
	TEXT("hosts", hosts, "localhost"),
	TEXT("user", user, NULL),
	{ "password", DATABASE_SECRET, offsetof(struct mysql_table, password),
	    NULL, 0, 0 },
	TEXT("dbname", dbname, NULL),
	TEXT("charset", charset, "utf8mb4"),
	TEXT("option_file", option_file, NULL),
	TEXT("option_group", option_group, "client"),
	TEXT("tls_key_file", key_file, NULL),
	TEXT("tls_cert_file", cert_file, NULL),
	TEXT("tls_CAfile", ca_file, NULL),
	TEXT("tls_CApath", ca_path, NULL),
	TEXT("tls_ciphers", ciphers, NULL),
	{ "tls_verify_cert", DATABASE_BOOL,
	    offsetof(struct mysql_table, tls_verify_cert), "no", 0, 0 },
	{ "require_result_set", DATABASE_BOOL,
	    offsetof(struct mysql_table, require_result_set), "yes", 0, 0 },
	{ "idle_interval", DATABASE_UNUSED, 0, NULL, 0, 0 },
	{ "retry_interval", DATABASE_UNUSED, 0, NULL, 0, 0 },
	SQL_PARAMETERS(struct mysql_table, parameters),
};
#undef TEXT
static const struct database_type mysql_type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

static int
mysql_table_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct mysql_table *table = arena_alloc(opening->mem, sizeof(*table));
	struct hosts *hosts = hosts_new(opening, HOSTS_AT_RANDOM);

	*ret_handle = table;
	if (database_open(opening, &mysql_type, &table->database, err) != 0 ||
	    sql_open(opening, &table->database, &table->parameters, SQL_MYSQL,
		&table->query, err) != 0)
		return -1;
	if (table->dbname.len == 0)
		return err_set(
		    err, ERR_CONFIG, "the parameter dbname is missing");
	if (hosts_add_list(hosts, table->hosts, MYSQL_DEFAULT_PORT, err) != 0 ||
	    (hosts_count(hosts) == 0 &&
		hosts_add_list(
		    hosts, SLICE("localhost"), MYSQL_DEFAULT_PORT, err) != 0))
		return err_wrap(err, "hosts");
	table->database.server = server_new(&mysql_server, table, hosts);
	return 0;
}

static const struct table_ops mysql_ops = {
	.type = "mysql",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a file of parameters",
	.file_suffix = "",
	.open = mysql_table_open,
	.lookup = database_lookup,
	.source = &database_source_ops,
	.close = database_close,
};

TABLE_MODULE(&mysql_ops);
