/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_SPOOL_H
#define SUBMILTER_MESSAGE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Files without a name, which go with the process whatever happens to it. A few
 * that nobody needs any more are kept open for a while: to write where a file has
 * been written already takes a quarter of the time, because the kernel has to
 * find no pages for it. What is kept is one list for all threads, behind a lock,
 * bounded in files and octets (spool.c); spool_look() gives up what was not used
 * for a while.
 */
struct spool_file {
	int fd;		  /* -1: none */
	uint64_t octets;  /* that were ever written */
	uint64_t made_us; /* when, of clock_monotonic_us() */
};

/*
 * A file of that directory, in which anything may stand: whoever takes it reads
 * nothing but what was written since. -1 (ERR_TEMP) when none can be made, with
 * the directory in *err. Thread-safe.
 */
MUST_USE int spool_take(
    const char *directory, struct spool_file *ret_file, struct err *err);

/*
 * Writes len octets from offset on. -1 (ERR_TEMP) when that cannot be done: the
 * file is closed then, and *file has none. Files that are kept make room first
 * where the disk is full. May block. Thread-safe for files of one's own.
 */
MUST_USE int spool_write(struct spool_file *file, const char *directory,
    uint64_t offset, const char *data, size_t len, struct err *err);

/* Keeps or closes a file that was taken; without one it does nothing. */
void spool_give_back(struct spool_file *file, const char *directory);

/*
 * Closes what was not used for a while, at that time of clock_monotonic_us(). To
 * be called every few seconds. Thread-safe.
 */
void spool_look(uint64_t now_us);

/* Closes all that is kept. Thread-safe. */
void spool_drop(void);

#endif
