/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_FILE_H
#define SUBMILTER_BASE_FILE_H

#include <sys/stat.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Reads a whole file, in memory of mem. Refused (ERR_CONFIG): what cannot be
 * opened, is no regular file, may be written by every user, or has more than
 * max octets; ERR_TEMP when it changes while it is read, or files or memory run
 * out. Blocks on the file system only. Thread-safe.
 */
MUST_USE int file_read(struct slice path, size_t max, struct arena *mem,
    struct slice *ret_text, struct err *err);

/*
 * The same for a file that only root or the user that runs this may have
 * written: others, and links, are refused, too (ERR_CONFIG). *ret_found is
 * false, and *ret_text untouched, where there is none.
 */
MUST_USE int file_read_own(struct slice path, size_t max, struct arena *mem,
    bool *ret_found, struct slice *ret_text, struct err *err);

/* Whether a file is as it was: its size and times say so. */
bool file_same_state(const struct stat *a, const struct stat *b);

/*
 * What every text that decides something must show: it is not empty, and its
 * last line has an end. Else it may be cut, by whoever still writes it or by a
 * full disk. -1 (ERR_CONFIG) says so and what to do.
 */
MUST_USE int file_check_end(struct slice text, struct err *err);

/*
 * Lines, other than blanks and comments (#), that stood in before behind all of
 * text; 0 where text is no beginning of it. A file that is cut between two lines
 * looks like this, and so does one of which somebody removed the last lines.
 */
size_t text_lines_lost(struct slice text, struct slice before);

/*
 * Whether the file holds text still once it has been left alone for ms;
 * waits for that. -1 (ERR_TEMP) when it does not, and where it may have been cut
 * because its disk is full.
 */
MUST_USE int file_check_stands(struct slice path, struct slice text,
    unsigned int ms, struct err *err);

#endif
