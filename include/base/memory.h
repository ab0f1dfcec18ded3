/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_MEMORY_H
#define SUBMILTER_BASE_MEMORY_H

/*
 * Gives freed memory of all threads back to the kernel. Meanwhile, for about a
 * millisecond, other threads may wait for the allocator. Thread-safe.
 */
void memory_trim(void);

/*
 * Gives back, too, the pages of the program and its libraries: most were read by
 * the loader or by what is done once at the start. The kernel keeps them as the
 * contents of files, and whatever is used again is mapped again without being
 * read. Pages that were written to stay, and so does each mapping that has one,
 * which may be a breakpoint. Linux only; elsewhere, or without /proc, it does
 * what memory_trim() does. Reads files; thread-safe.
 */
void memory_give_back(void);

#endif
