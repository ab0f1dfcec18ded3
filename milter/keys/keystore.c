/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of all domains: which there are, and those that are kept in memory.
 */
#include "keys/keystore.h"

#include <pthread.h>
#include <stdlib.h>

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

/* Slots stay where they are, once others see the store. */
struct slot *
keystore_slot_at(const struct keystore *store, size_t index)
{
	size_t listed = key_names_count(store->listed);

	return index < listed ? &store->listed_slots[index] :
				&store->added_slots[index - listed];
}

const struct public_keys *
keystore_known_at(const struct keystore *store, size_t index)
{
	/* All that goes through very many domains comes here. */
	pace();
	return keystore_slot_at(store, index)->known;
}

struct key_name
keystore_name_at(const struct keystore *store, size_t index)
{
	size_t listed = key_names_count(store->listed);
	struct key_name name;

	if (index < listed)
		return key_names_at(store->listed, index);
	guard(store);
	name = key_names_at(store->added, index - listed);
	unguard(store);
	return name;
}

/* By one of two ways to find a name. */
static size_t
find_index(const struct keystore *store, struct slice name,
    size_t (*find)(const struct key_names *names, struct slice name))
{
	size_t listed = key_names_count(store->listed);
	size_t index = find(store->listed, name);

	if (index != listed)
		return index;
	guard(store);
	index = find(store->added, name);
	index = index == key_names_count(store->added) ? KEYSTORE_NONE :
							 listed + index;
	unguard(store);
	return index;
}

size_t
keystore_index(const struct keystore *store, struct slice name)
{
	return find_index(store, name, key_names_find);
}

size_t
keystore_add_name(struct keystore *store, const struct key_name *name)
{
	size_t index = key_names_count(store->added);
	void *slots = store->added_slots;

	if (key_names_find(store->listed, name->name) !=
		key_names_count(store->listed) ||
	    !key_names_add(store->added, name))
		return KEYSTORE_NONE;
	arena_reserve_one(
	    &store->mem, &slots, &store->added_cap, index, sizeof(struct slot));
	store->added_slots = slots;
	return key_names_count(store->listed) + index;
}

static void
unlink_kept(struct keystore *store, struct kept_keys *kept)
{
	if (kept->newer != NULL)
		kept->newer->older = kept->older;
	else
		store->newest = kept->older;
	if (kept->older != NULL)
		kept->older->newer = kept->newer;
	else
		store->oldest = kept->newer;
	kept->newer = kept->older = NULL;
}

static void
put_in_front(struct keystore *store, struct kept_keys *kept)
{
	kept->older = store->newest;
	if (store->newest != NULL)
		store->newest->newer = kept;
	else
		store->oldest = kept;
	store->newest = kept;
}

/* One reference more on what is kept; NULL: nothing is. */
struct domain_keys *
keystore_take_kept(struct keystore *store, size_t index)
{
	const struct slot *slot = keystore_slot_at(store, index);
	struct domain_keys *keys = NULL;

	keystore_lock(store);
	if (slot->kept != NULL) {
		keys = domain_keys_ref(slot->kept->keys);
		unlink_kept(store, slot->kept);
		put_in_front(store, slot->kept);
	}
	keystore_unlock(store);
	return keys;
}

/* Room for keys; *ret_dropped: those that had it, or NULL. */
static struct kept_keys *
make_room(struct keystore *store, struct domain_keys **ret_dropped)
{
	struct kept_keys *kept = store->oldest;

	*ret_dropped = NULL;
	if (store->kept_count < store->room) {
		store->kept_count++;
		return arena_alloc(&store->mem, sizeof(*kept));
	}
	unlink_kept(store, kept);
	keystore_slot_at(store, kept->index)->kept = NULL;
	*ret_dropped = kept->keys;
	return kept;
}

void
keystore_keep(
    struct keystore *store, size_t index, struct domain_keys *keys, bool once)
{
	struct slot *slot = keystore_slot_at(store, index);
	struct slice place = keystore_name_at(store, index).place;
	struct domain_keys *dropped = NULL;
	const struct public_keys *known;

	keystore_lock(store);
	known = slot->known;
	if (known == NULL || !public_keys_are(known, keys))
		slot->known =
		    public_keys_add(store->pool, keys, store->source, place);
	if (slot->kept == NULL && !once &&
	    (keys->fault.len == 0 || keys->told)) {
		slot->kept = make_room(store, &dropped);
		slot->kept->keys = domain_keys_ref(keys);
		slot->kept->index = index;
		put_in_front(store, slot->kept);
	}
	keystore_unlock(store);
	domain_keys_release(dropped);
}

uint64_t
keystore_slot_mark(const struct keystore *store, size_t index)
{
	const struct key_source *source = store->source;
	struct key_mark mark = { .value = KEY_MARK_SEED };

	if (source->ops->mark == NULL)
		return 0;
	ENSURE(clock_gettime(CLOCK_REALTIME, &mark.began) == 0);
	source->ops->mark(
	    source, keystore_name_at(store, index).place, true, &mark);
	return mark.late ? 0 : mark.value;
}

/* A domain as it is known, in memory of mem. */
static struct domain_keys *
show(const struct keystore *store, size_t index, struct arena *mem)
{
	const struct public_keys *known = keystore_known_at(store, index);
	struct key_name name = keystore_name_at(store, index);
	struct domain_keys *unread;

	if (known != NULL)
		return public_keys_show(known, store->source, &name, mem);
	unread = arena_alloc(mem, sizeof(*unread));
	unread->name = name.name;
	unread->domain = name.domain;
	unread->unread = true;
	return unread;
}

static bool
is_gone(const struct keystore *store, size_t index)
{
	const struct public_keys *known = keystore_known_at(store, index);

	return known != NULL && public_keys_are_gone(known);
}

/* Whether no key of it can be used, as far as is known. */
static bool
lacks_keys(const struct keystore *store, size_t index)
{
	const struct public_keys *known = keystore_known_at(store, index);

	return known != NULL && public_keys_count(known) == 0;
}

static struct domain_keys *
gone_again(const struct keystore *store, size_t index)
{
	CLEANUP(arena_done) struct arena mem;
	const struct domain_keys *known;

	arena_init(&mem);
	known = show(store, index, &mem);
	return domain_keys_lacking(known->domain, known->fault, true);
}

struct domain_keys *
keystore_read_slot(
    struct keystore *store, size_t index, const struct slot_reading *how)
{
	struct key_name name = keystore_name_at(store, index);
	struct domain_reading reading = { .source = store->source,
		.place = name.place,
		.name = name.name,
		.domain = name.domain,
		.before = how->before,
		.report = how->report };
	struct domain_keys *keys;
	uint64_t mark;

	if (is_gone(store, index))
		return gone_again(store, index);
	mark = keystore_slot_mark(store, index);
	keys = domain_keys_read(&reading);
	keys->mark = mark;
	if (keys->fault.len == 0 && name.fault.len != 0) {
		keys->fault = name.fault;
		keys->told = true;
	}
	if (report_is_read(how->report))
		store->faults += reading.faults;
	keystore_keep(store, index, keys, how->once);
	return keys;
}

void
keystore_read_all(struct keystore *store, const struct report *report)
{
	for (size_t i = 0; i < keystore_domain_count(store); i++) {
		if (keystore_known_at(store, i) == NULL)
			domain_keys_release(keystore_read_slot(store, i,
			    &(struct slot_reading){
				.report = report, .once = true }));
	}
}

bool
keystore_lacks_keys(const struct keystore *store)
{
	size_t count = store == NULL ? 0 : keystore_domain_count(store);
	bool lacks = store != NULL && count == 0;

	for (size_t i = 0; i < count && !lacks; i++)
		lacks = lacks_keys(store, i);
	return lacks;
}

bool
keystore_has_unread(const struct keystore *store)
{
	size_t count = store == NULL ? 0 : keystore_domain_count(store);

	for (size_t i = 0; i < count; i++) {
		if (keystore_known_at(store, i) == NULL)
			return true;
	}
	return false;
}

bool
keystore_is_empty(const struct keystore *store)
{
	for (size_t i = 0; i < keystore_domain_count(store); i++) {
		if (!is_gone(store, i))
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
	     i++) {
		pace();
		own_domains_add(own, keystore_name_at(store, i).domain);
	}
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
	for (struct kept_keys *kept = store->newest; kept != NULL;
	     kept = kept->older)
		domain_keys_release(kept->keys);
	(void)pthread_mutex_destroy(&store->lock);
	key_source_free(store->source);
	key_names_unref(store->listed);
	key_names_unref(store->added);
	public_pool_unref(store->pool);
	arena_done(&store->mem);
	free(store);
}

const struct domain_keys *
keystore_find(
    const struct keystore *store, struct slice name, struct arena *mem)
{
	size_t index = keystore_index(store, name);

	return index == KEYSTORE_NONE ? NULL : show(store, index, mem);
}

const struct domain_keys *
keystore_find_name(
    const struct keystore *store, struct slice name, struct arena *mem)
{
	size_t index = keystore_index(store, name);
	struct domain_keys *keys;
	struct key_name found;

	if (index == KEYSTORE_NONE)
		return NULL;
	found = keystore_name_at(store, index);
	keys = arena_alloc(mem, sizeof(*keys));
	keys->name = found.name;
	keys->domain = found.domain;
	return keys;
}

const struct domain_keys *
keystore_find_domain(
    const struct keystore *store, struct slice domain, struct arena *mem)
{
	size_t index = find_index(store, domain, key_names_find_domain);

	return index == KEYSTORE_NONE ? NULL : show(store, index, mem);
}

bool
keystore_has_domain(const struct keystore *store, struct slice domain)
{
	return find_index(store, domain, key_names_find_domain) !=
	    KEYSTORE_NONE;
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
	count = key_names_count(store->added);
	unguard(store);
	return key_names_count(store->listed) + count;
}

const struct domain_keys *
keystore_domain(const struct keystore *store, size_t index, struct arena *mem)
{
	return show(store, index, mem);
}

struct slice
keystore_domain_name(const struct keystore *store, size_t index)
{
	return keystore_name_at(store, index).domain;
}

/* A key that the source did not list; from now on it is as if it had. */
static struct domain_keys *
take_unlisted(struct keystore *store, struct slice name)
{
	struct domain_reading reading = {
		.source = store->source, .place = name, .name = name
	};
	struct domain_keys *keys = domain_keys_read(&reading);
	size_t index = KEYSTORE_NONE;

	if (keys->count == 0)
		return keys;
	keystore_lock(store);
	if (store->grown < KEYSTORE_MAX_ADDED)
		index = keystore_add_name(store,
		    &(struct key_name){ .name = name,
			.place = name,
			.domain = keys->domain,
			.added = true });
	if (index != KEYSTORE_NONE)
		store->grown++;
	keystore_unlock(store);
	if (index != KEYSTORE_NONE)
		keystore_keep(store, index, keys, false);
	return keys;
}

static struct domain_keys *
take_or_read(struct keystore *store, struct slice name, bool once)
{
	size_t index = keystore_index(store, name);
	struct domain_keys *keys;

	if (index == KEYSTORE_NONE)
		return store->source->grows && slice_has(name, ' ') ?
		    take_unlisted(store, name) :
		    NULL;
	keys = keystore_take_kept(store, index);
	return keys != NULL ? keys :
			      keystore_read_slot(store, index,
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
		bool lacks = lacks_keys(store, i);

		if (!lacking_only || lacks)
			source->ops->mark(source,
			    keystore_name_at(store, i).place, lacks, &mark);
	}
	*ret_late = mark.late;
	return mark.value;
}
