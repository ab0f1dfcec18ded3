/* SPDX-License-Identifier: BSD-2-Clause */
/* Private-key operations, in turn. */
#include <pthread.h>

#include "base/clock.h"
#include "base/cores.h"
#include "base/gate.h"
#include "base/metrics.h"
#include "sign/signer.h"

/*
 * One for the process, whatever is reloaded: the cores are what all messages
 * share. A private-key operation is most of the time that a message takes. If
 * as many as there are connections ran at once, each of them would get some
 * slices of a core now and then, and one in a hundred would take ten times as
 * long as most; threads with short work would stand in line with them.
 */
static struct gate sign_gate;
/*
 * More places than cores: whoever is given one has to wake up first, and with
 * one place for each core that would do nothing meanwhile.
 */
enum { SPARE_PLACES = 1 };
static pthread_once_t sign_gate_once = PTHREAD_ONCE_INIT;

static void
sign_open_gate(void)
{
	gate_init(&sign_gate, cores_count() + SPARE_PLACES);
}

int
sign_in_turn(const struct sign_engine *engine, struct signer *signer,
    struct arena *mem, struct signature *ret_signatures, struct err *err)
{
	uint64_t begin_us = clock_monotonic_us();
	int status;

	ENSURE(pthread_once(&sign_gate_once, sign_open_gate) == 0);
	gate_enter(&sign_gate);
	status = engine->finish(signer, mem, ret_signatures, err);
	gate_leave(&sign_gate);
	metric_observe(METRIC_SIGN_SECONDS, clock_monotonic_us() - begin_us);
	return status;
}

unsigned int
sign_waiting(void)
{
	ENSURE(pthread_once(&sign_gate_once, sign_open_gate) == 0);
	return gate_waiting(&sign_gate);
}
