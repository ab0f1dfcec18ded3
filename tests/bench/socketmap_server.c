/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socketmap_server: a server of socketmap tables that takes little time, for
 * tests/bench/tables. Prints its port on the loopback. Each key whose length is
 * even has its local part as value. Ends with its standard input.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum { MAX_REQUEST = 4096 };

/* The reply to one request, "NAME KEY", in its place of the buffer. */
static size_t
reply(struct slice request, char *out, size_t size)
{
	struct slice key = slice_from(request, slice_find(request, ' ') + 1);
	struct slice local = slice_sub(key, 0, slice_find(key, '@'));
	int len = key.len % 2 == 0 ? snprintf(out, size, "%zu:OK %.*s,",
					 local.len + 3, SLICE_ARGS(local)) :
				     snprintf(out, size, "9:NOTFOUND ,");

	ENSURE(len > 0 && (size_t)len < size);
	return (size_t)len;
}

/* Octets of the netstring that stands first, or 0 if it is not whole. */
static size_t
whole(struct slice octets, struct slice *ret_text)
{
	size_t colon = slice_find(octets, ':');
	unsigned long len;

	if (colon == octets.len)
		return 0;
	ENSURE(slice_number(slice_sub(octets, 0, colon), MAX_REQUEST, &len));
	if (octets.len < colon + len + 2)
		return 0;
	*ret_text = slice_sub(octets, colon + 1, len);
	return colon + len + 2;
}

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char in[2 * MAX_REQUEST], out[2 * MAX_REQUEST];
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, in + used, sizeof(in) - used)) > 0) {
		struct slice text;
		size_t taken, len;

		used += (size_t)got;
		while (
		    (taken = whole((struct slice){ in, used }, &text)) != 0) {
			len = reply(text, out, sizeof(out));
			if (send(fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
				break;
			used -= taken;
			memmove(in, in + taken, used);
		}
		ENSURE(used < sizeof(in));
	}
	(void)close(fd);
	return NULL;
}

static void *
accept_all(void *arg)
{
	int listener = (int)(intptr_t)arg, one = 1;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		ENSURE(fd >= 0);
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		ENSURE(pthread_create(
			   &thread, NULL, serve, (void *)(intptr_t)fd) == 0);
		ENSURE(pthread_detach(thread) == 0);
	}
	return NULL;
}

int
main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;

	ENSURE(listener >= 0 &&
	    bind(listener, (struct sockaddr *)&address, size) == 0 &&
	    getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
	    listen(listener, 128) == 0);
	printf("%d\n", ntohs(address.sin_port));
	(void)fflush(stdout);
	ENSURE(pthread_create(
		   &thread, NULL, accept_all, (void *)(intptr_t)listener) == 0);
	while (getchar() != EOF)
		;
	return 0;
}
