/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_SERVER_REPLIES_H
#define SUBMILTER_TABLE_SERVER_REPLIES_H

#include "table/server.h"

/* What servers of tables say, read from one whole reply. */

/* Of socketmap_table(5), without the netstring around it. *err after REFUSED. */
enum server_answer socketmap_reply(
    struct slice reply, struct slice *ret_value, struct err *err);
/*
 * Of tcp_table(5), without its line end; the value is decoded in mem. LOST is a
 * reply that is none.
 */
enum server_answer tcp_reply(struct slice reply, struct arena *mem,
    struct slice *ret_value, struct err *err);

/* Of memcached, to "get" with this key. */
struct memcache_question {
	struct slice key;
	size_t data_limit; /* a longer value is LOST */
};
/* The first line, without its end; FOUND: *ret_bytes of value follow. */
enum server_answer memcache_reply(const struct memcache_question *question,
    struct slice line, size_t *ret_bytes, struct err *err);

#endif
