/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_HISTORY_PRIV_H
#define SUBMILTER_KEYS_KEY_HISTORY_PRIV_H

#include "keys/key_history.h"

/* Sets what is known of a key, as it was in another process. Thread-safe. */
void key_history_restore(struct key_history *history,
    const struct sign_key *key, const struct key_past *past);

/* Nothing is known of any key any more. */
void key_history_clear(struct key_history *history);

/* All keys of a domain as they are at one time; without the texts. */
void key_history_peek(struct key_history *history,
    const struct domain_keys *domain, struct key_past *ret_pasts);

/* A key, of which only its names are set, and what is known of it. */
struct key_entry {
	struct sign_key key;
	struct key_past past;
};

/* All that are known, by an index from 0; in memory of mem. */
size_t key_history_count(struct key_history *history);
struct key_entry key_history_at(
    struct key_history *history, size_t index, struct arena *mem);

/* Whether a key of the domain is known. */
bool key_history_knows(struct key_history *history, struct slice domain);
/* The file; history where it is missing or cannot be read. One reference. */
struct key_history *key_history_of_file(
    struct key_history *history, struct slice path);

/*
 * Calls entry for each key of the file, of which only the names are set, as
 * key_history_read() reads it. Texts last as long as the call. -1 with *err as
 * there, also behind some of them: then nothing that they said counts.
 */
typedef void key_history_entry(
    void *arg, const struct sign_key *key, const struct key_past *past);
MUST_USE int key_history_each(struct slice path, key_history_entry *entry,
    void *arg, bool *ret_found, struct err *err);

/* The first line of the file. */
#define KEY_HISTORY_HEAD SLICE("submilter key states 1")
/* Whether a text may stand in a line of it. */
bool key_history_text_is_printable(struct slice text);
/* The file has times of the wall clock, memory those of clock_steady(). */
time_t key_history_moved(time_t when, long long seconds);

/* Takes what stands before the next blank; empty when there is none. */
struct slice key_history_next_word(struct slice *rest);

#endif
