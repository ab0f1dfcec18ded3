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

/* A config_report that writes to stderr, "FILE:LINE: TEXT". */
void print_config_fault(void *arg, const char *file, unsigned int line,
    const char *text);

#endif
