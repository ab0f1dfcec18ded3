/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of all domains: which there are, and those that are kept in memory.
 */
#include "keys/keystore.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "keystore_priv.h"

/* One domain; kept ones stand in a list, the last that was needed in front. */
struct slot {
	struct slice domain;
	struct slice place;
	struct slice fault; /* of listing it */
	_Atomic(const struct domain_keys *) known;
	struct domain_keys *kept; /* with private keys; or NULL */
	struct slot *newer;
	struct slot *older;
};

struct keystore {
	struct key_source *source;
	struct arena mem;
	struct map *domains; /* to struct slot */
	size_t faults;
	size_t room;
	struct timespec began;
	pthread_mutex_t lock; /* of mem, once it is loaded, and what follows */
	size_t kept_count;
	struct slot *newest;
	struct slot *oldest;
	_Atomic unsigned long users;
};

struct listing {
	struct key_lister lister; /* the first member */
	struct keystore *store;
	const struct report *report;
};

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

static struct listing *
listing_of(struct key_lister *lister)
{
	return (struct listing *)(void *)lister;
}

static struct slice
tell_fault(struct keystore *store, const struct report *report,
    const char *where, const char *why)
{
	struct slice line = slice_format(&store->mem, "key %s: %s", where, why);

	store->faults++;
	report_error(report, "%s", line.data);
	return line;
}

static void
list_fault(struct key_lister *lister, const char *where, const char *why)
{
	struct listing *listing = listing_of(lister);

	(void)tell_fault(listing->store, listing->report, where, why);
}

static void
list_warn(struct key_lister *lister, const char *where, const char *why)
{
	report_warning(listing_of(lister)->report, "key %s: %s", where, why);
}

/* A domain of which nothing but its name is known yet. */
static struct slot *
add_slot(struct keystore *store, struct slice place, struct slice domain)
{
	struct slot *slot = arena_alloc(&store->mem, sizeof(*slot));
	struct domain_keys *known = arena_alloc(&store->mem, sizeof(*known));

	slot->domain = slice_dup(&store->mem, domain);
	slot->place = slice_dup(&store->mem, place);
	known->domain = slot->domain;
	known->unread = true;
	slot->known = known;
	ENSURE(map_add(store->domains, slot->domain, slot));
	return slot;
}

static void
list_domain(struct key_lister *lister, struct slice place, struct slice domain,
    const char *where)
{
	struct listing *listing = listing_of(lister);
	struct keystore *store = listing->store;
	struct slot *slot = map_get(store->domains, domain);

	if (slot == NULL)
		(void)add_slot(store, place, domain);
	else
		slot->fault = tell_fault(
		    store, listing->report, where, "the domain is there twice");
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
static struct domain_keys *
take_kept(struct keystore *store, struct slot *slot)
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
 * Keeps keys that were just read, unless another thread was faster or a fault
 * in them may be mended meanwhile; and what is known of them in any case. Old
 * knowledge stays in memory, for somebody may be looking at it.
 */
static void
keystore_keep(struct keystore *store, struct slot *slot,
    struct domain_keys *keys, bool once)
{
	struct domain_keys *dropped = NULL;

	keystore_lock(store);
	if (!same_keys(slot->known, keys))
		slot->known = domain_keys_public(keys, &store->mem);
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

/* How the keys of a slot are read. */
struct slot_reading {
	const struct report *report;
	const struct domain_keys *before; /* see struct domain_reading */
	bool once;			  /* they are not kept */
};

static struct domain_keys *
read_slot(
    struct keystore *store, struct slot *slot, const struct slot_reading *how)
{
	const struct domain_keys *known = slot->known;
	struct domain_reading reading = { .source = store->source,
		.place = slot->place,
		.domain = slot->domain,
		.before = how->before,
		.report = how->report };
	struct domain_keys *keys;

	if (known->gone)
		return domain_keys_lacking(slot->domain, known->fault, true);
	keys = domain_keys_read(&reading);
	if (keys->fault.len == 0 && slot->fault.len != 0) {
		keys->fault = slot->fault;
		keys->told = true;
	}
	if (report_is_read(how->report))
		store->faults += reading.faults;
	keystore_keep(store, slot, keys, how->once);
	return keys;
}

/*
 * Reads what there is room for, and what the previous store has read: that goes
 * on as it is in memory.
 */
static void
read_slots(struct keystore *store, struct keystore *previous,
    const struct report *report)
{
	bool reads_all = map_count(store->domains) <= store->room;

	for (size_t i = 0; i < map_count(store->domains); i++) {
		struct slot *slot = map_entry(store->domains, i, NULL);
		struct slot *old = previous == NULL ?
		    NULL :
		    map_get(previous->domains, slot->domain);
		struct domain_keys *before =
		    old == NULL ? NULL : take_kept(previous, old);

		if (before != NULL || reads_all)
			domain_keys_release(read_slot(store, slot,
			    &(struct slot_reading){
				.report = report, .before = before }));
		domain_keys_release(before);
	}
}

int
keystore_open(struct key_source *source, const struct keystore_options *options,
    struct keystore **ret_store, struct err *err)
{
	struct keystore *store = calloc(1, sizeof(*store));
	struct keystore *previous = options->previous;
	struct listing listing = { .store = store, .report = options->report };

	ENSURE(store != NULL);
	store->users = 1;
	store->source = source;
	store->room = options->room == 0 ? KEYSTORE_ROOM : options->room;
	arena_init(&store->mem);
	store->domains = map_new(&store->mem);
	ENSURE(pthread_mutex_init(&store->lock, NULL) == 0 &&
	    clock_gettime(CLOCK_REALTIME, &store->began) == 0);
	listing.lister = (struct key_lister){ .mem = &store->mem,
		.domain = list_domain,
		.fault = list_fault,
		.warn = list_warn };
	if (source->ops->list(source, &listing.lister, err) != 0) {
		keystore_free(store);
		return -1;
	}
	/* Domains that had keys, and that the source does not name any more. */
	for (size_t i = 0;
	     previous != NULL && i < keystore_domain_count(previous); i++) {
		const struct domain_keys *before = keystore_domain(previous, i);

		if (keystore_find(store, before->domain) == NULL &&
		    (before->count != 0 || before->unread))
			(void)add_slot(store, before->domain, before->domain);
	}
	read_slots(store, previous, options->report);
	*ret_store = store;
	return 0;
}

int
keystore_load(struct slice directory, const struct keystore_options *options,
    struct keystore **ret_store, struct err *err)
{
	return keystore_open(
	    key_directory_source(directory), options, ret_store, err);
}

void
keystore_read_all(struct keystore *store, const struct report *report)
{
	for (size_t i = 0; i < map_count(store->domains); i++) {
		struct slot *slot = map_entry(store->domains, i, NULL);
		const struct domain_keys *known = slot->known;

		if (known->unread)
			domain_keys_release(read_slot(store, slot,
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
keystore_add_gone(struct keystore *store, struct slice directory,
    struct slice domain, const struct report *report)
{
	struct slot *slot = add_slot(store, domain, domain);
	struct domain_keys *gone = arena_alloc(&store->mem, sizeof(*gone));

	gone->domain = slot->domain;
	gone->gone = true;
	gone->told = true;
	gone->fault = tell_fault(store, report,
	    slice_format(&store->mem, "%.*s/%.*s", SLICE_ARGS(directory),
		SLICE_ARGS(domain))
		.data,
	    slice_format(&store->mem,
		"it is gone, and keys in it signed before: put it "
		"back, or run \"submilter keys --forget %.*s\" if that domain is "
		"to sign no more",
		SLICE_ARGS(domain))
		.data);
	slot->known = gone;
}

void
keystore_name_domains(const struct keystore *store, struct own_domains *own)
{
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
keystore_find(const struct keystore *store, struct slice domain)
{
	const struct slot *slot = map_get(store->domains, domain);

	return slot == NULL ? NULL : slot->known;
}

size_t
keystore_domain_count(const struct keystore *store)
{
	return map_count(store->domains);
}

const struct domain_keys *
keystore_domain(const struct keystore *store, size_t index)
{
	const struct slot *slot = map_entry(store->domains, index, NULL);

	return slot->known;
}

static struct domain_keys *
take_or_read(struct keystore *store, struct slice domain, bool once)
{
	struct slot *slot = map_get(store->domains, domain);
	struct domain_keys *keys;

	if (slot == NULL)
		return NULL;
	keys = take_kept(store, slot);
	return keys != NULL ?
	    keys :
	    read_slot(store, slot, &(struct slot_reading){ .once = once });
}

struct domain_keys *
keystore_take(struct keystore *store, struct slice domain)
{
	return take_or_read(store, domain, false);
}

struct domain_keys *
keystore_take_once(struct keystore *store, struct slice domain)
{
	return take_or_read(store, domain, true);
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
		const struct slot *slot = map_entry(store->domains, i, NULL);
		const struct domain_keys *known = slot->known;
		bool lacks = known->count == 0 && !known->unread;

		if (!lacking_only || lacks)
			source->ops->mark(source, slot->place, lacks, &mark);
	}
	*ret_late = mark.late;
	return mark.value;
}

void
key_source_free(struct key_source *source)
{
	if (source != NULL)
		source->ops->free(source);
}
