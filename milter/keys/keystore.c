/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of all domains: which there are, and those that are kept in memory.
 */
#include "keys/keystore.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/pace.h"
#include "keystore_priv.h"

static void
keystore_lock(struct keystore *store)
{
	ENSURE(pthread_mutex_lock(&store->lock) == 0);
}

static void
keystore_unlock(struct keystore *store)
{
	ENSURE(pthread_mutex_unlock(&store->lock) == 0);
}

/* For readers, where something may be added at any time. */
static void
guard(const struct keystore *store)
{
	if (store->guard != NULL)
		ENSURE(pthread_mutex_lock(store->guard) == 0);
}

static void
unguard(const struct keystore *store)
{
	if (store->guard != NULL)
		ENSURE(pthread_mutex_unlock(store->guard) == 0);
}

struct slot *
keystore_slot_at(const struct keystore *store, size_t index)
{
	struct slot *slot;

	/* All that goes through very many domains comes here. */
	pace();
	guard(store);
	slot = map_entry(store->domains, index, NULL);
	unguard(store);
	return slot;
}

struct slot *
keystore_slot(const struct keystore *store, struct slice name)
{
	struct slot *slot;

	guard(store);
	slot = map_get(store->domains, name);
	unguard(store);
	return slot;
}

struct slot *
keystore_add_slot(struct keystore *store, struct slice place, struct slice name,
    struct slice domain)
{
	size_t count = map_count(store->domains);
	void **value = map_place(store->domains, name);
	struct slot *slot;
	struct slice kept;

	if (*value != NULL)
		return NULL;
	*value = slot = arena_alloc(&store->mem, sizeof(*slot));
	/* The name is in memory once: there may be very many. */
	(void)map_entry(store->domains, count, &kept);
	slot->unread = (struct domain_keys){
		.name = kept, .domain = kept, .unread = true
	};
	slot->known = &slot->unread;
	slot->place =
	    slice_eq(place, name) ? kept : slice_dup(&store->mem, place);
	if (!slice_eq(domain, name)) {
		slot->unread.domain = slice_dup(&store->mem, domain);
		(void)!map_add(store->others, domain, slot);
	}
	return slot;
}

static void
unlink_slot(struct keystore *store, struct slot *slot)
{
	if (slot->newer != NULL)
		slot->newer->older = slot->older;
	else
		store->newest = slot->older;
	if (slot->older != NULL)
		slot->older->newer = slot->newer;
	else
		store->oldest = slot->newer;
	slot->newer = slot->older = NULL;
}

static void
put_in_front(struct keystore *store, struct slot *slot)
{
	slot->older = store->newest;
	if (store->newest != NULL)
		store->newest->newer = slot;
	else
		store->oldest = slot;
	store->newest = slot;
}

/* One reference more on what is kept; NULL: nothing is. */
struct domain_keys *
keystore_take_kept(struct keystore *store, struct slot *slot)
{
	struct domain_keys *keys = NULL;

	keystore_lock(store);
	if (slot->kept != NULL) {
		keys = domain_keys_ref(slot->kept);
		unlink_slot(store, slot);
		put_in_front(store, slot);
	}
	keystore_unlock(store);
	return keys;
}

static bool
same_keys(const struct domain_keys *a, const struct domain_keys *b)
{
	if (a->unread != b->unread || a->count != b->count ||
	    !slice_eq(a->fault, b->fault))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!slice_eq(a->keys[i]->selector, b->keys[i]->selector) ||
		    !slice_eq(a->keys[i]->fingerprint, b->keys[i]->fingerprint))
			return false;
	}
	return true;
}

/*
 * Old knowledge stays in memory, for somebody may be looking at it.
 */
void
keystore_keep(struct keystore *store, struct slot *slot,
    struct domain_keys *keys, bool once)
{
	struct domain_keys *dropped = NULL;

	keystore_lock(store);
	if (!same_keys(slot->known, keys))
		slot->known =
		    domain_keys_public(keys, &slot->unread, &store->mem);
	if (slot->kept == NULL && !once &&
	    (keys->fault.len == 0 || keys->told)) {
		slot->kept = domain_keys_ref(keys);
		put_in_front(store, slot);
		store->kept_count++;
	}
	if (store->kept_count > store->room) {
		struct slot *last = store->oldest;

		unlink_slot(store, last);
		dropped = last->kept;
		last->kept = NULL;
		store->kept_count--;
	}
	keystore_unlock(store);
	domain_keys_release(dropped);
}

uint64_t
keystore_slot_mark(const struct keystore *store, const struct slot *slot)
{
	const struct key_source *source = store->source;
	struct key_mark mark = { .value = KEY_MARK_SEED };

	if (source->ops->mark == NULL)
		return 0;
	ENSURE(clock_gettime(CLOCK_REALTIME, &mark.began) == 0);
	source->ops->mark(source, slot->place, true, &mark);
	return mark.late ? 0 : mark.value;
}

struct domain_keys *
keystore_read_slot(
    struct keystore *store, struct slot *slot, const struct slot_reading *how)
{
	const struct domain_keys *known = slot->known;
	struct domain_reading reading = { .source = store->source,
		.place = slot->place,
		.name = slot->unread.name,
		.domain = slot->unread.domain,
		.before = how->before,
		.report = how->report };
	struct domain_keys *keys;
	uint64_t mark;

	if (known->gone)
		return domain_keys_lacking(
		    slot->unread.domain, known->fault, true);
	mark = keystore_slot_mark(store, slot);
	keys = domain_keys_read(&reading);
	keys->mark = mark;
	if (keys->fault.len == 0 && slot->fault.len != 0) {
		keys->fault = slot->fault;
		keys->told = true;
	}
	if (report_is_read(how->report))
		store->faults += reading.faults;
	keystore_keep(store, slot, keys, how->once);
	return keys;
}

void
keystore_read_all(struct keystore *store, const struct report *report)
{
	for (size_t i = 0; i < keystore_domain_count(store); i++) {
		struct slot *slot = keystore_slot_at(store, i);
		const struct domain_keys *known = slot->known;

		if (known->unread)
			domain_keys_release(keystore_read_slot(store, slot,
			    &(struct slot_reading){
				.report = report, .once = true }));
	}
}

bool
keystore_lacks_keys(const struct keystore *store)
{
	size_t count = store == NULL ? 0 : keystore_domain_count(store);
	bool lacks = store != NULL && count == 0;

	for (size_t i = 0; i < count && !lacks; i++) {
		const struct domain_keys *known = keystore_domain(store, i);

		lacks = known->count == 0 && !known->unread;
	}
	return lacks;
}

bool
keystore_has_unread(const struct keystore *store)
{
	size_t count = store == NULL ? 0 : keystore_domain_count(store);

	for (size_t i = 0; i < count; i++) {
		if (keystore_domain(store, i)->unread)
			return true;
	}
	return false;
}

bool
keystore_is_empty(const struct keystore *store)
{
	for (size_t i = 0; i < keystore_domain_count(store); i++) {
		if (!keystore_domain(store, i)->gone)
			return false;
	}
	return true;
}

void
keystore_name_domains(const struct keystore *store, struct own_domains *own)
{
	if (store != NULL)
		own_domains_expect(own, keystore_domain_count(store));
	for (size_t i = 0; store != NULL && i < keystore_domain_count(store);
	     i++)
		own_domains_add(own, keystore_domain(store, i)->domain);
}

size_t
keystore_faults(const struct keystore *store)
{
	return store->faults;
}

struct keystore *
keystore_ref(struct keystore *store)
{
	if (store != NULL)
		store->users++;
	return store;
}

void
keystore_free(struct keystore *store)
{
	if (store == NULL || --store->users != 0)
		return;
	for (struct slot *slot = store->newest; slot != NULL;
	     slot = slot->older)
		domain_keys_release(slot->kept);
	(void)pthread_mutex_destroy(&store->lock);
	key_source_free(store->source);
	arena_done(&store->mem);
	free(store);
}

const struct domain_keys *
keystore_find(const struct keystore *store, struct slice name)
{
	const struct slot *slot = keystore_slot(store, name);

	return slot == NULL ? NULL : slot->known;
}

const struct domain_keys *
keystore_find_domain(const struct keystore *store, struct slice domain)
{
	const struct slot *slot;

	guard(store);
	slot = map_get(store->domains, domain);
	if (slot == NULL)
		slot = map_get(store->others, domain);
	unguard(store);
	return slot == NULL ? NULL : slot->known;
}

bool
keystore_has_domain(const struct keystore *store, struct slice domain)
{
	return keystore_find_domain(store, domain) != NULL;
}

bool
keystore_grows(const struct keystore *store)
{
	return store != NULL && store->source->grows;
}

size_t
keystore_domain_count(const struct keystore *store)
{
	size_t count;

	guard(store);
	count = map_count(store->domains);
	unguard(store);
	return count;
}

const struct domain_keys *
keystore_domain(const struct keystore *store, size_t index)
{
	const struct slot *slot = keystore_slot_at(store, index);

	return slot->known;
}

/* A key that the source did not list; from now on it is as if it had. */
static struct domain_keys *
take_unlisted(struct keystore *store, struct slice name)
{
	struct domain_reading reading = {
		.source = store->source, .place = name, .name = name
	};
	struct domain_keys *keys = domain_keys_read(&reading);
	struct slot *slot = NULL;

	if (keys->count == 0)
		return keys;
	keystore_lock(store);
	if (store->added_count < KEYSTORE_MAX_ADDED)
		slot = keystore_add_slot(store, name, name, keys->domain);
	if (slot != NULL) {
		slot->added = true;
		store->added_count++;
	}
	keystore_unlock(store);
	if (slot != NULL)
		keystore_keep(store, slot, keys, false);
	return keys;
}

static struct domain_keys *
take_or_read(struct keystore *store, struct slice name, bool once)
{
	struct slot *slot = keystore_slot(store, name);
	struct domain_keys *keys;

	if (slot == NULL)
		return store->source->grows && slice_has(name, ' ') ?
		    take_unlisted(store, name) :
		    NULL;
	keys = keystore_take_kept(store, slot);
	return keys != NULL ? keys :
			      keystore_read_slot(store, slot,
				  &(struct slot_reading){ .once = once });
}

struct domain_keys *
keystore_take(struct keystore *store, struct slice name)
{
	return take_or_read(store, name, false);
}

struct domain_keys *
keystore_take_once(struct keystore *store, struct slice name)
{
	return take_or_read(store, name, true);
}

uint64_t
keystore_mark(const struct keystore *store, bool lacking_only, bool *ret_late)
{
	const struct key_source *source = store->source;
	struct key_mark mark = { .value = KEY_MARK_SEED,
		.began = store->began };
	size_t count = keystore_domain_count(store);

	if (source->ops->mark != NULL && (!lacking_only || count == 0))
		source->ops->mark(
		    source, (struct slice){ NULL, 0 }, false, &mark);
	for (size_t i = 0; source->ops->mark != NULL && i < count; i++) {
		const struct slot *slot = keystore_slot_at(store, i);
		const struct domain_keys *known = slot->known;
		bool lacks = known->count == 0 && !known->unread;

		if (!lacking_only || lacks)
			source->ops->mark(source, slot->place, lacks, &mark);
	}
	*ret_late = mark.late;
	return mark.value;
}
