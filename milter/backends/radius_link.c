/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to servers of RADIUS: datagrams, which get lost, TLS, and DTLS. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "radius_priv.h"

struct radius_link {
	const struct radius_way *way;
	unsigned char next_id;
	struct stream stream; /* of TLS; for datagrams, its fd alone */
	struct host_addresses addresses; /* for datagrams */
	size_t at;			 /* the address that is spoken to */
	struct radius_dtls *dtls;
};

unsigned char
radius_link_id(struct radius_link *link)
{
	return link->next_id++;
}

int
radius_datagram_socket(
    const struct sockaddr *address, socklen_t len, struct err *err)
{
	int number,
	    fd = socket(address->sa_family,
		SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, ERR_TEMP, "socket: %s", strerror(errno));
	if (connect(fd, address, len) == 0)
		return fd;
	number = errno;
	(void)close(fd);
	return err_set(err, ERR_TEMP, "connect: %s", strerror(number));
}

/* To the address that is spoken to. */
static int
connect_datagrams(struct radius_link *link, struct err *err)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&link->addresses.items[link->at];

	if (link->stream.fd >= 0)
		(void)close(link->stream.fd);
	link->stream.fd = radius_datagram_socket(
	    address, link->addresses.lengths[link->at], err);
	return link->stream.fd < 0 ? -1 : 0;
}

/* With the next address that can be spoken to. -1: there is none. */
static int
begin_datagrams(struct radius_link *link, struct err *err)
{
	for (; link->at < link->addresses.count; link->at++) {
		if (connect_datagrams(link, err) == 0)
			return 0;
	}
	return -1;
}

static int
link_connect(struct radius_link *link, const struct server_host *host,
    uint64_t deadline_us, struct err *err)
{
	const struct radius_way *way = link->way;

	switch (way->transport) {
	case RADIUS_TLS:
		if (stream_open(host, deadline_us, &link->stream, err) != 0)
			return -1;
		return stream_start_tls(
		    &link->stream, &way->tls, host->name, deadline_us, err);
	case RADIUS_DTLS:
		return radius_dtls_open(
		    way, host, deadline_us, &link->dtls, err);
	case RADIUS_UDP:
		break;
	}
	if (host_resolve(host, deadline_us, &link->addresses, err) != 0)
		return -1;
	return begin_datagrams(link, err);
}

int
radius_link_open(const struct radius_way *way, const struct server_host *host,
    uint64_t deadline_us, struct radius_link **ret_link, struct err *err)
{
	struct radius_link *link = calloc(1, sizeof(*link));

	ENSURE(link != NULL);
	link->way = way;
	link->stream.fd = -1;
	if (link_connect(link, host, deadline_us, err) != 0) {
		radius_link_close(link);
		return -1;
	}
	*ret_link = link;
	return 0;
}

bool
radius_link_is_quiet(struct radius_link *link)
{
	return link->dtls != NULL ? radius_dtls_is_quiet(link->dtls) :
				    stream_is_quiet(&link->stream);
}

void
radius_link_close(struct radius_link *link)
{
	if (link->dtls != NULL)
		radius_dtls_close(link->dtls);
	else if (link->way->transport == RADIUS_TLS)
		stream_close(&link->stream);
	else if (link->stream.fd >= 0)
		(void)close(link->stream.fd);
	free(link);
}

/*
 * A datagram that is the reply. Whoever sends others, which are passed over, is
 * in *err. 1: none until then. -1: there is nobody.
 */
static int
receive_datagram(struct radius_link *link, const struct radius_packet *request,
    uint64_t until_us, const struct table_context *context,
    struct slice *ret_reply)
{
	char data[RADIUS_MAX_BYTES];
	struct err unheard;

	while (stream_wait(link->stream.fd, POLLIN, until_us, &unheard) == 0) {
		ssize_t got = recv(link->stream.fd, data, sizeof(data), 0);
		struct slice reply;

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0)
			return err_set(context->err, ERR_TEMP, "recv: %s",
			    strerror(errno));
		reply =
		    radius_without_padding((struct slice){ data, (size_t)got });
		if (radius_check_reply(
			request, reply, link->way, context->err) == 0) {
			*ret_reply = slice_dup(context->mem, reply);
			return 0;
		}
	}
	return 1;
}

/* Asks one address until then. */
static int
ask_by_datagrams(struct radius_link *link, const struct radius_packet *request,
    uint64_t until_us, const struct table_context *context,
    struct slice *ret_reply)
{
	uint64_t wait_us = RADIUS_FIRST_WAIT_MS * 1000ULL;
	int status = 1;

	err_set(context->err, ERR_TEMP, "%s", RADIUS_NO_ANSWER);
	while (status > 0) {
		uint64_t now = clock_monotonic_us();

		if (now >= until_us)
			return -1;
		if (send(link->stream.fd, request->data, request->len,
			MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return err_set(context->err, ERR_TEMP, "send: %s",
			    strerror(errno));
		status = receive_datagram(link, request,
		    now + wait_us < until_us ? now + wait_us : until_us,
		    context, ret_reply);
		wait_us *= 2;
	}
	return status;
}

/* The next address has its turn where one is silent, or nobody is there. */
static int
ask_addresses(struct radius_link *link, const struct radius_packet *request,
    const struct table_context *context, struct slice *ret_reply)
{
	for (;;) {
		uint64_t now = clock_monotonic_us();
		size_t count = link->addresses.count - link->at;

		if (now >= context->deadline_us)
			return -1;
		if (ask_by_datagrams(link, request,
			now + (context->deadline_us - now) / count, context,
			ret_reply) == 0)
			return 0;
		link->at++;
		if (begin_datagrams(link, context->err) != 0)
			return -1;
	}
}

static int
read_packet(struct radius_link *link, const struct table_context *context,
    struct slice *ret_packet)
{
	char *data = arena_alloc(context->mem, RADIUS_MAX_BYTES);
	size_t len;

	if (stream_read(&link->stream, data, RADIUS_HEADER_BYTES,
		context->deadline_us, context->err) != 0)
		return -1;
	len = (size_t)((unsigned char)data[2] << 8 | (unsigned char)data[3]);
	if (len < RADIUS_HEADER_BYTES || len > RADIUS_MAX_BYTES)
		return err_set(
		    context->err, ERR_TEMP, "a reply that is not whole");
	if (stream_read(&link->stream, data + RADIUS_HEADER_BYTES,
		len - RADIUS_HEADER_BYTES, context->deadline_us,
		context->err) != 0)
		return -1;
	*ret_packet = (struct slice){ data, len };
	return 0;
}

int
radius_link_ask(struct radius_link *link, const struct radius_packet *request,
    const struct table_context *context, struct slice *ret_reply)
{
	const char *text = (const char *)request->data;

	if (link->dtls != NULL)
		return radius_dtls_ask(link->dtls, request, context, ret_reply);
	if (link->way->transport == RADIUS_UDP)
		return ask_addresses(link, request, context, ret_reply);
	if (stream_write(&link->stream, (struct slice){ text, request->len },
		context->deadline_us, context->err) != 0 ||
	    read_packet(link, context, ret_reply) != 0)
		return -1;
	return radius_check_reply(request, *ret_reply, link->way, context->err);
}
