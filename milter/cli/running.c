/* SPDX-License-Identifier: BSD-2-Clause */
/* The running milter of a configuration, by its status file. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/shell.h"
#include "cli/options.h"
#include "running_priv.h"

enum { SHOWN_OCTETS = 4096 };

const char *
running_shown(struct slice text, struct arena *mem)
{
	return escape(mem, text, SHOWN_OCTETS);
}

/*
 * The process must belong to the owner of the file: who can write the file
 * sends no signal to processes of others by it.
 */
static bool
running_is_its_owner(
    const struct status *status, struct slice path, struct arena *mem)
{
	struct stat file, process;

	return lstat(slice_cstr(mem, path), &file) == 0 &&
	    stat(slice_format(mem, "/proc/%ld", (long)status->pid).data,
		&process) == 0 &&
	    file.st_uid == process.st_uid;
}

int
running_find(
    const struct running *running, struct arena *mem, struct status *ret_status)
{
	struct slice path = running->status_path;
	char real[PATH_MAX];
	struct err err;

	if (path.len == 0) {
		command_say("status-file is \"\", so that the milter "
			    "cannot say how it is");
		return EXIT_LATER;
	}
	if (status_read(path, mem, ret_status, &err) != 0) {
		command_say("%s", err.text);
		return EXIT_LATER;
	}
	if (ret_status->pid == 0 || !status_is_alive(ret_status) ||
	    !running_is_its_owner(ret_status, path, mem)) {
		command_say(
		    "no milter runs that writes %.*s", SLICE_ARGS(path));
		return EXIT_NO;
	}
	if (realpath(running->config_path, real) != NULL &&
	    !slice_eq(slice_of(real), ret_status->config_path)) {
		command_say("the milter that writes %.*s has another "
			    "configuration: -c %s",
		    SLICE_ARGS(path),
		    shell_quoted(
			mem, running_shown(ret_status->config_path, mem)));
		return EXIT_NO;
	}
	return EXIT_YES;
}
