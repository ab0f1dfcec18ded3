/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_STREAM_H
#define SUBMILTER_TABLE_STREAM_H

#include "table/hosts.h"

/* A connection whose every step has a deadline (clock_monotonic_us()). */
struct stream {
	int fd;
	size_t begin, end; /* of what was read and not taken yet */
	char buffer[4096];
};

/*
 * Connects to a HOST_INET or HOST_UNIX: tries its addresses in their order.
 * *stream is initialised. -1 (ERR_TEMP).
 */
MUST_USE int stream_open(const struct server_host *host, uint64_t deadline_us,
    struct stream *stream, struct err *err);
void stream_close(struct stream *stream);
/* Nothing was sent by the server that nobody asked for, and it is not closed. */
bool stream_is_quiet(const struct stream *stream);
MUST_USE int stream_write(struct stream *stream, struct slice text,
    uint64_t deadline_us, struct err *err);
/* The next octet. -1 (ERR_TEMP), also at the end. */
MUST_USE int stream_octet(struct stream *stream, uint64_t deadline_us,
    char *ret_octet, struct err *err);
/* The next len octets, into data. -1 (ERR_TEMP). */
MUST_USE int stream_read(struct stream *stream, char *data, size_t len,
    uint64_t deadline_us, struct err *err);

#endif
