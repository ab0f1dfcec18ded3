/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that takes up tables whose files have changed. Everything is read
 * aside, by the rules of a reload: all changed tables or none of them, so that
 * rows which moved from one file to another are never in neither. The
 * configuration is not read.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/pace.h"
#include "daemon_priv.h"
#include "status_priv.h"

/*
 * TICK_SECONDS: how often files are looked at. A file has to be the same in two
 * looks; where some are always written to, the others wait for PATIENCE looks.
 */
enum { TICK_SECONDS = 1, PATIENCE = 5 };

/*
 * What is known of one table's file. A reference: no table that a reload opens
 * gets the address of one that is looked at here.
 */
struct watched {
	struct table *table; /* whose state this is */
	uint64_t loaded;     /* of the state that is in force */
	uint64_t tried;	     /* of the one that was read last, used or not */
	uint64_t seen;	     /* of the one in the last look */
};

struct watcher {
	struct table_watch *watch;
	struct watched *files; /* heap; by the index of table_set_at() */
	size_t count;
	bool all; /* tables.watch */
	unsigned int waits;
	bool moving;	  /* files still moved when patience ended */
	bool refused;	  /* what stands on the disk is not in force */
	struct err fault; /* why, logged already */
};

/* What stands on the disk is in force. */
static void
forget_fault(struct watcher *w)
{
	if (!w->refused)
		return;
	log_write(LOG_LEVEL_INFO,
	    "tables are in force as they stand on the "
	    "disk");
	status_tables(w->watch->status, NULL);
	w->refused = false;
}

/* Tables that a reload has opened begin anew, as do our own. */
static void
table_watch_follow(struct watcher *w, const struct snapshot *snapshot)
{
	size_t count = table_set_count(snapshot->tables);
	bool is_new = count != w->count;

	w->all = snapshot->config->tables.watch;
	if (is_new) {
		for (size_t i = 0; i < w->count; i++)
			table_close(w->files[i].table);
		free(w->files);
		w->files = calloc(count, sizeof(w->files[0]));
		ENSURE(w->files != NULL);
		w->count = count;
	}
	for (size_t i = 0; i < count; i++) {
		struct table *table = table_set_at(snapshot->tables, i);

		if (w->files[i].table == table)
			continue;
		table_close(w->files[i].table);
		w->files[i] = (struct watched){ .table = table_ref(table) };
		w->files[i].loaded = w->files[i].tried = w->files[i].seen =
		    table_state(table);
		is_new = true;
	}
	if (is_new)
		forget_fault(w);
}

/*
 * Whether a table is looked at: it has a file, and tables.watch is set. One that
 * could not be read when it was opened is tried again in any case.
 */
static bool
is_watched(const struct watcher *w, const struct table *table)
{
	struct err why;

	return table_state(table) != TABLE_STATE_NONE &&
	    (w->all || table_is_down(table, &why));
}

/* Whether a file has changed, and none changes at this moment. */
static bool
table_watch_is_time(struct watcher *w)
{
	bool changed = false, moving = false;

	for (size_t i = 0; i < w->count; i++) {
		struct watched *file = &w->files[i];
		uint64_t now;

		if (!is_watched(w, file->table))
			continue;
		now = table_state_now(file->table);
		changed = changed || now != file->tried;
		moving = moving || (now != file->tried && now != file->seen);
		file->seen = now;
	}
	if (!changed || !moving || w->waits >= PATIENCE)
		w->waits = 0;
	else
		w->waits++;
	w->moving = moving;
	return changed && w->waits == 0;
}

/* What is read for a snapshot with the changed tables. */
struct taking {
	struct watcher *w;
	struct table **tables; /* all; the new ones are counted for us */
	size_t new_count;
	size_t lost;	  /* lines, at the ends of files */
	bool is_same;	  /* but for the times of files */
	struct err fault; /* the first one */
};

static void
table_watch_note_fault(void *arg, bool is_error, const char *text)
{
	struct taking *taking = arg;

	if (is_error && taking->fault.kind == ERR_NONE)
		err_set(&taking->fault, ERR_CONFIG, "%s", text);
}

static void
table_watch_open_one(struct taking *taking, size_t index)
{
	struct table *old = taking->tables[index], *new;
	size_t lost = 0;
	struct err err;

	if (table_open(table_spec(old),
		&(struct table_options){
		    .report =
			&(struct report){ table_watch_note_fault, taking },
		    .world = table_world_of(old) },
		&new, &err) != 0) {
		if (taking->fault.kind == ERR_NONE)
			taking->fault = err;
		taking->fault.kind = err.kind;
		return;
	}
	taking->tables[index] = new;
	taking->new_count++;
	if (table_check_whole(new, old, &lost, &err) != 0 &&
	    taking->fault.kind == ERR_NONE)
		taking->fault = err;
	taking->lost += lost;
	taking->is_same = taking->is_same && table_same(old, new);
}

/* Logged once; what may pass is tried again with the next look. */
static void
refuse(struct watcher *w, const struct err *fault)
{
	if (!w->refused || strcmp(w->fault.text, fault->text) != 0)
		log_write(LOG_LEVEL_ERROR,
		    "changed tables are not taken up, "
		    "going on with all rows as before: %s",
		    fault->text);
	w->refused = true;
	w->fault = *fault;
	status_tables(w->watch->status, fault);
}

static void
put_in_force(
    struct watcher *w, struct snapshot *current, const struct taking *taking)
{
	CLEANUP(arena_done) struct arena mem;
	struct snapshot *new;
	struct err err;

	arena_init(&mem);
	if (snapshot_with_tables(current, taking->tables, &new, &err) != 0) {
		refuse(w, &err);
		return;
	}
	snapshot_publish(w->watch->slot, snapshot_ref(new));
	/* Mail may wait for keys that it does not know yet. */
	if (new->keys != current->keys && w->watch->key_watch != NULL)
		key_watch_wake(w->watch->key_watch);
	for (size_t i = 0; i < w->count; i++) {
		const struct table *table = taking->tables[i];

		if (table != w->files[i].table)
			log_write(LOG_LEVEL_INFO,
			    "table %s has changed and is taken up: %zu rows",
			    escape(&mem, table_spec(table), 200),
			    table_rows(table));
	}
	if (taking->lost != 0)
		log_write(LOG_LEVEL_WARNING,
		    "tables that were taken up end where %zu line%s more stood "
		    "before",
		    taking->lost, taking->lost == 1 ? "" : "s");
	/* A row that cannot be read is the fault of its logins alone. */
	for (size_t i = 0; i < w->count; i++) {
		if (taking->tables[i] != w->files[i].table)
			snapshot_check_values(new, taking->tables[i],
			    &(struct report){ log_part_fault, NULL });
	}
	snapshot_unref(new);
}

static void
table_watch_conclude(
    struct watcher *w, struct snapshot *current, const struct taking *taking)
{
	bool failed = taking->fault.kind != ERR_NONE;
	struct err why;

	if (failed)
		refuse(w, &taking->fault);
	else if (!taking->is_same)
		put_in_force(w, current, taking);
	else
		forget_fault(w);
	for (size_t i = 0; i < w->count; i++) {
		struct watched *file = &w->files[i];

		if (!failed)
			file->loaded = file->seen;
		/* Once more, for it may pass. */
		file->tried = taking->fault.kind == ERR_TEMP ||
			table_is_down(taking->tables[i], &why) ?
		    TABLE_STATE_UNSURE :
		    file->seen;
	}
}

static void
take_up(struct watcher *w, struct snapshot *current)
{
	struct taking taking = { .w = w, .is_same = true };
	bool *is_new = calloc(w->count, sizeof(*is_new));
	bool of_one_moment = true;

	taking.tables = calloc(w->count, sizeof(struct table *));
	ENSURE(taking.tables != NULL && is_new != NULL);
	for (size_t i = 0; i < w->count; i++) {
		taking.tables[i] = table_set_at(current->tables, i);
		if (!is_watched(w, taking.tables[i]) ||
		    w->files[i].seen == w->files[i].loaded)
			continue;
		table_watch_open_one(&taking, i);
		is_new[i] = taking.tables[i] != w->files[i].table;
	}
	/* Files that are still as they were seen were read of one moment. */
	for (size_t i = 0; i < w->count && of_one_moment; i++)
		of_one_moment = !is_watched(w, w->files[i].table) ||
		    table_state_now(w->files[i].table) == w->files[i].seen;
	/* Otherwise the next look takes them up. */
	if (w->moving || of_one_moment)
		table_watch_conclude(w, current, &taking);
	for (size_t i = 0; i < w->count; i++) {
		if (is_new[i])
			table_close(taking.tables[i]);
	}
	free(taking.tables);
	free(is_new);
}

/* Once each, though every message finds it out: those have lines of their own. */
static void
log_outage(void *arg, struct slice spec, const struct err *why)
{
	const struct snapshot *snapshot = arg;
	unsigned int stale_s = table_world_ages(snapshot->world).stale_s;
	CLEANUP(arena_done) struct arena mem;
	const char *name;

	arena_init(&mem);
	name = escape(&mem, spec, 200);
	if (why == NULL)
		log_write(LOG_LEVEL_INFO, "table %s answers again", name);
	else if (stale_s == 0)
		log_write(LOG_LEVEL_WARNING,
		    "table %s cannot answer, and mail that needs it gets 451: "
		    "%s",
		    name, why->text);
	else
		log_write(LOG_LEVEL_WARNING,
		    "table %s cannot answer, and its former answers count for "
		    "%u seconds: %s",
		    name, stale_s, why->text);
}

static void
log_outages(struct snapshot *snapshot)
{
	const struct outage_listener listener = { log_outage, snapshot };

	if (snapshot->world != NULL)
		table_world_tell_outages(snapshot->world, &listener);
}

static void *
watch_tables(void *arg)
{
	struct watcher w = { .watch = arg };
	struct snapshot_slot *slot = w.watch->slot;
	const struct timespec pause = { .tv_sec = TICK_SECONDS };
	struct snapshot *current;

	pace_begin();
	for (;;) {
		(void)nanosleep(&pause, NULL);
		current = snapshot_acquire(slot);
		table_watch_follow(&w, current);
		log_outages(current);
		snapshot_unref(current);
		if (!table_watch_is_time(&w))
			continue;
		snapshot_change_begin(slot);
		current = snapshot_acquire(slot);
		/* A reload has come first: its tables are new. */
		table_watch_follow(&w, current);
		take_up(&w, current);
		snapshot_unref(current);
		snapshot_change_end(slot);
	}
	return NULL;
}

int
table_watch_start(struct table_watch *watch, struct snapshot_slot *slot,
    struct status_writer *status, struct err *err)
{
	pthread_t thread;

	watch->slot = slot;
	watch->status = status;
	if (pthread_create(&thread, NULL, watch_tables, watch) != 0)
		return err_set(err, ERR_TEMP, "cannot start a thread");
	(void)pthread_detach(thread);
	return 0;
}
