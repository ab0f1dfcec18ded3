/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the running milter, as an MTA begins: connect and negotiate. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "check/check.h"

enum { WAIT_MS = 5000 };

static int
check_milter_connect_to(
    int family, const struct sockaddr *address, socklen_t len)
{
	const struct timeval wait = { .tv_sec = WAIT_MS / 1000 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), number;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, address, len) == 0)
		return fd;
	number = errno;
	(void)close(fd);
	errno = number;
	return -1;
}

static int
connect_milter(const struct checked *c)
{
	struct arena *mem = c->found->mem;
	struct slice spec = c->config->main.listen;
	size_t colon = slice_find(spec, ':'), at = slice_find(spec, '@');
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family =
		    slice_starts(spec, SLICE("inet6:")) ? AF_INET6 : AF_INET };
	struct addrinfo *found = NULL;
	int fd = -1;

	if (c->socket_path.len > 0) {
		/* The configuration takes no path that does not fit. */
		memcpy(
		    address.sun_path, c->socket_path.data, c->socket_path.len);
		return check_milter_connect_to(AF_UNIX,
		    (const struct sockaddr *)&address, sizeof(address));
	}
	if (getaddrinfo(slice_cstr(mem, slice_from(spec, at + 1)),
		slice_cstr(mem, slice_sub(spec, colon + 1, at - colon - 1)),
		&hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = check_milter_connect_to(
		    a->ai_family, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

/*
 * SMFIC_OPTNEG with all that libmilter 8.17 knows of, its answer, and
 * SMFIC_QUIT (libmilter/docs and mfdef.h: a length, a letter, data).
 */
static bool
negotiate(int fd)
{
	static const char offer[] = { 0, 0, 0, 13, 'O', 0, 0, 0, 6, 0, 0, 1,
		(char)0xff, 0, 0x1f, (char)0xff, (char)0xff };
	static const char quit[] = { 0, 0, 0, 1, 'Q' };
	uint64_t end_us = clock_monotonic_us() + WAIT_MS * 1000ULL;
	char head[5];
	size_t len = 0;

	if (send(fd, offer, sizeof(offer), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(offer))
		return false;
	while (len < sizeof(head) && clock_monotonic_us() < end_us) {
		ssize_t got = read(fd, head + len, sizeof(head) - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		len += (size_t)got;
	}
	if (len < sizeof(head) || head[4] != 'O')
		return false;
	(void)!send(fd, quit, sizeof(quit), MSG_NOSIGNAL);
	return true;
}

void
check_milter(const struct checked *c)
{
	int fd CLEANUP(fd_close) = connect_milter(c);
	struct slice listen = c->config->main.listen;
	int error = errno;
	/* How this host starts it. */
	const char *start = access("/run/systemd/system", F_OK) == 0 ?
	    "systemctl start submilter" :
	    shell_command(
		c->found->mem, "submilter run -c", c->config->path.data);

	if (fd < 0 && error == EACCES)
		finding_add(c->found, FINDING_WARNING, "run this check as root",
		    "listen: whether a milter answers on %.*s is not known: %s",
		    SLICE_ARGS(listen), strerror(error));
	else if (fd < 0)
		finding_add(c->found, FINDING_ERROR, start,
		    "listen: no milter answers on %.*s: %s", SLICE_ARGS(listen),
		    strerror(error));
	else if (!negotiate(fd))
		finding_add(c->found, FINDING_ERROR,
		    "ss -xltp, which names the process; end it, and start the "
		    "milter",
		    "listen: what listens on %.*s does not answer as a milter "
		    "does",
		    SLICE_ARGS(listen));
	else
		finding_add(c->found, FINDING_OK, NULL,
		    "listen: the milter answers on %.*s", SLICE_ARGS(listen));
}
