/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_STATUS_PRIV_H
#define SUBMILTER_CLI_STATUS_PRIV_H

#include "daemon/status_file.h"

/* A file of the configuration that is not as the running milter read it. */
struct status_difference {
	struct slice path;
	const char *how; /* "changed", "new", "gone" */
};

/* What "submilter status" has found out. */
struct status_view {
	const char *path; /* of the status file */
	bool is_guess;	  /* the configuration was not read */
	int guess_code;	  /* the exit code for that, if nothing else is known */
	bool found;
	bool running; /* else status is what a dead one left */
	struct status status;
	struct status_difference *differences;
	size_t difference_count;
	struct slice disk_fault; /* why the disk cannot be used, or compared */
	bool compared;		 /* else nobody knows whether it differs */
};

/* Whether all that is on the disk is in force. */
bool status_is_current(const struct status_view *view);

/* For people, and as one JSON object. */
void status_show(const struct status_view *view, struct arena *mem);
void status_show_json(const struct status_view *view, struct arena *mem);

#endif
