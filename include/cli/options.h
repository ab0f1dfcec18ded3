/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_OPTIONS_H
#define SUBMILTER_CLI_OPTIONS_H

/* Exit codes of every command. */
enum {
	EXIT_YES = 0,		/* fine */
	EXIT_NO = 1,		/* the answer is no: refused, a fault, not found */
	EXIT_USAGE = 2,
	EXIT_LATER = 75,	/* cannot be said now (sysexits: EX_TEMPFAIL) */
};

/* The configuration that is read when -c names no other. */
#define DEFAULT_CONFIG_FILE SYSCONFDIR "/submilter/submilter.conf"

struct option;

/*
 * getopt_long() for a command whose name is argv[0]. For what is no option, or
 * lacks its value, it writes so to stderr, with the long option that may have
 * been meant, and returns '?'.
 */
int option_next(int argc, char **argv, const char *letters,
    const struct option *options);

/* A config_report that writes to stderr, "FILE:LINE: TEXT". */
void print_config_fault(void *arg, const char *file, unsigned int line,
    const char *text);

#endif
