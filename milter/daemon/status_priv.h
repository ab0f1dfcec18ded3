/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_STATUS_PRIV_H
#define SUBMILTER_DAEMON_STATUS_PRIV_H

#include <pthread.h>

#include "daemon/status_file.h"
#include "pipeline/snapshot.h"

/*
 * Writes the file of the option status-file. A file that cannot be written is
 * logged once and hinders nothing. All functions are thread-safe, and block on
 * the file system only; a zeroed one that was never started does nothing.
 */
struct status_writer {
	pthread_mutex_t lock; /* of all that follows */
	bool is_open;
	struct snapshot_slot *slot;
	const struct config *started_with;
	const char *path; /* in mem; NULL: there is no file */
	const char *config_path;
	struct arena mem;
	unsigned long long process_start;
	time_t started;
	time_t loaded;
	unsigned long reloads_begun, reloads_done;
	time_t reload_at;
	bool reload_refused;
	struct err reason;	/* of the last reload that is over */
	struct err first_fault; /* of the one that goes on */
	size_t faults;
	struct err tables_fault;
	const struct keystore *counted; /* whose keys these numbers are of */
	uint64_t counted_us;
	size_t keys;
	size_t key_uses[STATUS_KEY_USES];
	char *text;	  /* of the file, heap; NULL: none yet */
	struct err fault; /* of the file, logged already */
};

/*
 * Begins it and writes the file. slot has a snapshot; it, started_with and
 * config_path outlive the writer. A file of another process that lives is left
 * alone, with a line in the log.
 */
void status_start(struct status_writer *writer, struct snapshot_slot *slot,
    const struct config *started_with, const char *config_path);
/* Writes the file if anything but the time is new. */
void status_look(struct status_writer *writer);
/*
 * What the file would say now, also where there is none. It is valid as long as
 * the snapshot and mem.
 */
void status_facts(struct status_writer *writer, const struct snapshot *snapshot,
    struct arena *mem, struct status *ret_status);
/* A reload begins, has a fault, and is over; err is NULL where it was done. */
void status_reload_begin(struct status_writer *writer);
void status_reload_fault(struct status_writer *writer, const char *text);
void status_reload_end(struct status_writer *writer, const struct err *err);
/* Why changed tables are not taken up; NULL: there is nothing of the kind. */
void status_tables(struct status_writer *writer, const struct err *err);
/* Removes the file; nothing is written any more. */
void status_stop(struct status_writer *writer);

#endif
