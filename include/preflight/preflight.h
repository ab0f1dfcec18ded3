/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_PREFLIGHT_H
#define SUBMILTER_PREFLIGHT_PREFLIGHT_H

#include "message/header.h"
#include "preflight/world.h"

/* What is checked before a message leaves; see the block preflight. */
enum preflight_check {
	PREFLIGHT_SPF,
	PREFLIGHT_DMARC,
	PREFLIGHT_ADSP,
	PREFLIGHT_SENDER_ID,
	PREFLIGHT_UNSUBSCRIBE,
	PREFLIGHT_CHECKS,
};

/* "sender-id": as in the configuration and the log. */
const char *preflight_check_name(enum preflight_check check);

struct preflight_levels {
	enum preflight_level of[PREFLIGHT_CHECKS];
};

struct preflight_levels preflight_levels_of(const struct config *config);
/*
 * Changes levels by words such as "spf=reject dmarc=off". -1 (ERR_CONFIG) for
 * anything else; levels are then as they were.
 */
MUST_USE int preflight_levels_change(
    struct preflight_levels *levels, struct slice words, struct err *err);

/* A message on its way out; domains in lower case and A-labels. */
struct preflight_facts {
	struct slice mail_from; /* local@domain; empty: the null sender */
	struct slice helo;
	const struct net_addr *egress; /* where it will leave from */
	size_t egress_count;
	struct slice egress_text;    /* what tells such lists apart */
	const struct slice *authors; /* domains in From, each once */
	size_t author_count;
	const struct slice *signers; /* d= of the signatures, each once */
	size_t signer_count;
	const struct field *fields; /* the header as it goes out */
	size_t field_count;
	bool smtputf8;
	const struct slice
	    *signed_names; /* lower case; that signatures cover */
	size_t signed_count;
};

enum outlook_state {
	OUTLOOK_NOT_ASKED, /* off, or it does not apply */
	OUTLOOK_GOOD,
	OUTLOOK_BAD,	 /* receivers will hold it against the message */
	OUTLOOK_UNKNOWN, /* DNS did not say; never taken for GOOD */
};

/* What receivers will conclude. */
struct outlook {
	enum outlook_state state;
	struct slice result; /* one word: "pass", "softfail" */
	struct slice text;   /* one printable line, with what helps; GOOD:
				 * mostly empty, else what to know all the same */
};

/*
 * Makes every check whose level is not off. Results for a domain are kept in the
 * world and shared by all messages, so that a known domain costs no question.
 * Where SPF is off, only DMARC asks for it, and only where no signature is
 * aligned. In memory of mem; thread-safe; may block until the
 * deadline.
 */
void preflight_look(const struct preflight_world *world,
    const struct preflight_levels *levels, const struct preflight_facts *facts,
    uint64_t deadline_us, struct arena *mem,
    struct outlook ret_outlooks[PREFLIGHT_CHECKS]);

#endif
