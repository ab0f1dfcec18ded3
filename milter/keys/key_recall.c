/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains that signed before, as the file of states knows, and do no more. */
#include "base/pace.h"
#include "key_history_priv.h"

bool
key_history_knows(struct key_history *history, struct slice domain)
{
	size_t count = key_history_count(history);
	bool known = false;
	struct arena mem;

	arena_init(&mem);
	for (size_t i = 0; i < count && !known; i++) {
		known = slice_eq(
		    key_history_at(history, i, &mem).key.domain, domain);
	}
	arena_done(&mem);
	return known;
}

struct key_history *
key_history_of_file(struct key_history *history, struct slice path)
{
	struct key_history *kept = key_history_new();
	struct err err;
	bool found;

	if (key_history_read(kept, path, &found, &err) == 0 && found)
		return kept;
	key_history_unref(kept);
	return key_history_ref(history);
}

bool
key_history_forgotten(const struct keystore *store, struct slice path)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	struct key_history *history = NULL;
	bool forgotten = false, found;
	struct err err;

	keystore_walk_init(&walk, store);
	while (keystore_walk_next(&walk)) {
		if (!walk.domain->gone)
			continue;
		if (history == NULL) {
			history = key_history_new();
			if (key_history_read(history, path, &found, &err) !=
				0 ||
			    !found)
				break;
		}
		forgotten = forgotten ||
		    !key_history_knows(history, walk.domain->domain);
	}
	key_history_unref(history);
	return forgotten;
}

/* Domains that are gone, each as often as it has keys. */
struct recalling {
	const struct keystore *store;
	const struct recall *recall;
	struct arena mem;
	struct slice *gone;
	size_t count;
	size_t cap;
};

static void
recall_entry(void *arg, const struct sign_key *key, const struct key_past *past)
{
	struct recalling *recalling = arg;
	void *gone = recalling->gone;

	if ((past->first_seen == 0 && !recalling->recall->unpublished) ||
	    keystore_has_domain(recalling->store, key->domain))
		return;
	arena_reserve_one(&recalling->mem, &gone, &recalling->cap,
	    recalling->count, sizeof(struct slice));
	recalling->gone = gone;
	recalling->gone[recalling->count++] =
	    slice_dup(&recalling->mem, key->domain);
}

static void
recall_from_memory(struct key_history *history, struct recalling *recalling)
{
	recalling->count = 0;
	for (size_t i = 0; i < key_history_count(history); i++) {
		CLEANUP(arena_done) struct arena mem;
		struct key_entry entry;

		pace();
		arena_init(&mem);
		entry = key_history_at(history, i, &mem);
		recall_entry(recalling, &entry.key, &entry.past);
	}
}

void
key_history_recall(struct key_history *history, struct slice path,
    struct keystore *store, const struct recall *recall)
{
	struct recalling recalling = { .store = store, .recall = recall };
	bool found = false;
	struct err err;

	/* A key of a table may be one that nobody has needed yet. */
	if (keystore_grows(store))
		return;
	arena_init_large(&recalling.mem);
	if (key_history_each(path, recall_entry, &recalling, &found, &err) !=
		0 ||
	    !found)
		recall_from_memory(history, &recalling);
	for (size_t i = 0; i < recalling.count; i++) {
		if (!keystore_has_domain(store, recalling.gone[i]))
			keystore_add_gone(store, recall->directory,
			    recalling.gone[i], recall->report);
	}
	arena_done(&recalling.mem);
}
