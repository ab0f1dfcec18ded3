/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_VERDICT_H
#define SUBMILTER_POLICY_VERDICT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum action {
	ACTION_ACCEPT,
	ACTION_REJECT,
	ACTION_TEMPFAIL,
	ACTION_HOLD, /* accepted, and kept back by the MTA */
};

/* "accept", "reject", "tempfail", "hold": as the log names it. */
const char *action_name(enum action action);

/* Why: one word for the log and for programs. */
enum reason {
#define REASON(id, word) REASON_##id,
#include "policy/reasons.def"
#undef REASON
};

enum {
	REASONS = 0
#define REASON(id, word) +1
#include "policy/reasons.def"
#undef REASON
};

/* "rights": as the log names it. */
const char *reason_name(enum reason reason);

/* What becomes of a message, in the words of an SMTP reply (RFC 5321, 3463). */
struct verdict {
	enum action action;
	const char *code;     /* "550"; NULL with ACTION_ACCEPT */
	const char *enhanced; /* "5.7.1" */
	struct slice text;    /* one printable ASCII line */
	enum reason reason;   /* one word for the log */
	struct slice detail;  /* for the operator only; may be empty */
};

struct verdict verdict_accept(void);
/* 530 5.7.0 (RFC 4954 section 6); detail says why no method proves a login. */
struct verdict verdict_unidentified(struct slice detail);
/* 501 5.1.7: MAIL FROM is not an address (RFC 3463 X.1.7). */
struct verdict verdict_bad_path(struct arena *mem, const struct err *err);
/*
 * 554 5.6.0: the message cannot be read in one way; 552 5.3.4: a bound was hit
 * (RFC 3463 X.3.4).
 */
struct verdict verdict_bad_message(struct arena *mem, const struct err *err);
/* 550 5.7.1 with a text of its own. */
struct verdict verdict_refused(enum reason reason, struct slice text);
/*
 * 451 4.3.0: something could not answer. The user reads that it is temporary;
 * err goes to the log only.
 */
struct verdict verdict_unsure(
    struct arena *mem, enum reason reason, const struct err *err);

/* Whether a message was refused because a right is missing. */
bool verdict_lacks_right(const struct verdict *verdict);

#endif
