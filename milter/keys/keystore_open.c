/* SPDX-License-Identifier: BSD-2-Clause */
/* Which domains have keys, and which of them are read at once. */
#include <stdlib.h>

#include "base/pace.h"
#include "keystore_priv.h"

struct listing {
	struct key_lister lister; /* the first member */
	struct keystore *store;
	const struct report *report;
	struct key_naming naming;
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
	const struct key_naming *naming = &listing_of(lister)->naming;

	if (naming->names != NULL)
		key_names_expect(naming->names, count);
}

static void
list_domain(struct key_lister *lister, struct slice place, struct slice domain,
    const char *where)
{
	struct listing *listing = listing_of(lister);

	if (!key_naming_add(&listing->naming,
		&(struct key_name){
		    .name = domain, .place = place, .domain = domain }))
		key_names_set_fault(key_naming_own(&listing->naming), domain,
		    tell_fault(listing->store, listing->report, where,
			"the domain is there twice"));
}

/* Several rows of a signing table may need one key for one domain. */
static void
list_key(struct key_lister *lister, struct slice place, struct slice domain,
    const char *where)
{
	(void)where;
	(void)!key_naming_add(&listing_of(lister)->naming,
	    &(struct key_name){
		.name = place, .place = place, .domain = domain });
}

/*
 * The index of a name. Names of a store are mostly looked for in the order of
 * another one with the same names: *at is where the next one may stand.
 */
static size_t
index_near(const struct keystore *store, size_t *at, struct slice name)
{
	size_t count = keystore_domain_count(store);

	for (size_t i = *at; i < count && i <= *at + 1; i++) {
		if (slice_eq(keystore_name_at(store, i).name, name)) {
			*at = i + 1;
			return i;
		}
	}
	return keystore_index(store, name);
}

/*
 * The keys of a domain as they were, if its files are the same and there is
 * nothing to say of them.
 */
static bool
go_on(struct keystore *store, size_t index, struct domain_keys *before)
{
	if (before->mark == 0 || before->fault.len != 0 || before->warned ||
	    keystore_name_at(store, index).fault.len != 0 ||
	    keystore_slot_mark(store, index) != before->mark)
		return false;
	keystore_keep(store, index, before, false);
	return true;
}

/* What is known of keys: those that were not kept are read when needed. */
static void
carry_known(struct keystore *store, size_t index,
    const struct keystore *previous, size_t old)
{
	const struct public_keys *known = keystore_known_at(previous, old);
	struct key_name name = keystore_name_at(store, index);
	struct arena mem;

	if (known == NULL || public_keys_count(known) == 0 ||
	    public_keys_have_fault(known))
		return;
	if (store->pool != previous->pool) {
		arena_init(&mem);
		known = public_keys_add(store->pool,
		    public_keys_show(known, previous->source, &name, &mem),
		    store->source, name.place);
		arena_done(&mem);
	}
	keystore_slot_at(store, index)->known = known;
}

/*
 * Reads all where that is quick, and otherwise what the previous store has in
 * memory. That goes on where its files can not be used.
 */
static void
read_slots(struct keystore *store, struct keystore *previous,
    const struct report *report)
{
	size_t count = keystore_domain_count(store), at = 0;
	bool reads_all = count <= store->room && count <= KEYSTORE_EAGER;

	for (size_t i = 0; i < count; i++) {
		size_t old = previous == NULL ?
		    KEYSTORE_NONE :
		    index_near(previous, &at, keystore_name_at(store, i).name);
		struct domain_keys *before = old == KEYSTORE_NONE ?
		    NULL :
		    keystore_take_kept(previous, old);

		if (old != KEYSTORE_NONE)
			carry_known(store, i, previous, old);
		if (before != NULL ? !go_on(store, i, before) : reads_all)
			domain_keys_release(keystore_read_slot(store, i,
			    &(struct slot_reading){
				.report = report, .before = before }));
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
	/* The same list, of which nothing is missing. */
	size_t from = previous != NULL && previous->listed == store->listed ?
	    key_names_count(store->listed) :
	    0;
	size_t at = 0;

	for (size_t i = from; i < count; i++) {
		struct key_name name = keystore_name_at(previous, i);
		const struct public_keys *known =
		    keystore_known_at(previous, i);

		if (index_near(store, &at, name.name) != KEYSTORE_NONE ||
		    (known != NULL && public_keys_count(known) == 0) ||
		    (slice_has(name.name, ' ') &&
			!(name.added && store->source->grows)))
			continue;
		name.place = name.name;
		name.fault = (struct slice){ NULL, 0 };
		(void)!keystore_add_name(store, &name);
	}
}

static struct keystore *
keystore_new(struct key_source *source, const struct keystore_options *options)
{
	struct keystore *store = calloc(1, sizeof(*store));

	ENSURE(store != NULL);
	store->users = 1;
	store->source = source;
	store->room = options->room == 0 ? KEYSTORE_ROOM : options->room;
	arena_init_large(&store->mem);
	ENSURE(pthread_mutex_init(&store->lock, NULL) == 0 &&
	    clock_gettime(CLOCK_REALTIME, &store->began) == 0);
	return store;
}

/*
 * The names of the source: those of the previous store if they are the same, and
 * a few more.
 */
static int
list_names(struct keystore *store, const struct keystore_options *options,
    struct err *err)
{
	struct listing listing = { .store = store, .report = options->report };
	int status;

	listing.lister = (struct key_lister){ .mem = &store->mem,
		.expect = list_expect,
		.domain = list_domain,
		.key = list_key,
		.fault = list_fault,
		.warn = list_warn };
	key_naming_begin(&listing.naming,
	    options->previous == NULL ? NULL : options->previous->listed);
	status = store->source->ops->list(store->source, &listing.lister, err);
	store->listed = key_naming_finish(&listing.naming, &store->added);
	store->listed_slots = arena_array(
	    &store->mem, key_names_count(store->listed), sizeof(struct slot));
	store->added_cap = key_names_count(store->added);
	store->added_slots =
	    arena_array(&store->mem, store->added_cap, sizeof(struct slot));
	return status;
}

/* Slots that others see do not move when more names come. */
static void
let_grow(struct keystore *store)
{
	size_t count = key_names_count(store->added);

	store->added_cap = count + KEYSTORE_MAX_ADDED;
	store->added_slots = arena_grow(&store->mem, store->added_slots, count,
	    store->added_cap, sizeof(struct slot));
	store->guard = &store->lock;
}

int
keystore_open(struct key_source *source, const struct keystore_options *options,
    struct keystore **ret_store, struct err *err)
{
	struct keystore *store = keystore_new(source, options);
	struct keystore *previous = options->previous;

	if (list_names(store, options, err) != 0) {
		keystore_free(store);
		return -1;
	}
	keep_names(store, previous);
	store->pool = previous == NULL ||
		public_pool_is_stale(
		    previous->pool, keystore_domain_count(store)) ?
	    public_pool_new() :
	    public_pool_ref(previous->pool);
	read_slots(store, previous, options->report);
	if (source->grows)
		let_grow(store);
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
	size_t index = keystore_add_name(store,
	    &(struct key_name){
		.name = domain, .place = domain, .domain = domain });
	struct domain_keys gone = {
		.name = domain, .domain = domain, .gone = true, .told = true
	};
	struct arena mem;

	if (index == KEYSTORE_NONE)
		return;
	arena_init(&mem);
	gone.fault = tell_fault(store, report,
	    slice_format(
		&mem, "%.*s/%.*s", SLICE_ARGS(directory), SLICE_ARGS(domain))
		.data,
	    slice_format(&mem,
		"it is gone, and keys in it signed before: put it "
		"back, or run \"submilter keys --forget %.*s\" if that domain is "
		"to sign no more",
		SLICE_ARGS(domain))
		.data);
	keystore_slot_at(store, index)->known =
	    public_keys_add(store->pool, &gone, store->source, domain);
	arena_done(&mem);
}
