/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens tables by their names, and asks them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/suggest.h"
#include "table_parts_priv.h"

static const struct table_ops *const registry[] = {
	&table_texthash,
	&table_regexp,
	&table_pcre,
	&table_cidr,
	&table_static,
	&table_inline,
	&table_unionmap,
	&table_pipemap,
	&table_socketmap,
	&table_tcp,
	&table_dataset_file,
	&table_dataset_refile,
	&table_dataset_csl,
};

/* Specs quoted in messages are cut after this many octets. */
enum { SHOWN_BYTES = 60 };
enum { TYPE_COUNT = sizeof(registry) / sizeof(registry[0]) };

/* The same as text; a test holds the two against each other. */
static const char *const type_names[TYPE_COUNT] = { "texthash", "regexp",
	"pcre", "cidr", "static", "inline", "unionmap", "pipemap", "socketmap",
	"tcp", "file", "refile", "csl" };

/* Postfix's types that we cannot read, but whose source postmap(1) reads. */
static const char *const indexed_types[] = { "dbm", "sdbm" };

const char *const *
table_types(size_t *ret_count)
{
	*ret_count = TYPE_COUNT;
	return type_names;
}

/* What is wrong with the type of a spec that names none of ours. */
static int
type_fault(struct slice type, struct slice name, struct err *err)
{
	const char *names[TYPE_COUNT + TABLE_MODULE_TYPES];
	size_t count = TYPE_COUNT;
	CLEANUP(arena_done) struct arena mem;
	const char *shown, *guess;
	struct strbuf known;

	memcpy(names, type_names, sizeof(type_names));
	while (table_module_type(count - TYPE_COUNT) != NULL) {
		names[count] = table_module_type(count - TYPE_COUNT);
		count++;
	}
	guess = suggest(type, names, count);
	arena_init(&mem);
	shown = escape(&mem, type, 32);
	for (size_t i = 0; i < sizeof(indexed_types) / sizeof(indexed_types[0]);
	     i++) {
		if (slice_eq(type, slice_of(indexed_types[i])))
			return err_set(err, ERR_CONFIG,
			    "type \"%s\" is an "
			    "index made by postmap(1): name its source file, "
			    "\"texthash:%s\"",
			    shown, escape(&mem, name, 200));
	}
	if (guess != NULL)
		return err_set(err, ERR_CONFIG,
		    "there is no table type "
		    "\"%s\": did you mean \"%s\"?",
		    shown, guess);
	strbuf_init(&known, &mem);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&known, "%s%s",
		    i == 0	       ? "" :
			i + 1 == count ? " and " :
					 ", ",
		    names[i]);
	return err_set(err, ERR_CONFIG,
	    "there is no table type \"%s\": there "
	    "are %.*s",
	    shown, SLICE_ARGS(strbuf_slice(&known)));
}

/* 1; 0: there is no such type; -1: there is one, in a module that cannot be used. */
static int
find_ops(struct slice type, const struct table_ops **ret_ops, struct err *err)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (!slice_eq(type, slice_of(registry[i]->type)))
			continue;
		*ret_ops = registry[i];
		return 1;
	}
	return table_module_find(type, ret_ops, err);
}

int
table_find_type(struct slice spec, const struct table_ops **ret_ops,
    struct slice *ret_name, unsigned int *ret_caps, struct err *err)
{
	const struct table_ops *ops;
	struct slice type, name;
	size_t colon;
	int found;

	/* Whatever proxymap(8) of Postfix would ask, we ask ourselves. */
	while (slice_starts(spec, SLICE("proxy:")))
		spec = slice_from(spec, sizeof("proxy:") - 1);
	colon = slice_find(spec, ':');
	if (colon == spec.len)
		return err_set(err, ERR_CONFIG,
		    "a table is named as TYPE:NAME, like texthash:/etc/file");
	if (slice_has_control(spec))
		return err_set(
		    err, ERR_CONFIG, "a control character in the name");
	type = slice_sub(spec, 0, colon);
	name = slice_from(spec, colon + 1);
	found = find_ops(type, &ops, err);
	if (found == 0)
		return type_fault(type, name, err);
	if (found < 0)
		return -1;
	if (name.len == 0)
		return err_set(err, ERR_CONFIG,
		    "%s is missing behind "
		    "the colon",
		    ops->name_word);
	*ret_ops = ops;
	*ret_name = name;
	*ret_caps = ops->caps;
	return ops->caps_of == NULL ? 0 : ops->caps_of(name, ret_caps, err);
}

void
table_spec_files(
    struct slice spec, void (*tell)(void *arg, struct slice path), void *arg)
{
	const struct table_ops *ops;
	struct slice name, rest, item;
	unsigned int caps;
	struct arena mem;
	struct err err;

	if (table_find_type(spec, &ops, &name, &caps, &err) != 0)
		return;
	if (ops->file_suffix != NULL) {
		arena_init(&mem);
		tell(arg,
		    slice_format(
			&mem, "%.*s%s", SLICE_ARGS(name), ops->file_suffix));
		arena_done(&mem);
		return;
	}
	if (ops->source == NULL)
		return;
	if (ops->source != &table_parts_source) {
		tell(arg, name);
		return;
	}
	if (table_list_open(name, &rest, &err) != 0)
		return;
	while (table_list_next(&rest, &item, &err) > 0)
		table_spec_files(item, tell, arg);
}

int
table_spec_check(
    struct slice spec, unsigned int keys, const char *example, struct err *err)
{
	size_t colon = slice_find(spec, ':');
	bool is_spec = colon > 0 && colon < spec.len;
	CLEANUP(arena_done) struct arena mem;
	const struct table_ops *ops;
	struct slice name;
	unsigned int caps;

	arena_init(&mem);
	for (size_t i = 0; i < colon; i++)
		is_spec = is_spec &&
		    (char_is_alpha(spec.data[i]) ||
			char_is_digit(spec.data[i]));
	if (!is_spec)
		return err_set(err, ERR_CONFIG,
		    "takes TYPE:NAME like %s, not \"%s\"", example,
		    escape(&mem, spec, SHOWN_BYTES));
	if (table_find_type(spec, &ops, &name, &caps, err) != 0)
		return err_wrap(err, "table %s", escape(&mem, spec, 200));
	/* Keys that a table of networks, or of logins, does not know. */
	if ((caps & keys) != keys)
		return err_set(err, ERR_CONFIG,
		    "\"%s\" has %s, and %s are asked for",
		    escape(&mem, spec, SHOWN_BYTES),
		    (caps & TABLE_FOR_CLIENTS) != 0 ? "networks" : "logins",
		    (keys & TABLE_FOR_ADDRESSES) != 0	? "addresses" :
			(keys & TABLE_FOR_LOGINS) != 0	? "logins" :
			(keys & TABLE_FOR_DOMAINS) != 0 ? "domains" :
							  "clients");
	return 0;
}

/*
 * The cache in front of a server. What was opened before from the same spec, and
 * the same state of its file, has the same one.
 */
static void
table_open_cache(struct table *table)
{
	uint64_t state = table_state(table);

	if (!table->ops->asks_server || table->world == NULL)
		return;
	if (state == TABLE_STATE_UNSURE)
		state = (uint64_t)(uintptr_t)table;
	table->cache = cache_acquire(table->world,
	    slice_format(&table->mem, "%" PRIu64 " %.*s", state,
		SLICE_ARGS(table->spec)),
	    table->spec);
}

int
table_open(struct slice spec, const struct table_options *options,
    struct table **ret_table, struct err *err)
{
	static const struct table_options defaults = { .text = NULL };
	struct table *table = calloc(1, sizeof(*table));
	struct table_opening opening = { .mem = NULL };

	ENSURE(table != NULL);
	if (options == NULL)
		options = &defaults;
	opening.text = options->text;
	opening.report = options->report;
	arena_init_large(&table->mem);
	table->users = 1;
	table->spec = slice_dup(&table->mem, spec);
	table->stats = table_stats_acquire(table->spec);
	opening.spec = table->spec;
	opening.mem = &table->mem;
	opening.may_be_down = options->may_be_down;
	opening.world = table->world = table_world_ref(options->world);
	if (table_find_type(table->spec, &table->ops, &opening.name,
		&table->caps, err) != 0 ||
	    table->ops->open(&opening, &table->handle, err) != 0) {
		err_wrap(err, "table %s", escape(&table->mem, spec, 200));
		if (options->may_be_down && err->kind == ERR_TEMP) {
			table_put_down(table, err);
			report_warning(options->report,
			    "%s: mail that needs it is told to come again "
			    "until it can be read",
			    err->text);
			*ret_table = table;
			return 0;
		}
		if (!opening.is_reported)
			report_error(options->report, "%s", err->text);
		table_close(table);
		return -1;
	}
	table->rows = opening.rows;
	table->has_unlisted_rows = opening.has_unlisted_rows;
	table_open_cache(table);
	*ret_table = table;
	return 0;
}

int
table_open_text(struct slice spec, struct slice text, struct table **ret_table,
    struct err *err)
{
	return table_open(
	    spec, &(struct table_options){ .text = &text }, ret_table, err);
}

struct table *
table_ref(struct table *table)
{
	if (table != NULL)
		table->users++;
	return table;
}

void
table_close(struct table *table)
{
	if (table == NULL || --table->users != 0)
		return;
	if (table->ops != NULL && table->ops->close != NULL)
		table->ops->close(table->handle);
	cache_release(table->cache);
	table_stats_release(table->stats);
	table_world_unref(table->world);
	arena_done(&table->mem);
	free(table);
}

struct table_world *
table_world_of(const struct table *table)
{
	return table->world;
}

struct slice
table_spec(const struct table *table)
{
	return table->spec;
}

struct table_stats *
table_stats_of(const struct table *table)
{
	return table->stats;
}

unsigned int
table_caps(const struct table *table)
{
	return table->caps;
}

uint64_t
table_state(const struct table *table)
{
	return table->ops->source == NULL ?
	    TABLE_STATE_NONE :
	    table->ops->source->state(table->handle);
}

uint64_t
table_state_now(const struct table *table)
{
	return table->ops->source == NULL ?
	    TABLE_STATE_NONE :
	    table->ops->source->state_now(table->handle);
}

bool
table_same(const struct table *a, const struct table *b)
{
	return a->ops->source == b->ops->source &&
	    (a->ops->source == NULL ||
		a->ops->source->same(a->handle, b->handle));
}

bool
table_is_down(const struct table *table, struct err *ret_why)
{
	const struct table_source_ops *source = table->ops->source;

	return source != NULL && source->is_down != NULL &&
	    source->is_down(table->handle, ret_why);
}

int
table_check_whole(const struct table *table, const struct table *before,
    size_t *ret_lost, struct err *err)
{
	struct arena mem;

	/* Nothing is known of a table that is down. */
	if (table->ops->source == NULL ||
	    table->ops->source != before->ops->source) {
		*ret_lost = 0;
		return 0;
	}
	if (table->ops->source->check_whole(
		table->handle, before->handle, ret_lost, err) == 0)
		return 0;
	arena_init(&mem);
	err_wrap(err, "table %s", escape(&mem, table->spec, 200));
	arena_done(&mem);
	return -1;
}

bool
table_asks_server(const struct table *table)
{
	return table->ops->asks_server;
}

size_t
table_rows(const struct table *table)
{
	return table->rows;
}

bool
table_row(const struct table *table, size_t index, struct table_row *ret_row)
{
	if (table->ops->row == NULL)
		return false;
	*ret_row = (struct table_row){ .of = table };
	return table->ops->row(table->handle, index, ret_row);
}

bool
table_can_list(const struct table *table)
{
	return table->ops->row != NULL && !table->has_unlisted_rows &&
	    (table->caps & TABLE_CAP_PATTERNS) == 0;
}

static int
table_check_keys(const struct table_keys *keys, struct err *err)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->items[i].len > TABLE_MAX_KEY_BYTES)
			return err_set(err, ERR_LIMIT, "a key over %d octets",
			    (int)TABLE_MAX_KEY_BYTES);
		if (slice_has_control(keys->items[i]))
			return err_set(
			    err, ERR_DATA, "a control character in the key");
		if (!slice_is_utf8(keys->items[i]))
			return err_set(err, ERR_DATA, "the key is not UTF-8");
	}
	return 0;
}

/*
 * The keys as the backend is asked for them, in lower case where it has them so.
 * Most stand so already: then nothing is copied.
 */
static struct table_keys
table_asked_keys(
    const struct table *table, const struct table_keys *keys, struct arena *mem)
{
	struct slice *items = NULL;

	for (size_t i = 0; i < keys->count && table->ops->folds_keys; i++) {
		struct slice folded = table_fold(mem, keys->items[i]);

		if (items == NULL && folded.data == keys->items[i].data)
			continue;
		if (items == NULL) {
			items = arena_array(mem, keys->count, sizeof(*items));
			memcpy(items, keys->items, i * sizeof(*items));
		}
		items[i] = folded;
	}
	return items == NULL ? *keys :
			       (struct table_keys){ items, keys->count };
}

void
table_note_stale(struct table_notes *notes, const struct stale_note *note)
{
	size_t i = 0;

	while (i < notes->stale_count &&
	    !slice_eq(notes->stale[i].spec, note->spec))
		i++;
	if (i == TABLE_MAX_STALE)
		return;
	if (i == notes->stale_count)
		notes->stale[notes->stale_count++] = *note;
	else if (note->age_s > notes->stale[i].age_s)
		notes->stale[i].age_s = note->age_s;
}

void
table_notes_add(struct table_notes *notes, const struct table_notes *more)
{
	for (size_t i = 0; notes != NULL && i < more->stale_count; i++)
		table_note_stale(notes, &more->stale[i]);
}

/* Asks the handle, or the cache in front of it. What is found is copied. */
static enum table_answer
table_ask(const struct table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values,
    bool *ret_stale)
{
	const struct cache_source source = { table->ops->lookup, table->handle,
		table->spec, table->stats };
	enum table_answer answer;
	uint64_t begin_us;

	/* Who traces wants to know what the table says now. */
	if (table->cache != NULL && context->trace == NULL &&
	    !context->is_fresh)
		return cache_lookup(table->cache, &source, keys, context,
		    ret_values, ret_stale);
	begin_us = clock_monotonic_us();
	answer = table->ops->lookup(table->handle, keys, context, ret_values);
	table_stats_asked(table->stats, begin_us, answer);
	for (size_t i = 0; i < keys->count && answer == TABLE_FOUND; i++) {
		if (ret_values[i].data != NULL)
			ret_values[i] = slice_dup(context->mem, ret_values[i]);
	}
	return answer;
}

enum table_answer
table_lookup_asked(const struct table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	enum table_answer answer = TABLE_FAILED;
	struct table_keys asked;
	bool is_stale = false;
	struct err why;

	for (size_t i = 0; i < keys->count; i++)
		ret_values[i] = (struct slice){ NULL, 0 };
	if (table_check_keys(keys, context->err) == 0) {
		asked = table_asked_keys(table, keys, context->mem);
		answer =
		    table_ask(table, &asked, context, ret_values, &is_stale);
	}
	table_stats_answered(table->stats, answer, is_stale);
	/* The reason why a table is down names that table. */
	if (answer == TABLE_FAILED && !table_is_down(table, &why))
		err_wrap(context->err, "table %s",
		    escape(context->mem, table->spec, 200));
	return answer;
}

enum table_answer
table_lookup(const struct table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	return (context->trace == NULL ?
		table_lookup_asked :
		table_lookup_traced)(table, keys, context, ret_values);
}

enum table_answer
table_lookup_all(const struct table *table, struct slice key,
    const struct table_context *context, struct slice *ret_values, size_t max,
    size_t *ret_count)
{
	const struct table_keys keys = { &key, 1 };
	const size_t *rows = NULL;
	struct table_row row;
	enum table_answer answer;
	size_t count;

	ENSURE(max > 0);
	if (table->ops->matches == NULL || context->trace != NULL) {
		answer = table_lookup_one(table, key, context, ret_values);
		if (answer == TABLE_FOUND)
			*ret_count = 1;
		if (answer != TABLE_FOUND || table->ops->matches == NULL)
			return answer;
	}
	if (table_check_keys(&keys, context->err) != 0)
		return TABLE_FAILED;
	count = table->ops->matches(table->handle, key, context->mem, &rows);
	if (count == 0)
		return TABLE_ABSENT;
	*ret_count = count < max ? count : max;
	for (size_t i = 0; i < *ret_count; i++) {
		ENSURE(table->ops->row(table->handle, rows[i], &row));
		ret_values[i] = slice_dup(context->mem, row.value);
	}
	return TABLE_FOUND;
}

enum table_answer
table_lookup_one(const struct table *table, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	struct slice value;
	enum table_answer answer = table_lookup(
	    table, &(struct table_keys){ &key, 1 }, context, &value);

	if (answer == TABLE_FOUND)
		*ret_value = value;
	return answer;
}
