/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_PIPELINE_H
#define SUBMILTER_PIPELINE_PIPELINE_H

#include "message/edit.h"
#include "message/encode.h"
#include "pipeline/snapshot.h"
#include "policy/decide.h"
#include "policy/levels.h"

/*
 * The way of one message:
 *
 *	message_new
 *	pipeline_mail		identify, rights of MAIL FROM
 *	pipeline_rcpt		for each recipient that the MTA takes
 *	message_add_header	as often as it takes
 *	pipeline_header		(identify) -> authors -> decide -> repair ->
 *				begin to sign
 *	pipeline_body		as often as it takes
 *	pipeline_end		signatures
 *	message_settle
 *	message_free
 *
 * A verdict other than ACTION_ACCEPT ends it, at any step. Nothing here knows
 * libmilter: the daemon, "submilter test", tests and fuzzers call the same
 * functions. One thread at a time for a message, another may go on.
 */
struct message;

/* What MAIL says, copied by message_new(). */
struct mail_facts {
	struct client_facts client;
	struct slice path; /* reverse-path as the client typed it */
	bool smtputf8;
	/* Not NULL: notes what tables are asked; see table/trace.h. */
	struct table_trace *trace;
};

/* Takes a reference on the snapshot. The message is the caller's. */
struct message *message_new(
    struct snapshot *snapshot, const struct mail_facts *facts);
void message_free(struct message *message);

/*
 * Identifies the submitter and judges MAIL FROM, both as typed and as the MTA
 * understood it: if they are not the same address, both must be allowed. Both is
 * left to pipeline_header() if the next method to be asked reads the header.
 */
struct verdict pipeline_mail(struct message *message);

/*
 * A recipient, as the client typed it. It is counted for the log and for limits,
 * which are judged at the end of the header: the MTA does not wait here. The MTA
 * hands over those that it has not refused itself; another milter still may.
 */
void pipeline_rcpt(struct message *message, struct slice path);

/*
 * Keeps a header field. A bound that is hit or a field that cannot be is
 * remembered for pipeline_header().
 */
void message_add_header(
    struct message *message, struct slice name, struct slice value);

/* Judges and repairs the whole header, and feeds it to the signer. */
struct verdict pipeline_header(struct message *message);

/* Whether more of the body is needed: something will be signed, so far. */
bool message_needs_body(const struct message *message);
/* Whether pipeline_end() may have edits for the MTA, or tell it to hold. */
bool message_has_edits(const struct message *message);

void pipeline_body(struct message *message, struct slice chunk);

/*
 * Makes the signatures. After ACTION_ACCEPT the edits are complete. ACTION_HOLD
 * comes from here alone: MTAs keep a message back at its end only.
 */
struct verdict pipeline_end(struct message *message);

/*
 * What the MTA was told in the end. A message that goes on, or is held, has used
 * what it took of its login's limits; of any other message_free() gives it back.
 */
void message_settle(struct message *message, const struct verdict *verdict);

/*
 * Whether the body goes on as another one, after pipeline_end(); and that body,
 * in pieces through a function. -1 (ERR_TEMP) when it cannot be read again.
 */
bool message_changes_body(const struct message *message);
MUST_USE int message_write_body(const struct message *message,
    encode_sink *sink, void *arg, struct err *err);

/* What changes; valid until message_free(). NULL before pipeline_header(). */
const struct edits *message_edits(const struct message *message);
/*
 * What changes in the envelope. If the MTA does not make the change, the message
 * must not go on. Valid until message_free().
 */
const struct envelope_edits *message_envelope(const struct message *message);
struct arena *message_arena(struct message *message);
const struct submitter *message_submitter(const struct message *message);
/* That the MTA took. */
unsigned long message_recipients(const struct message *message);
/* After pipeline_mail(). */
const struct rights_levels *message_levels(const struct message *message);
/* After pipeline_mail(), or pipeline_header() for a login that waited. */
const struct login_limits *message_limits(const struct message *message);
const struct snapshot *message_snapshot(const struct message *message);
/* The step that decided against it, also where that is only watched; or "". */
const char *message_step(const struct message *message);
const struct authors *message_authors(const struct message *message);

/*
 * Adds the message to what metrics count (base/metrics.h). The verdict is the one
 * the MTA is told. Once a message.
 */
void message_count(
    const struct message *message, const struct verdict *verdict);
/*
 * Blocks of the configuration whose steps decide, by an index from 0: "none",
 * "identify", "rights"; NULL behind the last one.
 */
const char *pipeline_section_name(size_t section);
/* METRIC_REFUSALS and _WATCHED count by action, reason and section. */
enum { COUNTED_REASONS = 32, COUNTED_SECTIONS = 9 };

/*
 * The log line of a message: key=value in a fixed order, values quoted where
 * they need it and escaped. qid may be empty. The verdict is the one the MTA
 * is told.
 */
struct slice pipeline_log_line(
    struct message *message, struct slice qid, const struct verdict *verdict);

/* The same facts as JSON members, without braces ("submilter test --json"). */
void pipeline_log_json(
    struct message *message, const struct verdict *verdict, struct strbuf *buf);

#endif
