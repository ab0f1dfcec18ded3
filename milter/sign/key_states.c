/* SPDX-License-Identifier: BSD-2-Clause */
#include "sign/key_states.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "key_states_priv.h"

/* A clock may be set back by as much as this, and times still be believed. */
enum { CLOCK_SLACK_S = 3600, TEXT_MAX_OCTETS = 2048 };

/* Texts are on the heap: they change for as long as the process lives. */
struct entry {
	struct key_sighting sighting;
	char *text;
	char *fault;
};

struct key_states {
	_Atomic unsigned long references;
	pthread_mutex_t lock;
	struct arena mem;
	struct map *entries;
};

const char *
key_use_name(enum key_use use)
{
	static const char *const names[] = { "signing", "overlap", "retire",
		"pending", "unpublished", "differs", "revoked", "unusable",
		"unknown" };

	return names[use];
}

const char *
key_use_text(enum key_use use)
{
	static const char *const texts[] = { "published in DNS",
		"published in DNS", "published in DNS",
		"not published in DNS yet", "no longer published in DNS",
		"DNS shows another key", "revoked in DNS",
		"its record in DNS is unusable",
		"not known whether it is published in DNS" };

	return texts[use];
}

struct key_states *
key_states_new(void)
{
	struct key_states *states = calloc(1, sizeof(*states));

	ENSURE(states != NULL);
	states->references = 1;
	ENSURE(pthread_mutex_init(&states->lock, NULL) == 0);
	arena_init(&states->mem);
	states->entries = map_new(&states->mem);
	return states;
}

struct key_states *
key_states_ref(struct key_states *states)
{
	states->references++;
	return states;
}

void
key_states_unref(struct key_states *states)
{
	if (states == NULL || --states->references != 0)
		return;
	for (size_t i = 0; i < map_count(states->entries); i++) {
		struct entry *entry = map_entry(states->entries, i, NULL);

		free(entry->text);
		free(entry->fault);
	}
	arena_done(&states->mem);
	(void)pthread_mutex_destroy(&states->lock);
	free(states);
}

static void
lock(struct key_states *states)
{
	ENSURE(pthread_mutex_lock(&states->lock) == 0);
}

static void
unlock(struct key_states *states)
{
	ENSURE(pthread_mutex_unlock(&states->lock) == 0);
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
find(const struct key_states *states, const struct sign_key *key)
{
	char buffer[NAME_OCTETS];

	return map_get(states->entries, entry_name(key, buffer));
}

static struct entry *
find_or_add(struct key_states *states, const struct sign_key *key)
{
	char buffer[NAME_OCTETS];
	struct slice name = entry_name(key, buffer);
	struct entry *entry = map_get(states->entries, name);

	if (entry == NULL) {
		entry = arena_alloc(&states->mem, sizeof(*entry));
		entry->sighting.state = KEY_UNKNOWN;
		ENSURE(map_add(states->entries, name, entry));
	}
	return entry;
}

void
key_states_track(struct key_states *states, const struct sign_key *key)
{
	lock(states);
	(void)find_or_add(states, key);
	unlock(states);
}

static struct slice
copy_text(struct arena *mem, const char *text)
{
	return text == NULL ? (struct slice){ NULL, 0 }
	    : slice_dup(mem, slice_of(text));
}

void
key_states_get(struct key_states *states, const struct sign_key *key,
    struct arena *mem, struct key_sighting *ret_sighting)
{
	const struct entry *entry;

	lock(states);
	entry = find(states, key);
	if (entry == NULL) {
		*ret_sighting = (struct key_sighting){ .state = KEY_UNKNOWN };
	} else {
		*ret_sighting = entry->sighting;
		ret_sighting->text = copy_text(mem, entry->text);
		ret_sighting->fault = copy_text(mem, entry->fault);
	}
	unlock(states);
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
	*place = strdup(slice_cstr(&mem, slice_sub(text, 0,
	    TEXT_MAX_OCTETS)));
	ENSURE(*place != NULL);
	arena_done(&mem);
}

/* A key that is seen for the first time: as old as its file, if unattended. */
static void
first_sight(struct key_sighting *sighting, const struct sign_key *key,
    time_t now)
{
	bool attended = sighting->answered != 0;

	sighting->first_seen = now;
	sighting->since = attended || key->file_time <= 0 ||
	    key->file_time > now ? now : key->file_time;
}

/* A time that a clock gave which was ahead. */
static void
correct(time_t *time, time_t now)
{
	if (*time > now)
		*time = now;
}

static bool
note(struct entry *entry, const struct sign_key *key,
    const struct key_finding *finding, time_t now)
{
	struct key_sighting *sighting = &entry->sighting;
	bool was_silent = entry->fault != NULL;
	enum key_state before = sighting->state;

	sighting->looked = now;
	if (finding->state == KEY_UNKNOWN) {
		set_text(&entry->fault, finding->text.len != 0 ? finding->text
		    : SLICE("DNS did not say"));
		return !was_silent;
	}
	if (finding->state == KEY_PUBLISHED) {
		if (sighting->first_seen == 0)
			first_sight(sighting, key, now);
		sighting->last_seen = now;
		correct(&sighting->first_seen, now);
		correct(&sighting->since, now);
	}
	sighting->state = finding->state;
	sighting->answered = now;
	set_text(&entry->text, finding->text);
	set_text(&entry->fault, (struct slice){ NULL, 0 });
	return was_silent || before != sighting->state;
}

bool
key_states_note(struct key_states *states, const struct sign_key *key,
    const struct key_finding *finding, time_t now)
{
	bool changed;

	lock(states);
	changed = note(find_or_add(states, key), key, finding, now);
	unlock(states);
	return changed;
}

void
key_states_restore(struct key_states *states, const struct sign_key *key,
    const struct key_sighting *sighting)
{
	struct entry *entry;

	lock(states);
	entry = find_or_add(states, key);
	entry->sighting = *sighting;
	entry->sighting.text = (struct slice){ NULL, 0 };
	entry->sighting.fault = (struct slice){ NULL, 0 };
	set_text(&entry->text, sighting->text);
	set_text(&entry->fault, (struct slice){ NULL, 0 });
	unlock(states);
}

/* Whether what DNS said last still counts: it is not too long ago. */
static bool
is_fresh(const struct key_sighting *sighting, const struct key_rules *rules,
    time_t now)
{
	time_t answered = sighting->state == KEY_PUBLISHED
	    ? sighting->last_seen : sighting->answered;

	return answered != 0 && answered <= now + CLOCK_SLACK_S &&
	    now - answered <= rules->age;
}

static enum key_use
use_of(const struct key_sighting *sighting, const struct key_rules *rules,
    time_t now)
{
	if (!is_fresh(sighting, rules, now))
		return KEY_USE_UNKNOWN;
	switch (sighting->state) {
	case KEY_PUBLISHED:
		return KEY_USE_OVERLAP;
	case KEY_ABSENT:
		return sighting->first_seen == 0 ? KEY_USE_PENDING
		    : KEY_USE_UNPUBLISHED;
	case KEY_REVOKED:
		return KEY_USE_REVOKED;
	case KEY_DIFFERS:
		return KEY_USE_DIFFERS;
	case KEY_UNUSABLE:
		return KEY_USE_UNUSABLE;
	case KEY_UNKNOWN:
		break;
	}
	return KEY_USE_UNKNOWN;
}

/* Of two keys of one age the one of the later selector: dates sort so. */
static bool
is_newer(const struct sign_key *key, const struct key_sighting *sighting,
    const struct sign_key *than, const struct key_sighting *than_sighting)
{
	if (sighting->since != than_sighting->since)
		return sighting->since > than_sighting->since;
	return slice_cmp(key->selector, than->selector) > 0;
}

/* The newest usable key of an algorithm; count: there is none. */
static size_t
newest(const struct domain_keys *domain, enum key_algorithm algorithm,
    const struct key_sighting *sightings, const enum key_use *uses)
{
	size_t found = domain->count;

	for (size_t i = 0; i < domain->count; i++) {
		if (uses[i] != KEY_USE_OVERLAP ||
		    domain->keys[i]->algorithm != algorithm)
			continue;
		if (found == domain->count || is_newer(domain->keys[i],
		    &sightings[i], domain->keys[found], &sightings[found]))
			found = i;
	}
	return found;
}

void
key_states_uses(struct key_states *states, const struct domain_keys *domain,
    const struct key_rules *rules, time_t now, enum key_use *ret_uses)
{
	static const enum key_algorithm algorithms[] = { KEY_RSA_SHA256,
		KEY_ED25519_SHA256 };
	struct key_sighting sightings[MAX_KEYS_OF_DOMAIN];

	ENSURE(domain->count <= MAX_KEYS_OF_DOMAIN);
	lock(states);
	for (size_t i = 0; i < domain->count; i++) {
		const struct entry *entry = find(states, domain->keys[i]);

		sightings[i] = entry == NULL
		    ? (struct key_sighting){ .state = KEY_UNKNOWN }
		    : entry->sighting;
	}
	unlock(states);
	for (size_t i = 0; i < domain->count; i++)
		ret_uses[i] = use_of(&sightings[i], rules, now);
	for (size_t a = 0; a < 2; a++) {
		size_t top = newest(domain, algorithms[a], sightings,
		    ret_uses);

		if (top == domain->count)
			continue;
		for (size_t i = 0; i < domain->count; i++) {
			if (ret_uses[i] == KEY_USE_OVERLAP && i != top &&
			    domain->keys[i]->algorithm == algorithms[a] &&
			    now - sightings[top].since > rules->overlap)
				ret_uses[i] = KEY_USE_RETIRE;
		}
		ret_uses[top] = KEY_USE_SIGNING;
	}
}
