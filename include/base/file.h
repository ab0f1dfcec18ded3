/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_FILE_H
#define SUBMILTER_BASE_FILE_H

#include <sys/stat.h>

#include "base/err.h"
#include "base/str.h"

/* Closes a descriptor unless it is -1; for a variable that is left. */
void fd_close(int *fd);

/* A file that is to be read whole. */
struct file_request {
	struct slice path;
	size_t max_bytes;
	struct arena *mem; /* for its text */
};

/*
 * Reads it. Refused (ERR_CONFIG): what cannot be opened, is not a regular file,
 * may be written by every user, or is too large; ERR_TEMP when it changes while
 * it is read, or files or memory run out. Blocks on the file system only.
 * Thread-safe.
 */
MUST_USE int file_read(const struct file_request *request,
    struct slice *ret_text, struct err *err);

/* The same; *ret_state is how the file was, for file_same_state(). */
MUST_USE int file_read_state(const struct file_request *request,
    struct slice *ret_text, struct stat *ret_state, struct err *err);

/*
 * The same for a file that only root or the user that runs this may have
 * written: others, and links, are refused, too (ERR_CONFIG). *ret_found is
 * false, and *ret_text untouched, where there is none.
 */
MUST_USE int file_read_own(const struct file_request *request, bool *ret_found,
    struct slice *ret_text, struct err *err);

/* Takes a line with its newline; -1 with *err ends the reading. */
typedef int file_line(void *arg, struct slice line, struct err *err);
/*
 * The same line by line, for a file that is larger than what is to be kept of
 * it. A line lasts as long as the call; the last one may lack its newline. -1
 * also behind some lines, or all of them: then nothing that they said counts.
 */
MUST_USE int file_each_line_own(const struct file_request *request,
    file_line *take, void *arg, bool *ret_found, struct err *err);

/*
 * Writes text aside, as PATH.new, and renames it: readers see the old file or
 * the new one. It is not synced to the disk. Root writes nothing below a
 * directory of another user. -1 (ERR_CONFIG): the old file is as it was.
 */
MUST_USE int file_replace(
    struct slice path, struct slice text, mode_t mode, struct err *err);

/* Whether a file is as it was: its size and times say so. */
bool file_same_state(const struct stat *a, const struct stat *b);

/*
 * Every text that decides something must show that it is not empty, and that
 * its last line has an end. Else it may be cut, by whoever still writes it or
 * by a full disk. -1 (ERR_CONFIG) says so, and what to do with the file at
 * path.
 */
MUST_USE int file_check_end(
    struct slice text, struct slice path, struct err *err);

/*
 * Whether this process may read the file that a parameter names; "" is none.
 * -1 (ERR_TEMP): "tls_CAfile /etc/ca.pem: No such file or directory".
 */
MUST_USE int file_check_readable(
    const char *parameter, struct slice path, struct err *err);

/*
 * Lines, other than blanks and comments (#), that stood in before behind all of
 * text; 0 where text is not its beginning. A file that is cut between two lines
 * looks like this, and so does one of which somebody removed the last lines.
 */
size_t text_lines_lost(struct slice text, struct slice before);

/*
 * Whether the file holds text still once it has been left alone for ms; waits
 * for that. -1 (ERR_TEMP) when it does not, and where it may have been cut
 * because its disk is full.
 */
MUST_USE int file_check_stands(
    struct slice path, struct slice text, unsigned int ms, struct err *err);

#endif
