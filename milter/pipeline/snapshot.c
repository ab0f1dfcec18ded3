/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration with all that is built from it, and the one in force. */
#include "pipeline/snapshot.h"

#include <stdlib.h>

#include "base/file.h"

static const struct slice *
lower_names(struct arena *mem, const struct slice_list *list)
{
	struct slice *names = arena_array(mem, list->count + 1, sizeof(*names));

	for (size_t i = 0; i < list->count; i++)
		names[i] = slice_lower(mem, list->items[i]);
	return names;
}

int
sign_policy_from_config(const struct config *config, struct arena *mem,
    struct sign_policy *ret_policy, struct err *err)
{
	enum canon_choice canon = config->sign.canonicalization;
	struct sign_policy policy = {
		.header_canon = canon == CANON_SIMPLE_RELAXED ||
		    canon == CANON_SIMPLE_SIMPLE ? CANON_SIMPLE : CANON_RELAXED,
		.body_canon = canon == CANON_RELAXED_SIMPLE ||
		    canon == CANON_SIMPLE_SIMPLE ? CANON_SIMPLE : CANON_RELAXED,
		.signed_names = lower_names(mem, &config->sign.signed_headers),
		.signed_count = config->sign.signed_headers.count,
		.oversigned_names =
		    lower_names(mem, &config->sign.oversigned_headers),
		.oversigned_count = config->sign.oversigned_headers.count,
		.present_names =
		    lower_names(mem, &config->sign.oversigned_present),
		.present_count = config->sign.oversigned_present.count,
	};

	if (sign_policy_check(&policy, err) != 0)
		return err_wrap(err, "sign");
	*ret_policy = policy;
	return 0;
}

static void
snapshot_free(struct snapshot *snapshot)
{
	struct snapshot *root = snapshot->root;

	if (root != NULL) {
		resolver_unref(snapshot->preflight.resolver);
	} else {
		preflight_world_close(&snapshot->preflight);
		rights_close(&snapshot->rights);
		identity_close(&snapshot->identity);
		config_free(snapshot->config);
	}
	key_states_unref(snapshot->key_states);
	keystore_free(snapshot->keys);
	arena_done(&snapshot->mem);
	free(snapshot);
	snapshot_unref(root);
}

static void
add_own_domain(struct map *domains, struct slice domain, struct arena *mem)
{
	struct slice canonical;
	struct err err;

	if (domain_canonical(domain, mem, &canonical, &err) == 0)
		(void)!map_add(domains, canonical, domains);
}

/* Whose mail this service sends: the default domain and all that have a key. */
static int
open_names(struct snapshot *snapshot, struct err *err)
{
	const struct config *config = snapshot->config;
	struct map *domains = map_new(&snapshot->mem);
	struct slice *list;
	size_t count;

	add_own_domain(domains, config->main.domain, &snapshot->mem);
	for (size_t i = 0; snapshot->keys != NULL &&
	    i < keystore_domain_count(snapshot->keys); i++)
		add_own_domain(domains,
		    keystore_domain(snapshot->keys, i)->domain, &snapshot->mem);
	count = map_count(domains);
	list = arena_array(&snapshot->mem, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		(void)map_entry(domains, i, &list[i]);
	snapshot->own_domains = domains;
	return names_open(&snapshot->names, config, list, count,
	    &snapshot->mem, err);
}

static int
open_preflight(struct snapshot *snapshot, const struct snapshot *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct err *err)
{
	const struct config *config = snapshot->config;
	struct resolver *resolver = NULL;

	if (!preflight_is_on(config))
		return 0;
	if (previous != NULL && previous->preflight.resolver != NULL &&
	    preflight_same_dns(config, previous->config))
		resolver = resolver_ref(previous->preflight.resolver);
	else if (preflight_resolver(config, &resolver, err) != 0)
		return err_wrap(err, "dns");
	return preflight_world_open(&snapshot->preflight, config, resolver,
	    report, arg, &snapshot->mem, err);
}

/* What was known of keys before; and all keys are known from now on. */
static void
open_key_states(struct snapshot *snapshot, const struct snapshot *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg)
{
	struct slice path = snapshot->config->preflight.key_states;
	bool found;
	struct err err;

	if (snapshot->config->preflight.dkim_key == DKIM_KEY_OFF ||
	    snapshot->keys == NULL)
		return;
	if (previous != NULL && previous->key_states != NULL) {
		snapshot->key_states = key_states_ref(previous->key_states);
	} else {
		snapshot->key_states = key_states_new();
		if (key_states_read(snapshot->key_states, path, &found,
		    &err) != 0) {
			err_wrap(&err, "preflight.key-states: %s is not used",
			    escape(&snapshot->mem, path, 256));
			report(arg, false, err.text);
		}
	}
	for (size_t d = 0; d < keystore_domain_count(snapshot->keys); d++) {
		const struct domain_keys *domain =
		    keystore_domain(snapshot->keys, d);

		for (size_t k = 0; k < domain->count; k++)
			key_states_track(snapshot->key_states, domain->keys[k]);
	}
}

/* Keys that are away look like keys that nobody made. */
static void
warn_of_no_keys(const struct snapshot *snapshot,
    void (*report)(void *arg, bool is_error, const char *text), void *arg)
{
	const struct config *config = snapshot->config;
	struct arena mem;

	if (snapshot->keys == NULL || keystore_domain_count(snapshot->keys) != 0)
		return;
	arena_init(&mem);
	report(arg, false, slice_format(&mem, "keys: there is no key in %s, and "
	    "%s: make some with \"submilter genkey DOMAIN\"",
	    escape(&mem, config->main.keys, 256),
	    config->sign.broken_keys == BROKEN_KEYS_LATER
	    ? "mail that they would sign is told to come again"
	    : "nothing is signed").data);
	arena_done(&mem);
}

/* Another directory is not the same keys that have become unreadable. */
static const struct keystore *
keys_before(const struct config *config, const struct snapshot *previous)
{
	return previous != NULL && slice_eq(previous->config->main.keys,
	    config->main.keys) ? previous->keys : NULL;
}

/* What is compared with what was in force, and how often it is cut. */
struct comparing {
	void (*report)(void *arg, bool is_error, const char *text);
	void *arg;
	struct arena *mem;
	unsigned int faults;
};

static void
compare_table(struct comparing *c, const struct table *table,
    const struct table *before)
{
	size_t lost = 0;
	struct err err;

	if (table == NULL || before == NULL ||
	    !slice_eq(table_spec(table), table_spec(before)))
		return;
	if (table_check_whole(table, before, &lost, &err) != 0) {
		c->report(c->arg, true, err.text);
		c->faults++;
	} else if (lost != 0) {
		c->report(c->arg, false, slice_format(c->mem, "table %s: ends "
		    "where %zu line%s more stood before", escape(c->mem,
		    table_spec(table), 200), lost, lost == 1 ? "" : "s").data);
	}
}

static void
compare_file(struct comparing *c, const struct config_file *file,
    const struct config *before)
{
	size_t lost = 0;

	for (size_t i = 0; i < before->file_count && lost == 0; i++) {
		if (slice_eq(before->files[i].path, file->path))
			lost = text_lines_lost(file->text,
			    before->files[i].text);
	}
	if (lost == 0)
		return;
	c->report(c->arg, true, slice_format(c->mem, "%.*s: ends where %zu "
	    "line%s more stood before: is the file cut? If it is whole, put a "
	    "comment line (#) at its end", SLICE_ARGS(file->path), lost,
	    lost == 1 ? "" : "s").data);
	c->faults++;
}

/*
 * What is cut between two lines reads as well as the whole: only what was in
 * force shows that something is missing.
 */
static unsigned int
compare(const struct snapshot *snapshot, const struct snapshot *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct arena *mem)
{
	struct comparing c = { .report = report, .arg = arg, .mem = mem };
	const struct config *config = snapshot->config;
	const struct rights *rights = &snapshot->rights;

	for (size_t i = 0; i < config->file_count; i++)
		compare_file(&c, &config->files[i], previous->config);
	for (size_t i = 0; i < rights->table_count; i++) {
		for (size_t j = 0; j < previous->rights.table_count; j++)
			compare_table(&c, rights->tables[i],
			    previous->rights.tables[j]);
	}
	compare_table(&c, snapshot->identity.network,
	    previous->identity.network);
	compare_table(&c, snapshot->identity.login_map,
	    previous->identity.login_map);
	compare_table(&c, snapshot->preflight.levels,
	    previous->preflight.levels);
	compare_table(&c, snapshot->preflight.egress_table,
	    previous->preflight.egress_table);
	return c.faults;
}

/* Each part is tried, so that one run names every fault. */
static unsigned int
build(struct snapshot *snapshot, const struct snapshot *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg)
{
	const struct config *config = snapshot->config;
	unsigned int faults = 0;
	struct err err;

	/* Tables and keys report their own faults, one by one. */
	if (identity_open(&snapshot->identity, config, report, arg,
	    &snapshot->mem, &err) != 0)
		faults++;
	if (rights_open(&snapshot->rights, config, report, arg, &snapshot->mem,
	    &err) != 0)
		faults++;
	if (sign_policy_from_config(config, &snapshot->mem,
	    &snapshot->sign_policy, &err) != 0) {
		report(arg, true, err.text);
		faults++;
	}
	snapshot->engine = config->sign.engine == ENGINE_NATIVE
	    ? &sign_engine_native : &sign_engine_opendkim;
	if (snapshot->engine->init(&err) != 0) {
		report(arg, true, err.text);
		faults++;
	}
	if (config->main.keys.len != 0 && keystore_load(config->main.keys,
	    keys_before(config, previous), report, arg, &snapshot->keys,
	    &err) != 0)
		faults++;
	else
		open_key_states(snapshot, previous, report, arg);
	warn_of_no_keys(snapshot, report, arg);
	if (open_names(snapshot, &err) != 0) {
		report(arg, true, err.text);
		faults++;
	}
	if (open_preflight(snapshot, previous, report, arg, &err) != 0) {
		report(arg, true, err.text);
		faults++;
	}
	if (faults == 0 && previous != NULL)
		faults = compare(snapshot, previous, report, arg,
		    &snapshot->mem);
	return faults;
}

int
snapshot_new(struct config *config, const struct snapshot *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct snapshot **ret_snapshot, struct err *err)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	unsigned int faults;

	ENSURE(snapshot != NULL);
	arena_init(&snapshot->mem);
	ENSURE(clock_gettime(CLOCK_REALTIME, &snapshot->began) == 0);
	snapshot->config = config;
	snapshot->references = 1;
	snapshot->limits = (struct header_limits){
		.bytes = config->limits.header_bytes,
		.fields = config->limits.header_fields,
		.field_bytes = config->limits.field_bytes,
	};
	snapshot->author_forms = author_forms_from_config(config);
	faults = build(snapshot, previous, report, arg);
	if (faults != 0) {
		snapshot_free(snapshot);
		return err_set(err, ERR_CONFIG,
		    "%u part%s of the configuration cannot be used", faults,
		    faults == 1 ? "" : "s");
	}
	*ret_snapshot = snapshot;
	return 0;
}

/* A snapshot that lacks its keys and its resolver, and shares all else. */
static struct snapshot *
share(struct snapshot *previous)
{
	struct snapshot *snapshot = malloc(sizeof(*snapshot));

	ENSURE(snapshot != NULL);
	/* Not as a whole: references of the other one change meanwhile. */
	*snapshot = (struct snapshot){
		.config = previous->config,
		.identity = previous->identity,
		.rights = previous->rights,
		.author_forms = previous->author_forms,
		.sign_policy = previous->sign_policy,
		.engine = previous->engine,
		.preflight = previous->preflight,
		.limits = previous->limits,
		.root = snapshot_ref(previous->root != NULL ? previous->root
		    : previous),
		.references = 1,
	};
	arena_init(&snapshot->mem);
	snapshot->preflight.resolver = NULL;
	ENSURE(clock_gettime(CLOCK_REALTIME, &snapshot->began) == 0);
	return snapshot;
}

int
snapshot_with_keys(struct snapshot *previous, bool forget_dns,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct snapshot **ret_snapshot, struct err *err)
{
	struct snapshot *snapshot = share(previous);
	struct resolver *old = previous->preflight.resolver;
	const struct config *config = snapshot->config;
	int status = 0;

	if (old != NULL && !forget_dns)
		snapshot->preflight.resolver = resolver_ref(old);
	else if (old != NULL)
		status = preflight_resolver(config,
		    &snapshot->preflight.resolver, err);
	if (status == 0 && config->main.keys.len != 0)
		status = keystore_load(config->main.keys, previous->keys,
		    report, arg, &snapshot->keys, err);
	if (status == 0)
		status = open_names(snapshot, err);
	if (status != 0) {
		snapshot_unref(snapshot);
		return -1;
	}
	open_key_states(snapshot, previous, report, arg);
	warn_of_no_keys(snapshot, report, arg);
	*ret_snapshot = snapshot;
	return 0;
}

struct snapshot *
snapshot_ref(struct snapshot *snapshot)
{
	snapshot->references++;
	return snapshot;
}

void
snapshot_unref(struct snapshot *snapshot)
{
	if (snapshot != NULL && --snapshot->references == 0)
		snapshot_free(snapshot);
}

void
snapshot_slot_init(struct snapshot_slot *slot, struct snapshot *first)
{
	ENSURE(pthread_mutex_init(&slot->lock, NULL) == 0);
	slot->current = first;
}

struct snapshot *
snapshot_acquire(struct snapshot_slot *slot)
{
	struct snapshot *snapshot;

	ENSURE(pthread_mutex_lock(&slot->lock) == 0);
	snapshot = snapshot_ref(slot->current);
	ENSURE(pthread_mutex_unlock(&slot->lock) == 0);
	return snapshot;
}

bool
snapshot_replace(struct snapshot_slot *slot, const struct snapshot *expected,
    struct snapshot *snapshot)
{
	struct snapshot *dropped = snapshot;

	ENSURE(pthread_mutex_lock(&slot->lock) == 0);
	if (slot->current == expected) {
		dropped = slot->current;
		slot->current = snapshot;
	}
	ENSURE(pthread_mutex_unlock(&slot->lock) == 0);
	snapshot_unref(dropped);
	return dropped != snapshot;
}

void
snapshot_publish(struct snapshot_slot *slot, struct snapshot *snapshot)
{
	struct snapshot *old;

	ENSURE(pthread_mutex_lock(&slot->lock) == 0);
	old = slot->current;
	slot->current = snapshot;
	ENSURE(pthread_mutex_unlock(&slot->lock) == 0);
	snapshot_unref(old);
}

void
snapshot_slot_done(struct snapshot_slot *slot)
{
	snapshot_publish(slot, NULL);
	(void)pthread_mutex_destroy(&slot->lock);
}
