/* SPDX-License-Identifier: BSD-2-Clause */
/* The history of keys in DNS, in memory. */
#include "keys/key_history.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "key_history_priv.h"

enum { TEXT_MAX_OCTETS = 2048 };

/* Texts are on the heap: they change for as long as the process lives. */
struct entry {
	struct key_past past;
	char *text;
	char *fault;
};

struct key_history {
	_Atomic unsigned long references;
	pthread_mutex_t lock;
	struct arena mem;
	struct map *entries;
};

struct key_history *
key_history_new(void)
{
	struct key_history *history = calloc(1, sizeof(*history));

	ENSURE(history != NULL);
	history->references = 1;
	ENSURE(pthread_mutex_init(&history->lock, NULL) == 0);
	arena_init(&history->mem);
	history->entries = map_new(&history->mem);
	return history;
}

struct key_history *
key_history_ref(struct key_history *history)
{
	history->references++;
	return history;
}

void
key_history_unref(struct key_history *history)
{
	if (history == NULL || --history->references != 0)
		return;
	for (size_t i = 0; i < map_count(history->entries); i++) {
		struct entry *entry = map_entry(history->entries, i, NULL);

		free(entry->text);
		free(entry->fault);
	}
	arena_done(&history->mem);
	(void)pthread_mutex_destroy(&history->lock);
	free(history);
}

static void
key_history_lock(struct key_history *history)
{
	ENSURE(pthread_mutex_lock(&history->lock) == 0);
}

static void
key_history_unlock(struct key_history *history)
{
	ENSURE(pthread_mutex_unlock(&history->lock) == 0);
}

/* No blank can be in any of the three. */
enum { NAME_OCTETS = 256 + 256 + 64 + 2 };

static struct slice
entry_name(const struct sign_key *key, char buffer[NAME_OCTETS])
{
	const struct slice parts[] = { key->domain, key->selector,
		key->fingerprint };
	size_t len = 0;

	for (size_t i = 0; i < 3; i++) {
		ENSURE(len + parts[i].len + 1 <= NAME_OCTETS);
		for (size_t k = 0; k < parts[i].len; k++)
			buffer[len++] = parts[i].data[k];
		buffer[len++] = ' ';
	}
	return (struct slice){ buffer, len };
}

static struct entry *
find_entry(const struct key_history *history, const struct sign_key *key)
{
	char buffer[NAME_OCTETS];

	return map_get(history->entries, entry_name(key, buffer));
}

static struct entry *
key_history_find_or_add(struct key_history *history, const struct sign_key *key)
{
	char buffer[NAME_OCTETS];
	struct slice name = entry_name(key, buffer);
	struct entry *entry = map_get(history->entries, name);

	if (entry == NULL) {
		entry = arena_alloc(&history->mem, sizeof(*entry));
		entry->past.status = KEY_UNKNOWN;
		ENSURE(map_add(history->entries, name, entry));
	}
	return entry;
}

void
key_history_track(struct key_history *history, const struct sign_key *key)
{
	key_history_lock(history);
	(void)key_history_find_or_add(history, key);
	key_history_unlock(history);
}

static struct slice
copy_text(struct arena *mem, const char *text)
{
	return text == NULL ? (struct slice){ NULL, 0 } :
			      slice_dup(mem, slice_of(text));
}

static void
get_past(
    const struct entry *entry, struct arena *mem, struct key_past *ret_past)
{
	*ret_past = entry->past;
	ret_past->text = copy_text(mem, entry->text);
	ret_past->fault = copy_text(mem, entry->fault);
}

void
key_history_get(struct key_history *history, const struct sign_key *key,
    struct arena *mem, struct key_past *ret_past)
{
	const struct entry *entry;

	key_history_lock(history);
	entry = find_entry(history, key);
	if (entry == NULL)
		*ret_past = (struct key_past){ .status = KEY_UNKNOWN };
	else
		get_past(entry, mem, ret_past);
	key_history_unlock(history);
}

void
key_history_peek(struct key_history *history, const struct domain_keys *domain,
    struct key_past *ret_pasts)
{
	key_history_lock(history);
	for (size_t i = 0; i < domain->count; i++) {
		const struct entry *entry =
		    find_entry(history, domain->keys[i]);

		ret_pasts[i] = (struct key_past){ .status = KEY_UNKNOWN };
		if (entry != NULL)
			ret_pasts[i] = entry->past;
		ret_pasts[i].text = (struct slice){ NULL, 0 };
		ret_pasts[i].fault = (struct slice){ NULL, 0 };
	}
	key_history_unlock(history);
}

size_t
key_history_count(struct key_history *history)
{
	size_t count;

	key_history_lock(history);
	count = map_count(history->entries);
	key_history_unlock(history);
	return count;
}

struct slice
key_history_next_word(struct slice *rest)
{
	size_t end = slice_find(*rest, ' ');
	struct slice word = slice_sub(*rest, 0, end);

	*rest = slice_from(*rest, end + 1);
	return word;
}

struct key_entry
key_history_at(struct key_history *history, size_t index, struct arena *mem)
{
	struct key_entry entry = { .key = { .pkey = NULL } };
	struct slice name;

	key_history_lock(history);
	get_past(map_entry(history->entries, index, &name), mem, &entry.past);
	name = slice_dup(mem, name);
	key_history_unlock(history);
	entry.key.domain = key_history_next_word(&name);
	entry.key.selector = key_history_next_word(&name);
	entry.key.fingerprint = key_history_next_word(&name);
	return entry;
}

static void
set_text(char **place, struct slice text)
{
	struct arena mem;

	free(*place);
	*place = NULL;
	if (text.len == 0)
		return;
	arena_init(&mem);
	*place = strdup(slice_cstr(&mem, slice_sub(text, 0, TEXT_MAX_OCTETS)));
	ENSURE(*place != NULL);
	arena_done(&mem);
}

/* A time that a clock gave which was ahead. */
static void
not_after(time_t *time, time_t now)
{
	if (*time > now)
		*time = now;
}

/* Anything but silence; true when the state, or the silence, has changed. */
static bool
note_answer(struct entry *entry, const struct sign_key *key,
    const struct key_shown *shown, time_t now)
{
	struct key_past *past = &entry->past;
	bool was_silent = entry->fault != NULL;
	bool is_attended = past->answered != 0;
	enum key_status before = past->status;

	if (shown->status == KEY_PUBLISHED) {
		/* If DNS was never asked before, it is as old as its file. */
		if (past->first_seen == 0) {
			past->first_seen = now;
			past->since = is_attended || key->file_time <= 0 ?
			    now :
			    key->file_time;
		}
		past->last_seen = now;
		not_after(&past->first_seen, now);
		not_after(&past->since, now);
	}
	past->status = shown->status;
	past->answered = now;
	set_text(&entry->text, shown->text);
	set_text(&entry->fault, (struct slice){ NULL, 0 });
	return was_silent || before != past->status;
}

bool
key_history_note(struct key_history *history, const struct sign_key *key,
    const struct key_shown *shown, time_t now)
{
	struct entry *entry;
	bool changed;

	key_history_lock(history);
	entry = key_history_find_or_add(history, key);
	entry->past.looked = now;
	if (shown->status != KEY_UNKNOWN) {
		changed = note_answer(entry, key, shown, now);
	} else {
		changed = entry->fault == NULL;
		set_text(&entry->fault,
		    shown->text.len != 0 ? shown->text :
					   SLICE("DNS did not say"));
	}
	key_history_unlock(history);
	return changed;
}

void
key_history_restore(struct key_history *history, const struct sign_key *key,
    const struct key_past *past)
{
	struct entry *entry;

	key_history_lock(history);
	entry = key_history_find_or_add(history, key);
	entry->past = *past;
	entry->past.text = (struct slice){ NULL, 0 };
	entry->past.fault = (struct slice){ NULL, 0 };
	set_text(&entry->text, past->text);
	set_text(&entry->fault, (struct slice){ NULL, 0 });
	key_history_unlock(history);
}
