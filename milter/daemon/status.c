/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the status file of a running milter up to date. */
#include "status_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config.h"
#include "daemon/socket_directory.h"
#include "keys/key_role.h"

/* COUNT_US: how often the keys of many domains are gone over. */
enum { COUNT_US = 10 * 1000000, STATUS_MODE = 0640 };

static void
status_lock(struct status_writer *w)
{
	ENSURE(pthread_mutex_lock(&w->lock) == 0);
}

static void
status_unlock(struct status_writer *w)
{
	ENSURE(pthread_mutex_unlock(&w->lock) == 0);
}

static void
status_count_keys(struct status_writer *w, const struct snapshot *snapshot)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	const struct keystore *store = snapshot->keys;
	struct key_role_rules rules =
	    key_role_rules_from_config(snapshot->config, clock_steady());
	enum key_role roles[MAX_KEYS_OF_DOMAIN];
	uint64_t now = clock_monotonic_us();

	keystore_walk_init(&walk, store);
	if (store == w->counted && w->counted_us != 0 &&
	    now - w->counted_us < COUNT_US)
		return;
	w->counted = store;
	w->counted_us = now;
	w->keys = 0;
	memset(w->key_uses, 0, sizeof(w->key_uses));
	while (keystore_walk_next(&walk)) {
		w->keys += walk.domain->count;
		if (snapshot->key_history == NULL)
			continue;
		key_roles_decide(
		    snapshot->key_history, walk.domain, &rules, roles);
		for (size_t i = 0; i < walk.domain->count; i++)
			w->key_uses[roles[i]]++;
	}
}

/* What is in force: what takes a restart is as the process was started. */
static void
status_fill_options(struct status_writer *w, const struct config *config,
    struct arena *mem, struct status *status)
{
	const struct config_option *list = config_options_in_force(
	    w->started_with, config, mem, &status->option_count);

	status->options =
	    arena_array(mem, status->option_count, sizeof(status->options[0]));
	for (size_t i = 0; i < status->option_count; i++)
		status->options[i] =
		    (struct status_option){ slice_of(list[i].name),
			    status_option_value(list[i].value, mem) };
}

static void
status_fill(struct status_writer *w, const struct snapshot *snapshot,
    struct arena *mem, struct status *status)
{
	const struct config *config = snapshot->config;
	size_t tables = table_set_count(snapshot->tables), index = 0;
	struct strbuf waiting;
	const char *option;

	status_count_keys(w, snapshot);
	strbuf_init(&waiting, mem);
	while (config_needs_restart(w->started_with, config, &index, &option))
		strbuf_addf(
		    &waiting, "%s%s", waiting.len == 0 ? "" : ", ", option);
	*status = (struct status){
		.pid = getpid(),
		.process_start = w->process_start,
		.version = SLICE(SUBMILTER_VERSION),
		.started = w->started,
		.listen = w->started_with->main.listen,
		.config_path = slice_of(w->config_path),
		.loaded = w->loaded,
		.sources = arena_array(
		    mem, config->file_count, sizeof(status->sources[0])),
		.source_count = config->file_count,
		.tables = arena_array(mem, tables, sizeof(status->tables[0])),
		.table_count = tables,
		.tables_fault = slice_of(w->tables_fault.text),
		.after_restart = strbuf_slice(&waiting),
		.reloads_begun = w->reloads_begun,
		.reloads_done = w->reloads_done,
		.reload_at = w->reload_at,
		.reload_refused = w->reload_refused,
		.reload_reason = slice_of(w->reason.text),
		.domains = snapshot->keys == NULL ?
		    0 :
		    keystore_domain_count(snapshot->keys),
		.keys_are_watched = snapshot->key_history != NULL,
		.keys = w->keys,
	};
	status_fill_options(w, config, mem, status);
	memcpy(status->key_uses, w->key_uses, sizeof(status->key_uses));
	for (size_t i = 0; i < config->file_count; i++)
		status->sources[i] =
		    (struct status_source){ config->files[i].path,
			    status_hash(config->files[i].text, mem) };
	for (size_t i = 0; i < tables; i++) {
		const struct table *table = table_set_at(snapshot->tables, i);

		status->tables[i] = (struct status_table){ table_spec(table),
			table_rows(table) > 0 || table_can_list(table) ?
			    table_rows(table) :
			    STATUS_NO_ROWS };
	}
	tally_read(&status->tally);
	status->accounting = accounting_read();
}

/* w->text is what the file holds, but for the time when it was written. */
static void
status_update(struct status_writer *w)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice path = slice_of(w->path), text;
	struct snapshot *snapshot;
	struct status status;
	const char *directory;
	struct err err;

	arena_init(&mem);
	if (!w->is_open)
		return;
	snapshot = snapshot_acquire(w->slot);
	status_fill(w, snapshot, &mem, &status);
	text = status_print(&status, &mem);
	if (w->text != NULL && slice_eq(slice_of(w->text), text)) {
		snapshot_unref(snapshot);
		return;
	}
	status.written = clock_now();
	if (file_replace(
		path, status_print(&status, &mem), STATUS_MODE, &err) == 0) {
		w->fault = (struct err){ .kind = ERR_NONE };
		free(w->text);
		w->text = strndup(text.data, text.len);
		ENSURE(w->text != NULL);
	} else {
		/* Logged once. A directory that nobody made is not a fault. */
		directory = slice_cstr(&mem, path_directory(path));
		if (strcmp(w->fault.text, err.text) != 0)
			log_write(access(directory, F_OK) == 0 ?
				LOG_LEVEL_WARNING :
				LOG_LEVEL_INFO,
			    "status-file: %s: \"submilter status\" cannot say "
			    "how this milter is",
			    err.text);
		w->fault = err;
	}
	snapshot_unref(snapshot);
}

void
status_start(struct status_writer *w, struct snapshot_slot *slot,
    const struct config *started_with, const char *config_path)
{
	CLEANUP(arena_done) struct arena mem;
	struct status status;
	struct err err;

	arena_init(&mem);
	*w = (struct status_writer){ .slot = slot,
		.started_with = started_with,
		.config_path = config_path,
		.process_start = status_process_start(getpid()),
		.started = clock_now(),
		.loaded = clock_now() };
	ENSURE(pthread_mutex_init(&w->lock, NULL) == 0);
	arena_init(&w->mem);
	if (started_with->main.status_file.len == 0)
		return;
	w->path = slice_cstr(&w->mem, started_with->main.status_file);
	/* Two milters with one file would each hide the other. */
	w->is_open = status_read(slice_of(w->path), &mem, &status, &err) != 0 ||
	    status.pid == 0 || status.pid == getpid() ||
	    !status_is_alive(&status);
	if (!w->is_open)
		log_write(LOG_LEVEL_WARNING,
		    "status-file: %s is in use by process %ld: give one of the "
		    "two milters a status-file of its own",
		    w->path, (long)status.pid);
	status_update(w);
}

void
status_look(struct status_writer *w)
{
	status_lock(w);
	status_update(w);
	status_unlock(w);
}

void
status_facts(struct status_writer *w, const struct snapshot *snapshot,
    struct arena *mem, struct status *ret_status)
{
	status_lock(w);
	status_fill(w, snapshot, mem, ret_status);
	/* These may change while they are read. */
	ret_status->tables_fault = slice_dup(mem, ret_status->tables_fault);
	ret_status->reload_reason = slice_dup(mem, ret_status->reload_reason);
	status_unlock(w);
}

void
status_reload_begin(struct status_writer *w)
{
	status_lock(w);
	w->reloads_begun++;
	w->faults = 0;
	w->first_fault = (struct err){ .kind = ERR_NONE };
	status_update(w);
	status_unlock(w);
}

void
status_reload_fault(struct status_writer *w, const char *text)
{
	status_lock(w);
	if (w->faults++ == 0)
		err_set(&w->first_fault, ERR_CONFIG, "%s", text);
	status_unlock(w);
}

void
status_reload_end(struct status_writer *w, const struct err *err)
{
	status_lock(w);
	w->reloads_done++;
	w->reload_at = clock_now();
	w->reload_refused = err != NULL;
	metric_add(METRIC_RELOADS, err != NULL, 1);
	/* The first fault says more than that there are some. */
	if (err == NULL) {
		w->loaded = w->reload_at;
		w->reason = (struct err){ .kind = ERR_NONE };
	} else if (w->faults == 0) {
		w->reason = *err;
	} else if (w->faults == 1) {
		w->reason = w->first_fault;
	} else {
		err_set(&w->reason, ERR_CONFIG,
		    "%.400s (and %zu more fault%s: see the log)",
		    w->first_fault.text, w->faults - 1,
		    w->faults == 2 ? "" : "s");
	}
	status_update(w);
	status_unlock(w);
}

void
status_tables(struct status_writer *w, const struct err *err)
{
	status_lock(w);
	if (err != NULL)
		w->tables_fault = *err;
	else
		w->tables_fault = (struct err){ .kind = ERR_NONE };
	status_update(w);
	status_unlock(w);
}

void
status_stop(struct status_writer *w)
{
	status_lock(w);
	if (w->is_open && w->text != NULL && unlink(w->path) != 0 &&
	    errno != ENOENT)
		log_write(LOG_LEVEL_WARNING, "status-file: %s: %s", w->path,
		    strerror(errno));
	w->is_open = false;
	status_unlock(w);
}
