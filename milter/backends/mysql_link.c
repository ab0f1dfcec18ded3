/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections of tables of type mysql. The library's calls do not wait for the
 * network: each is polled until the deadline.
 */
#include <errmsg.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "mysql_priv.h"

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void
library_begin(void)
{
	ENSURE(mysql_library_init(0, NULL, NULL) == 0);
}

static int
mysql_fault(MYSQL *mysql, uint64_t deadline_us, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (clock_monotonic_us() >= deadline_us)
		return err_set(err, ERR_TEMP, "no answer within the time");
	return err_set(err, ERR_TEMP, "%s (%u)",
	    escape(&mem, slice_of(mysql_error(mysql)), 300),
	    mysql_errno(mysql));
}

/*
 * Waits for what a call of the library waits for: what has come of it. After the
 * deadline that is a time limit that is over, with which the call comes to an
 * end in order.
 */
static int
wait_for(MYSQL *mysql, int wanted, uint64_t deadline_us)
{
	struct pollfd poll_fd = { .fd = mysql_get_socket(mysql) };
	uint64_t until = deadline_us;
	int ready;

	if ((wanted & MYSQL_WAIT_READ) != 0)
		poll_fd.events |= POLLIN;
	if ((wanted & MYSQL_WAIT_WRITE) != 0)
		poll_fd.events |= POLLOUT;
	if ((wanted & MYSQL_WAIT_EXCEPT) != 0)
		poll_fd.events |= POLLPRI;
	if ((wanted & MYSQL_WAIT_TIMEOUT) != 0) {
		uint64_t own = clock_monotonic_us() +
		    1000ULL * mysql_get_timeout_value_ms(mysql);

		until = own < until ? own : until;
	}
	do {
		uint64_t now = clock_monotonic_us();

		if (now >= until)
			return MYSQL_WAIT_TIMEOUT;
		ready = poll(&poll_fd, 1, (int)((until - now) / 1000 + 1));
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	if (ready < 0)
		return MYSQL_WAIT_TIMEOUT;
	return ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0 ?
		       MYSQL_WAIT_READ :
		       0) |
	    ((poll_fd.revents & POLLOUT) != 0 ? MYSQL_WAIT_WRITE : 0) |
	    ((poll_fd.revents & POLLPRI) != 0 ? MYSQL_WAIT_EXCEPT : 0);
}

/* Begins a call of the library, and goes on with it until it is done. */
#define COMPLETE(mysql, deadline_us, start, cont)                              \
	do {                                                                   \
		int wanted_ = (start);                                         \
		while (wanted_ != 0) {                                         \
			int occurred_ = wait_for(mysql, wanted_, deadline_us); \
			wanted_ = (cont);                                      \
		}                                                              \
	} while (false)

static const char *
text_or_null(struct slice text, struct arena *mem)
{
	return text.len == 0 ? NULL : slice_cstr(mem, text);
}

static void
set_options(MYSQL *mysql, const struct mysql_table *table, uint64_t deadline_us,
    struct arena *mem)
{
	uint64_t now = clock_monotonic_us();
	unsigned int seconds = deadline_us > now ?
	    (unsigned int)((deadline_us - now) / 1000000 + 1) :
	    1;
	unsigned int off = 0;
	size_t packet = MYSQL_MAX_PACKET;
	my_bool verify = table->tls_verify_cert ? 1 : 0;

	(void)mysql_options(mysql, MYSQL_OPT_NONBLOCK, NULL);
	/* The handshake of TLS knows this limit only. */
	(void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	/* A server may ask for any file of ours. */
	(void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
	(void)mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	if (table->option_file.len > 0)
		(void)mysql_options(mysql, MYSQL_READ_DEFAULT_FILE,
		    slice_cstr(mem, table->option_file));
	if (table->option_group.len > 0)
		(void)mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP,
		    slice_cstr(mem, table->option_group));
	if (table->key_file.len + table->cert_file.len + table->ca_file.len +
		table->ca_path.len + table->ciphers.len >
	    0)
		(void)mysql_ssl_set(mysql, text_or_null(table->key_file, mem),
		    text_or_null(table->cert_file, mem),
		    text_or_null(table->ca_file, mem),
		    text_or_null(table->ca_path, mem),
		    text_or_null(table->ciphers, mem));
	(void)mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	(void)mysql_options(
	    mysql, MYSQL_SET_CHARSET_NAME, slice_cstr(mem, table->charset));
}

/* The library does not say which file it cannot read. */
static int
check_tls_files(const struct mysql_table *table, struct err *err)
{
	if (file_check_readable("TLS: tls_CAfile", table->ca_file, err) != 0 ||
	    file_check_readable("TLS: tls_CApath", table->ca_path, err) != 0 ||
	    file_check_readable("TLS: tls_cert_file", table->cert_file, err) !=
		0)
		return -1;
	return file_check_readable("TLS: tls_key_file", table->key_file, err);
}

/* One address of a host, or a socket. */
struct place {
	const char *host;
	unsigned int port;
	const char *socket;
};

static int
connect_to(const struct mysql_table *table, const struct place *place,
    uint64_t deadline_us, MYSQL **ret_mysql, struct err *err)
{
	MYSQL *mysql = mysql_init(NULL), *connected = NULL;
	CLEANUP(arena_done) struct arena mem;
	const char *user, *password, *dbname;

	ENSURE(mysql != NULL);
	arena_init(&mem);
	set_options(mysql, table, deadline_us, &mem);
	user = text_or_null(table->user, &mem);
	password = text_or_null(table->password, &mem);
	dbname = text_or_null(table->dbname, &mem);
	COMPLETE(mysql, deadline_us,
	    mysql_real_connect_start(&connected, mysql, place->host, user,
		password, dbname, place->port, place->socket,
		CLIENT_MULTI_RESULTS),
	    mysql_real_connect_cont(&connected, mysql, occurred_));
	if (connected == NULL) {
		if (mysql_errno(mysql) != CR_SSL_CONNECTION_ERROR ||
		    check_tls_files(table, err) == 0)
			(void)mysql_fault(mysql, deadline_us, err);
		mysql_close(mysql);
		return -1;
	}
	*ret_mysql = mysql;
	return 0;
}

/* A name that the certificate has to have is given to the library. */
static int
connect_inet(const struct mysql_table *table, const struct server_host *host,
    uint64_t deadline_us, MYSQL **ret_mysql, struct err *err)
{
	struct place place = { .port = host->port };
	struct host_addresses addresses;
	CLEANUP(arena_done) struct arena mem;
	size_t count;

	arena_init(&mem);
	place.host = slice_cstr(&mem, host->name);
	/* The library takes it for the socket, as it does for Postfix. */
	if (strcmp(place.host, "localhost") == 0)
		return connect_to(table, &place, deadline_us, ret_mysql, err);
	if (host_resolve(host, deadline_us, &addresses, err) != 0)
		return -1;
	count = table->tls_verify_cert ? 1 : addresses.count;
	for (size_t i = 0; i < count; i++) {
		char text[HOST_ADDRESS_BYTES];
		uint64_t now = clock_monotonic_us();
		uint64_t left = deadline_us > now ? deadline_us - now : 0;

		host_address_text(&addresses, i, text);
		if (!table->tls_verify_cert)
			place.host = text;
		if (connect_to(table, &place, now + left / (count - i),
			ret_mysql, err) == 0)
			return 0;
	}
	return -1;
}

int
mysql_table_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	const struct mysql_table *table = settings;
	struct mysql_connection *connection;
	CLEANUP(arena_done) struct arena mem;
	MYSQL *mysql = NULL;
	int status;

	arena_init(&mem);
	ENSURE(pthread_once(&library_once, library_begin) == 0);
	if (host->kind == HOST_UNIX)
		status = connect_to(table,
		    &(struct place){ .socket = slice_cstr(&mem, host->name) },
		    deadline_us, &mysql, err);
	else
		status = connect_inet(table, host, deadline_us, &mysql, err);
	if (status != 0)
		return -1;
	connection = calloc(1, sizeof(*connection));
	ENSURE(connection != NULL);
	connection->mysql = mysql;
	*ret_connection = connection;
	return 0;
}

bool
mysql_table_is_quiet(void *handle)
{
	struct mysql_connection *connection = handle;
	struct pollfd poll_fd = { .fd = mysql_get_socket(connection->mysql),
		.events = POLLIN };

	return poll(&poll_fd, 1, 0) == 0;
}

void
mysql_table_disconnect(void *handle)
{
	struct mysql_connection *connection = handle;

	mysql_close(connection->mysql);
	free(connection);
}

/* After a fault: what became of the connection. */
static enum server_answer
answer_of_fault(MYSQL *mysql, uint64_t deadline_us, struct err *err)
{
	unsigned int number = mysql_errno(mysql);

	(void)mysql_fault(mysql, deadline_us, err);
	/* Of the library; or the server is shut down, or has killed it. */
	return (number >= 2000 && number < 3000) || number == 1053 ||
		number == 1927 || number == 4031 ?
	    SERVER_LOST :
	    SERVER_REFUSED;
}

/* All rows of one set; after a fault the rest is read and forgotten. */
static void
read_set(struct mysql_rows *rows, MYSQL_RES *set)
{
	unsigned int columns = mysql_num_fields(set);
	MYSQL *mysql = rows->mysql;

	while (rows->answer == SERVER_FOUND) {
		MYSQL_ROW row = NULL;

		COMPLETE(mysql, rows->deadline_us,
		    mysql_fetch_row_start(&row, set),
		    mysql_fetch_row_cont(&row, set, occurred_));
		if (row == NULL) {
			if (mysql_errno(mysql) != 0)
				rows->answer = answer_of_fault(
				    mysql, rows->deadline_us, rows->err);
			break;
		}
		if (!rows->take(rows->arg, row, mysql_fetch_lengths(set),
			columns, rows->err))
			rows->answer = SERVER_REFUSED;
	}
	COMPLETE(mysql, rows->deadline_us, mysql_free_result_start(set),
	    mysql_free_result_cont(set, occurred_));
}

void
mysql_table_query(struct mysql_rows *rows, struct slice text)
{
	MYSQL *mysql = rows->mysql;
	int status = -1;

	rows->answer = SERVER_FOUND;
	COMPLETE(mysql, rows->deadline_us,
	    mysql_real_query_start(&status, mysql, text.data, text.len),
	    mysql_real_query_cont(&status, mysql, occurred_));
	while (status == 0) {
		MYSQL_RES *set = mysql_use_result(mysql);

		if (set != NULL && rows->sets++ > 0) {
			err_set(rows->err, ERR_TEMP,
			    "the query has several sets of results");
			rows->answer = SERVER_REFUSED;
		}
		if (set != NULL)
			read_set(rows, set);
		else if (mysql_field_count(mysql) != 0)
			rows->answer = answer_of_fault(
			    mysql, rows->deadline_us, rows->err);
		if (rows->answer == SERVER_LOST)
			return;
		COMPLETE(mysql, rows->deadline_us,
		    mysql_next_result_start(&status, mysql),
		    mysql_next_result_cont(&status, mysql, occurred_));
	}
	if (status > 0 && rows->answer == SERVER_FOUND)
		rows->answer =
		    answer_of_fault(mysql, rows->deadline_us, rows->err);
}
