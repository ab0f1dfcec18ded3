/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/str.h"

/* Set once before threads start. */
static struct {
	const char *ident;
	enum log_level level;
	bool to_syslog;
} target = { "submilter", LOG_LEVEL_INFO, false };

void
log_open_syslog(const char *ident, enum log_level level)
{
	target.ident = ident;
	target.level = level;
	target.to_syslog = true;
	openlog(ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_open_stderr(const char *ident, enum log_level level)
{
	target.ident = ident;
	target.level = level;
	target.to_syslog = false;
}

static int
syslog_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_INFO;
}

void
log_write(enum log_level level, const char *format, ...)
{
	char line[8192];
	size_t used = 0;
	va_list args;
	int len;

	if (level > target.level)
		return;
	if (!target.to_syslog)
		used = (size_t)snprintf(line, 128, "%.100s: ", target.ident);
	va_start(args, format);
	len = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	if (len < 0)
		return;
	for (char *p = line; *p != '\0'; p++) {
		if (char_is_control(*p))
			*p = '?';
	}
	if (target.to_syslog) {
		syslog(syslog_priority(level), "%s", line);
		return;
	}
	used = strlen(line);
	line[used++] = '\n';
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

void
ensure_failed(const char *what, const char *file, int line)
{
	log_write(LOG_LEVEL_ERROR, "internal error: %s at %s:%d; aborting",
	    what, file, line);
	abort();
}
