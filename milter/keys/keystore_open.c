/* SPDX-License-Identifier: BSD-2-Clause */
/* Which domains have keys, and which of them are read at once. */
#include <stdlib.h>

#include "base/pace.h"
#include "keystore_priv.h"

struct listing {
	struct key_lister lister; /* the first member */
	struct keystore *store;
	const struct report *report;
};

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

static void
list_expect(struct key_lister *lister, size_t count)
{
	map_expect(listing_of(lister)->store->domains, count);
}

static void
list_domain(struct key_lister *lister, struct slice place, struct slice domain,
    const char *where)
{
	struct listing *listing = listing_of(lister);
	struct keystore *store = listing->store;
	struct slot *slot;

	if (keystore_add_slot(store, place, domain, domain) != NULL)
		return;
	slot = keystore_slot(store, domain);
	slot->fault = tell_fault(
	    store, listing->report, where, "the domain is there twice");
}

/* Several rows of a signing table may need one key for one domain. */
static void
list_key(struct key_lister *lister, struct slice place, struct slice domain,
    const char *where)
{
	(void)where;
	(void)keystore_add_slot(
	    listing_of(lister)->store, place, place, domain);
}

/*
 * The slot of a name. Names of a store are mostly looked for in the order of
 * another one with the same names: *at is where the next one may stand.
 */
static struct slot *
slot_near(const struct keystore *store, size_t *at, struct slice name)
{
	size_t count = keystore_domain_count(store);

	for (size_t i = *at; i < count && i <= *at + 1; i++) {
		struct slot *slot = keystore_slot_at(store, i);

		if (slice_eq(slot->unread.name, name)) {
			*at = i + 1;
			return slot;
		}
	}
	return keystore_slot(store, name);
}

/*
 * The keys of a domain as they were, if its files are the same and there is
 * nothing to say of them.
 */
static bool
go_on(struct keystore *store, struct slot *slot, struct domain_keys *before)
{
	if (before->mark == 0 || before->fault.len != 0 || before->warned ||
	    slot->fault.len != 0 ||
	    keystore_slot_mark(store, slot) != before->mark)
		return false;
	keystore_keep(store, slot, before, false);
	return true;
}

/* What is known of keys that were not kept: they are read when needed. */
static void
carry_known(
    struct keystore *store, struct slot *slot, const struct domain_keys *known)
{
	if (!known->unread && !known->gone && known->count != 0 &&
	    known->fault.len == 0)
		slot->known =
		    domain_keys_public(known, &slot->unread, &store->mem);
}

/*
 * Reads all where that is quick, and otherwise what the previous store has in
 * memory. That goes on where its files can not be used.
 */
static void
read_slots(struct keystore *store, struct keystore *previous,
    const struct report *report)
{
	bool reads_all = map_count(store->domains) <= store->room &&
	    map_count(store->domains) <= KEYSTORE_EAGER;

	size_t at = 0;

	for (size_t i = 0; i < map_count(store->domains); i++) {
		struct slot *slot = map_entry(store->domains, i, NULL);
		struct slot *old = previous == NULL ?
		    NULL :
		    slot_near(previous, &at, slot->unread.name);
		struct domain_keys *before =
		    old == NULL ? NULL : keystore_take_kept(previous, old);

		if (before != NULL ? !go_on(store, slot, before) : reads_all)
			domain_keys_release(keystore_read_slot(store, slot,
			    &(struct slot_reading){
				.report = report, .before = before }));
		else if (before == NULL && old != NULL)
			carry_known(store, slot, old->known);
		domain_keys_release(before);
		pace();
	}
}

/*
 * Domains that had keys, and that the source does not name any more, or never
 * did. A row that is gone from a table was taken away.
 */
static void
keep_names(struct keystore *store, const struct keystore *previous)
{
	size_t count = previous == NULL ? 0 : keystore_domain_count(previous);
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct slot *old = keystore_slot_at(previous, i);
		const struct domain_keys *before = old->known;
		bool is_row = slice_has(before->name, ' ');
		struct slot *slot;

		if (slot_near(store, &at, before->name) != NULL ||
		    (before->count == 0 && !before->unread) ||
		    (is_row && !(old->added && store->source->grows)))
			continue;
		slot = keystore_add_slot(
		    store, before->name, before->name, before->domain);
		if (slot != NULL)
			slot->added = old->added;
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
	arena_init_large(&store->mem);
	store->domains = map_new(&store->mem);
	store->others = map_new(&store->mem);
	ENSURE(pthread_mutex_init(&store->lock, NULL) == 0 &&
	    clock_gettime(CLOCK_REALTIME, &store->began) == 0);
	listing.lister = (struct key_lister){ .mem = &store->mem,
		.expect = list_expect,
		.domain = list_domain,
		.key = list_key,
		.fault = list_fault,
		.warn = list_warn };
	if (source->ops->list(source, &listing.lister, err) != 0) {
		keystore_free(store);
		return -1;
	}
	keep_names(store, previous);
	read_slots(store, previous, options->report);
	store->guard = source->grows ? &store->lock : NULL;
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
keystore_add_gone(struct keystore *store, struct slice directory,
    struct slice domain, const struct report *report)
{
	struct slot *slot = keystore_add_slot(store, domain, domain, domain);
	struct domain_keys *gone = arena_alloc(&store->mem, sizeof(*gone));

	gone->domain = gone->name = slot->unread.domain;
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
