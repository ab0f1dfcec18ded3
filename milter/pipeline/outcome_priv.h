/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_OUTCOME_PRIV_H
#define SUBMILTER_PIPELINE_OUTCOME_PRIV_H

#include "conf/config.h"
#include "policy/verdict.h"

/* Warnings that are kept; a sender can make some of names, but not all. */
enum { MAX_WARNINGS = 16, MAX_NAME_WARNINGS = 4 };

/* Whether what was decided happens. */
enum standing {
	OUTCOME_STANDS,
	/* Monitor mode: it goes on as it came, unsigned, and the log says so. */
	OUTCOME_WATCHED,
	/* The same for preflight and limits, but it is repaired and signed. */
	OUTCOME_ADVISED,
	/* Another From is being written; if that does not help, it stands. */
	OUTCOME_REMEDIED,
};

/* What becomes of a message. */
struct outcome {
	struct verdict verdict; /* accept: nothing was decided against it */
	enum standing standing;
	const char *step;		     /* that decided; NULL: none */
	struct slice warnings[MAX_WARNINGS]; /* it goes on all the same */
	size_t warning_count;
	size_t warnings_left_out;
	size_t name_warnings;
};

/* Whether nothing keeps the message from being repaired and signed. */
bool outcome_is_clean(const struct outcome *outcome);
bool outcome_is_held(const struct outcome *outcome);
bool outcome_is_remedied(const struct outcome *outcome);

/*
 * Adds what a step decided. A verdict that stands replaces one that is only
 * watched; of two that are watched, the first counts. If the result of a remedy
 * is refused, the reason is the one that the remedy was for: the sender knows
 * that text.
 */
void outcome_add(struct outcome *outcome, const char *step,
    struct verdict verdict, enum standing standing);

/* The remedy has helped. */
void outcome_settle(struct outcome *outcome);

/* Adds to what the log line warns of; each text once. */
void outcome_warn(struct outcome *outcome, struct slice warning);

#endif
