/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_PACE_H
#define SUBMILTER_BASE_PACE_H

/*
 * Long work of a thread beside others that serve mail. A scheduler lets a thread
 * run for some milliseconds once it has a core, and a message whose thread is
 * woken on that core waits as long. pace() in the loops of such work lets others
 * run every 50 µs. It holds nothing up where nobody waits, and leaves priorities
 * alone: a thread of low priority that holds a lock would hold up all others.
 * No lock may be held where pace() is called.
 *
 * pace() counts for the calling thread, and only between pace_begin() and
 * pace_end(); elsewhere it does nothing. May be called for each item of a list,
 * however little work that is.
 */
void pace_begin(void);
void pace_end(void);
void pace(void);

#endif
