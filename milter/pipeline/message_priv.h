/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_MESSAGE_PRIV_H
#define SUBMILTER_PIPELINE_MESSAGE_PRIV_H

#include "pipeline/pipeline.h"
#include "preflight/preflight.h"
#include "repair/repair_body.h"
#include "repair/repair_header.h"
#include "sign/key_record.h"

/* More signatures than this help nobody: each takes a key operation. */
enum { MAX_SIGNATURES = 8 };
/* Warnings that are kept; a sender can make some of names, but not all. */
enum { MAX_WARNINGS = 16, MAX_NAME_WARNINGS = 4 };

/* Facts first, then what each step found out, in the order of the steps. */
struct message {
	struct arena mem;
	struct snapshot *snapshot;
	struct mail_facts facts;
	struct submitter submitter;
	bool unchecked;			/* no login, and let through */
	size_t typed_paths;
	struct header header;
	struct err header_fault;
	struct authors authors;
	struct slice claimed_from;	/* what From was, where it is rewritten */
	struct slice warnings[MAX_WARNINGS];	/* what goes on, and should be known */
	size_t warning_count;
	size_t warnings_left_out;
	size_t name_warnings;
	struct verdict would;		/* what monitor mode did not do */
	struct verdict foreseen;	/* likewise, and it is signed all the same */
	struct verdict held;		/* why the MTA shall keep it back */
	bool rewrite_from;
	struct verdict refusal;		/* what stands if that does not help */
	struct cover cover;		/* by signatures of others */
	unsigned int repairs;		/* that the message needed */
	bool repairs_done;
	bool has_edits;
	struct edits edits;
	struct signer *signer;
	const struct sign_policy *sign_policy;	/* the signer's */
	struct err body_fault;
	struct body body;
	struct mime_scan *scan;		/* NULL: the body goes on as it is */
	struct body_plan body_plan;	/* without parts: it goes on as it came */
	bool eight_bits;		/* it came with some, or may have */
	bool odd_blanks;		/* in a body to be signed as relaxed */
	struct outlook outlooks[PREFLIGHT_CHECKS];
	size_t key_count;
	const struct sign_key **keys;
	struct slice unsigned_why;	/* why no key was chosen; may be empty */
	struct err key_fault;		/* why it is not known which keys sign */
	struct signature *signatures;
	bool is_signed;
	uint64_t busy_us;
};

/* judge.c: who sends, and whether he may. */

const struct config *message_config(const struct message *message);

/*
 * What a section decides under "monitor": the message goes on, and the log
 * says what would have been.
 */
struct verdict message_in_mode(struct message *message, enum section_mode mode,
    struct verdict verdict);

/* Adds to what the log line warns of; each text once. */
void message_warn(struct message *message, struct slice warning);

/*
 * Warns of signatures of others that the edits break, or a body that is changed
 * from an octet on (UINT64_MAX: it is not).
 */
void message_warn_broken(struct message *message, uint64_t body_from);

/* The submitter, and the reverse-path as typed and as the MTA reads it. */
struct verdict message_judge_mail(struct message *message);
/* Authors and names of the header as received. */
struct verdict message_judge_header(struct message *message);
/*
 * What was written here is judged like what was received: it has one reading,
 * and all authors in it are the submitter's.
 */
struct verdict message_judge_result(struct message *message);

/* When DNS must have answered what a message asks from now on. */
uint64_t preflight_deadline(const struct message *message);
/*
 * choose_keys.c: the keys of a domain that may sign now, by what DNS showed of
 * them; warns of what it did not show. Where that is not known it sets
 * message->key_fault.
 */
const struct domain_keys *message_usable_keys(struct message *message,
    const struct domain_keys *domain);

/* As configured, or as the MTA says of itself; MTA_AUTO: it says nothing. */
enum mta_choice message_mta(const struct message *message);

/*
 * signing.c: the header as it goes on, to a signer with the keys that were
 * chosen; each piece of the body; and at its end what the body needs to arrive
 * as it is signed, the signatures, and their check.
 */
struct verdict message_begin_signing(struct message *message);
MUST_USE int message_take_body(struct message *message, struct slice chunk,
    struct err *err);
struct verdict message_sign(struct message *message);

/* foresee.c: whoever is the sender, X-Submilter-Preflight is ours to write. */
void message_drop_tags(const struct message *message, struct edits *edits);
/* foresee.c: what receivers will conclude; changes the tag among the edits. */
struct verdict message_foresee(struct message *message);

#endif
