/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_SERVER_HOSTS_PRIV_H
#define SUBMILTER_TABLE_SERVER_HOSTS_PRIV_H

#include "table/server.h"

/*
 * What is known of the hosts of a server: which of them is left alone, and until
 * when. Not thread-safe: the server has a lock.
 */
enum { HOST_STATES = 2 * HOSTS_MAX };

struct host_state {
	char *text;	   /* of the host; NULL: the place is free */
	size_t users;	   /* connections to it, and who makes one */
	uint64_t next_us;  /* when one may try, after a failure */
	uint64_t pause_ms; /* 0: it did not fail */
	bool is_probed;	   /* a thread tries it now */
	bool is_name;	   /* of SRV records: nobody connects to it */
	struct err why;
};

/* Its state, new or old; one that nobody uses may make room for it. */
size_t host_states_find(
    struct host_state states[HOST_STATES], struct slice text);
/* Whether it may be tried now. */
bool host_state_is_ready(const struct host_state *state);
void host_state_note_failure(struct host_state *state, const struct err *why);
void host_states_free(struct host_state states[HOST_STATES]);

#endif
