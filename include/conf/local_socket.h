/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_LOCAL_SOCKET_H
#define SUBMILTER_CONF_LOCAL_SOCKET_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

/* A socket that only this host reaches: Unix, or on a loopback address. */
struct local_socket {
	struct sockaddr_storage address;
	socklen_t len;
	bool is_unix;
	struct slice path; /* of a Unix socket, within the text */
};

/*
 * Reads "unix:PATH", "inet:PORT@ADDRESS" or "inet6:PORT@ADDRESS". -1
 * (ERR_CONFIG): it is none, or other hosts could reach it.
 */
MUST_USE int local_socket_parse(
    struct slice text, struct local_socket *ret_socket, struct err *err);

#endif
