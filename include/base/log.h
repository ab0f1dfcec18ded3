/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_LOG_H
#define SUBMILTER_BASE_LOG_H

#include "base/ensure.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG };

/*
 * Where lines go: syslog (facility mail) or stderr. Before the first call
 * they go to stderr. Lines above level are dropped. Not thread-safe: call it
 * before threads start.
 */
void log_open_syslog(const char *ident, enum log_level level);
void log_open_stderr(const char *ident, enum log_level level);

/*
 * Writes one line; control characters in it become "?", so that
 * nobody can begin a line of his own. Thread-safe. Only glue/, daemon/ and
 * cli/ log.
 */
void log_write(enum log_level level, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
