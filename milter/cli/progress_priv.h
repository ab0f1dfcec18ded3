/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_PROGRESS_PRIV_H
#define SUBMILTER_CLI_PROGRESS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One line on stderr that says how far long work is, where stderr is a
 * terminal: after half a second, ten times a second at most. command_say() and
 * command_print() take it away; whoever prints otherwise does it. One at a time
 * is shown in a process.
 */
struct progress {
	bool is_on;
	uint64_t next_us;
};

void progress_begin(struct progress *progress);
/* Whether it is time to show something; it is cheap. */
bool progress_is_due(struct progress *progress);
/* Shows a text, formatted as by printf(). */
void progress_show(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Takes the line away that is shown, if one is. */
void progress_clear(void);

/* The same while files of the log are read, of which paths are all. */
struct log_progress {
	struct progress line;
	uint64_t total;	  /* octets; 0: it is not known */
	uint64_t before;  /* octets of the files before this one */
	uint64_t octets;  /* of this one */
	const char *path; /* the one that is read; an item of paths */
};

void log_progress_begin(
    struct log_progress *progress, const char *const *paths, size_t count);
/* As struct log_visitor wants it. */
void log_progress_note(
    struct log_progress *progress, const char *path, uint64_t octets);

#endif
