/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_LOG_H
#define SUBMILTER_BASE_LOG_H

#include "base/str.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/*
 * Where lines go: syslog (facility mail) or stderr, where each begins with
 * ident, or for systemd's journal with its priority. Before the first call they
 * go to stderr, with "submilter". Lines above level are dropped. Not
 * thread-safe: call it before threads start.
 */
void log_open_syslog(const char *ident, enum log_level level);
void log_open_stderr(const char *ident, enum log_level level);
/* Whether systemd connected stderr to its journal. */
bool log_stderr_is_journal(void);

/*
 * No line is longer, so that none is cut on its way: RFC 5424 section 6.1 has
 * every receiver of syslog take 2,048 octets with time, host and program.
 */
enum { LOG_LINE_OCTETS = 1900 };

/*
 * Writes one line; control characters in it become "?", so that
 * nobody can begin a line of his own. The end of a line that is too long says
 * how much is left out. Thread-safe. Only glue/, daemon/ and cli/ log.
 */
void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for a line that is text already. */
void log_write_line(enum log_level level, struct slice text);

#endif
