/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_FILE_H
#define SUBMILTER_BASE_FILE_H

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

#endif
