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
	struct key_history *history = NULL;
	bool forgotten = false, found;
	struct err err;

	for (size_t d = 0; d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		if (!domain->gone)
			continue;
		if (history == NULL) {
			history = key_history_new();
			if (key_history_read(history, path, &found, &err) !=
				0 ||
			    !found)
				break;
		}
		forgotten =
		    forgotten || !key_history_knows(history, domain->domain);
	}
	key_history_unref(history);
	return forgotten;
}

struct recalling {
	struct keystore *store;
	const struct recall *recall;
};

static void
recall_entry(void *arg, const struct sign_key *key, const struct key_past *past)
{
	const struct recalling *recalling = arg;
	const struct recall *recall = recalling->recall;

	if ((past->first_seen != 0 || recall->unpublished) &&
	    !keystore_has_domain(recalling->store, key->domain))
		keystore_add_gone(recalling->store, recall->directory,
		    key->domain, recall->report);
}

void
key_history_recall(struct key_history *history, struct slice path,
    struct keystore *store, const struct recall *recall)
{
	struct recalling recalling = { store, recall };
	struct err err;
	bool found;

	/* A key of a table may be one that nobody has needed yet. */
	if (keystore_grows(store))
		return;
	/* With very many keys the file is large, and is not kept beside this. */
	if (key_history_each(path, recall_entry, &recalling, &found, &err) ==
		0 &&
	    found)
		return;
	for (size_t i = 0; i < key_history_count(history); i++) {
		CLEANUP(arena_done) struct arena mem;
		struct key_entry entry;

		pace();
		arena_init(&mem);
		entry = key_history_at(history, i, &mem);
		recall_entry(&recalling, &entry.key, &entry.past);
	}
}
