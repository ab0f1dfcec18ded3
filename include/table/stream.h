/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_STREAM_H
#define SUBMILTER_TABLE_STREAM_H

#include "table/hosts.h"

struct stream_tls;

/* Waits for events of poll(2). -1 (ERR_TEMP) when the time is over. */
MUST_USE int stream_wait(
    int fd, short events, uint64_t deadline_us, struct err *err);

/* A connection whose every step has a deadline (clock_monotonic_us()). */
struct stream {
	int fd;
	struct stream_tls *tls; /* NULL: it is in the clear */
	size_t begin, end;	/* of what was read and not taken yet */
	char buffer[4096];
};

/*
 * Connects to a HOST_INET or HOST_UNIX: tries its addresses in their order.
 * *stream is initialised. -1 (ERR_TEMP).
 */
MUST_USE int stream_open(const struct server_host *host, uint64_t deadline_us,
    struct stream *stream, struct err *err);
void stream_close(struct stream *stream);

/* How TLS is spoken. A text that is empty is not set. */
struct stream_tls_settings {
	struct slice ca_file;	       /* of CAs; */
	struct slice ca_path;	       /* both empty: those of the system */
	struct slice certificate_file; /* of ours, with its chain */
	struct slice key_file;	       /* empty: it is in certificate_file */
	/* Whether anybody may be the server. */
	bool is_unverified;
};
/*
 * Begins TLS on a stream in the clear. The certificate has to be for this name,
 * which may be an address. Files are read here. -1 (ERR_TEMP): stream_close() is
 * due all the same.
 */
MUST_USE int stream_start_tls(struct stream *stream,
    const struct stream_tls_settings *settings, struct slice name,
    uint64_t deadline_us, struct err *err);

/* Nothing was sent by the server that nobody asked for, and it is not closed. */
bool stream_is_quiet(const struct stream *stream);
MUST_USE int stream_write(struct stream *stream, struct slice text,
    uint64_t deadline_us, struct err *err);
/*
 * What there is, one octet at least, and valid until the next call. -1
 * (ERR_TEMP), also at the end.
 */
MUST_USE int stream_some(struct stream *stream, uint64_t deadline_us,
    struct slice *ret_octets, struct err *err);
/* The next octet. -1 (ERR_TEMP), also at the end. */
MUST_USE int stream_octet(struct stream *stream, uint64_t deadline_us,
    char *ret_octet, struct err *err);
/* The next len octets, into data. -1 (ERR_TEMP). */
MUST_USE int stream_read(struct stream *stream, char *data, size_t len,
    uint64_t deadline_us, struct err *err);

/*
 * The connections of a server that speaks over a stream without more ado: see
 * struct server_ops. A connection is a struct stream.
 */
MUST_USE int stream_server_connect(void *settings,
    const struct server_host *host, uint64_t deadline_us, void **ret_connection,
    struct err *err);
bool stream_server_is_quiet(void *connection);
void stream_server_disconnect(void *connection);

#endif
