/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_SERVER_H
#define SUBMILTER_TABLE_SERVER_H

#include "table/hosts.h"
#include "table/table.h"

/*
 * Tables that a server answers: connections that many threads share, time
 * limits, and what happens when the server is away. A backend brings four
 * operations on one connection, and leaves all of that to this layer.
 */
struct server;

enum server_answer {
	SERVER_FOUND,
	SERVER_ABSENT,
	SERVER_REFUSED, /* the server answered that it cannot say: *err */
	SERVER_LOST,	/* the connection is not of use any more: *err */
};

struct server_ops {
	/*
	 * A new connection to this host, before the deadline; a HOST_INET is
	 * looked up here, see host_resolve(). -1 (ERR_TEMP). The host lasts as
	 * long as the call.
	 */
	int (*connect)(void *settings, const struct server_host *host,
	    uint64_t deadline_us, void **ret_connection, struct err *err);
	/*
	 * Whether a connection that nobody used for a while may still be used:
	 * the server has neither closed it nor said anything.
	 */
	bool (*is_quiet)(void *connection);
	/*
	 * Asks for one key, and waits until the deadline of the context. What
	 * is found stands in memory of the context.
	 */
	enum server_answer (*ask)(void *settings, void *connection,
	    struct slice key, const struct table_context *context,
	    struct slice *ret_value);
	void (*disconnect)(void *connection);
};

enum {
	SERVER_CONNECTIONS = 16, /* of one table, at most */
	SERVER_SECONDS = 10, /* for one look-up, where the deadline is later */
	/* How long a host that cannot be reached is left alone. */
	SERVER_FIRST_PAUSE_MS = 100,
	SERVER_LONGEST_PAUSE_MS = 5000,
};

/*
 * settings belong to the caller and outlive it, and so do the hosts, of which
 * there is one at least. Connects to nobody.
 */
struct server *server_new(
    const struct server_ops *ops, void *settings, const struct hosts *hosts);
/* Nobody asks any more. NULL is fine. */
void server_free(struct server *server);

/*
 * A lookup() of struct table_ops. A connection that was lost since it was last
 * used is made once more at once. A host that cannot be connected to, or that
 * does not answer in time, is left alone for a pause that doubles until it
 * answers; then one look-up tries it. The others go on with the hosts that are
 * left, and fail at once where there is none. The time is shared out, so that a
 * host that hangs leaves some for the next one. A value that is not UTF-8 or
 * has a control character is TABLE_FAILED. Waits until the deadline of the
 * context or SERVER_SECONDS at most. Thread-safe.
 */
enum table_answer server_lookup(struct server *server,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_values);

#endif
