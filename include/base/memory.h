/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_MEMORY_H
#define SUBMILTER_BASE_MEMORY_H

/*
 * Gives freed memory of all threads back to the kernel. Meanwhile, for about a
 * millisecond, other threads may wait for the allocator. Thread-safe.
 */
void memory_trim(void);

#endif
