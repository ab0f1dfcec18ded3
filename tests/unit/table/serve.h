/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_TABLE_SERVE_H
#define TESTS_TABLE_SERVE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A server of tables on the loopback, for as long as the test program runs: it
 * has the key "a" with the value "1" and no other one, and answers each
 * connection in a thread of its own.
 */

struct served {
	int fd;
	char dialect; /* 's': socketmap, 't': tcp */
};

static void *
serve_connection(void *arg)
{
	struct served *served = arg;
	char end = served->dialect == 't' ? '\n' : ',';
	char query[4096];
	size_t len = 0;

	while (len < sizeof(query) - 1 &&
	    recv(served->fd, query + len, 1, 0) == 1) {
		const char *reply;

		if (query[len++] != end)
			continue;
		query[len] = '\0';
		len = 0;
		if (served->dialect == 't')
			reply = strcmp(query, "get a\n") == 0 ? "200 1\n" :
								"500 none\n";
		else
			reply = strcmp(query, "3:m a,") == 0 ? "4:OK 1," :
							       "9:NOTFOUND ,";
		if (send(served->fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			break;
	}
	(void)close(served->fd);
	free(served);
	return NULL;
}

static void *
serve_all(void *arg)
{
	struct served *listener = arg;

	for (;;) {
		struct served *served = malloc(sizeof(*served));
		pthread_t thread;

		assert_non_null(served);
		*served = *listener;
		served->fd = accept(listener->fd, NULL, NULL);
		assert_int_equal(
		    pthread_create(&thread, NULL, serve_connection, served), 0);
		assert_int_equal(pthread_detach(thread), 0);
	}
	return NULL;
}

/* The port of a new server. */
static unsigned int
serve(char dialect)
{
	static struct served listeners[8];
	static size_t count;
	struct served *listener = &listeners[count++];
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	pthread_t thread;

	listener->dialect = dialect;
	listener->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
	    bind(listener->fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener->fd, 64), 0);
	assert_int_equal(
	    getsockname(listener->fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve_all, listener), 0);
	assert_int_equal(pthread_detach(thread), 0);
	return ntohs(address.sin_port);
}

#endif
