/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the running milter for a reload, and for its outcome: see status_file.h. */
#include "cli/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/options.h"
#include "running_priv.h"

/*
 * PAUSE_MS: how often the file is read. WAIT_SECONDS: for large tables; systemd
 * gives a reload five minutes, see the unit.
 */
enum { PAUSE_MS = 20, WAIT_SECONDS = 240 };

static const char usage[] =
    "usage: submilter reload [-c FILE]\n"
    "\n"
    "Has the running milter read its configuration, tables and keys anew, as SIGUSR1\n"
    "does, and waits until it has taken them into use or refused to.\n"
    "\n"
    "  -c, --config FILE    the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "\n"
    "Exit codes: 0 it is in force, 1 it was refused, or no milter runs with it,\n"
    "2 usage, or faults and no milter runs, 75 the milter did not say.\n";

/* Waits for the end of a reload that began after it was asked for. */
static int
reload_wait_for(struct slice path, unsigned long begun, struct arena *mem,
    struct status *status)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	uint64_t end = clock_monotonic_us() + WAIT_SECONDS * UINT64_C(1000000);
	struct err err;

	while (clock_monotonic_us() < end) {
		arena_done(mem);
		arena_init(mem);
		if (status_read(path, mem, status, &err) != 0) {
			command_say("%s", err.text);
			return EXIT_LATER;
		}
		if (status->pid == 0 || !status_is_alive(status)) {
			command_say("the milter has ended");
			return EXIT_NO;
		}
		if (status->reloads_done > begun)
			return EXIT_YES;
		(void)nanosleep(&pause, NULL);
	}
	command_say(
	    "the milter has said nothing for %d seconds", (int)WAIT_SECONDS);
	return EXIT_LATER;
}

int
reload_main(int argc, char **argv)
{
	const char *config_path = DEFAULT_CONFIG_FILE;
	const struct command_option options[] = {
		{ "config", 'c', .text = &config_path },
		{ .name = NULL },
	};
	CLEANUP(arena_done) struct arena names, mem;
	struct config *config;
	struct status status;
	struct slice path;
	struct err err;
	bool broken;
	int code = options_read(argc, argv, options, usage);

	arena_init(&names);
	arena_init(&mem);
	if (code != OPTIONS_READ)
		return code;
	if (optind != argc)
		return wrong_usage(usage, "it takes no operands");
	/*
	 * A configuration that is broken will be refused. Its faults are
	 * printed, and the milter is asked all the same, so that its log and
	 * status tell of it, too.
	 */
	broken = config_read(
		     config_path, print_config_fault, NULL, &config, &err) != 0;
	if (broken) {
		path = config_read_status_file(config_path, &names);
	} else {
		path = slice_dup(&names, config->main.status_file);
		config_free(config);
	}
	code =
	    running_find(&(struct running){ path, config_path }, &mem, &status);
	if (path.len == 0)
		command_say("send it SIGUSR1 and see its log");
	if (code != EXIT_YES && broken) {
		command_say("no milter was asked: mend the faults "
			    "above first");
		code = err.kind == ERR_TEMP ? EXIT_LATER : EXIT_USAGE;
	}
	if (code == EXIT_YES && kill(status.pid, SIGUSR1) != 0) {
		command_say(
		    "process %ld: %s", (long)status.pid, strerror(errno));
		code = EXIT_NO;
	}
	if (code == EXIT_YES)
		code =
		    reload_wait_for(path, status.reloads_begun, &mem, &status);
	if (code == EXIT_YES && status.reload_refused) {
		command_say("refused, going on as before: %s",
		    running_shown(status.reload_reason, &mem));
		code = EXIT_NO;
	} else if (code == EXIT_YES) {
		printf(
		    "reloaded %s\n", running_shown(status.config_path, &mem));
		if (status.after_restart.len != 0)
			printf("after a restart only: %s\n",
			    running_shown(status.after_restart, &mem));
	}
	return code;
}
