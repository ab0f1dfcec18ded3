/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads packets ahead: all that an MTA has sent comes with one system call, where
 * libmilter takes four for each packet (docs/measurements.md, "System calls").
 *
 * libmilter's engine asks poll() for a packet, reads it, serves it, and asks
 * again, until nothing comes for some milliseconds. Then the session leaves the thread
 * and waits for its descriptor with all the others. The descriptor does not show
 * what was read ahead. So poll() is ours, too: while packets are left it says that
 * there is one, and the session stays. What was read ahead is therefore never left
 * over when the engine returns, save at the end of the session, and lives in the
 * frame of one call of the engine: a session that waits keeps no memory for it,
 * and a descriptor that is used again finds nothing of the session before.
 *
 * The functions are replaced as packet_guard.c tells. No packet is read ahead
 * unless our poll() was asked for it before, so where one of them does not come
 * before libmilter's, libmilter reads for itself.
 */
#include "packet_priv.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "base/log.h"

/*
 * LINGER_MS: libmilter waits less for another packet. LINGERING: so many threads
 * at a time, of the sixty of libmilter's pool; the others wait for 1 ms by the
 * precise timer, so that pauses of many MTAs do not take all threads.
 */
enum {
	AHEAD_OCTETS = 8192,
	ENGINE_GOES_ON = 1,
	LINGER_MS = 10,
	LINGERING = 16,
};

/* What a thread keeps while it is in mi_engine(). */
struct engine_run {
	/* Where libmilter looked for a packet since the last one, or -1. */
	int asked_fd;
	/* Whose packets are in `data`, from `at` to `len`. */
	int fd;
	bool lingers; /* recv() of it ends after some ms */
	size_t at, len;
	char data[AHEAD_OCTETS];
	struct held_packets held;
};

/* libmilter's own; set before there are threads. */
static engine_fn *engine;
static read_packet_fn *read_packet;
static atomic_bool in_use;
static atomic_uint lingering;

/* Of the call of mi_engine() that this thread is in, or NULL. */
static _Thread_local struct engine_run *current_run;

int
ahead_run(engine_fn *serve, SMFICTX *ctx)
{
	struct engine_run run;
	int result;

	run.asked_fd = run.fd = -1;
	run.lingers = false;
	run.at = run.len = run.held.len = 0;
	current_run = &run;
	result = serve(ctx);
	current_run = NULL;
	/* A session that goes on may not lose what its MTA has said. */
	ENSURE(result != ENGINE_GOES_ON || run.at == run.len);
	return result;
}

__attribute__((visibility("default"), weak)) int
mi_engine(SMFICTX *ctx)
{
	return ahead_run(engine, ctx);
}

static void
log_broken(void)
{
	log_write(LOG_LEVEL_INFO, "the connection of an MTA broke: %s",
	    strerror(errno));
}

static int
ahead_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec wait = { timeout_ms / 1000,
		timeout_ms % 1000 * 1000000L };

	return ppoll(fds, count, timeout_ms < 0 ? NULL : &wait, NULL);
}

static void
linger_end(void)
{
	(void)atomic_fetch_sub_explicit(&lingering, 1, memory_order_relaxed);
}

static bool
linger_begin(struct engine_run *run, int timeout_ms)
{
	const struct timeval wait = { .tv_usec = timeout_ms * 1000L };

	if (atomic_fetch_add_explicit(&lingering, 1, memory_order_relaxed) <
	    LINGERING) {
		run->lingers = run->lingers ||
		    setsockopt(run->fd, SOL_SOCKET, SO_RCVTIMEO, &wait,
			sizeof(wait)) == 0;
		if (run->lingers)
			return true;
	}
	linger_end();
	return false;
}

/*
 * Waits for the MTA's next packets as poll() does, for a time that is short, and
 * receives them in the same call. The kernel's timer for that is a coarse one: 1
 * ms may be 8, but it takes no interrupt of its own. A connection that has ended
 * is ready, and ahead_read() sees how.
 */
static int
ahead_linger(struct engine_run *run, struct pollfd *poll_fd, int timeout_ms)
{
	ssize_t got;

	if (!linger_begin(run, timeout_ms))
		return ahead_poll(poll_fd, 1, timeout_ms);
	do
		got = recv(run->fd, run->data, sizeof(run->data), 0);
	while (got < 0 && errno == EINTR);
	linger_end();
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (got < 0)
		log_broken();
	run->at = 0;
	run->len = got > 0 ? (size_t)got : 0;
	poll_fd->revents = POLLIN;
	return 1;
}

/*
 * Whoever in this process calls poll() comes here. It is the C library's, save for
 * a session of which packets were read ahead. Its name in C is another one because
 * poll.h says that poll() reads nothing of *fds.
 */
__attribute__((visibility("default"))) int poll_or_ahead(
    struct pollfd *fds, nfds_t count, int timeout_ms) __asm__("poll");

int
poll_or_ahead(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct engine_run *run = current_run;

	if (run != NULL && count == 1 && (fds->events & POLLIN) != 0) {
		run->asked_fd = fds->fd;
		if (run->at < run->len && fds->fd == run->fd) {
			fds->revents = POLLIN;
			return 1;
		}
		if (fds->fd == run->fd && timeout_ms > 0 &&
		    timeout_ms <= LINGER_MS)
			return ahead_linger(run, fds, timeout_ms);
	}
	return ahead_poll(fds, count, timeout_ms);
}

bool
packet_wait(int fd, short events, const struct timeval *timeout)
{
	int64_t ms = (int64_t)timeout->tv_sec * 1000 + timeout->tv_usec / 1000;
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int ready;

	do
		ready =
		    ahead_poll(&poll_fd, 1, ms > INT_MAX ? INT_MAX : (int)ms);
	while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/*
 * How many octets came; 0 if the MTA closed the connection, if it broke, or if
 * nothing came in time.
 */
static size_t
ahead_receive(
    int fd, const struct timeval *timeout, struct iovec *parts, size_t count)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };

	for (;;) {
		ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);

		if (got >= 0)
			return (size_t)got;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK) {
			log_broken();
			return 0;
		}
		if (!packet_wait(fd, POLLIN, timeout))
			return 0;
	}
}

static int
ahead_take_head(struct engine_run *run, const struct timeval *timeout,
    char head[static HEAD_OCTETS])
{
	while (run->len - run->at < HEAD_OCTETS) {
		struct iovec room;
		size_t got;

		memmove(run->data, run->data + run->at, run->len - run->at);
		run->len -= run->at;
		run->at = 0;
		room.iov_base = run->data + run->len;
		room.iov_len = sizeof(run->data) - run->len;
		got = ahead_receive(run->fd, timeout, &room, 1);
		if (got == 0)
			return -1;
		run->len += got;
	}
	memcpy(head, run->data + run->at, HEAD_OCTETS);
	run->at += HEAD_OCTETS;
	return 0;
}

/*
 * What is not here yet is received in its place, and what comes behind it in the
 * same call, in `run`.
 */
static int
ahead_take_data(struct engine_run *run, const struct timeval *timeout,
    char *data, size_t len)
{
	size_t have = run->len - run->at;

	have = have > len ? len : have;
	memcpy(data, run->data + run->at, have);
	run->at += have;
	while (have < len) {
		struct iovec parts[] = { { data + have, len - have },
			{ run->data, sizeof(run->data) } };
		size_t got = ahead_receive(run->fd, timeout, parts, 2);

		if (got == 0)
			return -1;
		run->at = 0;
		run->len = got > len - have ? got - (len - have) : 0;
		have += got - run->len;
	}
	return 0;
}

/* To libmilter a command of 0 is a connection that broke. */
static char *
ahead_end(char *command, char *data)
{
	free(data);
	*command = '\0';
	return NULL;
}

char *
ahead_read(
    int fd, struct timeval *timeout, char *command, size_t *ret_len, char *name)
{
	struct engine_run *run = current_run;
	char head[HEAD_OCTETS], *data;
	uint32_t len;

	if (run == NULL || (run->asked_fd != fd && run->at == run->len)) {
		data = read_packet(fd, timeout, command, ret_len, name);
		if (run != NULL)
			run->asked_fd = -1;
		return data;
	}
	atomic_store_explicit(&in_use, true, memory_order_relaxed);
	run->asked_fd = -1;
	run->fd = fd;
	*ret_len = 0;
	if (ahead_take_head(run, timeout, head) != 0)
		return ahead_end(command, NULL);
	memcpy(&len, head, sizeof(len));
	len = ntohl(len);
	/* The command is counted. */
	if (len == 0 || len - 1 > MAX_PACKET_BYTES)
		return ahead_end(command, NULL);
	*command = head[HEAD_OCTETS - 1];
	if (--len == 0)
		return NULL;
	/* A string that does not end would be read on by libmilter. */
	data = malloc((size_t)len + 1);
	ENSURE(data != NULL);
	data[len] = '\0';
	if (ahead_take_data(run, timeout, data, len) != 0)
		return ahead_end(command, data);
	*ret_len = len;
	return data;
}

struct held_packets *
ahead_held(int fd)
{
	struct engine_run *run = current_run;

	return run != NULL && run->fd == fd ? &run->held : NULL;
}

void
ahead_start(void)
{
	void *of_engine = dlsym(RTLD_NEXT, "mi_engine");
	void *of_reader = dlsym(RTLD_NEXT, "mi_rd_cmd");

	/* ISO C knows no way from a pointer to an object to a function. */
	_Static_assert(sizeof(of_engine) == sizeof(engine), "as in POSIX");
	memcpy(&engine, &of_engine, sizeof(engine));
	memcpy(&read_packet, &of_reader, sizeof(read_packet));
}

bool
packets_come_ahead(void)
{
	return atomic_load_explicit(&in_use, memory_order_relaxed);
}
