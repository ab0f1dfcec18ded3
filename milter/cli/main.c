/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands by their names. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cli/check.h"
#include "cli/explain.h"
#include "cli/genkey.h"
#include "cli/health.h"
#include "cli/keys.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/reload.h"
#include "cli/replay.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/test.h"
#include "config.h"
#include "daemon/run.h"
#include "sign/signer.h"

static const char usage_text[] =
    "usage: submilter COMMAND [OPTION ...]\n"
    "\n"
    "  run       serve as a milter\n"
    "  reload    have the running milter read its configuration anew\n"
    "  check     look for faults in the configuration, tables, keys, sockets, MTA\n"
    "  test      say what would happen to a message file, and why\n"
    "  lookup    ask a table as the milter would\n"
    "  genkey    make DKIM keys for a domain, and print their DNS records\n"
    "  keys      say which keys sign, and what DNS shows of them\n"
    "  health    say whether the running milter would serve mail\n"
    "  status    say how the running milter is, and with which configuration\n"
    "  report    count what the log says: how much, by whom, what was refused\n"
    "  explain   say in sentences what became of a message in the log\n"
    "  replay    judge the log by another configuration: who would be refused\n"
    "\n"
    "  --help, --version; each command has --help of its own.\n"
    "\n"
    "Exit codes: 0 fine, 1 the answer is no, 2 usage, 75 try again later.\n";

static const char run_usage[] =
    "usage: submilter run [-c FILE] [-f]\n"
    "\n"
    "Serves as a milter until SIGTERM. SIGUSR1 reloads the configuration.\n"
    "\n"
    "  -c, --config FILE    the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "  -f, --foreground     stay in the foreground and log to stderr\n";

static int
run_main(int argc, char **argv)
{
	const char *config_path = DEFAULT_CONFIG_FILE;
	bool foreground = false;
	const struct command_option options[] = {
		{ "config", 'c', .text = &config_path },
		{ "foreground", 'f', .flag = &foreground },
		{ .name = NULL },
	};
	int code = options_read(argc, argv, options, run_usage);

	if (code != OPTIONS_READ)
		return code;
	if (optind != argc)
		return wrong_usage(run_usage);
	return daemon_run(config_path, foreground);
}

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "run", run_main },
	{ "reload", reload_main },
	{ "check", check_main },
	{ "test", test_main },
	{ "lookup", lookup_main },
	{ "genkey", genkey_main },
	{ "keys", keys_main },
	{ "health", health_main },
	{ "status", status_main },
	{ "report", report_main },
	{ "explain", explain_main },
	{ "replay", replay_main },
};

int
main(int argc, char **argv)
{
	enum { COUNT = sizeof(commands) / sizeof(commands[0]) };
	const char *names[COUNT];
	const char *guess;

	if (argc < 2) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		fputs(usage_text, stdout);
		return EXIT_YES;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("submilter %s\n  engine native: %s\n"
		       "  engine libopendkim: %s\n",
		    SUBMILTER_VERSION, sign_engine_native.version(),
		    sign_engine_opendkim.version());
		return EXIT_YES;
	}
	for (size_t i = 0; i < COUNT; i++) {
		names[i] = commands[i].name;
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	}
	guess = suggest(slice_of(argv[1]), names, COUNT);
	if (guess != NULL)
		fprintf(stderr,
		    "submilter: there is no command \"%s\": did you "
		    "mean \"%s\"?\n",
		    argv[1], guess);
	else
		fprintf(stderr, "submilter: there is no command \"%s\"\n\n%s",
		    argv[1], usage_text);
	return EXIT_USAGE;
}
