/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_RUNNING_PRIV_H
#define SUBMILTER_CLI_RUNNING_PRIV_H

#include "daemon/status_file.h"

/* The milter of a configuration, as its status file tells. */
struct running {
	struct slice status_path; /* "": it writes none */
	const char *config_path;
};

/*
 * What the running milter says: EXIT_YES and *ret_status, in memory of mem.
 * Otherwise the exit code, and stderr has why: EXIT_NO where none runs with
 * this configuration, EXIT_LATER where that is not known. The process belongs
 * to the owner of the file, so that a signal may be sent to it. Blocks on the
 * file system.
 */
int running_find(const struct running *running, struct arena *mem,
    struct status *ret_status);

/* Text of the file, safe on a terminal: the milter's user wrote it. */
const char *running_shown(struct slice text, struct arena *mem);

#endif
