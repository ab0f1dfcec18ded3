/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_SERVER_TABLE_PRIV_H
#define SUBMILTER_TABLE_SERVER_TABLE_PRIV_H

#include "table/server.h"
#include "table/stream.h"
#include "table_priv.h"

/* A table whose server speaks lines or netstrings over a stream. */
struct server_table {
	struct slice name; /* of the map at the server, where it has several */
	struct server *server;
};

/*
 * A table of one host, which asks by ops; *ret_table is its handle. -1
 * (ERR_CONFIG).
 */
MUST_USE int server_table_open(struct table_opening *opening,
    const struct server_ops *ops, const struct server_host *host,
    struct server_table **ret_table, struct err *err);
/* See struct table_ops. */
enum table_answer server_table_lookup(void *handle,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_values);
void server_table_close(void *handle);

#endif
