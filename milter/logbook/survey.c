/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts what the lines of messages say. */
#include "logbook/survey.h"

#include <stdlib.h>
#include <string.h>

const struct survey_form survey_forms[SURVEY_TABLES] = {
#define SURVEY_TABLE(id, name, title, what, marked, text) \
	{ name, title, what, marked, text },
#include "logbook/survey_tables.def"
#undef SURVEY_TABLE
};

const char *const survey_actions[SURVEY_ACTIONS] = { "accept", "reject",
	"tempfail", "hold" };

/* Room for two values and what stands between them. */
enum { NAME_OCTETS = 512 };

void
survey_init(struct survey *survey, int64_t since, int64_t until)
{
	memset(survey, 0, sizeof(*survey));
	survey->since = since;
	survey->until = until;
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		census_init(&survey->tables[i]);
	/* Hours without mail are never touched. */
	survey->hours = calloc(SURVEY_HOURS, sizeof(*survey->hours));
	ENSURE(survey->hours != NULL);
}

void
survey_done(struct survey *survey)
{
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		census_done(&survey->tables[i]);
	free(survey->hours);
	survey->hours = NULL;
}

bool
survey_compares(const struct survey *survey)
{
	return survey->until != 0;
}

/* 0: the period, 1: the one before, -1: neither. */
static int
period_of(const struct survey *survey, int64_t at)
{
	int64_t before = survey->since - (survey->until - survey->since);

	if (survey->until == 0)
		return 0;
	if (at >= survey->since && at < survey->until)
		return 0;
	return at >= before && at < survey->since ? 1 : -1;
}

static size_t
action_of(struct slice word)
{
	size_t i = 0;

	while (
	    i < SURVEY_ACTIONS && !slice_eq(word, slice_of(survey_actions[i])))
		i++;
	return i;
}

/* "A B"; what has no room is left out. */
static struct slice
join(char room[NAME_OCTETS], struct slice a, struct slice b)
{
	size_t len = a.len < NAME_OCTETS / 2 ? a.len : NAME_OCTETS / 2;
	size_t more = b.len < NAME_OCTETS / 2 - 1 ? b.len : NAME_OCTETS / 2 - 1;

	if (len != 0)
		memcpy(room, a.data, len);
	if (len != 0)
		room[len++] = ' ';
	if (more != 0)
		memcpy(room + len, b.data, more);
	return (struct slice){ room, len + more };
}

/* One message, while it is counted. */
struct entry {
	struct survey *survey;
	const struct log_record *record;
	unsigned int period;
	size_t action;
	struct slice who;
	struct slice qid;
	char who_room[NAME_OCTETS];
};

static struct census_item *
count_name(
    const struct entry *entry, enum survey_table table, struct slice name)
{
	return census_add(
	    &entry->survey->tables[table], name, entry->period, entry->qid);
}

/* All entries of a list. */
static void
count_list(
    const struct entry *entry, enum survey_table table, enum log_field field)
{
	struct slice rest = entry->record->fields[field], item;

	while (log_list_next(&rest, &item))
		(void)count_name(entry, table, item);
}

/*
 * The rows that gave a right, "TABLE, key KEY": a comma with a blank behind it
 * is part of an entry, because none stands between two of them.
 */
static void
count_rights(const struct entry *entry)
{
	struct slice rest = entry->record->fields[LOG_RIGHT], row, part;

	while (log_list_next(&rest, &row)) {
		while (slice_starts(rest, SLICE(" ")) &&
		    log_list_next(&rest, &part))
			row.len += 1 + part.len;
		(void)count_name(entry, SURVEY_RIGHTS, row);
	}
}

static void
count_why(const struct entry *entry)
{
	const struct slice *fields = entry->record->fields;
	struct survey_period *period = &entry->survey->periods[entry->period];
	bool is_watched = fields[LOG_WOULD].len != 0;
	char room[NAME_OCTETS];
	struct slice detail = fields[LOG_DETAIL],
		     action = fields[is_watched ? LOG_WOULD : LOG_ACTION];

	if (entry->action == SURVEY_ACCEPT && !is_watched)
		return;
	period->would += is_watched;
	(void)count_name(entry, is_watched ? SURVEY_WOULD : SURVEY_REFUSED,
	    join(room, fields[LOG_REASON], action));
	(void)count_name(
	    entry, SURVEY_HIT, join(room, entry->who, fields[LOG_REASON]));
	if (detail.len == 0)
		detail = fields[LOG_REPLY];
	if (slice_eq(action, SLICE("tempfail")))
		(void)count_name(entry, SURVEY_FAILURES,
		    join(room, fields[LOG_REASON], detail));
}

static void
count_signatures(const struct entry *entry)
{
	const struct slice *fields = entry->record->fields;
	struct survey_period *period = &entry->survey->periods[entry->period];
	struct slice rest = fields[LOG_FROM], author;
	bool is_signed = fields[LOG_SIGNED].len != 0 &&
	    !slice_eq(fields[LOG_SIGNED], SLICE("none"));
	char folded[NAME_OCTETS];

	if (is_signed) {
		count_list(entry, SURVEY_KEYS, LOG_SIGNED);
		period->signed_now++;
	}
	if (fields[LOG_UNSIGNED].len != 0)
		(void)count_name(entry, SURVEY_UNSIGNED, fields[LOG_UNSIGNED]);
	if (!log_list_next(&rest, &author))
		return;
	author = slice_sub(log_value_domain(author), 0, NAME_OCTETS);
	for (size_t i = 0; i < author.len; i++)
		folded[i] = char_lower(author.data[i]);
	author.data = folded;
	count_name(entry, SURVEY_DOMAINS, author)->marked[entry->period] +=
	    !is_signed && entry->action == SURVEY_ACCEPT;
}

static void
count_repairs(const struct entry *entry)
{
	const struct slice *fields = entry->record->fields;
	bool is_watched = fields[LOG_REPAIRED].len == 0;
	struct slice rest =
			 fields[is_watched ? LOG_WOULD_REPAIR : LOG_REPAIRED],
		     item;
	char room[NAME_OCTETS];

	if (rest.len == 0)
		return;
	entry->survey->periods[entry->period].repaired += !is_watched;
	while (log_list_next(&rest, &item)) {
		count_name(entry, SURVEY_REPAIRS, item)
		    ->marked[entry->period] += is_watched;
		(void)count_name(
		    entry, SURVEY_REPAIRED, join(room, entry->who, item));
		if (fields[LOG_PROGRAM].len != 0)
			(void)count_name(entry, SURVEY_PROGRAMS,
			    join(room, fields[LOG_PROGRAM], item));
	}
}

static void
count_outlooks(const struct entry *entry)
{
	static const enum log_field outlooks[] = { LOG_SPF, LOG_DMARC, LOG_ADSP,
		LOG_SENDER_ID, LOG_UNSUBSCRIBE };
	const struct slice *fields = entry->record->fields;
	char room[NAME_OCTETS];

	for (size_t i = 0; i < sizeof(outlooks) / sizeof(outlooks[0]); i++) {
		enum log_field field = outlooks[i];

		if (fields[field].len != 0)
			(void)count_name(entry, SURVEY_OUTLOOKS,
			    join(room, slice_of(log_field_name(field)),
				fields[field]));
	}
}

/* Tables without the age of their answers; texts one by one. */
static void
count_faults(const struct entry *entry)
{
	struct slice rest = entry->record->fields[LOG_STALE], item;

	while (log_list_next(&rest, &item))
		(void)count_name(entry, SURVEY_STALE,
		    slice_sub(item, 0, slice_find_last(item, ';')));
	rest = entry->record->fields[LOG_WARNING];
	if (rest.len != 0)
		(void)count_name(entry, SURVEY_WARNINGS, rest);
}

static void
count_period(const struct entry *entry)
{
	const struct slice *fields = entry->record->fields;
	struct survey_period *period = &entry->survey->periods[entry->period];
	unsigned long rcpts;
	uint64_t tenths;

	period->messages++;
	if (entry->action < SURVEY_ACTIONS)
		period->actions[entry->action]++;
	if (slice_number(fields[LOG_RCPTS], 1000000000, &rcpts))
		period->rcpts += rcpts;
	if (log_value_ms(fields[LOG_MS], &tenths))
		histogram_add(&period->ms, tenths);
}

static void
count_time(const struct entry *entry)
{
	struct survey *survey = entry->survey;
	int64_t at = entry->record->time;

	if (at <= 0 || entry->period != 0)
		return;
	if (survey->first == 0 || at < survey->first)
		survey->first = at;
	if (at > survey->last)
		survey->last = at;
	if (at / 3600 < SURVEY_HOURS)
		survey->hours[at / 3600][entry->action != SURVEY_ACCEPT]++;
}

void
survey_message(void *arg, const struct log_record *record)
{
	struct survey *survey = arg;
	const struct slice *fields = record->fields;
	int period = period_of(survey, record->time);
	struct entry entry = { .survey = survey,
		.record = record,
		.action = action_of(fields[LOG_ACTION]),
		.who = fields[LOG_LOGIN],
		.qid = fields[LOG_QID] };

	if (period < 0) {
		survey->outside++;
		return;
	}
	entry.period = (unsigned int)period;
	if (entry.who.len == 0)
		entry.who =
		    join(entry.who_room, fields[LOG_VIA], fields[LOG_CLIENT]);
	count_period(&entry);
	count_time(&entry);
	count_name(&entry, SURVEY_WHO, entry.who)->marked[entry.period] +=
	    entry.action != SURVEY_ACCEPT;
	count_why(&entry);
	count_signatures(&entry);
	count_repairs(&entry);
	count_outlooks(&entry);
	count_faults(&entry);
	count_rights(&entry);
}

void
survey_other(void *arg, int64_t time, struct slice text)
{
	struct survey *survey = arg;
	int period = period_of(survey, time);
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (period >= 0)
		(void)census_add(&survey->tables[SURVEY_DAEMON],
		    slice_of(escape(&mem, text, CENSUS_NAME_OCTETS)),
		    (unsigned int)period, SLICE(""));
}

void
survey_finish(struct survey *survey)
{
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		census_sort(&survey->tables[i]);
}
