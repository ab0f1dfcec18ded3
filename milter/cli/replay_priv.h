/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_REPLAY_PRIV_H
#define SUBMILTER_CLI_REPLAY_PRIV_H

#include "logbook/record.h"
#include "pipeline/snapshot.h"

/* What a message is under the configuration, beside what became of it. */
enum replay_group {
	REPLAY_HIT,    /* it was not refused, and would be */
	REPLAY_FREED,  /* it was refused, and would not be */
	REPLAY_STILL,  /* it was refused, and would be */
	REPLAY_LATER,  /* a table cannot answer now */
	REPLAY_UNTOLD, /* the line does not hold what decides */
	REPLAY_FINE,   /* neither was nor would be */
	REPLAY_GROUPS
};

/*
 * Judges the line of a message by the rights of a snapshot: who sends, MAIL FROM
 * and From, with the functions that judge mail. *ret_why, in mem, says who is
 * hit by what, or what is not told. "Refused" is any action but accept, also one
 * that monitor mode only watched. May block as long as the tables do.
 */
enum replay_group replay_judge(const struct snapshot *snapshot,
    const struct log_record *record, struct arena *mem, struct slice *ret_why);

#endif
