/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that wait until a deadline and not longer. */
#include "stream_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

int
stream_wait(int fd, short events, uint64_t deadline_us, struct err *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

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
stream_connect(const struct host_addresses *addresses, size_t index,
    uint64_t deadline_us, int *ret_fd, struct err *err)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&addresses->items[index];
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
	if (connect(fd, address, addresses->lengths[index]) == 0)
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
stream_open(const struct server_host *host, uint64_t deadline_us,
    struct stream *stream, struct err *err)
{
	struct host_addresses addresses;

	*stream = (struct stream){ .fd = -1 };
	if (host_resolve(host, deadline_us, &addresses, err) != 0)
		return -1;
	for (size_t i = 0; i < addresses.count; i++) {
		uint64_t now = clock_monotonic_us();
		/* The last one has all the time that is left. */
		uint64_t until = deadline_us <= now ?
		    deadline_us :
		    now + (deadline_us - now) / (addresses.count - i);

		if (stream_connect(&addresses, i, until, &stream->fd, err) == 0)
			return 0;
	}
	return -1;
}

void
stream_close(struct stream *stream)
{
	stream_tls_free(stream->tls);
	(void)close(stream->fd);
}

bool
stream_is_quiet(const struct stream *stream)
{
	struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

	if (stream->begin != stream->end)
		return false;
	if (poll(&poll_fd, 1, 0) == 0)
		return true;
	/* It may be a ticket of TLS 1.3, which says nothing. */
	return stream->tls != NULL && stream_tls_is_quiet(stream);
}

int
stream_send(const struct stream *stream, struct slice text,
    uint64_t deadline_us, struct err *err)
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
stream_receive(const struct stream *stream, char *data, size_t size,
    uint64_t deadline_us, size_t *ret_len, struct err *err)
{
	for (;;) {
		ssize_t got = recv(stream->fd, data, size, 0);

		if (got > 0) {
			*ret_len = (size_t)got;
			return 0;
		}
		if (got == 0) {
			return err_set(
			    err, ERR_TEMP, "the server closed the connection");
		}
		if (errno == EAGAIN) {
			if (stream_wait(stream->fd, POLLIN, deadline_us, err) !=
			    0)
				return -1;
		} else if (errno != EINTR) {
			return err_set(
			    err, ERR_TEMP, "recv: %s", strerror(errno));
		}
	}
}

int
stream_write(struct stream *stream, struct slice text, uint64_t deadline_us,
    struct err *err)
{
	return stream->tls == NULL ?
	    stream_send(stream, text, deadline_us, err) :
	    stream_tls_write(stream, text, deadline_us, err);
}

/* Reads into the buffer, which is empty. */
static int
stream_fill(struct stream *stream, uint64_t deadline_us, struct err *err)
{
	int status = stream->tls == NULL ?
	    stream_receive(stream, stream->buffer, sizeof(stream->buffer),
		deadline_us, &stream->end, err) :
	    stream_tls_read(stream, stream->buffer, sizeof(stream->buffer),
		deadline_us, &stream->end, err);

	if (status == 0)
		stream->begin = 0;
	return status;
}

int
stream_some(struct stream *stream, uint64_t deadline_us,
    struct slice *ret_octets, struct err *err)
{
	if (stream->begin == stream->end &&
	    stream_fill(stream, deadline_us, err) != 0)
		return -1;
	*ret_octets = (struct slice){ stream->buffer + stream->begin,
		stream->end - stream->begin };
	stream->begin = stream->end;
	return 0;
}

int
stream_octet(struct stream *stream, uint64_t deadline_us, char *ret_octet,
    struct err *err)
{
	if (stream->begin == stream->end &&
	    stream_fill(stream, deadline_us, err) != 0)
		return -1;
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
