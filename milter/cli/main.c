/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands by their names. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cli/check.h"
#include "cli/config_show.h"
#include "cli/explain.h"
#include "cli/genkey.h"
#include "cli/health.h"
#include "cli/import.h"
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
		return wrong_usage(run_usage, "it takes no operands");
	return daemon_run(config_path, foreground);
}

struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *text;
};

/* In the order of the help; a line without a function begins a group. */
static const struct command commands[] = {
	{ "Serve", NULL, NULL },
	{ "run", run_main, "serve as a milter" },
	{ "reload", reload_main,
	    "have the running milter read its configuration anew" },
	{ "health", health_main,
	    "say whether the running milter would serve mail" },
	{ "status", status_main,
	    "say how the running milter is, and with which configuration" },
	{ "Set up", NULL, NULL },
	{ "import", import_main,
	    "write a configuration that does what OpenDKIM and others did" },
	{ "check", check_main,
	    "look for faults in the configuration, tables, keys, sockets, MTA" },
	{ "config", config_main,
	    "print every option in force, and where it was set" },
	{ "Keys", NULL, NULL },
	{ "genkey", genkey_main,
	    "make DKIM keys for a domain, and print their DNS records" },
	{ "keys", keys_main,
	    "say which keys sign, and what DNS shows of them" },
	{ "Try out", NULL, NULL },
	{ "test", test_main,
	    "say what would happen to a message file, and why" },
	{ "lookup", lookup_main, "ask a table as the milter would" },
	{ "replay", replay_main,
	    "judge the log by another configuration: who would be refused" },
	{ "Look into the log", NULL, NULL },
	{ "report", report_main,
	    "count what the log says: how much, by whom, what was refused" },
	{ "explain", explain_main,
	    "say in sentences what became of a message in the log" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
print_usage(FILE *to)
{
	fputs("usage: submilter COMMAND [OPTION ...]\n", to);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (commands[i].main == NULL)
			fprintf(to, "\n%s:\n", commands[i].name);
		else
			fprintf(to, "  %-8s  %s\n", commands[i].name,
			    commands[i].text);
	}
	fputs("\n  --help, --version; each command has --help of its own.\n"
	      "\n"
	      "Exit codes: 0 fine, 1 the answer is no, 2 the command or the "
	      "configuration has\na fault, 3 the milter does not run, 75 try "
	      "again later.\n",
	    to);
}

static int
run_command(int argc, char **argv)
{
	const char *names[COMMANDS];
	const char *guess;
	size_t count = 0;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_YES;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("submilter %s\n  engine native: %s\n"
		       "  engine libopendkim: %s\n",
		    SUBMILTER_VERSION, sign_engine_native.version(),
		    sign_engine_opendkim.version());
		return EXIT_YES;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (commands[i].main == NULL)
			continue;
		names[count++] = commands[i].name;
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	}
	guess = suggest(slice_of(argv[1]), names, count);
	if (guess != NULL)
		fprintf(stderr,
		    "submilter: there is no command \"%s\": did you "
		    "mean \"%s\"?\n",
		    argv[1], guess);
	else
		fprintf(stderr, "submilter: there is no command \"%s\"\n\n",
		    argv[1]);
	if (guess == NULL)
		print_usage(stderr);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	return command_end(run_command(argc, argv));
}
