/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that begin to fail, and answer again. */
#include "outage_priv.h"

void
outage_note(struct outage *outage, const struct err *why, uint64_t now_us)
{
	outage->is_failing = why != NULL;
	if (why == NULL)
		return;
	outage->why = *why;
	outage->failed_us = now_us;
}

enum outage_news
outage_news(struct outage *outage, uint64_t now_us)
{
	if (outage->is_failing == outage->is_told ||
	    (outage->is_told &&
		now_us < outage->failed_us + OUTAGE_QUIET_SECONDS * 1000000ULL))
		return OUTAGE_SAME;
	outage->is_told = outage->is_failing;
	return outage->is_told ? OUTAGE_BEGINS : OUTAGE_ENDS;
}
