/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_SNAPSHOT_H
#define SUBMILTER_PIPELINE_SNAPSHOT_H

#include <pthread.h>
#include <time.h>

#include "conf/config.h"
#include "identity/identity.h"
#include "policy/authors.h"
#include "policy/limit_counts.h"
#include "policy/names.h"
#include "policy/rights.h"
#include "preflight/suffix_list.h"
#include "preflight/world.h"
#include "keys/key_history.h"
#include "keys/key_table.h"
#include "sign/signer.h"
#include "table/world.h"

/*
 * A configuration and all that is built from it: tables, keys, signing policy.
 * Immutable once built, counted: a message keeps the one it began with.
 */
struct snapshot {
	struct arena mem;
	struct config *config;	   /* owned */
	struct table_set *tables;  /* all; identity and so on point into it */
	struct table_world *world; /* what tables that ask servers share */
	struct identity identity;
	struct rights rights;
	struct author_forms author_forms;
	struct own_set *own; /* our domains */
	struct names names;
	struct key_tables key_tables;	 /* of tables */
	struct suffix_list *suffixes;	 /* for sign.parent-domain; or NULL */
	struct keystore *keys;		 /* NULL: nothing is signed */
	struct key_history *key_history; /* NULL: sign.dkim-key is off */
	struct sign_policy sign_policy;
	const struct sign_engine *engine;
	struct preflight_world preflight; /* its resolver may be NULL */
	struct header_limits limits;
	struct table *limits_table; /* NULL: the same for all logins */
	/* What logins have sent: the same from one reload to the next. */
	struct limit_counts *limit_counts;
	struct snapshot *root;	       /* whose parts these are, or NULL: own */
	struct snapshot *next_retired; /* see struct snapshot_slot */
	_Atomic unsigned long references;
};

/*
 * Reads everything that the configuration names. Takes *config over, also on
 * failure. report gets each fault and warning; -1 with a summary in *err.
 * Blocks on files. The result has one reference. Where preflight asks DNS,
 * threads begin with the first snapshot of a process; one that asks the same
 * DNS as previous (may be NULL) goes on with its resolver and cache. So it does
 * with the states of keys; the first one reads them from their file, and one
 * that cannot be used is a warning: then nothing is known yet. Tables whose
 * files are unchanged are those of previous, too, and the caches of tables go on
 * with what they know. With success, the block tables and the DNS of this
 * configuration are in force for them.
 */
MUST_USE int snapshot_new(struct config *config,
    const struct snapshot *previous, const struct report *report,
    struct snapshot **ret_snapshot, struct err *err);

/*
 * The same configuration, tables and policies with the keys of now, and with a
 * resolver that has cached nothing where forget_dns. Nothing but the directory
 * of keys is read, so that an edited configuration stays out of force until a
 * reload. *ret_snapshot has one reference; -1 with all as it was. Blocks on
 * files.
 */
MUST_USE int snapshot_with_keys(struct snapshot *previous, bool forget_dns,
    const struct report *report, struct snapshot **ret_snapshot,
    struct err *err);

/* Reports the rows of one of its tables that cannot be read. */
void snapshot_check_values(const struct snapshot *snapshot,
    const struct table *table, const struct report *report);

/*
 * The same configuration, keys and policies with these tables, opened from the
 * same specs, in the order of table_set_at(). Takes a reference on each. An
 * edited configuration and new keys stay out of force, but for those of a table
 * of keys that is another one: then this blocks on files. One reference; -1 with
 * all as it was.
 */
MUST_USE int snapshot_with_tables(struct snapshot *previous,
    struct table *const *tables, struct snapshot **ret_snapshot,
    struct err *err);

/* Thread-safe. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

/*
 * Where the current snapshot stands: the one thing that a reload changes.
 * snapshot_acquire() gives a reference; snapshot_publish() takes one over. A new
 * snapshot is built from the current one between snapshot_change_begin() and
 * _end(): another change waits, so that none is lost; messages do not. To free a
 * large snapshot takes milliseconds, and no message shall wait for that: the
 * slot keeps a reference on each former one until nobody else has one, and
 * snapshot_sweep() frees those. The others sweep, too, but snapshot_acquire().
 * All thread-safe.
 */
struct snapshot_slot {
	pthread_mutex_t lock;
	pthread_mutex_t change; /* may be held for seconds */
	struct snapshot *current;
	struct snapshot *retired; /* former ones, a list */
};

void snapshot_slot_init(struct snapshot_slot *slot, struct snapshot *first);
struct snapshot *snapshot_acquire(struct snapshot_slot *slot);
void snapshot_publish(struct snapshot_slot *slot, struct snapshot *snapshot);
void snapshot_sweep(struct snapshot_slot *slot);
void snapshot_change_begin(struct snapshot_slot *slot);
void snapshot_change_end(struct snapshot_slot *slot);
void snapshot_slot_done(struct snapshot_slot *slot);

#endif
