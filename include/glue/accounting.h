/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_GLUE_ACCOUNTING_H
#define SUBMILTER_GLUE_ACCOUNTING_H

#include "conf/config.h"
#include "table/record.h"

/*
 * One record for each message that was accepted, told to the server that the
 * block "accounting" names. A message leaves its record in a queue of one process,
 * which is bounded and guarded by one mutex; one thread sends. Records wait while
 * the server is away. What does not fit, or can never be sent, or still waits at
 * the end, is lost: it is counted, and the log names the message.
 */

/*
 * Opens what the block names. *ret_table is NULL where it names nothing. report
 * gets warnings. -1: *err.
 */
MUST_USE int accounting_open(const struct config *config,
    const struct report *report, struct table **ret_table, struct err *err);

/*
 * Begins. The table, of which this is the owner from now on, takes records; at
 * most limit wait. Once in a process. -1 (ERR_TEMP): there is no thread.
 */
MUST_USE int accounting_start(
    struct table *table, size_t limit, struct err *err);
bool accounting_is_on(void);
/* A number for a session of the MTA. */
unsigned long accounting_session(void);
/*
 * Adds a record, which is copied, but for its session: that is the number. Does
 * not wait for the server. Thread-safe.
 */
void accounting_add(const struct table_record *record, unsigned long session);
/*
 * Sends what waits, for some seconds; what is left then is lost. Several threads
 * may call it: each returns when that is done.
 */
void accounting_stop(void);

struct accounting_counts {
	bool is_on;
	unsigned long sent, waiting, lost;
};
struct accounting_counts accounting_read(void);

#endif
