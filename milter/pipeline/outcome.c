/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a message: one record that each step adds to. */
#include "outcome_priv.h"

static bool
is_accepted(const struct outcome *outcome)
{
	return outcome->verdict.action == ACTION_ACCEPT;
}

bool
outcome_is_clean(const struct outcome *outcome)
{
	return is_accepted(outcome) || outcome->standing == OUTCOME_ADVISED ||
	    outcome->standing == OUTCOME_REMEDIED;
}

bool
outcome_is_held(const struct outcome *outcome)
{
	return outcome->verdict.action == ACTION_HOLD &&
	    outcome->standing == OUTCOME_STANDS;
}

bool
outcome_is_remedied(const struct outcome *outcome)
{
	return !is_accepted(outcome) && outcome->standing == OUTCOME_REMEDIED;
}

void
outcome_add(struct outcome *outcome, const char *step, struct verdict verdict,
    enum standing standing)
{
	if (verdict.action == ACTION_ACCEPT)
		return;
	if (outcome_is_remedied(outcome) && verdict.action == ACTION_REJECT) {
		outcome->standing = standing;
		return;
	}
	if (!is_accepted(outcome) && outcome->standing == OUTCOME_WATCHED &&
	    standing != OUTCOME_STANDS)
		return;
	outcome->verdict = verdict;
	outcome->standing = standing;
	outcome->step = step;
}

void
outcome_settle(struct outcome *outcome)
{
	outcome->verdict = verdict_accept();
	outcome->standing = OUTCOME_STANDS;
	outcome->step = NULL;
}

void
outcome_warn(struct outcome *outcome, struct slice warning)
{
	for (size_t i = 0; i < outcome->warning_count; i++) {
		if (slice_eq(outcome->warnings[i], warning))
			return;
	}
	if (outcome->warning_count < MAX_WARNINGS)
		outcome->warnings[outcome->warning_count++] = warning;
	else
		outcome->warnings_left_out++;
}
