/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far PORT DELAY-US: a server on the loopback that is so far away: what comes to
 * it goes to PORT so much later. Prints its port. Ends with its standard input.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

enum { BUFFER = 65536 };

static struct sockaddr_in server;
static struct timespec delay;

/* Passes on what is there. False: the end. */
static bool
pass(int from, int to)
{
	char data[BUFFER];
	ssize_t got = read(from, data, sizeof(data));

	return got > 0 && send(to, data, (size_t)got, MSG_NOSIGNAL) == got;
}

static void *
serve(void *arg)
{
	int near = (int)(intptr_t)arg, one = 1;
	int far = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd fds[] = { { .fd = near, .events = POLLIN },
		{ .fd = far, .events = POLLIN } };
	bool is_open = far >= 0 &&
	    connect(far, (struct sockaddr *)&server, sizeof(server)) == 0;

	(void)setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (is_open && poll(fds, 2, -1) > 0) {
		if (fds[0].revents != 0) {
			(void)nanosleep(&delay, NULL);
			is_open = pass(near, far);
		}
		if (is_open && fds[1].revents != 0)
			is_open = pass(far, near);
	}
	(void)close(near);
	(void)close(far);
	return NULL;
}

static void *
accept_all(void *arg)
{
	int listener = (int)(intptr_t)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		ENSURE(fd >= 0);
		ENSURE(pthread_create(
			   &thread, NULL, serve, (void *)(intptr_t)fd) == 0);
		ENSURE(pthread_detach(thread) == 0);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	unsigned long port = 0, delay_us = 0;
	pthread_t thread;

	if (argc != 3 || !slice_number(slice_of(argv[1]), 65535, &port) ||
	    !slice_number(slice_of(argv[2]), 999999, &delay_us)) {
		fputs("usage: far PORT DELAY-US\n", stderr);
		return 2;
	}
	server = address;
	server.sin_port = htons((uint16_t)port);
	delay.tv_nsec = (long)delay_us * 1000;
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
