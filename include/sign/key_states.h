/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_KEY_STATES_H
#define SUBMILTER_SIGN_KEY_STATES_H

#include <time.h>

#include "sign/key_record.h"

/*
 * What DNS showed of each key so far: by domain, selector and fingerprint, so
 * that another key under the same selector begins anew. Shared by all
 * configurations of a process and by all threads, behind one lock that is held
 * for some assignments only: who signs never waits for DNS or for a file.
 */
struct key_states;

/* Times are 0 for "never". */
struct key_sighting {
	enum key_state state;	/* what DNS said last; UNKNOWN: nothing yet */
	time_t first_seen;	/* published */
	time_t last_seen;	/* published */
	/*
	 * Since when it signs, or could: when it was published while we looked;
	 * or the time of its file, for one that was there when DNS was first
	 * asked.
	 */
	time_t since;
	time_t answered;	/* when DNS said something */
	time_t looked;		/* when DNS was asked */
	struct slice text;	/* of what DNS said last, see key_finding */
	struct slice fault;	/* why it says nothing now; empty: it does */
};

/* What follows for a key. */
enum key_use {
	KEY_USE_SIGNING,	/* the newest usable one of its algorithm */
	KEY_USE_OVERLAP,	/* usable, but a newer one signs */
	KEY_USE_RETIRE,		/* the same, for longer than the overlap */
	KEY_USE_PENDING,	/* never seen published yet */
	KEY_USE_UNPUBLISHED,	/* it was published, and is no more */
	KEY_USE_DIFFERS,
	KEY_USE_REVOKED,
	KEY_USE_UNUSABLE,
	KEY_USE_UNKNOWN,	/* DNS has not said, or not for too long */
};

/* "signing", "unpublished": for logs, programs and people. */
const char *key_use_name(enum key_use use);

/* By what uses are decided; in seconds. */
struct key_rules {
	time_t age;	/* how long a last known state counts */
	time_t overlap;
};

/* The last known states; one reference. None yet. */
struct key_states *key_states_new(void);
struct key_states *key_states_ref(struct key_states *states);
void key_states_unref(struct key_states *states);

/* Makes a key known, if it is not. Thread-safe, as is all that follows. */
void key_states_track(struct key_states *states, const struct sign_key *key);

/* What is known of it, texts in memory of mem; of an unknown key: nothing. */
void key_states_get(struct key_states *states, const struct sign_key *key,
    struct arena *mem, struct key_sighting *ret_sighting);

/*
 * DNS was asked. Anything but KEY_UNKNOWN replaces what was known; that only
 * tells that DNS is silent. True when the state or the silence changed.
 */
bool key_states_note(struct key_states *states, const struct sign_key *key,
    const struct key_finding *finding, time_t now);

/*
 * Which keys of a domain sign: of each algorithm the newest one that was seen
 * published when DNS was last heard of, not longer ago than the age limit.
 * ret_uses has room for all keys of the domain. A time in the future, from a
 * clock that was wrong, counts as too long ago.
 */
void key_states_uses(struct key_states *states,
    const struct domain_keys *domain, const struct key_rules *rules,
    time_t now, enum key_use *ret_uses);

/* What a use says in the log of a message: "DNS shows another key". Static. */
const char *key_use_text(enum key_use use);

/*
 * The file of states. Reading refuses (ERR_CONFIG) a file that others can write
 * to or that belongs neither to root nor to who reads it; ERR_DATA, "line N:
 * what is wrong", for anything else than what was written, and then nothing of
 * it counts: a state that cannot be read is unknown, never published. A
 * missing file is no fault: *ret_found is false. Blocks on the file system.
 */
MUST_USE int key_states_read(struct key_states *states, struct slice path,
    bool *ret_found, struct err *err);
/*
 * Writes the states of these keys aside and renames the file, mode 0640. A
 * store of NULL holds no keys. Root writes nothing below a directory of another
 * user. -1 (ERR_CONFIG, ERR_TEMP): the old file is as it was.
 */
MUST_USE int key_states_write(struct key_states *states,
    const struct keystore *store, struct slice path, struct err *err);

#endif
