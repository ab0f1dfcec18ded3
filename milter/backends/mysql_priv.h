/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BACKENDS_MYSQL_PRIV_H
#define SUBMILTER_BACKENDS_MYSQL_PRIV_H

#include <mysql.h>

#include "table/sql.h"

enum { MYSQL_DEFAULT_PORT = 3306, MYSQL_MAX_PACKET = 16 * 1024 * 1024 };

struct mysql_table {
	struct database database; /* first */
	struct slice hosts, user, password, dbname, charset;
	struct slice option_file, option_group;
	struct slice key_file, cert_file, ca_file, ca_path, ciphers;
	bool tls_verify_cert;
	bool require_result_set;
	struct sql_parameters parameters;
	struct sql_query query;
};

/* Whether columns of the query take different letters for the same. */
enum folding { FOLDING_UNKNOWN, FOLDING_NONE, FOLDING_FOUND };

struct mysql_connection {
	MYSQL *mysql;
	enum folding folding;
	char folding_column[200];
};

/* Takes a row: false and *err if there can be no answer. */
typedef bool mysql_take_row(void *arg, MYSQL_ROW row,
    const unsigned long *lengths, unsigned int columns, struct err *err);

struct mysql_rows {
	MYSQL *mysql;
	uint64_t deadline_us;
	mysql_take_row *take;
	void *arg;
	unsigned int sets; /* of results */
	struct err *err;
	enum server_answer answer;
};

/*
 * Asks, and reads all sets of results, each row of which it gives to rows->take.
 * rows->answer, and *rows->err unless it is SERVER_FOUND, say what came of it,
 * until rows->deadline_us at most.
 */
void mysql_table_query(struct mysql_rows *rows, struct slice text);

/* See struct server_ops; a connection is a struct mysql_connection. */
MUST_USE int mysql_table_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err);
bool mysql_table_is_quiet(void *handle);
void mysql_table_disconnect(void *handle);

#endif
