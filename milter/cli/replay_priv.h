/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_REPLAY_PRIV_H
#define SUBMILTER_CLI_REPLAY_PRIV_H

#include "logbook/census.h"
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
 * The snapshot by which messages are judged. Tables are read as the milter's user,
 * so what others must not read is opened before. Its faults go to stderr. The
 * configuration belongs to the snapshot, and is freed on failure (-1).
 */
MUST_USE int replay_snapshot(
    struct config *config, struct snapshot **ret_snapshot, struct err *err);

/*
 * Judges the line of a message by the rights of a snapshot: who sends, MAIL FROM
 * and From, with the functions that judge mail. *ret_why, in mem, says who is
 * hit by what, or what is not told. "Refused" is any action but accept, also one
 * that monitor mode only watched. May block as long as the tables do.
 */
enum replay_group replay_judge(const struct snapshot *snapshot,
    const struct log_record *record, struct arena *mem, struct slice *ret_why);

/* Messages by their groups; rows: how many reasons of each are printed. */
struct replay_tally {
	struct census groups[REPLAY_GROUPS];
	uint64_t totals[REPLAY_GROUPS];
	size_t rows;
};

/* In place; all but the censuses is as it was. */
void replay_tally_init(struct replay_tally *tally);
void replay_tally_done(struct replay_tally *tally);
/* Counts a message; sample names one, by a queue identifier or a file. */
void replay_add(struct replay_tally *tally, enum replay_group group,
    struct slice why, struct slice sample);
/* The same for a line, by replay_judge(). */
void replay_count(struct replay_tally *tally, const struct snapshot *snapshot,
    const struct log_record *record);
/* Sorts them first, after which nothing can be added. As members of JSON. */
void replay_print_text(struct replay_tally *tally, struct strbuf *buf);
void replay_print_json(struct replay_tally *tally, struct strbuf *buf);

/* A sorted census of messages, of which the first rows are printed. */
struct replay_census {
	const char *member; /* of JSON */
	const struct census *census;
	uint64_t messages;
	size_t rows;
};

/* Appends it as a further member, as replay_print_json() does each group. */
void replay_census_json(const struct replay_census *group, struct strbuf *buf);

#endif
