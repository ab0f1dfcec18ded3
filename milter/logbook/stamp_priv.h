/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_STAMP_PRIV_H
#define SUBMILTER_LOGBOOK_STAMP_PRIV_H

#include <stdint.h>

#include "base/str.h"

/*
 * Times before the lines of a log. What was found of an hour of local time is
 * kept, because asking for its zone takes longer than all else.
 */
struct stamps {
	int64_t reference; /* lines without a year are not long after it */
	int64_t hour_key;
	int64_t hour_start;
};

/*
 * Cuts a time, and the blank behind it, from the beginning of *rest. True and
 * 0: it does not count from 1970 (short-monotonic). False: there is none.
 */
bool stamp_cut(struct stamps *stamps, struct slice *rest, int64_t *ret_time);

#endif
