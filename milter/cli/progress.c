/* SPDX-License-Identifier: BSD-2-Clause */
/* How far long work is, for whoever looks at a terminal. */
#include "progress_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/terminal.h"

enum { FIRST_US = 500000, PAUSE_US = 100000, MAX_COLUMNS = 200 };

/* stderr has such a line. */
static bool is_shown;

void
progress_begin(struct progress *progress)
{
	*progress = (struct progress){
		.is_on = terminal_is_capable(STDERR_FILENO),
		.next_us = clock_monotonic_us() + FIRST_US,
	};
}

bool
progress_is_due(struct progress *progress)
{
	uint64_t now;

	if (!progress->is_on)
		return false;
	now = clock_monotonic_us();
	if (now < progress->next_us)
		return false;
	progress->next_us = now + PAUSE_US;
	return true;
}

/* A longer line would go on in the next one, which is never taken away. */
static size_t
progress_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 79;
	return size.ws_col - 1U < MAX_COLUMNS ? size.ws_col - 1U : MAX_COLUMNS;
}

/*
 * How much of a text has room. A character of UTF-8 takes one column, or two
 * where it has three octets or more; what is continued has been counted. A name
 * may have an end of line in it.
 */
static size_t
progress_room(struct slice text, size_t columns)
{
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '\n' || c == '\t')
			return i;
		used += c >= 0xe0 ? 2 : (c & 0xc0) != 0x80;
		if (used > columns)
			return i;
	}
	return text.len;
}

void
progress_show(struct progress *progress, const char *format, ...)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice text;
	va_list args;

	arena_init(&mem);
	if (!progress->is_on)
		return;
	va_start(args, format);
	text = slice_format_args(&mem, format, args);
	va_end(args);
	text = terminal_text(&mem, text);
	fprintf(stderr, "\r%.*s\033[K",
	    (int)progress_room(text, progress_columns()), text.data);
	is_shown = true;
}

void
progress_clear(void)
{
	if (is_shown)
		fputs("\r\033[K", stderr);
	is_shown = false;
}

void
log_progress_begin(
    struct log_progress *progress, const char *const *paths, size_t count)
{
	struct stat st;

	*progress = (struct log_progress){ .total = 0 };
	progress_begin(&progress->line);
	for (size_t i = 0; i < count; i++) {
		/* Nobody knows how much a pipe has. */
		if (stat(paths[i], &st) != 0 || !S_ISREG(st.st_mode)) {
			progress->total = 0;
			return;
		}
		progress->total += (uint64_t)st.st_size;
	}
}

void
log_progress_note(
    struct log_progress *progress, const char *path, uint64_t octets)
{
	enum { MB = 1000000 };
	uint64_t done;

	if (path != progress->path)
		progress->before += progress->octets;
	progress->path = path;
	progress->octets = octets;
	if (!progress_is_due(&progress->line))
		return;
	done = progress->before + octets;
	if (progress->total == 0)
		progress_show(
		    &progress->line, "%" PRIu64 " MB: %s", done / MB, path);
	else
		progress_show(&progress->line,
		    "%" PRIu64 " %% of %" PRIu64 " MB: %s",
		    done >= progress->total ? 100 :
					      done * 100 / progress->total,
		    progress->total / MB, path);
}
