/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_HISTORY_H
#define SUBMILTER_KEYS_KEY_HISTORY_H

#include <time.h>

#include "keys/key_status.h"
#include "keys/keystore.h"

/*
 * What DNS showed of each key so far: by domain, selector and fingerprint, so
 * that another key under the same selector begins anew. Shared by all
 * configurations of a process and by all threads, behind one lock that is held
 * for some assignments only: signing never waits for DNS or for a file.
 */
struct key_history;

/* Times are 0 for "never". */
struct key_past {
	enum key_status status; /* what DNS said last; UNKNOWN: nothing yet */
	time_t first_seen;	/* published */
	time_t last_seen;	/* published */
	/*
	 * Since when it signs, or could: when it was published while we looked;
	 * or the time of its file, for one that was there when DNS was first
	 * asked.
	 */
	time_t since;
	time_t answered;    /* when DNS said something */
	time_t looked;	    /* when DNS was asked */
	struct slice text;  /* of what DNS said last, see key_shown */
	struct slice fault; /* why it says nothing now; empty: it does */
};

/* An empty history, with one reference. */
struct key_history *key_history_new(void);
struct key_history *key_history_ref(struct key_history *history);
void key_history_unref(struct key_history *history);

/* About so many keys will be known. Thread-safe, as is all that follows. */
void key_history_expect(struct key_history *history, size_t count);
/* Makes a key known, if it is not. */
void key_history_track(struct key_history *history, const struct sign_key *key);

/* The past of a key, texts in memory of mem; an unknown key has none. */
void key_history_get(struct key_history *history, const struct sign_key *key,
    struct arena *mem, struct key_past *ret_past);

/*
 * DNS was asked. Anything but KEY_UNKNOWN replaces what was known; that only
 * tells that DNS is silent. True when the state or the silence changed.
 */
bool key_history_note(struct key_history *history, const struct sign_key *key,
    const struct key_shown *shown, time_t now);

/*
 * Notes the role of a key that was looked up, for the log. True where it is news:
 * another one than was noted before, *ret_before, which is negative where there
 * was none. The first one of a key whose status is that of the file is no news.
 */
bool key_history_note_role(struct key_history *history,
    const struct sign_key *key, int role, int *ret_before);

/*
 * Mail waits for the keys of a domain, which were never looked up: whoever looks
 * keys up takes these first. More than so many at a time are forgotten.
 */
enum { KEY_MAX_WANTED = 64 };
void key_history_want(struct key_history *history, struct slice domain);
/* They are not wanted any more then; in memory of mem. */
struct slice *key_history_take_wanted(
    struct key_history *history, struct arena *mem, size_t *ret_count);

/*
 * The file of the history. Reading refuses (ERR_CONFIG) a file that others can
 * write to or that belongs neither to root nor to the user that reads it;
 * ERR_DATA, "line N: what is wrong", for a text that was not written so, and
 * then nothing of it counts, and history is empty: a state that cannot be read is
 * unknown, never published. A missing file is not a fault: *ret_found is false.
 * For a history of which nobody else knows yet. Blocks on the file system.
 */
MUST_USE int key_history_read(struct key_history *history, struct slice path,
    bool *ret_found, struct err *err);
/*
 * Writes what is known of these keys aside and renames the file, mode 0640. A
 * store of NULL holds no keys. The file goes on saying what it said of domains
 * that have no key in the store, until they are forgotten there. Root writes
 * nothing below a directory of another user. -1 (ERR_CONFIG, ERR_TEMP): the old
 * file is as it was. Waits a second at most for others who write it.
 */
MUST_USE int key_history_write(struct key_history *history,
    const struct keystore *store, struct slice path, struct err *err);

/* How domains are recalled whose keys are gone. */
struct recall {
	struct slice directory; /* of keys */
	bool unpublished; /* also keys that DNS never showed have signed */
	const struct report *report;
};

/*
 * Adds the domains that signed before, as the file says, and of which the store
 * knows nothing: their directories are gone. A file that is missing or cannot
 * be read is doubt, and what memory knows counts. Only before others see the
 * store.
 */
void key_history_recall(struct key_history *history, struct slice path,
    struct keystore *store, const struct recall *recall);
/*
 * Takes a domain that signs no more out of the file. *ret_known: whether it was
 * there. -1 as for reading and writing.
 */
MUST_USE int key_history_forget(
    struct slice path, struct slice domain, bool *ret_known, struct err *err);
/*
 * Whether a domain that was recalled was taken out of the file since then. A
 * file that is missing or cannot be read says nothing.
 */
bool key_history_forgotten(const struct keystore *store, struct slice path);

#endif
