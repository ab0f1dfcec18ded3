/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"

enum { SOON_MS = 50, LARGE_OCTETS = 200000 };

static int
milter_send(struct pair *pair, int command, const char *text)
{
	struct timeval timeout = { 0, SOON_MS * 1000 };
	char data[4096];
	size_t len = strlen(text);

	memcpy(data, text, len);
	return mi_wr_cmd(
	    pair->milter, &timeout, command, len > 0 ? data : NULL, len);
}

static size_t
octets_at_mta(const struct pair *pair)
{
	int count;

	assert_int_equal(ioctl(pair->mta, FIONREAD, &count), 0);
	return (size_t)count;
}

static void
expect_octets(const struct pair *pair, const char *octets, size_t count)
{
	char got[512];

	assert_int_equal(octets_at_mta(pair), count);
	assert_int_equal(read(pair->mta, got, sizeof(got)), count);
	assert_memory_equal(got, octets, count);
}

/* One packet that is read ahead, as from any MTA. */
static void
begin_session(struct pair *pair)
{
	struct timeval timeout = { 1, 0 };
	struct pollfd poll_fd = { .fd = pair->milter, .events = POLLIN };
	char command, name[] = "test";
	size_t len;

	assert_int_equal(write(pair->mta, "\0\0\0\1E", 5), 5);
	assert_int_equal(poll(&poll_fd, 1, -1), 1);
	assert_null(ahead_read(pair->milter, &timeout, &command, &len, name));
	assert_int_equal(command, 'E');
}

static void
act_on_changes(struct pair *pair)
{
	begin_session(pair);
	assert_int_equal(milter_send(pair, 'm', "one"), 0);
	assert_int_equal(milter_send(pair, 'i', "two"), 0);
	assert_int_equal(octets_at_mta(pair), 0);
	assert_int_equal(milter_send(pair, 'c', ""), 0);
	expect_octets(pair, "\0\0\0\4mone\0\0\0\4itwo\0\0\0\1c", 21);
	/* Nothing of it comes again. */
	assert_int_equal(milter_send(pair, 'y', "550 no"), 0);
	expect_octets(pair, "\0\0\0\7y550 no", 11);
}

static void
test_changes_go_out_with_the_reply(void **state)
{
	(void)state;
	pair_run(act_on_changes);
}

static void
act_on_progress(struct pair *pair)
{
	begin_session(pair);
	assert_int_equal(milter_send(pair, 'h', "one"), 0);
	assert_int_equal(milter_send(pair, 'p', ""), 0);
	expect_octets(pair, "\0\0\0\4hone\0\0\0\1p", 13);
}

static void
test_progress_is_not_held_back(void **state)
{
	(void)state;
	pair_run(act_on_progress);
}

static void
act_on_many_changes(struct pair *pair)
{
	char field[1001], got[1005];
	size_t sent = 0;

	begin_session(pair);
	memset(field, 'x', 1000);
	field[1000] = '\0';
	for (size_t i = 0; i < 50; i++) {
		field[0] = (char)('0' + i);
		assert_int_equal(milter_send(pair, 'h', field), 0);
		sent += sizeof(got);
		/* What is held back has a bound. */
		assert_true(sent - octets_at_mta(pair) <= HELD_OCTETS);
	}
	assert_int_equal(milter_send(pair, 'c', ""), 0);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(read(pair->mta, got, sizeof(got)), 1005);
		assert_memory_equal(got, "\0\0\3\xe9h", 5);
		assert_int_equal(got[5], '0' + i);
	}
	expect_octets(pair, "\0\0\0\1c", 5);
}

static void
test_more_changes_than_are_held_back(void **state)
{
	(void)state;
	pair_run(act_on_many_changes);
}

static void *
read_all(void *arg)
{
	static const struct timespec pause = { 0, 1000000 };
	const struct pair *pair = arg;
	char *got = malloc(LARGE_OCTETS + 5 + 8);
	size_t count = 0;

	while (count < LARGE_OCTETS + 5 + 8) {
		ssize_t len =
		    read(pair->mta, got + count, LARGE_OCTETS + 5 + 8 - count);

		if (len <= 0)
			break;
		count += (size_t)len;
		(void)nanosleep(&pause, NULL);
	}
	if (count < LARGE_OCTETS + 5 + 8) {
		free(got);
		return NULL;
	}
	return got;
}

static void
act_on_large(struct pair *pair)
{
	struct timeval timeout = { 5, 0 };
	static char large[LARGE_OCTETS];
	static const int small = 4096;
	uint32_t head = htonl(LARGE_OCTETS + 1);
	pthread_t reader;
	void *got;

	for (size_t i = 0; i < LARGE_OCTETS; i++)
		large[i] = (char)(i % 251);
	assert_int_equal(setsockopt(pair->milter, SOL_SOCKET, SO_SNDBUF, &small,
			     sizeof(small)),
	    0);
	begin_session(pair);
	assert_int_equal(pthread_create(&reader, NULL, read_all, pair), 0);
	assert_int_equal(milter_send(pair, 'h', "one"), 0);
	assert_int_equal(
	    mi_wr_cmd(pair->milter, &timeout, 'b', large, sizeof(large)), 0);
	assert_int_equal(pthread_join(reader, &got), 0);
	assert_non_null(got);
	assert_memory_equal(got, "\0\0\0\4hone", 8);
	assert_memory_equal((char *)got + 8, &head, 4);
	assert_memory_equal((char *)got + 13, large, LARGE_OCTETS);
	free(got);
}

static void
test_a_large_packet_goes_out_in_parts(void **state)
{
	(void)state;
	pair_run(act_on_large);
}

static void
act_on_deaf_mta(struct pair *pair)
{
	struct timeval timeout = { 0, SOON_MS * 1000 };
	static char large[LARGE_OCTETS];
	static const int small = 4096;

	assert_int_equal(setsockopt(pair->milter, SOL_SOCKET, SO_SNDBUF, &small,
			     sizeof(small)),
	    0);
	begin_session(pair);
	assert_int_equal(
	    mi_wr_cmd(pair->milter, &timeout, 'b', large, sizeof(large)), -1);
}

static void
test_an_mta_that_does_not_read_is_given_up(void **state)
{
	(void)state;
	pair_run(act_on_deaf_mta);
}

static void
act_on_gone_mta(struct pair *pair)
{
	begin_session(pair);
	(void)close(pair->mta);
	pair->mta = -1;
	assert_int_equal(milter_send(pair, 'i', "one"), 0);
	assert_int_equal(milter_send(pair, 'c', ""), -1);
}

static void
test_an_mta_that_is_gone(void **state)
{
	(void)state;
	/* SIGPIPE would end the test. */
	pair_run(act_on_gone_mta);
}

static void
act_on_bad_packets(struct pair *pair)
{
	static char huge[MAX_PACKET_BYTES + 1];
	struct timeval timeout = { 0, SOON_MS * 1000 };

	assert_int_equal(mi_wr_cmd(pair->milter, &timeout, 'c', NULL, 1), -1);
	assert_int_equal(
	    mi_wr_cmd(pair->milter, &timeout, 'c', huge, sizeof(huge)), -1);
	assert_int_equal(octets_at_mta(pair), 0);
}

static void
test_what_is_no_packet_is_not_sent(void **state)
{
	(void)state;
	pair_run(act_on_bad_packets);
}

static void
act_without_reading_ahead(struct pair *pair)
{
	assert_int_equal(milter_send(pair, 'i', "one"), 0);
	expect_octets(pair, "\0\0\0\4ione", 8);
}

static void
test_nothing_is_held_back_where_libmilter_reads(void **state)
{
	(void)state;
	pair_run(act_without_reading_ahead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_go_out_with_the_reply),
		cmocka_unit_test(test_progress_is_not_held_back),
		cmocka_unit_test(test_more_changes_than_are_held_back),
		cmocka_unit_test(test_a_large_packet_goes_out_in_parts),
		cmocka_unit_test(test_an_mta_that_does_not_read_is_given_up),
		cmocka_unit_test(test_an_mta_that_is_gone),
		cmocka_unit_test(test_what_is_no_packet_is_not_sent),
		cmocka_unit_test(
		    test_nothing_is_held_back_where_libmilter_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
