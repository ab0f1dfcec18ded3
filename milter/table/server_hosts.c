/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that failed are left alone for a while that grows. */
#include "server_hosts_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

size_t
host_states_find(struct host_state states[HOST_STATES], struct slice text)
{
	size_t place = HOST_STATES;

	for (size_t i = 0; i < HOST_STATES; i++) {
		if (states[i].text == NULL) {
			place = i;
			break;
		}
		if (slice_eq(slice_of(states[i].text), text))
			return i;
		/* One that works loses nothing if it is forgotten. */
		if (states[i].users == 0 &&
		    (place == HOST_STATES || states[place].pause_ms != 0))
			place = i;
	}
	/* There are more places than connections. */
	ENSURE(place < HOST_STATES);
	free(states[place].text);
	states[place] =
	    (struct host_state){ .text = strndup(text.data, text.len) };
	ENSURE(states[place].text != NULL);
	return place;
}

bool
host_state_is_ready(const struct host_state *state)
{
	return state->pause_ms == 0 ||
	    (!state->is_probed && clock_monotonic_us() >= state->next_us);
}

void
host_state_note_failure(struct host_state *state, const struct err *why)
{
	state->pause_ms =
	    state->pause_ms == 0 ? SERVER_FIRST_PAUSE_MS : 2 * state->pause_ms;
	if (state->pause_ms > SERVER_LONGEST_PAUSE_MS)
		state->pause_ms = SERVER_LONGEST_PAUSE_MS;
	state->next_us = clock_monotonic_us() + state->pause_ms * 1000;
	state->why = *why;
}

void
host_states_free(struct host_state states[HOST_STATES])
{
	for (size_t i = 0; i < HOST_STATES; i++)
		free(states[i].text);
}
