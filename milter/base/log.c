/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

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

/* len: octets that there are; text has the first LOG_LINE_OCTETS of them. */
static void
write_text(enum log_level level, const char *text, size_t len)
{
	char line[128 + LOG_LINE_OCTETS + 1], mark[64];
	size_t used = 0, kept = len;

	if (!target.to_syslog)
		used = (size_t)snprintf(line, 128, "%.100s: ", target.ident);
	mark[0] = '\0';
	if (len > LOG_LINE_OCTETS) {
		kept = LOG_LINE_OCTETS - sizeof(mark);
		(void)snprintf(mark, sizeof(mark), " ... (%zu octets more)",
		    len - kept);
	}
	memcpy(line + used, text, kept);
	memcpy(line + used + kept, mark, strlen(mark));
	kept += strlen(mark);
	for (size_t i = used; i < used + kept; i++) {
		if (char_is_control(line[i]))
			line[i] = '?';
	}
	used += kept;
	if (target.to_syslog) {
		syslog(syslog_priority(level), "%.*s", (int)used, line);
		return;
	}
	line[used++] = '\n';
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

void
log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_OCTETS + 1];
	va_list args;
	int len;

	if (level > target.level)
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len >= 0)
		write_text(level, text, (size_t)len);
}

void
log_write_line(enum log_level level, struct slice text)
{
	if (level <= target.level)
		write_text(level, text.data == NULL ? "" : text.data, text.len);
}

void
ensure_failed(const char *what, const char *file, int line)
{
	log_write(LOG_LEVEL_ERROR, "internal error: %s at %s:%d; aborting",
	    what, file, line);
	abort();
}
