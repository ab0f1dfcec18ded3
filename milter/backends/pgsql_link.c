/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections to PostgreSQL. Nothing of the library waits for the network: each
 * step is polled until the deadline.
 */
#include "pgsql_priv.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "table/stream.h"

enum { MAX_KEYWORDS = 12 };

/* The first line of what the library says. */
int
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

int
pgsql_read_uri(struct slice text, struct arena *mem, struct pgsql_uri *ret_uri,
    struct err *err)
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
	*ret_uri =
	    (struct pgsql_uri){ .name = host, .has_password = has_password };
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
	struct pgsql_uri uri;

	if (host->kind == HOST_OTHER) {
		if (pgsql_read_uri(host->name, mem, &uri, err) != 0)
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

void
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

int
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
bool
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
int
pgsql_flush(struct pgsql_connection *connection, bool is_sent,
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
int
pgsql_next_result(struct pgsql_connection *connection,
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
