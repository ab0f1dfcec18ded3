/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_STREAM_PRIV_H
#define SUBMILTER_TABLE_STREAM_PRIV_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/str.h"

/* Where a server listens: a Unix socket, or a port of some addresses. */
struct stream_place {
	struct sockaddr_storage addresses[8];
	socklen_t lengths[8];
	size_t count;
};

/* A connection whose every step has a deadline (clock_monotonic_us()). */
struct stream {
	int fd;
	size_t begin, end; /* of what was read and not taken yet */
	char buffer[4096];
};

/*
 * From a host (an address, also in brackets, or a name) and a port, or from the
 * path of a Unix socket. A name is resolved here, which may block for as long as
 * the system's resolver takes. -1: ERR_CONFIG, or ERR_TEMP for a name that
 * cannot be resolved now.
 */
MUST_USE int stream_place_inet(struct slice host, struct slice port,
    struct stream_place *ret_place, struct err *err);
MUST_USE int stream_place_unix(
    struct slice path, struct stream_place *ret_place, struct err *err);

/* Tries the addresses in their order. -1 (ERR_TEMP). */
MUST_USE int stream_open(const struct stream_place *place, uint64_t deadline_us,
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
