/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration with all that is built from it, and the one in force. */
#include "pipeline/snapshot.h"

#include <stdlib.h>

#include "base/file.h"
#include "conf/config_dns.h"
#include "keys/key_role.h"

/* Each of its rows; table NULL: whichever it is. */
static void
check_limits(const struct snapshot *snapshot, const struct table *table,
    const struct report *report)
{
	if (table == NULL || table == snapshot->limits_table)
		table_check_values(
		    snapshot->limits_table, limits_value, NULL, report);
}

void
snapshot_check_values(const struct snapshot *snapshot,
    const struct table *table, const struct report *report)
{
	identity_check_values(&snapshot->identity, table, report);
	rights_check_values(&snapshot->rights, table, report);
	preflight_check_values(&snapshot->preflight, table, report);
	if (table == snapshot->key_tables.keys ||
	    table == snapshot->key_tables.signing)
		key_tables_check(&snapshot->key_tables, report);
	check_limits(snapshot, table, report);
}

static void
snapshot_free(struct snapshot *snapshot)
{
	struct snapshot *root = snapshot->root;

	if (root != NULL) {
		resolver_unref(snapshot->preflight.resolver);
	} else {
		preflight_world_close(&snapshot->preflight);
		suffix_list_free(snapshot->suffixes);
		config_free(snapshot->config);
	}
	table_set_free(snapshot->tables);
	table_world_unref(snapshot->world);
	key_history_unref(snapshot->key_history);
	keystore_free(snapshot->keys);
	own_set_unref(snapshot->own);
	limit_counts_unref(snapshot->limit_counts);
	arena_done(&snapshot->mem);
	free(snapshot);
	snapshot_unref(root);
}

/* A snapshot while it is built. */
struct building {
	struct snapshot *snapshot;
	const struct snapshot *previous; /* what is in force; NULL: nothing */
	const struct report *report;
	unsigned int faults;
};

static void
building_fault(struct building *building, const char *text)
{
	report_error(building->report, "%s", text);
	building->faults++;
}

/* previous: whose set of own domains this one is if it is the same; or NULL. */
static unsigned int
open_names(struct snapshot *snapshot, const struct snapshot *previous,
    const struct report *report)
{
	const struct config *config = snapshot->config;
	struct own_set *before = previous == NULL ? NULL : previous->own;
	struct own_set *set = own_set_begin(config, before);

	keystore_name_domains(snapshot->keys, &set->domains);
	snapshot->own = own_set_finish(set, before, config->names.own_domains);
	return names_open(&snapshot->names, config, &snapshot->own->domains,
	    report, &snapshot->mem);
}

/* Takes over what was known of keys, and makes all keys known from now on. */
static void
open_key_states(const struct building *building)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	struct snapshot *snapshot = building->snapshot;
	const struct snapshot *previous = building->previous;
	struct slice path = snapshot->config->sign.key_states;
	bool found;
	struct err err;

	keystore_walk_init(&walk, snapshot->keys);
	if (snapshot->config->sign.dkim_key == DKIM_KEY_OFF ||
	    snapshot->keys == NULL)
		return;
	if (previous != NULL && previous->key_history != NULL) {
		snapshot->key_history = key_history_ref(previous->key_history);
	} else {
		snapshot->key_history = key_history_new();
		key_history_expect(snapshot->key_history,
		    keystore_domain_count(snapshot->keys));
		if (key_history_read(
			snapshot->key_history, path, &found, &err) != 0) {
			err_wrap(&err, "sign.key-states: %s is not used",
			    escape(&snapshot->mem, path, 256));
			report_warning(building->report, "%s", err.text);
		}
	}
	key_history_expect(
	    snapshot->key_history, keystore_domain_count(snapshot->keys));
	key_history_recall(snapshot->key_history, path, snapshot->keys,
	    &(struct recall){ .directory = snapshot->config->main.keys,
		.unpublished = !key_status_required(snapshot->config),
		.report = building->report });
	while (keystore_walk_next(&walk)) {
		for (size_t k = 0; k < walk.domain->count; k++)
			key_history_track(
			    snapshot->key_history, walk.domain->keys[k]);
	}
}

/* Keys that are away look like keys that nobody made. */
static void
warn_of_no_keys(const struct building *building)
{
	const struct snapshot *snapshot = building->snapshot;
	const struct config *config = snapshot->config;
	struct arena mem;

	if (snapshot->keys == NULL || keystore_grows(snapshot->keys) ||
	    !keystore_is_empty(snapshot->keys))
		return;
	arena_init(&mem);
	report_warning(building->report,
	    "keys: there is no key in %s, and %s: make some with \"submilter "
	    "genkey DOMAIN\"",
	    escape(&mem, config->main.keys, 256),
	    config->sign.broken_keys == BROKEN_KEYS_LATER ?
		"mail that they would sign is told to come again" :
		"nothing is signed");
	arena_done(&mem);
}

/*
 * A file that was cut between two lines reads as well as the whole: only what
 * was in force shows that something is missing.
 */
static void
find_cut_files(struct building *building)
{
	const struct snapshot *snapshot = building->snapshot;
	const struct config *config = snapshot->config;
	const struct config *before = building->previous->config;
	struct arena *mem = &building->snapshot->mem;

	for (size_t f = 0; f < config->file_count; f++) {
		const struct config_file *file = &config->files[f];
		size_t lost = 0;

		for (size_t i = 0; i < before->file_count && lost == 0; i++) {
			if (slice_eq(before->files[i].path, file->path))
				lost = text_lines_lost(
				    file->text, before->files[i].text);
		}
		if (lost != 0)
			building_fault(building,
			    slice_format(mem,
				"%.*s: ends where %zu line%s more stood before: "
				"is the file cut? If it is whole, put a comment "
				"line (#) at its end",
				SLICE_ARGS(file->path), lost,
				lost == 1 ? "" : "s")
				.data);
	}
	for (size_t i = 0; i < table_set_count(snapshot->tables); i++) {
		const struct table *table = table_set_at(snapshot->tables, i);
		const struct table *old = table_set_find(
		    building->previous->tables, table_spec(table));
		size_t lost = 0;
		struct err err;

		if (old == NULL)
			continue;
		if (table_check_whole(table, old, &lost, &err) != 0)
			building_fault(building, err.text);
		else if (lost != 0)
			report_warning(building->report,
			    "table %s: ends where %zu line%s more stood before",
			    escape(mem, table_spec(table), 200), lost,
			    lost == 1 ? "" : "s");
	}
}

/* All tables, each once, and what is asked of them; values are reported. */
static int
snapshot_open_tables(const struct building *building, struct err *err)
{
	struct snapshot *snapshot = building->snapshot;
	const struct config *config = snapshot->config;
	size_t count;
	const struct table_use *uses =
	    config_tables(config, &snapshot->mem, &count);
	int status = table_set_open(&(struct table_set_options){ .uses = uses,
					.count = count,
					.before = building->previous == NULL ?
					    NULL :
					    building->previous->tables,
					.report = building->report,
					.world = snapshot->world },
	    &snapshot->tables, err);

	identity_init(
	    &snapshot->identity, config, snapshot->tables, &snapshot->mem);
	rights_from_set(
	    &snapshot->rights, config, snapshot->tables, &snapshot->mem);
	snapshot->key_tables = key_tables_from_set(config, snapshot->tables);
	key_tables_check(&snapshot->key_tables, building->report);
	snapshot->limits_table =
	    table_set_find(snapshot->tables, config->limits.table);
	identity_check_values(&snapshot->identity, NULL, building->report);
	rights_check_values(&snapshot->rights, NULL, building->report);
	check_limits(snapshot, NULL, building->report);
	return status;
}

/* Other logins go on without its secret: those that need it get 451. */
static void
open_login_field(struct building *building)
{
	struct snapshot *snapshot = building->snapshot;
	struct err err;

	if (login_field_open(&snapshot->identity, snapshot->config,
		&snapshot->mem, &err) == 0)
		return;
	if (building->previous != NULL)
		building_fault(building, err.text);
	else
		report_error(building->report, "%s", err.text);
}

/* Whether two configurations name the same places of keys. */
static bool
same_keys(const struct config *a, const struct config *b)
{
	return slice_eq(a->main.keys, b->main.keys) &&
	    slice_eq(a->sign.key_table, b->sign.key_table) &&
	    slice_eq(a->sign.signing_table, b->sign.signing_table);
}

/* The keys of now; NULL: nothing is signed. */
static int
open_keys(struct snapshot *snapshot, struct keystore *previous,
    const struct report *report, struct err *err)
{
	struct key_source *source =
	    key_source_from_config(snapshot->config, &snapshot->key_tables);

	if (source == NULL)
		return 0;
	return keystore_open(source,
	    &(struct keystore_options){
		.previous = previous, .report = report },
	    &snapshot->keys, err);
}

/* The one that was in use, with what it knows; NULL: a new one. */
static int
take_resolver(const struct config *config, struct resolver *old,
    struct resolver **ret_resolver, struct err *err)
{
	if (old == NULL)
		return config_resolver(config, ret_resolver, err);
	*ret_resolver = resolver_ref(old);
	return 0;
}

/* Each part is tried, so that one run names every fault. */
static void
build(struct building *building)
{
	struct snapshot *snapshot = building->snapshot;
	const struct snapshot *previous = building->previous;
	const struct config *config = snapshot->config;
	struct keystore *keys_before = NULL;
	struct resolver *resolver = NULL;
	struct err err;

	snapshot->world = previous == NULL ? table_world_new() :
					     table_world_ref(previous->world);
	snapshot->limit_counts = previous == NULL ?
	    limit_counts_new(config->limits.logins) :
	    limit_counts_ref(previous->limit_counts);
	/* Tables and keys report their own faults, one by one. */
	if (snapshot_open_tables(building, &err) != 0)
		building->faults++;
	open_login_field(building);
	building->faults += identity_check_config(config, building->report);
	building->faults += sign_check_config(config, building->report);
	snapshot->sign_policy = sign_policy_from_config(config, &snapshot->mem);
	snapshot->engine = config->sign.engine == ENGINE_NATIVE ?
	    &sign_engine_native :
	    &sign_engine_opendkim;
	if (snapshot->engine->init(&err) != 0)
		building_fault(building, err.text);
	if (config->sign.parent_domain &&
	    suffix_list_load(config->preflight.suffix_list, &snapshot->suffixes,
		&err) != 0) {
		err_wrap(&err, "preflight.suffix-list");
		building_fault(building, err.text);
	}
	/* Another directory is not the same keys that cannot be read now. */
	if (previous != NULL && same_keys(previous->config, config))
		keys_before = previous->keys;
	if (open_keys(snapshot, keys_before, building->report, &err) != 0)
		building->faults++;
	else
		open_key_states(building);
	warn_of_no_keys(building);
	building->faults += open_names(snapshot, previous, building->report);
	if (preflight_check_config(config, building->report) != 0) {
		building->faults++;
	} else if (preflight_is_on(config)) {
		if (previous != NULL &&
		    config_same_dns(config, previous->config))
			resolver = previous->preflight.resolver;
		if (take_resolver(config, resolver, &resolver, &err) != 0) {
			err_wrap(&err, "dns");
			building_fault(building, err.text);
		} else if (preflight_world_open(&snapshot->preflight, config,
			       resolver, snapshot->tables, &snapshot->mem,
			       &err) != 0)
			building_fault(building, err.text);
	}
	preflight_check_values(&snapshot->preflight, NULL, building->report);
	if (building->faults == 0 && previous != NULL)
		find_cut_files(building);
}

/* What is known of tables stays; how long it counts is this block's. */
static void
put_world_in_force(
    const struct snapshot *snapshot, const struct snapshot *previous)
{
	const struct config *config = snapshot->config;
	const struct cache_ages ages = {
		.found_s = (unsigned int)config->tables.cache,
		.absent_s = (unsigned int)config->tables.cache_absent,
		.stale_s = (unsigned int)config->tables.stale,
		.bytes = config->tables.cache_bytes,
	};
	struct resolver *resolver;

	if (snapshot->preflight.resolver != NULL)
		resolver = resolver_ref(snapshot->preflight.resolver);
	else if (previous != NULL && config_same_dns(config, previous->config))
		resolver = table_world_resolver(snapshot->world);
	else
		resolver = config_resolver_later(config);
	table_world_set(snapshot->world, &ages, resolver);
	resolver_unref(resolver);
}

int
snapshot_new(struct config *config, const struct snapshot *previous,
    const struct report *report, struct snapshot **ret_snapshot,
    struct err *err)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct building building = {
		.snapshot = snapshot, .previous = previous, .report = report
	};

	ENSURE(snapshot != NULL);
	arena_init_large(&snapshot->mem);
	snapshot->config = config;
	snapshot->references = 1;
	snapshot->limits = (struct header_limits){
		.bytes = config->bounds.header_bytes,
		.fields = config->bounds.header_fields,
		.field_bytes = config->bounds.field_bytes,
	};
	snapshot->author_forms = author_forms_from_config(config);
	build(&building);
	if (building.faults != 0) {
		snapshot_free(snapshot);
		return err_set(err, ERR_CONFIG,
		    "%u part%s of the configuration cannot be used",
		    building.faults, building.faults == 1 ? "" : "s");
	}
	put_world_in_force(snapshot, previous);
	limit_counts_set_max(snapshot->limit_counts, config->limits.logins);
	*ret_snapshot = snapshot;
	return 0;
}

/*
 * A snapshot that lacks its keys and its resolver, and shares all else; tables
 * NULL: those of previous.
 */
static struct snapshot *
share(struct snapshot *previous, struct table *const *tables)
{
	struct snapshot *snapshot = malloc(sizeof(*snapshot));
	const struct config *config = previous->config;
	const struct rights *old = &previous->rights;
	bool same;

	ENSURE(snapshot != NULL);
	/* Not as a whole: references of the other one change meanwhile. */
	*snapshot = (struct snapshot){
		.config = previous->config,
		.tables = table_set_with(previous->tables, tables),
		.world = table_world_ref(previous->world),
		.rights = *old,
		.author_forms = previous->author_forms,
		.suffixes = previous->suffixes,
		.sign_policy = previous->sign_policy,
		.engine = previous->engine,
		.preflight = previous->preflight,
		.limits = previous->limits,
		.limit_counts = limit_counts_ref(previous->limit_counts),
		.root = snapshot_ref(
		    previous->root != NULL ? previous->root : previous),
		.references = 1,
	};
	arena_init_large(&snapshot->mem);
	/*
	 * The rights gather from their tables again if one of those is another,
	 * or if the result stands in memory that goes with previous.
	 */
	same = old->index == snapshot->root->rights.index;
	for (size_t i = 0; i < old->table_count && same; i++)
		same = old->tables[i] ==
		    table_set_find(
			snapshot->tables, table_spec(old->tables[i]));
	for (size_t i = 0; i < old->login_table_count && same; i++)
		same = old->login_tables[i] ==
		    table_set_find(
			snapshot->tables, table_spec(old->login_tables[i]));
	snapshot->rights.levels =
	    table_set_find(snapshot->tables, config->rights.levels);
	if (!same)
		rights_from_set(&snapshot->rights, config, snapshot->tables,
		    &snapshot->mem);
	identity_init(
	    &snapshot->identity, config, snapshot->tables, &snapshot->mem);
	/* In memory of the root. */
	snapshot->identity.login_field = previous->identity.login_field;
	snapshot->key_tables = key_tables_from_set(config, snapshot->tables);
	snapshot->limits_table =
	    table_set_find(snapshot->tables, config->limits.table);
	snapshot->preflight.resolver = NULL;
	snapshot->preflight.levels =
	    table_set_find(snapshot->tables, config->preflight.levels);
	snapshot->preflight.egress_table =
	    table_set_find(snapshot->tables, config->preflight.egress_table);
	return snapshot;
}

int
snapshot_with_tables(struct snapshot *previous, struct table *const *tables,
    struct snapshot **ret_snapshot, struct err *err)
{
	struct snapshot *snapshot = share(previous, tables);

	snapshot->preflight.resolver = previous->preflight.resolver == NULL ?
	    NULL :
	    resolver_ref(previous->preflight.resolver);
	if (snapshot->key_tables.keys == previous->key_tables.keys &&
	    snapshot->key_tables.signing == previous->key_tables.signing) {
		snapshot->keys = keystore_ref(previous->keys);
	} else if (open_keys(snapshot, previous->keys, NULL, err) != 0) {
		snapshot_unref(snapshot);
		return -1;
	}
	snapshot->key_history = previous->key_history == NULL ?
	    NULL :
	    key_history_ref(previous->key_history);
	if (open_names(snapshot, previous, NULL) != 0) {
		snapshot_unref(snapshot);
		return err_set(err, ERR_CONFIG, "names.protected-names");
	}
	*ret_snapshot = snapshot;
	return 0;
}

int
snapshot_with_keys(struct snapshot *previous, bool forget_dns,
    const struct report *report, struct snapshot **ret_snapshot,
    struct err *err)
{
	struct snapshot *snapshot = share(previous, NULL);
	const struct building building = {
		.snapshot = snapshot, .previous = previous, .report = report
	};
	struct resolver *old = previous->preflight.resolver;
	const struct config *config = snapshot->config;
	int status = 0;

	if (old != NULL)
		status = take_resolver(config, forget_dns ? NULL : old,
		    &snapshot->preflight.resolver, err);
	if (status == 0)
		status =
		    open_keys(snapshot, previous->keys, building.report, err);
	if (status == 0) {
		open_key_states(&building);
		if (open_names(snapshot, previous, NULL) != 0)
			status =
			    err_set(err, ERR_CONFIG, "names.protected-names");
	}
	if (status != 0) {
		snapshot_unref(snapshot);
		return -1;
	}
	warn_of_no_keys(&building);
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
