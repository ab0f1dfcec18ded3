/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

#include "message/body.h"

static void
gather(void *arg, struct slice piece)
{
	assert_true(piece.len > 0);
	strbuf_add(arg, piece);
}

/* All of it in pieces, and one from the middle. */
static void
check_pieces(const struct body *body, struct slice octets)
{
	char buffer[BODY_PIECE_OCTETS];
	const uint64_t from = 1234, end = 40000;
	struct slice piece;
	struct arena mem;
	struct strbuf all;
	struct err err;

	arena_init(&mem);
	strbuf_init(&all, &mem);
	assert_int_equal(body_pass(body, gather, &all, &err), 0);
	assert_true(slice_eq(strbuf_slice(&all), octets));
	assert_int_equal(body_piece(body, from, end, buffer, &piece, &err), 0);
	assert_in_range(piece.len, 1, end - from);
	assert_true(slice_eq(piece, slice_sub(octets, from, piece.len)));
	arena_done(&mem);
}

static void
check_round_trip(size_t limit, size_t piece)
{
	static char octets[50000];
	char back[1000];
	struct body body;
	struct err err;

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i * 31 >> 3);
	body_init(&body, "/tmp", limit);
	for (size_t at = 0; at < sizeof(octets); at += piece)
		assert_int_equal(
		    body_add(&body,
			slice_sub((struct slice){ octets, sizeof(octets) }, at,
			    piece),
			&err),
		    0);
	assert_int_equal(body.size, sizeof(octets));
	assert_int_equal(body.file.fd >= 0, limit < sizeof(octets));
	for (size_t at = 0; at + sizeof(back) <= sizeof(octets); at += 777) {
		assert_int_equal(
		    body_read(&body, at, back, sizeof(back), &err), 0);
		assert_int_equal(memcmp(back, octets + at, sizeof(back)), 0);
	}
	check_pieces(&body, (struct slice){ octets, sizeof(octets) });
	assert_int_equal(body_memory_left(&body),
	    limit < sizeof(octets) ? limit : limit - sizeof(octets));
	body_done(&body);
	assert_int_equal(body_memory_left(&body), limit);
}

static void
a_body_reads_back_from_memory_and_file(void **state)
{
	(void)state;
	check_round_trip(1 << 20, 65535);
	check_round_trip(4096, 1);
	check_round_trip(4096, 65535);
	check_round_trip(49999, 1000);
}

static void
a_directory_that_cannot_be_written_is_temporary(void **state)
{
	struct body body;
	struct err err;

	(void)state;
	body_init(&body, "/nonexistent/directory", 4);
	assert_int_equal(body_add(&body, SLICE("1234"), &err), 0);
	assert_int_equal(body_add(&body, SLICE("5"), &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_true(slice_has_text_nocase(
	    slice_of(err.text), SLICE("/nonexistent/directory: No such file")));
	body_done(&body);
}

static void
a_full_disk_is_temporary(void **state)
{
	char chunk[65536] = { 0 };
	struct body body;
	struct err err;

	(void)state;
	/* /dev/full takes the place of the file. */
	body_init(&body, "/tmp", 4);
	assert_int_equal(body_add(&body, SLICE("12345"), &err), 0);
	assert_non_null(freopen("/dev/full", "r+", stdin));
	assert_int_equal(dup2(fileno(stdin), body.file.fd), body.file.fd);
	assert_int_equal(
	    body_add(&body, (struct slice){ chunk, sizeof(chunk) }, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_true(
	    slice_has_text_nocase(slice_of(err.text), SLICE("No space left")));
	body_done(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_reads_back_from_memory_and_file),
		cmocka_unit_test(
		    a_directory_that_cannot_be_written_is_temporary),
		cmocka_unit_test(a_full_disk_is_temporary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
