/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"

enum { SOON_MS = 30, LARGE_OCTETS = 60000 };

static void
packet_send(int fd, char command, const char *data, size_t len)
{
	uint32_t head = htonl((uint32_t)len + 1);
	char octets[LARGE_OCTETS + 5];

	memcpy(octets, &head, sizeof(head));
	octets[4] = command;
	memcpy(octets + 5, data, len);
	assert_int_equal(write(fd, octets, len + 5), len + 5);
}

/* As libmilter asks. */
static bool
is_ready(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLPRI };

	return poll(&poll_fd, 1, 1) == 1 && (poll_fd.revents & POLLIN) != 0;
}

static char
packet_read(int fd, time_t seconds, char **ret_data, size_t *ret_len)
{
	struct timeval timeout = { seconds, SOON_MS * 1000 };
	char command = 'x', name[] = "test";

	*ret_data = ahead_read(fd, &timeout, &command, ret_len, name);
	return command;
}

static void
expect_packet(int fd, char command, const char *data)
{
	char *got;
	size_t len;

	assert_true(is_ready(fd));
	assert_int_equal(packet_read(fd, HANGING_SECONDS, &got, &len), command);
	assert_int_equal(len, strlen(data));
	if (len > 0)
		assert_string_equal(got, data);
	free(got);
}

static void
expect_end(int fd)
{
	char *got;
	size_t len;

	assert_true(is_ready(fd));
	assert_true(packet_read(fd, 0, &got, &len) < ' ');
	assert_null(got);
}

static int
octets_in_kernel(int fd)
{
	int count;

	assert_int_equal(ioctl(fd, FIONREAD, &count), 0);
	return count;
}

static void
act_on_many(struct pair *pair)
{
	packet_send(pair->mta, 'D', "one", 3);
	packet_send(pair->mta, 'N', "", 0);
	packet_send(pair->mta, 'L', "three", 5);
	expect_packet(pair->milter, 'D', "one");
	assert_int_equal(octets_in_kernel(pair->milter), 0);
	expect_packet(pair->milter, 'N', "");
	expect_packet(pair->milter, 'L', "three");
	assert_false(is_ready(pair->milter));
	packet_send(pair->mta, 'E', "", 0);
	/* What comes while the engine lingers comes with its question. */
	assert_true(is_ready(pair->milter));
	assert_int_equal(octets_in_kernel(pair->milter), 0);
	expect_packet(pair->milter, 'E', "");
	assert_false(is_ready(pair->milter));
}

static void
test_all_that_was_sent_is_read_at_once(void **state)
{
	(void)state;
	pair_run(act_on_many);
}

static void
act_on_other_descriptors(struct pair *pair)
{
	int other[2];
	struct pollfd both[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
	packet_send(pair->mta, 'D', "one", 3);
	packet_send(pair->mta, 'N', "", 0);
	expect_packet(pair->milter, 'D', "one");
	assert_false(is_ready(other[0]));
	both[0] = (struct pollfd){ .fd = other[0], .events = POLLIN };
	both[1] = (struct pollfd){ .fd = pair->milter, .events = POLLIN };
	assert_int_equal(poll(both, 2, 0), 0);
	/* To ask whether one may write is another question. */
	both[1].events = POLLOUT;
	assert_int_equal(poll(&both[1], 1, 0), 1);
	assert_int_equal(both[1].revents, POLLOUT);
	assert_int_equal(write(other[1], "x", 1), 1);
	assert_true(is_ready(other[0]));
	expect_packet(pair->milter, 'N', "");
	assert_true(is_ready(other[0]));
	assert_int_equal(octets_in_kernel(other[0]), 1);
	(void)close(other[0]);
	(void)close(other[1]);
}

static void
test_other_descriptors_are_the_kernels(void **state)
{
	(void)state;
	pair_run(act_on_other_descriptors);
}

static void
act_on_large(struct pair *pair)
{
	static char large[LARGE_OCTETS + 1];
	char *got;
	size_t len;

	for (size_t i = 0; i < LARGE_OCTETS; i++)
		large[i] = (char)('a' + i % 23);
	packet_send(pair->mta, 'L', "before", 6);
	packet_send(pair->mta, 'B', large, LARGE_OCTETS);
	packet_send(pair->mta, 'E', "", 0);
	expect_packet(pair->milter, 'L', "before");
	assert_true(is_ready(pair->milter));
	assert_int_equal(
	    packet_read(pair->milter, HANGING_SECONDS, &got, &len), 'B');
	assert_int_equal(len, LARGE_OCTETS);
	assert_memory_equal(got, large, LARGE_OCTETS);
	free(got);
	assert_int_equal(octets_in_kernel(pair->milter), 0);
	expect_packet(pair->milter, 'E', "");
	assert_false(is_ready(pair->milter));
}

static void
test_a_packet_larger_than_what_is_read_ahead(void **state)
{
	(void)state;
	pair_run(act_on_large);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
act_on_half(struct pair *pair, const char *octets, size_t count)
{
	int64_t begin;

	packet_send(pair->mta, 'D', "one", 3);
	assert_int_equal(write(pair->mta, octets, count), count);
	expect_packet(pair->milter, 'D', "one");
	begin = now_ms();
	expect_end(pair->milter);
	assert_true(now_ms() - begin >= SOON_MS - 1);
}

static void
act_on_half_a_head(struct pair *pair)
{
	act_on_half(pair, "\0\0", 2);
}

static void
act_on_half_the_data(struct pair *pair)
{
	act_on_half(pair, "\0\0\0\5Lab", 7);
}

static void
test_silence_in_mid_packet_ends_in_time(void **state)
{
	(void)state;
	pair_run(act_on_half_a_head);
	pair_run(act_on_half_the_data);
}

static void
act_on_eof(struct pair *pair)
{
	packet_send(pair->mta, 'D', "one", 3);
	packet_send(pair->mta, 'Q', "", 0);
	assert_int_equal(write(pair->mta, "\0\0\0\5Lab", 7), 7);
	(void)close(pair->mta);
	pair->mta = -1;
	/* What was sent before the end is a part of the session. */
	expect_packet(pair->milter, 'D', "one");
	expect_packet(pair->milter, 'Q', "");
	expect_end(pair->milter);
}

static void
test_the_end_in_mid_packet(void **state)
{
	(void)state;
	pair_run(act_on_eof);
}

static void
act_on_no_packets(struct pair *pair)
{
	static const struct {
		char octets[6];
		size_t count;
	} cases[] = { { "\0\0\0\0D", 5 }, { "\0\x10\0\2D", 5 },
		{ "\x7f\xff\xff\xff"
		  "D",
		    5 },
		{ "\xff\xff\xff\xff"
		  "D",
		    5 },
		{ "\x80\0\0\0D", 5 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    write(pair->mta, cases[i].octets, cases[i].count),
		    cases[i].count);
		expect_end(pair->milter);
	}
}

static void
test_lengths_that_no_packet_has(void **state)
{
	(void)state;
	pair_run(act_on_no_packets);
}

struct slow_sender {
	int fd;
	const char *octets;
	size_t count;
};

static void *
send_by_octets(void *arg)
{
	const struct slow_sender *sender = arg;
	static const struct timespec pause = { 0, 2000000 };

	for (size_t i = 0; i < sender->count; i++) {
		(void)nanosleep(&pause, NULL);
		assert_int_equal(write(sender->fd, sender->octets + i, 1), 1);
	}
	return NULL;
}

static void
act_on_octets(struct pair *pair)
{
	struct slow_sender sender = { pair->mta,
		"\0\0\0\4Done\0\0\0\1N\0\0\0\6Lthree", 23 };
	pthread_t thread;

	assert_int_equal(
	    pthread_create(&thread, NULL, send_by_octets, &sender), 0);
	while (!is_ready(pair->milter))
		;
	expect_packet(pair->milter, 'D', "one");
	while (!is_ready(pair->milter))
		;
	expect_packet(pair->milter, 'N', "");
	while (!is_ready(pair->milter))
		;
	expect_packet(pair->milter, 'L', "three");
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
test_one_octet_at_a_time(void **state)
{
	(void)state;
	pair_run(act_on_octets);
}

static void
act_on_leftover(struct pair *pair)
{
	packet_send(pair->mta, 'Q', "", 0);
	packet_send(pair->mta, 'D', "left over", 9);
	expect_packet(pair->milter, 'Q', "");
}

static void
test_nothing_is_left_for_the_next_session(void **state)
{
	(void)state;
	pair_run(act_on_leftover);
	/* The same numbers again. */
	pair_run(act_on_many);
}

static void
act_without_asking(struct pair *pair)
{
	char *got;
	size_t len;

	packet_send(pair->mta, 'D', "one", 3);
	packet_send(pair->mta, 'N', "", 0);
	assert_int_equal(
	    packet_read(pair->milter, HANGING_SECONDS, &got, &len), 'D');
	assert_int_equal(len, 3);
	free(got);
	/* libmilter has read it, and nothing else. */
	assert_int_equal(octets_in_kernel(pair->milter), 5);
	expect_packet(pair->milter, 'N', "");
}

static void
test_nothing_is_read_ahead_where_poll_was_not_asked(void **state)
{
	(void)state;
	pair_run(act_without_asking);
}

enum { WAITING_THREADS = 40 };
static atomic_bool waiting_ends;

/* Waits for its MTA all the time, as libmilter does. */
static void
act_waiting(struct pair *pair)
{
	packet_send(pair->mta, 'D', "one", 3);
	expect_packet(pair->milter, 'D', "one");
	while (!atomic_load(&waiting_ends))
		(void)is_ready(pair->milter);
}

static void *
wait_in_thread(void *arg)
{
	struct pair *pair = arg;

	(void)ahead_run(engine_of_test, (SMFICTX *)(void *)pair);
	return NULL;
}

/* Whether what comes is only asked for, and received later. */
static bool
is_left_in_kernel(struct pair *pair)
{
	bool is_left;

	packet_send(pair->mta, 'N', "", 0);
	assert_true(is_ready(pair->milter));
	is_left = octets_in_kernel(pair->milter) > 0;
	expect_packet(pair->milter, 'N', "");
	return is_left;
}

static void
act_beside_others(struct pair *pair)
{
	struct pair others[WAITING_THREADS];
	pthread_t threads[WAITING_THREADS];

	packet_send(pair->mta, 'D', "one", 3);
	expect_packet(pair->milter, 'D', "one");
	assert_false(is_left_in_kernel(pair));
	for (size_t i = 0; i < WAITING_THREADS; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		others[i] = (struct pair){ ends[0], ends[1], act_waiting };
		assert_int_equal(pthread_create(&threads[i], NULL,
				     wait_in_thread, &others[i]),
		    0);
	}
	/* They take their time to begin. */
	while (!is_left_in_kernel(pair))
		(void)usleep(1000);
	atomic_store(&waiting_ends, true);
	for (size_t i = 0; i < WAITING_THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		(void)close(others[i].mta);
		(void)close(others[i].milter);
	}
	assert_false(is_left_in_kernel(pair));
}

static void
test_not_all_threads_wait_for_long(void **state)
{
	(void)state;
	pair_run(act_beside_others);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_was_sent_is_read_at_once),
		cmocka_unit_test(test_other_descriptors_are_the_kernels),
		cmocka_unit_test(test_a_packet_larger_than_what_is_read_ahead),
		cmocka_unit_test(test_silence_in_mid_packet_ends_in_time),
		cmocka_unit_test(test_the_end_in_mid_packet),
		cmocka_unit_test(test_lengths_that_no_packet_has),
		cmocka_unit_test(test_one_octet_at_a_time),
		cmocka_unit_test(test_nothing_is_left_for_the_next_session),
		cmocka_unit_test(
		    test_nothing_is_read_ahead_where_poll_was_not_asked),
		cmocka_unit_test(test_not_all_threads_wait_for_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
