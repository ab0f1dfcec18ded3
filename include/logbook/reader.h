/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_READER_H
#define SUBMILTER_LOGBOOK_READER_H

#include "base/err.h"
#include "logbook/record.h"

/*
 * Reads logs as programs write them: files of syslog (with times of RFC 3164,
 * RFC 5424, or ISO 8601), what journalctl prints with -o short (and all that
 * begin so), cat, json and export, and our lines as they stand. Each line says
 * for itself what it is, so that one file may hold several kinds. Lines of
 * other programs are passed over.
 */

/* How much was read, and what of it could not be used. */
struct log_counts {
	uint64_t files;
	uint64_t lines;
	uint64_t messages;
	uint64_t others;   /* what the daemon says of itself */
	uint64_t foreign;  /* lines of other programs */
	uint64_t unknown;  /* nobody's: no line of a log, or a broken one */
	uint64_t too_long; /* part of unknown */
	uint64_t cut;	   /* of messages: a logger left out their ends */
	uint64_t untimed;  /* of messages: their time is not known */
	uint64_t failed;   /* files that could not be read, or to their ends */
	char unknown_line[160]; /* the first of unknown, escaped */
};

struct log_visitor {
	void *arg;
	/* The line of a message; record and its slices last for the call. */
	void (*message)(void *arg, const struct log_record *record);
	/* Another line of the daemon; may be NULL. */
	void (*other)(void *arg, int64_t time, struct slice text);
	/* A file that cannot be read, or not to its end. */
	void (*failed)(void *arg, const struct err *err);
	/*
	 * How far a file is, every thousand lines: octets of it, as it is
	 * stored. May be NULL.
	 */
	void (*progress)(void *arg, const char *path, uint64_t octets);
};

/*
 * Reads each file, "-" being standard input; without files, that alone. Adds
 * to *counts. Blocks on files only. Memory is bounded, whatever they hold.
 */
void log_read(const char *const *paths, size_t count,
    const struct log_visitor *visitor, struct log_counts *counts);

/*
 * The same with files that log_open() opened, for a command that gives up the
 * rights to open them in between. One that could not be opened is tried again.
 */
void log_open(const char *const *paths, size_t count, int *ret_fds);
void log_read_open(const char *const *paths, const int *fds, size_t count,
    const struct log_visitor *visitor, struct log_counts *counts);

#endif
