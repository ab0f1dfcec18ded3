/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_STREAM_PRIV_H
#define SUBMILTER_TABLE_STREAM_PRIV_H

#include "table/stream.h"

/* The socket below TLS. -1 (ERR_TEMP). */
MUST_USE int stream_send(const struct stream *stream, struct slice text,
    uint64_t deadline_us, struct err *err);
/* At most size octets, and one at least. */
MUST_USE int stream_receive(const struct stream *stream, char *data,
    size_t size, uint64_t deadline_us, size_t *ret_len, struct err *err);

/* The same over TLS, once it has begun. */
MUST_USE int stream_tls_write(struct stream *stream, struct slice text,
    uint64_t deadline_us, struct err *err);
MUST_USE int stream_tls_read(struct stream *stream, char *data, size_t size,
    uint64_t deadline_us, size_t *ret_len, struct err *err);
/* Whether what has arrived is nothing that the server says. Does not wait. */
bool stream_tls_is_quiet(const struct stream *stream);
/* NULL is fine. */
void stream_tls_free(struct stream_tls *tls);

#endif
