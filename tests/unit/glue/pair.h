/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_UNIT_GLUE_PAIR_H
#define SUBMILTER_TESTS_UNIT_GLUE_PAIR_H

#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

#include "../../../milter/glue/packet_priv.h"

enum { HANGING_SECONDS = 60 };

/* An MTA's end and the milter's, and what a test wants done in between. */
struct pair {
	int mta, milter;
	void (*act)(struct pair *pair);
};

/* The context is not libmilter's: nothing looks into it. */
static inline int
engine_of_test(SMFICTX *ctx)
{
	struct pair *pair = (struct pair *)(void *)ctx;

	pair->act(pair);
	return -1;
}

static inline void
pair_run(void (*act)(struct pair *pair))
{
	struct pair pair = { .act = act };
	int ends[2];

	(void)alarm(HANGING_SECONDS);
	/* So that libmilter is there to be looked up. */
	(void)smfi_setmaxdatasize(MAX_PACKET_BYTES);
	ahead_start();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pair.mta = ends[0];
	pair.milter = ends[1];
	assert_int_equal(
	    ahead_run(engine_of_test, (SMFICTX *)(void *)&pair), -1);
	if (pair.mta >= 0)
		(void)close(pair.mta);
	(void)close(pair.milter);
	(void)alarm(0);
}

#endif
