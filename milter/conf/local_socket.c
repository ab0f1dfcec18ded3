/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that only this host reaches, as the configuration writes them. */
#include "conf/local_socket.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "base/net.h"

enum { LOCAL_SOCKET_SHOWN = 60 };

static int
local_socket_unix(
    struct slice path, struct local_socket *ret_socket, struct err *err)
{
	struct sockaddr_un *address = (void *)&ret_socket->address;

	if (!slice_starts(path, SLICE("/")) || path.len < 2 ||
	    slice_has_control(path) || path.len >= sizeof(address->sun_path))
		return err_set(err, ERR_CONFIG,
		    "unix: takes the absolute path of a socket, of at most %zu "
		    "octets",
		    sizeof(address->sun_path) - 1);
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path.data, path.len);
	ret_socket->len = sizeof(*address);
	ret_socket->is_unix = true;
	ret_socket->path = path;
	return 0;
}

static int
local_socket_inet(struct slice text, unsigned int bits,
    struct local_socket *ret_socket, struct err *err)
{
	struct sockaddr_in *four = (void *)&ret_socket->address;
	struct sockaddr_in6 *six = (void *)&ret_socket->address;
	size_t at = slice_find(text, '@');
	struct net_addr addr;
	unsigned long port;

	if (!slice_number(slice_sub(text, 0, at), 65535, &port) || port == 0 ||
	    !net_addr_parse(slice_from(text, at + 1), &addr) ||
	    addr.bits != bits)
		return err_set(err, ERR_CONFIG,
		    "takes a port and an address, as in %s",
		    bits == 32 ? "inet:9105@127.0.0.1" : "inet6:9105@::1");
	if (!net_addr_is_loopback(&addr))
		return err_set(err, ERR_CONFIG,
		    "other hosts could reach that address, and there is "
		    "neither TLS nor a password: use %s, and a proxy for "
		    "Prometheus elsewhere",
		    bits == 32 ? "127.0.0.1" : "::1");
	if (bits == 32) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		memcpy(&four->sin_addr, addr.octets, sizeof(four->sin_addr));
		ret_socket->len = sizeof(*four);
	} else {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		memcpy(&six->sin6_addr, addr.octets, sizeof(six->sin6_addr));
		ret_socket->len = sizeof(*six);
	}
	return 0;
}

int
local_socket_parse(
    struct slice text, struct local_socket *ret_socket, struct err *err)
{
	size_t colon = slice_find(text, ':');
	struct slice kind = slice_sub(text, 0, colon);
	struct slice rest = slice_from(text, colon + 1);
	CLEANUP(arena_done) struct arena mem;
	struct local_socket socket = { .len = 0 };
	int status;

	arena_init(&mem);
	if (slice_eq(kind, SLICE("unix")))
		status = local_socket_unix(rest, &socket, err);
	else if (slice_eq(kind, SLICE("inet")))
		status = local_socket_inet(rest, 32, &socket, err);
	else if (slice_eq(kind, SLICE("inet6")))
		status = local_socket_inet(rest, 128, &socket, err);
	else
		status = err_set(err, ERR_CONFIG,
		    "takes unix:PATH, inet:PORT@ADDRESS or "
		    "inet6:PORT@ADDRESS");
	if (status != 0)
		return err_wrap(
		    err, "\"%s\"", escape(&mem, text, LOCAL_SOCKET_SHOWN));
	*ret_socket = socket;
	return 0;
}
