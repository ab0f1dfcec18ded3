/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_OUTAGE_PRIV_H
#define SUBMILTER_TABLE_OUTAGE_PRIV_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"

/*
 * Whether the server of a table answers, as look-ups find it, and what of that
 * was told. Zeroed: nothing was asked yet. Whoever has it locks it.
 */
struct outage {
	bool is_failing;    /* the last look-up failed */
	bool is_told;	    /* that it fails, and not that it answers again */
	uint64_t failed_us; /* when the last one did that failed */
	struct err why;
};

enum outage_news { OUTAGE_SAME, OUTAGE_BEGINS, OUTAGE_ENDS };

/* why: NULL if it has answered. */
void outage_note(struct outage *outage, const struct err *why, uint64_t now_us);
/*
 * What is to be told. An outage ends when look-ups are answered, and none has
 * failed for OUTAGE_QUIET_SECONDS: a server that comes and goes is told of once.
 */
enum { OUTAGE_QUIET_SECONDS = 5 };
enum outage_news outage_news(struct outage *outage, uint64_t now_us);

#endif
