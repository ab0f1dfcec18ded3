/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that wait until a deadline and not longer. */
#include "stream_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

int
stream_place_inet(struct slice host, struct slice port,
    struct stream_place *ret_place, struct err *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	CLEANUP(arena_done) struct arena mem;
	struct addrinfo *found = NULL;
	size_t room =
	    sizeof(ret_place->addresses) / sizeof(ret_place->addresses[0]);
	int status;

	arena_init(&mem);
	if (host.len > 2 && host.data[0] == '[' &&
	    host.data[host.len - 1] == ']')
		host = slice_sub(host, 1, host.len - 2);
	if (host.len == 0 || port.len == 0)
		return err_set(
		    err, ERR_CONFIG, "a server is named as HOST:PORT");
	*ret_place = (struct stream_place){ .count = 0 };
	status = getaddrinfo(
	    slice_cstr(&mem, host), slice_cstr(&mem, port), &hints, &found);
	if (status != 0)
		return err_set(err,
		    status == EAI_SERVICE ? ERR_CONFIG : ERR_TEMP,
		    "host %s, port %s: %s", escape(&mem, host, 128),
		    escape(&mem, port, 16), gai_strerror(status));
	for (const struct addrinfo *a = found;
	     a != NULL && ret_place->count < room; a = a->ai_next) {
		if (a->ai_addrlen > sizeof(ret_place->addresses[0]))
			continue;
		memcpy(&ret_place->addresses[ret_place->count], a->ai_addr,
		    a->ai_addrlen);
		ret_place->lengths[ret_place->count++] = a->ai_addrlen;
	}
	freeaddrinfo(found);
	return 0;
}

int
stream_place_unix(
    struct slice path, struct stream_place *ret_place, struct err *err)
{
	struct sockaddr_un *address =
	    (struct sockaddr_un *)&ret_place->addresses[0];

	*ret_place = (struct stream_place){ .count = 1 };
	if (path.len == 0 || path.len >= sizeof(address->sun_path))
		return err_set(err, ERR_CONFIG,
		    "the path of a socket has 1 to %zu octets",
		    sizeof(address->sun_path) - 1);
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path.data, path.len);
	ret_place->lengths[0] = sizeof(*address);
	return 0;
}

/* Waits for the event. -1 (ERR_TEMP) when the time is over. */
static int
stream_wait(int fd, short event, uint64_t deadline_us, struct err *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = event };

	for (;;) {
		uint64_t now = clock_monotonic_us();
		int ready;

		if (now >= deadline_us)
			return err_set(
			    err, ERR_TEMP, "no answer within the time");
		ready =
		    poll(&poll_fd, 1, (int)((deadline_us - now) / 1000 + 1));
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return err_set(
			    err, ERR_TEMP, "poll: %s", strerror(errno));
	}
}

static int
stream_connect(const struct stream_place *place, size_t index,
    uint64_t deadline_us, int *ret_fd, struct err *err)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&place->addresses[index];
	int fault = 0, one = 1;
	socklen_t size = sizeof(fault);
	int fd = socket(
	    address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, ERR_TEMP, "socket: %s", strerror(errno));
	*ret_fd = fd;
	if (address->sa_family != AF_UNIX)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, address, place->lengths[index]) == 0)
		return 0;
	if (errno == EINPROGRESS) {
		if (stream_wait(fd, POLLOUT, deadline_us, err) == 0 &&
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) == 0 &&
		    fault == 0)
			return 0;
		if (fault == 0)
			fault = ETIMEDOUT;
	} else {
		fault = errno;
	}
	(void)close(fd);
	return err_set(err, ERR_TEMP, "connect: %s", strerror(fault));
}

int
stream_open(const struct stream_place *place, uint64_t deadline_us,
    struct stream *stream, struct err *err)
{
	stream->begin = stream->end = 0;
	for (size_t i = 0; i < place->count; i++) {
		uint64_t now = clock_monotonic_us();
		/* The last one has all the time that is left. */
		uint64_t until = deadline_us <= now ?
		    deadline_us :
		    now + (deadline_us - now) / (place->count - i);

		if (stream_connect(place, i, until, &stream->fd, err) == 0)
			return 0;
	}
	return -1;
}

void
stream_close(struct stream *stream)
{
	(void)close(stream->fd);
}

bool
stream_is_quiet(const struct stream *stream)
{
	struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

	return stream->begin == stream->end && poll(&poll_fd, 1, 0) == 0;
}

int
stream_write(struct stream *stream, struct slice text, uint64_t deadline_us,
    struct err *err)
{
	while (text.len > 0) {
		ssize_t sent =
		    send(stream->fd, text.data, text.len, MSG_NOSIGNAL);

		if (sent > 0)
			text = slice_from(text, (size_t)sent);
		else if (errno == EAGAIN) {
			if (stream_wait(
				stream->fd, POLLOUT, deadline_us, err) != 0)
				return -1;
		} else if (errno != EINTR) {
			return err_set(
			    err, ERR_TEMP, "send: %s", strerror(errno));
		}
	}
	return 0;
}

int
stream_octet(struct stream *stream, uint64_t deadline_us, char *ret_octet,
    struct err *err)
{
	while (stream->begin == stream->end) {
		ssize_t got =
		    recv(stream->fd, stream->buffer, sizeof(stream->buffer), 0);

		if (got > 0) {
			stream->begin = 0;
			stream->end = (size_t)got;
		} else if (got == 0) {
			return err_set(
			    err, ERR_TEMP, "the server closed the connection");
		} else if (errno == EAGAIN) {
			if (stream_wait(stream->fd, POLLIN, deadline_us, err) !=
			    0)
				return -1;
		} else if (errno != EINTR) {
			return err_set(
			    err, ERR_TEMP, "recv: %s", strerror(errno));
		}
	}
	*ret_octet = stream->buffer[stream->begin++];
	return 0;
}

int
stream_read(struct stream *stream, char *data, size_t len, uint64_t deadline_us,
    struct err *err)
{
	while (len > 0) {
		size_t part;

		if (stream_octet(stream, deadline_us, data, err) != 0)
			return -1;
		data++;
		len--;
		part = stream->end - stream->begin;
		part = part < len ? part : len;
		memcpy(data, stream->buffer + stream->begin, part);
		stream->begin += part;
		data += part;
		len -= part;
	}
	return 0;
}
