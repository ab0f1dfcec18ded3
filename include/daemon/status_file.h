/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_STATUS_FILE_H
#define SUBMILTER_DAEMON_STATUS_FILE_H

#include <sys/types.h>
#include <time.h>

#include "conf/config.h"
#include "glue/accounting.h"
#include "glue/tally.h"
#include "keys/key_role.h"

/*
 * What a running milter says of itself, in the file that the option status-file
 * names: it is replaced as a whole at start, at both ends of a reload, and
 * within some seconds when anything in it has changed. An orderly end removes
 * it. It holds what the configuration says, and no addresses of other users,
 * except where a fault of a row quotes one; so its mode is 0640.
 */
enum { STATUS_KEY_USES = KEY_ROLE_UNKNOWN + 1 };

/* A file of the configuration in force. */
struct status_source {
	struct slice path;
	struct slice hash; /* SHA-256 of its text, hex */
};

/* A table in force. */
#define STATUS_NO_ROWS SIZE_MAX
struct status_table {
	struct slice spec;
	size_t rows; /* STATUS_NO_ROWS: they are elsewhere, and not counted */
};

/* An option in force, named as in messages; see status_option_value(). */
struct status_option {
	struct slice name;
	struct slice value;
};

struct status {
	pid_t pid;
	unsigned long long process_start; /* of the kernel; 0: not known */
	struct slice version;
	time_t started;
	struct slice listen;
	struct slice config_path;
	time_t loaded; /* when the configuration in force was */
	struct status_source *sources;
	size_t source_count;
	struct status_table *tables;
	size_t table_count;
	struct status_option *options; /* all; none by an older version */
	size_t option_count;
	struct slice tables_fault;  /* why changed ones are not taken up */
	struct slice after_restart; /* options that wait for one: "user, log" */
	/*
	 * A reload that is asked for when begun is N is over when done is above
	 * N: then it has read what was on the disk when it was asked for.
	 */
	unsigned long reloads_begun, reloads_done;
	time_t reload_at; /* the last one that is over; 0: none */
	bool reload_refused;
	struct slice reload_reason; /* why; the first fault, in one line */
	size_t domains;
	bool keys_are_watched; /* else key_uses are all 0 */
	size_t keys;
	size_t key_uses[STATUS_KEY_USES]; /* by enum key_role */
	struct tally tally;
	struct accounting_counts accounting;
	time_t written;
};

/* The text of the file, in memory of mem. */
struct slice status_print(const struct status *status, struct arena *mem);
/* Reads that text; -1 (ERR_DATA) for anything else, also for one that is cut. */
MUST_USE int status_parse(struct slice text, struct arena *mem,
    struct status *ret_status, struct err *err);

/*
 * Reads the file. The pid is 0 where there is none. -1 (ERR_CONFIG: it may not
 * be read, or anybody can write it; ERR_DATA). Blocks on the file system.
 */
MUST_USE int status_read(struct slice path, struct arena *mem,
    struct status *ret_status, struct err *err);
/*
 * Whether the process that wrote it still runs. Another process of the same
 * number does not count.
 */
bool status_is_alive(const struct status *status);

/* When the kernel started a process, in its own ticks; 0: that is not known. */
unsigned long long status_process_start(pid_t pid);

/*
 * How the file shows the value of an option: as a configuration has it, or
 * "sha256:..." in place of one that is very long. Equal values are shown alike.
 */
struct slice status_option_value(struct slice value, struct arena *mem);

/* SHA-256 of a text, hex, in memory of mem. */
struct slice status_hash(struct slice text, struct arena *mem);

#endif
