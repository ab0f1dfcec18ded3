/* SPDX-License-Identifier: BSD-2-Clause */
/* The history of keys in DNS, in memory. */
#include "keys/key_history.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "key_history_priv.h"
#include "key_priv.h"

enum { TEXT_MAX_OCTETS = 2048 };

/*
 * There may be 100,000 of them. Texts are on the heap: they change for as long
 * as the process lives. That of a published key is mostly the plain one, and
 * then NULL. Times are those of struct key_past.
 */
struct entry {
	time_t first_seen;
	time_t last_seen;
	time_t since;
	time_t answered;
	time_t looked;
	char *text;
	char *fault;
	signed char status;
	signed char role; /* noted last, see key_history_note_role(); or NONE */
	signed char restored; /* the status that the file had; or NONE */
};

enum { NONE = -1 };

struct key_history {
	_Atomic unsigned long references;
	pthread_mutex_t lock;
	struct arena mem;
	struct map *entries;
	struct slice wanted[KEY_MAX_WANTED]; /* on the heap */
	_Atomic size_t wanted_count;
};

struct key_history *
key_history_new(void)
{
	struct key_history *history = calloc(1, sizeof(*history));

	ENSURE(history != NULL);
	history->references = 1;
	ENSURE(pthread_mutex_init(&history->lock, NULL) == 0);
	arena_init_large(&history->mem);
	history->entries = map_new(&history->mem);
	return history;
}

struct key_history *
key_history_ref(struct key_history *history)
{
	history->references++;
	return history;
}

static void
free_wanted(struct key_history *history)
{
	for (size_t i = 0; i < history->wanted_count; i++)
		free((char *)(uintptr_t)history->wanted[i].data);
	history->wanted_count = 0;
}

static void
free_texts(struct key_history *history)
{
	for (size_t i = 0; i < map_count(history->entries); i++) {
		struct entry *entry = map_entry(history->entries, i, NULL);

		free(entry->text);
		free(entry->fault);
	}
}

void
key_history_unref(struct key_history *history)
{
	if (history == NULL || --history->references != 0)
		return;
	free_texts(history);
	free_wanted(history);
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

void
key_history_clear(struct key_history *history)
{
	key_history_lock(history);
	free_texts(history);
	arena_done(&history->mem);
	history->entries = map_new(&history->mem);
	key_history_unlock(history);
}

/* "DOMAIN SELECTOR " and the octets of the fingerprint. */
enum { NAME_OCTETS = 256 + 256 + SHA256_BYTES };

static size_t
add_word(char *buffer, size_t len, struct slice word)
{
	ENSURE(len + word.len + 1 + SHA256_BYTES <= NAME_OCTETS);
	memcpy(buffer + len, word.data, word.len);
	buffer[len + word.len] = ' ';
	return len + word.len + 1;
}

static struct slice
entry_name(const struct sign_key *key, char buffer[NAME_OCTETS])
{
	unsigned char print[SHA256_BYTES];
	size_t len = add_word(buffer, 0, key->domain);

	len = add_word(buffer, len, key->selector);
	key_print_octets(key->fingerprint, print);
	memcpy(buffer + len, print, sizeof(print));
	return (struct slice){ buffer, len + sizeof(print) };
}

/* The names of a key again, in memory of mem. */
static struct sign_key
entry_key(struct slice name, struct arena *mem)
{
	struct sign_key key = { .pkey = NULL };

	name = slice_dup(mem, name);
	key.domain = key_history_next_word(&name);
	key.selector = key_history_next_word(&name);
	key.fingerprint = key_print_text((const unsigned char *)name.data, mem);
	return key;
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
		entry->status = KEY_UNKNOWN;
		entry->role = entry->restored = NONE;
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

void
key_history_expect(struct key_history *history, size_t count)
{
	key_history_lock(history);
	map_expect(history->entries, count);
	key_history_unlock(history);
}

static struct slice
copy_text(struct arena *mem, const char *text)
{
	return text == NULL ? (struct slice){ NULL, 0 } :
			      slice_dup(mem, slice_of(text));
}

/* What key_status_check() says of a key that is published, with no notes. */
static struct slice
plain_text(const struct sign_key *key, struct arena *mem)
{
	struct slice name = key_record_name(key, mem);

	return slice_format(mem, KEY_PUBLISHED_TEXT, SLICE_ARGS(name));
}

static struct key_past
times_of(const struct entry *entry)
{
	return (struct key_past){ .status = (enum key_status)entry->status,
		.first_seen = entry->first_seen,
		.last_seen = entry->last_seen,
		.since = entry->since,
		.answered = entry->answered,
		.looked = entry->looked };
}

static void
get_past(const struct entry *entry, const struct sign_key *key,
    struct arena *mem, struct key_past *ret_past)
{
	*ret_past = times_of(entry);
	ret_past->text = entry->text == NULL && entry->status == KEY_PUBLISHED ?
	    plain_text(key, mem) :
	    copy_text(mem, entry->text);
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
		get_past(entry, key, mem, ret_past);
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
			ret_pasts[i] = times_of(entry);
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
	struct key_entry entry;
	const struct entry *kept;
	struct slice name;

	key_history_lock(history);
	kept = map_entry(history->entries, index, &name);
	entry.key = entry_key(name, mem);
	get_past(kept, &entry.key, mem, &entry.past);
	key_history_unlock(history);
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

/* A published key has its plain text without memory. */
static void
set_state_text(
    struct entry *entry, const struct sign_key *key, struct slice text)
{
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	set_text(&entry->text,
	    entry->status == KEY_PUBLISHED &&
		    slice_eq(text, plain_text(key, &mem)) ?
		(struct slice){ NULL, 0 } :
		text);
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
	bool was_silent = entry->fault != NULL;
	bool is_attended = entry->answered != 0;
	signed char before = entry->status;

	if (shown->status == KEY_PUBLISHED) {
		/* If DNS was never asked before, it is as old as its file. */
		if (entry->first_seen == 0) {
			entry->first_seen = now;
			entry->since = is_attended || key->file_time <= 0 ?
			    now :
			    key->file_time;
		}
		entry->last_seen = now;
		not_after(&entry->first_seen, now);
		not_after(&entry->since, now);
	}
	entry->status = (signed char)shown->status;
	entry->answered = now;
	set_state_text(entry, key, shown->text);
	set_text(&entry->fault, (struct slice){ NULL, 0 });
	return was_silent || before != entry->status;
}

bool
key_history_note(struct key_history *history, const struct sign_key *key,
    const struct key_shown *shown, time_t now)
{
	struct entry *entry;
	bool changed;

	key_history_lock(history);
	entry = key_history_find_or_add(history, key);
	entry->looked = now;
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
	entry->status = entry->restored = (signed char)past->status;
	entry->first_seen = past->first_seen;
	entry->last_seen = past->last_seen;
	entry->since = past->since;
	entry->answered = past->answered;
	entry->looked = past->looked;
	set_state_text(entry, key, past->text);
	set_text(&entry->fault, (struct slice){ NULL, 0 });
	key_history_unlock(history);
}

bool
key_history_note_role(struct key_history *history, const struct sign_key *key,
    int role, int *ret_before)
{
	struct entry *entry;
	bool is_news = false;

	key_history_lock(history);
	entry = find_entry(history, key);
	if (entry != NULL && entry->looked != 0 && entry->role != role) {
		/* What the file said was told by another process. */
		is_news =
		    entry->role != NONE || entry->restored != entry->status;
		*ret_before = entry->role;
		entry->role = (signed char)role;
	}
	key_history_unlock(history);
	return is_news;
}

void
key_history_want(struct key_history *history, struct slice domain)
{
	size_t i = 0;

	key_history_lock(history);
	while (
	    i < history->wanted_count && !slice_eq(history->wanted[i], domain))
		i++;
	if (i == history->wanted_count && i < KEY_MAX_WANTED) {
		char *copy = malloc(domain.len + 1);

		ENSURE(copy != NULL);
		memcpy(copy, domain.data, domain.len);
		history->wanted[i] = (struct slice){ copy, domain.len };
		history->wanted_count++;
	}
	key_history_unlock(history);
}

struct slice *
key_history_take_wanted(
    struct key_history *history, struct arena *mem, size_t *ret_count)
{
	struct slice *wanted = NULL;

	*ret_count = 0;
	if (history->wanted_count == 0)
		return NULL;
	key_history_lock(history);
	*ret_count = history->wanted_count;
	wanted = arena_array(mem, history->wanted_count, sizeof(wanted[0]));
	for (size_t i = 0; i < history->wanted_count; i++)
		wanted[i] = slice_dup(mem, history->wanted[i]);
	free_wanted(history);
	key_history_unlock(history);
	return wanted;
}
