/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type pgsql: a query in PostgreSQL. Nothing of the library waits for
 * the network: each step is polled until the deadline.
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "table/module.h"
#include "table/sql.h"
#include "table/stream.h"

enum {
	PGSQL_PORT = 5432,
	MAX_KEYWORDS = 12,
	/* What a server may say to one question, or in a login. */
	PGSQL_MAX_ANSWER_BYTES = 16 * 1024 * 1024
};

struct pgsql_table {
	struct database database; /* first */
	struct slice hosts, user, password, dbname, encoding;
	struct sql_parameters parameters;
	struct sql_query query;
	bool has_secret;    /* among its hosts */
	struct slice bound; /* the query with marks for its values */
	const char *name;   /* of the query in the server: that of its text */
	/* The server cannot tell the types of the marks, or has none there. */
	atomic_bool quotes;
	/* Somebody on the way gives us another session at times. */
	atomic_bool is_unnamed;
};

struct pgsql_connection {
	PGconn *link;
	bool is_prepared;  /* the server has read the query */
	size_t bytes_left; /* of what it may say now */
};

/* The first line of what the library says. */
static int
pgsql_fault(const char *text, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice line = slice_of(text == NULL ? "" : text);

	arena_init(&mem);
	line = slice_trim(slice_sub(line, 0, slice_find(line, '\n')));
	return err_set(err, ERR_TEMP, "%s",
	    line.len == 0 ? "the server closed the connection" :
			    escape(&mem, line, 300));
}

/*
 * Before the library takes what has come: it has no bound by itself, and keeps
 * notices and rows for as long as they come. More may come while it reads.
 */
static int
note_input(PGconn *link, size_t *bytes_left, struct err *err)
{
	int waiting = 0;

	if (ioctl(PQsocket(link), FIONREAD, &waiting) != 0 || waiting < 0)
		waiting = 0;
	if ((size_t)waiting > *bytes_left)
		return err_set(err, ERR_TEMP,
		    "the server's answer is over %d octets",
		    (int)PGSQL_MAX_ANSWER_BYTES);
	*bytes_left -= (size_t)waiting;
	return 0;
}

struct keywords {
	const char *names[MAX_KEYWORDS + 1]; /* end with NULL */
	const char *values[MAX_KEYWORDS + 1];
	size_t count;
};

/* One that is empty is left to the library. */
static void
add_keyword(struct keywords *keywords, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	ENSURE(keywords->count < MAX_KEYWORDS);
	keywords->names[keywords->count] = name;
	keywords->values[keywords->count++] = value;
}

/* The addresses of a name, found within the time, as the library wants them. */
static int
add_addresses(struct keywords *keywords, const struct server_host *host,
    uint64_t deadline_us, struct arena *mem, struct err *err)
{
	struct host_addresses addresses;
	struct strbuf names, texts;

	if (host_resolve(host, deadline_us, &addresses, err) != 0)
		return -1;
	strbuf_init(&names, mem);
	strbuf_init(&texts, mem);
	for (size_t i = 0; i < addresses.count; i++) {
		char text[HOST_ADDRESS_BYTES];

		host_address_text(&addresses, i, text);
		strbuf_addf(&names, "%s%.*s", i == 0 ? "" : ",",
		    SLICE_ARGS(host->name));
		strbuf_addf(&texts, "%s%s", i == 0 ? "" : ",", text);
	}
	add_keyword(keywords, "host", names.data);
	add_keyword(keywords, "hostaddr", texts.data);
	return 0;
}

/* What of an URI matters before the library reads it. */
struct uri {
	/* The only host that it names by a name; empty otherwise. */
	struct slice name;
	struct slice shown; /* it, without user and password */
	bool has_password;
};

static int
read_uri(
    struct slice text, struct arena *mem, struct uri *ret_uri, struct err *err)
{
	char *fault = NULL;
	PQconninfoOption *options =
	    PQconninfoParse(slice_cstr(mem, text), &fault);
	struct slice host = SLICE(""), port = SLICE(""), dbname = SLICE("");
	bool has_address = false, has_password = false;

	if (options == NULL) {
		/* Its text may quote the password. */
		PQfreemem(fault);
		return err_set(err, ERR_CONFIG,
		    "hosts: an URI of PostgreSQL that cannot be read");
	}
	for (PQconninfoOption *o = options; o->keyword != NULL; o++) {
		struct slice value = slice_of(o->val == NULL ? "" : o->val);

		if (strcmp(o->keyword, "hostaddr") == 0)
			has_address = value.len > 0;
		else if (strcmp(o->keyword, "password") == 0)
			has_password = value.len > 0;
		else if (strcmp(o->keyword, "host") == 0)
			host = slice_dup(mem, value);
		else if (strcmp(o->keyword, "port") == 0)
			port = slice_dup(mem, value);
		else if (strcmp(o->keyword, "dbname") == 0)
			dbname = slice_dup(mem, value);
	}
	PQconninfoFree(options);
	*ret_uri = (struct uri){ .name = host, .has_password = has_password };
	ret_uri->shown =
	    slice_format(mem, "postgresql://%.*s%s%.*s/%.*s", SLICE_ARGS(host),
		port.len == 0 ? "" : ":", SLICE_ARGS(port), SLICE_ARGS(dbname));
	if (has_address || slice_has(host, ',') || slice_has(host, '/'))
		ret_uri->name = SLICE("");
	return 0;
}

static int
add_host(struct keywords *keywords, const struct pgsql_table *table,
    const struct server_host *host, uint64_t deadline_us, struct arena *mem,
    struct err *err)
{
	struct server_host named = { .kind = HOST_INET };
	struct uri uri;

	if (host->kind == HOST_OTHER) {
		if (read_uri(host->name, mem, &uri, err) != 0)
			return -1;
		/* What stands behind it counts. */
		add_keyword(keywords, "dbname", slice_cstr(mem, host->name));
		named.name = uri.name;
		return named.name.len == 0 ?
		    0 :
		    add_addresses(keywords, &named, deadline_us, mem, err);
	}
	add_keyword(keywords, "dbname", slice_cstr(mem, table->dbname));
	add_keyword(keywords, "user", slice_cstr(mem, table->user));
	add_keyword(keywords, "password", slice_cstr(mem, table->password));
	if (host->kind == HOST_UNIX) {
		add_keyword(keywords, "host", slice_cstr(mem, host->name));
		return 0;
	}
	add_keyword(keywords, "port", slice_format(mem, "%u", host->port).data);
	return add_addresses(keywords, host, deadline_us, mem, err);
}

static void
pgsql_disconnect(void *handle)
{
	struct pgsql_connection *connection = handle;

	PQfinish(connection->link);
	free(connection);
}

/* Goes on with a connection until it stands. */
static int
finish_connect(PGconn *connection, uint64_t deadline_us, struct err *err)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	size_t bytes_left = PGSQL_MAX_ANSWER_BYTES;

	if (connection == NULL || PQstatus(connection) == CONNECTION_BAD)
		return pgsql_fault(PQerrorMessage(connection), err);
	while (
	    state == PGRES_POLLING_WRITING || state == PGRES_POLLING_READING) {
		short events =
		    state == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		/* The descriptor changes from address to address. */
		if (stream_wait(
			PQsocket(connection), events, deadline_us, err) != 0 ||
		    note_input(connection, &bytes_left, err) != 0)
			return -1;
		state = PQconnectPoll(connection);
	}
	if (state != PGRES_POLLING_OK)
		return pgsql_fault(PQerrorMessage(connection), err);
	if (PQsetnonblocking(connection, 1) != 0)
		return pgsql_fault(PQerrorMessage(connection), err);
	return 0;
}

/* Notices of the server are nothing for the log. */
static void
ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static int
pgsql_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	const struct pgsql_table *table = settings;
	CLEANUP(arena_done) struct arena mem;
	struct keywords keywords = { .count = 0 };
	struct pgsql_connection *connection;
	PGconn *link;

	arena_init(&mem);
	if (add_host(&keywords, table, host, deadline_us, &mem, err) != 0)
		return -1;
	add_keyword(
	    &keywords, "client_encoding", slice_cstr(&mem, table->encoding));
	add_keyword(&keywords, "fallback_application_name", "submilter");
	link = PQconnectStartParams(
	    keywords.names, keywords.values, host->kind == HOST_OTHER);
	if (finish_connect(link, deadline_us, err) != 0) {
		PQfinish(link);
		return -1;
	}
	(void)PQsetNoticeReceiver(link, ignore_notice, NULL);
	connection = calloc(1, sizeof(*connection));
	ENSURE(connection != NULL);
	connection->link = link;
	*ret_connection = connection;
	return 0;
}

/* The server may have said something that is of no interest, or good bye. */
static bool
pgsql_is_quiet(void *handle)
{
	PGconn *link = ((struct pgsql_connection *)handle)->link;
	struct pollfd poll_fd = { .fd = PQsocket(link), .events = POLLIN };

	for (unsigned int i = 0; i < 8; i++) {
		if (PQstatus(link) != CONNECTION_OK)
			return false;
		if (poll(&poll_fd, 1, 0) == 0)
			return true;
		if (PQconsumeInput(link) == 0)
			return false;
	}
	return false;
}

/* Sends what waits to be sent. is_sent: the library has taken it. */
static int
flush(struct pgsql_connection *connection, bool is_sent,
    const struct table_context *context)
{
	PGconn *link = connection->link;
	int status = is_sent ? PQflush(link) : -1;

	while (status > 0) {
		if (stream_wait(PQsocket(link), POLLIN | POLLOUT,
			context->deadline_us, context->err) != 0 ||
		    note_input(link, &connection->bytes_left, context->err) !=
			0)
			return -1;
		status = PQconsumeInput(link) == 0 ? -1 : PQflush(link);
	}
	if (status != 0)
		return pgsql_fault(PQerrorMessage(link), context->err);
	return 0;
}

/* The next result, or NULL at the end. -1: the connection is lost. */
static int
next_result(struct pgsql_connection *connection,
    const struct table_context *context, PGresult **ret_result)
{
	PGconn *link = connection->link;

	while (PQisBusy(link)) {
		if (stream_wait(PQsocket(link), POLLIN, context->deadline_us,
			context->err) != 0 ||
		    note_input(link, &connection->bytes_left, context->err) !=
			0)
			return -1;
		if (PQconsumeInput(link) == 0)
			return pgsql_fault(PQerrorMessage(link), context->err);
	}
	*ret_result = PQgetResult(link);
	return 0;
}

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

		if (next_result(
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
	if (flush(reading->connection, is_sent, reading->context) != 0)
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
	struct uri uri;

	arena_init(&mem);
	if (slice_starts(word, SLICE("postgresql://")) ||
	    slice_starts(word, SLICE("postgres://"))) {
		if (read_uri(word, &mem, &uri, err) != 0)
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
