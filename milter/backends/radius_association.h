/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BACKENDS_RADIUS_ASSOCIATION_H
#define SUBMILTER_BACKENDS_RADIUS_ASSOCIATION_H

#include "radius_priv.h"
#include "table/tls_setup.h"

/*
 * An association of DTLS 1.2 (RFC 6347) with a server, from a port of its own.
 * Datagrams may get lost, and nobody learns of that here but in the handshake.
 */
struct association {
	int fd; /* for poll(); -1: there is none */
	struct tls_setup setup;
	bool is_up; /* the handshake is over, and nothing has failed since */
};

struct association_peer {
	const struct stream_tls_settings *tls;
	struct slice name; /* in its certificate */
	const struct sockaddr *address;
	socklen_t len;
};

/*
 * Makes the handshake, and sends its flights again until the deadline. -1
 * (ERR_TEMP): *association is closed.
 */
MUST_USE int association_open(const struct association_peer *peer,
    uint64_t deadline_us, struct association *association, struct err *err);
/* With close_notify, if all was well until now. One that is closed is fine. */
void association_close(struct association *association);
/* -1 (ERR_TEMP): it is of no use any more, but not closed. Does not wait. */
MUST_USE int association_send(
    struct association *association, struct slice text, struct err *err);
/*
 * One text that the server sent. 1: it is in data; 0: there is none now, or only
 * after many datagrams that are none; -1 as in association_send(). Does not wait.
 */
MUST_USE int association_read(struct association *association, char *data,
    size_t size, size_t *ret_len, struct err *err);

#endif
