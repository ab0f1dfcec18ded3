/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines to syslog, to stderr or to systemd's journal. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* Set once before threads start. */
static struct {
	const char *ident;
	enum log_level level;
	bool to_syslog;
	bool to_journal; /* stderr is systemd's */
} target = { "submilter", LOG_LEVEL_INFO, false, false };

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
	target.to_journal = log_stderr_is_journal();
}

/* systemd.exec(5): JOURNAL_STREAM has the device and inode that it gave us. */
bool
log_stderr_is_journal(void)
{
	const char *given = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (given == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(given, own) == 0;
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

/*
 * The beginning of a line on stderr, and its length: a priority as in
 * sd-daemon(3) where the journal knows who we are, else our name.
 */
static size_t
begin_line(enum log_level level, char *line, size_t size)
{
	int len = target.to_journal ?
	    snprintf(line, size, "<%d>", syslog_priority(level)) :
	    snprintf(line, size, "%.100s: ", target.ident);

	return len < 0 ? 0 : (size_t)len;
}

/* len: octets that there are; text has the first LOG_LINE_OCTETS of them. */
static void
write_text(enum log_level level, const char *text, size_t len)
{
	char line[128 + LOG_LINE_OCTETS + 1], mark[64];
	size_t used = 0, kept = len;

	if (!target.to_syslog)
		used = begin_line(level, line, 128);
	mark[0] = '\0';
	if (len > LOG_LINE_OCTETS) {
		kept = LOG_LINE_OCTETS - sizeof(mark);
		(void)snprintf(
		    mark, sizeof(mark), " ... (%zu octets more)", len - kept);
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
