/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BACKENDS_PGSQL_PRIV_H
#define SUBMILTER_BACKENDS_PGSQL_PRIV_H

#include <libpq-fe.h>
#include <stdatomic.h>

#include "table/sql.h"

enum {
	PGSQL_PORT = 5432,
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

/* What of an URI matters before the library reads it. */
struct pgsql_uri {
	/* The only host that it names by a name; empty otherwise. */
	struct slice name;
	struct slice shown; /* it, without user and password */
	bool has_password;
};

/* -1 (ERR_CONFIG): it is none. */
MUST_USE int pgsql_read_uri(struct slice text, struct arena *mem,
    struct pgsql_uri *ret_uri, struct err *err);
/* The first line of what the library says. Returns -1 (ERR_TEMP). */
int pgsql_fault(const char *text, struct err *err);

/* See struct server_ops; a connection is a struct pgsql_connection. */
MUST_USE int pgsql_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err);
bool pgsql_is_quiet(void *handle);
void pgsql_disconnect(void *handle);

/*
 * Sends what waits to be sent. is_sent: the library has taken it. -1
 * (ERR_TEMP): the connection is lost, or the deadline is over.
 */
MUST_USE int pgsql_flush(struct pgsql_connection *connection, bool is_sent,
    const struct table_context *context);
/* The next result, the caller's, or NULL at the end. -1 as above. */
MUST_USE int pgsql_next_result(struct pgsql_connection *connection,
    const struct table_context *context, PGresult **ret_result);

#endif
