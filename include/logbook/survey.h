/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_SURVEY_H
#define SUBMILTER_LOGBOOK_SURVEY_H

#include "logbook/histogram.h"
#include "logbook/reader.h"
#include "logbook/census.h"

/*
 * What many lines say together: counts for a period, and for the one before it.
 * Its memory does not depend on how many lines are counted, nor on what they
 * hold.
 */
enum survey_table {
#define SURVEY_TABLE(id, name, title, what, marked, text) SURVEY_##id,
#include "logbook/survey_tables.def"
#undef SURVEY_TABLE
	SURVEY_TABLES
};

struct survey_form {
	const char *name, *title, *what, *marked, *text;
};
extern const struct survey_form survey_forms[SURVEY_TABLES];

/* The words of "action", in this order; ACTIONS for any other. */
enum {
	SURVEY_ACCEPT,
	SURVEY_REJECT,
	SURVEY_TEMPFAIL,
	SURVEY_HOLD,
	SURVEY_ACTIONS
};
extern const char *const survey_actions[SURVEY_ACTIONS];

/* Hours from 1970 to 2100. */
enum { SURVEY_HOURS = 130 * 366 * 24 };

struct survey_period {
	uint64_t messages;
	uint64_t rcpts;
	uint64_t actions[SURVEY_ACTIONS];
	uint64_t would;	     /* would not have gone on without monitor mode */
	uint64_t signed_now; /* of those that went on */
	uint64_t repaired;
	struct histogram ms; /* in tenths of a millisecond */
};

struct survey {
	int64_t since, until; /* the period; both 0: all lines */
	int64_t first, last;  /* times of its messages; 0: none has a time */
	uint64_t outside;     /* messages of neither period */
	struct survey_period periods[CENSUS_PERIODS];
	struct census tables[SURVEY_TABLES];
	struct log_counts counts;
	/* Of the period: those that went on, and those that did not, by hour. */
	uint32_t (*hours)[2];
};

/* since and until in seconds since 1970, or both 0. */
void survey_init(struct survey *survey, int64_t since, int64_t until);
void survey_done(struct survey *survey);
/* For log_visitor: arg is the survey. */
void survey_message(void *arg, const struct log_record *record);
void survey_other(void *arg, int64_t time, struct slice text);
/* Puts the tables in order, when all lines are counted. */
void survey_finish(struct survey *survey);
/* Whether there is a period before, for comparison. */
bool survey_compares(const struct survey *survey);

#endif
