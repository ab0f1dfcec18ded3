/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_GLUE_TALLY_H
#define SUBMILTER_GLUE_TALLY_H

#include <time.h>

#include "policy/decide.h"

/*
 * What this process has told the MTA since it started, for "submilter status".
 * One mutex, held for a few assignments: messages are far slower. It knows no
 * addresses, logins or subjects.
 */
enum { TALLY_ACTIONS = 4, TALLY_LAST = 10 };

struct tally_entry {
	time_t when;
	enum action action;
	char reason[24]; /* the word of the log; empty for "accept" */
	char qid[33];	 /* as the MTA gave it, bounded; may be empty */
};

struct tally {
	unsigned long counts[TALLY_ACTIONS]; /* by enum action */
	struct tally_entry last[TALLY_LAST]; /* the newest one first */
	size_t last_count;
};

/* A message has its verdict. Thread-safe. */
void tally_add(const struct verdict *verdict, struct slice qid);
/* Thread-safe. */
void tally_read(struct tally *ret_tally);

#endif
