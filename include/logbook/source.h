/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_SOURCE_H
#define SUBMILTER_LOGBOOK_SOURCE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The lines of a file, plain or compressed by gzip, which its first octets say
 * and not its name. One thread at a time; blocks on the file.
 */
struct log_source;

/* No line is longer: the rest of a longer one is passed over. */
enum { LOG_SOURCE_LINE_OCTETS = 256 * 1024 };

enum log_source_got {
	LOG_SOURCE_LINE,
	LOG_SOURCE_LONG, /* the beginning of a line that is too long */
	LOG_SOURCE_END,
	LOG_SOURCE_FAILED,
};

/*
 * fd is the file, open already, and is closed with the source; -1: path is
 * opened, of which "-" is standard input. -1 (ERR_CONFIG): it cannot be opened,
 * or a program is to unpack it first, which the text names.
 */
MUST_USE int log_source_open(
    const char *path, int fd, struct log_source **ret_source, struct err *err);
/* NULL is fine. */
void log_source_close(struct log_source *source);
/*
 * The time when the file was last written, by which the year of its lines is
 * found; the time now for standard input.
 */
int64_t log_source_time(const struct log_source *source);
/* Octets of the file that were read so far, compressed or not. */
uint64_t log_source_octets_read(const struct log_source *source);
/* Without its LF, or CRLF; valid until the next call. */
MUST_USE enum log_source_got log_source_next(
    struct log_source *source, struct slice *ret_line, struct err *err);
/*
 * Reads octets that are no lines, as many as count or as there are; at most
 * max of them, and of those what there is room for, come back.
 */
MUST_USE enum log_source_got log_source_octets(struct log_source *source,
    uint64_t count, struct slice *ret_octets, struct err *err);

#endif
