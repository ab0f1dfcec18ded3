/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_OPTIONS_H
#define SUBMILTER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* Exit codes of every command. */
enum {
	EXIT_YES = 0, /* fine */
	EXIT_NO = 1,  /* the answer is no: refused, a fault, not found */
	/* The command line, or the configuration, cannot be used as it is. */
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3, /* of "status", as init scripts have it (LSB) */
	EXIT_LATER = 75,      /* cannot be said now (sysexits: EX_TEMPFAIL) */
};

/* The configuration that is read when -c names no other. */
#define DEFAULT_CONFIG_FILE SYSCONFDIR "/submilter/submilter.conf"

/* The values of an option that may be repeated. */
struct option_list {
	const char **items;
	size_t count;
	size_t max;
};

/* One option of a command, and where it goes: one of the three is not NULL. */
struct command_option {
	const char *name; /* "--NAME" */
	char letter;	  /* "-LETTER", too; 0: none */
	const char **text;
	struct option_list *list;
	bool *flag; /* the option has no value */
};

enum { OPTIONS_READ = -1 };

/*
 * Reads the options of a command whose name is argv[0]; the last one of the
 * array has no name. OPTIONS_READ: the operands begin at argv[optind].
 * Otherwise the exit code: "--help" was answered, or stderr has what is wrong
 * and how to call the command.
 */
int options_read(int argc, char **argv, const struct command_option *options,
    const char *usage);

/*
 * What a command says to people: one line on stderr behind the name of the
 * command, formatted as by printf(). With --json, the last one is the error of
 * a command that prints no answer.
 */
void command_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same of a fault that has a place, "FILE:LINE: TEXT", with which it begins. */
void command_say_fault(const char *text);
/* The same error for --json alone: stderr has it already, in other words. */
void command_note(const char *text);
/* The last text of both. */
const char *command_error(void);

/* Prints an answer, or a part of it, on standard output. */
void command_print(const struct strbuf *answer);

/*
 * The end of each command, with its exit code: with --json and no answer so
 * far, the answer is {"error":TEXT,"exit":CODE}. The exit code that counts:
 * EXIT_LATER where standard output could not be written.
 */
int command_end(int code);

/*
 * Operands are missing, or too many: stderr has why, and how to call the
 * command. EXIT_USAGE.
 */
int wrong_usage(const char *usage, const char *why);

/*
 * Writes an error to stderr. The exit code: EXIT_LATER for what may pass, else
 * `otherwise`.
 */
int command_fail(const struct err *err, int otherwise);

/* A config_report that writes to stderr, "FILE:LINE: TEXT". */
void print_config_fault(
    void *arg, const char *file, unsigned int line, const char *text);

#endif
