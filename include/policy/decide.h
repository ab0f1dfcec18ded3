/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_DECIDE_H
#define SUBMILTER_POLICY_DECIDE_H

#include <stdint.h>

#include "identity/identity.h"
#include "policy/authors.h"
#include "policy/rights.h"

enum action {
	ACTION_ACCEPT,
	ACTION_REJECT,
	ACTION_TEMPFAIL,
	ACTION_HOLD,		/* accepted, and kept back by the MTA */
};

/* "accept", "reject", "tempfail", "hold": as the log names it. */
const char *action_name(enum action action);

/* What becomes of a message, in the words of an SMTP reply (RFC 5321, 3463). */
struct verdict {
	enum action action;
	const char *code;	/* "550"; NULL with ACTION_ACCEPT */
	const char *enhanced;	/* "5.7.1" */
	struct slice text;	/* one printable ASCII line */
	const char *reason;	/* one word for the log, from a short list */
	struct slice detail;	/* for the operator only; may be empty */
};

struct verdict verdict_accept(void);
/* 530 5.7.0 (RFC 4954 section 6). */
struct verdict verdict_unidentified(void);
/* 501 5.1.7: MAIL FROM is no address (RFC 3463 X.1.7). */
struct verdict verdict_bad_path(struct arena *mem, const struct err *err);
/*
 * 554 5.6.0: the message cannot be read in one way; 552 5.3.4: a bound was hit
 * (RFC 3463 X.3.4).
 */
struct verdict verdict_bad_message(struct arena *mem, const struct err *err);
/* 550 5.7.1 with a text of its own. */
struct verdict verdict_refused(const char *reason, struct slice text);
/*
 * 451 4.3.0: something could not answer. The user reads that it is temporary;
 * err goes to the log only.
 */
struct verdict verdict_unsure(struct arena *mem, const char *reason,
    const struct err *err);

/*
 * Whether the submitter may use every author address, from author index from
 * on, as the rights block says. One without a right is refused even where
 * another is unknown. Marks authors: behalf, and foreign for those without a
 * right. deadline_us (see clock_monotonic_us()): what is not known by then is
 * unknown.
 */
struct verdict decide_authors(const struct rights *rights,
    const struct submitter *submitter, struct authors *authors, size_t from,
    uint64_t deadline_us, struct arena *mem);

/*
 * Whether From alone is what was refused, so that it could be rewritten: the
 * marks that decide_authors() has left.
 */
bool decide_only_from(const struct authors *authors);

#endif
