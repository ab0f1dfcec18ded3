/* SPDX-License-Identifier: BSD-2-Clause */
/* Private-key operations, in turn. */
#include <stdbool.h>

#include "base/clock.h"
#include "base/cores.h"
#include "base/crew.h"
#include "base/metrics.h"
#include "sign/signer.h"

/*
 * One for the process, whatever is reloaded: the cores are what all messages
 * share. A private-key operation is most of the time that a message takes. If
 * as many as there are connections ran at once, each of them would get some
 * slices of a core now and then, and one in a hundred would take ten times as
 * long as most; threads with short work would stand in line with them.
 */
static struct crew sign_crew;
static bool sign_crew_is_there;

struct sign_piece {
	const struct sign_engine *engine;
	struct signer *signer;
	struct arena *mem;
	struct signature *signatures;
	struct err *err;
	int status;
};

static void
sign_piece(void *arg)
{
	struct sign_piece *piece = arg;

	piece->status = piece->engine->finish(
	    piece->signer, piece->mem, piece->signatures, piece->err);
}

int
sign_start_turns(struct err *err)
{
	sign_crew_is_there = crew_start(&sign_crew, cores_count(), err) == 0;
	return sign_crew_is_there ? 0 : -1;
}

int
sign_in_turn(const struct sign_engine *engine, struct signer *signer,
    struct arena *mem, struct signature *ret_signatures, struct err *err)
{
	uint64_t begin_us = clock_monotonic_us();
	struct sign_piece piece = { engine, signer, mem, ret_signatures, err,
		-1 };

	if (sign_crew_is_there)
		crew_do(&sign_crew, sign_piece, &piece);
	else
		sign_piece(&piece);
	metric_observe(METRIC_SIGN_SECONDS, clock_monotonic_us() - begin_us);
	return piece.status;
}

unsigned int
sign_waiting(void)
{
	return sign_crew_is_there ? crew_waiting(&sign_crew) : 0;
}
