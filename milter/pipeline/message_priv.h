/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_MESSAGE_PRIV_H
#define SUBMILTER_PIPELINE_MESSAGE_PRIV_H

#include "outcome_priv.h"
#include "pipeline/pipeline.h"
#include "preflight/preflight.h"
#include "repair/repair_body.h"
#include "repair/repair_decode.h"
#include "repair/repair_header.h"
#include "keys/key_choice.h"

/* More signatures help nobody, and each takes a key operation. */
enum { MAX_SIGNATURES = 8 };

/* Facts first, then what each step found out, in the order of the steps. */
struct message {
	struct arena mem;
	struct snapshot *snapshot;
	struct mail_facts facts;
	struct submitter submitter;
	struct rights_levels levels;	  /* the submitter's */
	struct login_grants login_grants; /* the same; see message_rights() */
	struct login_limits limits;	  /* the same */
	bool has_limits;		  /* they are known */
	struct limit_claim claim;	  /* what it has taken of them */
	struct slice rcpt;		  /* while it is counted */
	unsigned long rcpts;		  /* recipients that the MTA took */
	struct header header;
	struct err header_fault;
	bool waited;		  /* for the header, to know who it is */
	bool has_lost_field;	  /* of the login, which is not in header */
	struct authors authors;	  /* with the reverse-path as it goes on */
	struct authors *received; /* as they came; NULL before repair */
	struct envelope_edits envelope;
	struct slice claimed_from; /* what From was, where it is rewritten */
	struct outcome outcome;
	struct cover cover;   /* by signatures of others */
	unsigned int repairs; /* that the message needed */
	bool repairs_done;
	bool has_edits;
	bool has_tags; /* of preflight: only we write its field */
	struct edits edits;
	struct signer *signer;
	const struct sign_policy *sign_policy; /* the signer's */
	struct err body_fault;
	struct body body;	     /* as it came, or then as it goes on */
	bool has_new_body;	     /* that: the MTA has another one */
	bool signs_later;	     /* it was not signed while it came */
	struct mime_scan *scan;	     /* NULL: the body goes on as it is */
	struct body_plan body_plan;  /* without parts: it goes on as it came */
	struct decoded_body decoded; /* a body to go on in its place ... */
	bool is_decoded;	     /* if so; the plan is for that one then */
	bool eight_bits;	     /* it came with some, or may have */
	bool odd_blanks;	     /* in a body to be signed as relaxed */
	struct outlook outlooks[PREFLIGHT_CHECKS];
	size_t key_count;
	const struct sign_key **keys;
	struct slice unsigned_why;    /* why no key was chosen; may be empty */
	struct key_choice key_choice; /* that the keys belong to */
	struct signature *signatures;
	bool is_signed;
	bool keeps_form;	  /* see message_keep_form() */
	struct table_notes notes; /* of all look-ups in tables */
	uint64_t busy_us;	  /* in all events before this one */
	uint64_t deadline_us;	  /* of this event (clock_monotonic_us()) */
};

/* message.c */

const struct config *message_config(const struct message *message);

/* The MTA as it names itself; MTA_AUTO: it does not. */
enum mta_choice message_mta_at_hand(const struct message *message);
/* As configured, or as the MTA names itself; MTA_AUTO: it does not. */
enum mta_choice message_mta(const struct message *message);
/* The MTA and its name; the other facts for repairs are empty. */
struct repair_facts message_mta_facts(const struct message *message);

/* pipeline.c: of the step that decided; see pipeline_section_name(). */
size_t message_section(const struct message *message);

/*
 * The steps: each is called once for an event, in the order of the array in
 * pipeline.c, and says what should become of the message. What is done with
 * that in monitor mode, or where a right is lacking, is not for a step to say.
 */

struct verdict step_identify(struct message *message);
/* The same for a login that waits for the header. */
struct verdict step_identify_late(struct message *message);
/* The reverse-path as typed and as the MTA reads it. */
struct verdict step_path(struct message *message);
/* The same, now that a login was found that waited. */
struct verdict step_path_late(struct message *message);
/* The field with a secret can be removed. */
struct verdict step_login_field(struct message *message);
struct verdict step_recipient(struct message *message);
/*
 * The message is counted, unless the login has reached a limit; where the block
 * only watches, even so. message_free() gives back what was not accepted.
 */
struct verdict step_limits(struct message *message);
struct verdict step_limits_watched(struct message *message);
/* The same for its recipients, and for the message if it was not counted yet. */
struct verdict step_limits_late(struct message *message);
struct verdict step_limits_late_watched(struct message *message);
/* The header is not too large and can be read. */
struct verdict step_bounds(struct message *message);
struct verdict step_authors(struct message *message);
struct verdict step_names(struct message *message);
struct verdict step_names_watched(struct message *message);
/* Writes the header anew; where it only watches, it counts the repairs. */
struct verdict step_repair(struct message *message);
struct verdict step_repair_watched(struct message *message);
/*
 * The header as written here is judged like the one that came: it has one
 * reading, and all authors in it are the submitter's.
 */
struct verdict step_result(struct message *message);
/*
 * With which keys the message will be signed, if at all. Refuses if that is not
 * known, and by option if no key signs.
 */
struct verdict step_keys(struct message *message);
/* Chooses none, and says why the message goes on unsigned. */
struct verdict step_keys_watched(struct message *message);
/* What receivers will conclude; adds the tag to the edits. */
struct verdict step_preflight(struct message *message);
struct verdict step_as_it_came(struct message *message);
/* The header as it goes on, to a signer with the keys that were chosen. */
struct verdict step_begin_signing(struct message *message);
/* body_will_change() of what came until now. */
bool message_body_will_change(const struct message *message);
/* Plans the changes that let the body arrive as it is signed. */
struct verdict step_body(struct message *message);
/* Makes those changes and the signatures, and checks them. */
struct verdict step_sign(struct message *message);
struct verdict step_hold(struct message *message);

/* What steps share. */

struct author_rules message_author_rules(
    const struct message *message, bool in_header);
/*
 * The block rights as it is for this submitter; rights.logins is asked for him
 * once, however many addresses the message has.
 */
struct rights message_rights(struct message *message);
/*
 * Whether a change for which a block asks is made, or would be where all is
 * only watched: that takes repairs, too. In pipeline.c, which knows the modes.
 */
bool message_may_change(
    const struct message *message, enum section_mode asking);
/* Whether an author may be, or would be, put in the place of a foreign one. */
bool message_may_rewrite(const struct message *message);
/*
 * Addresses at this MTA's own name get the domain that it writes for that, in
 * the authors from an index on.
 */
MUST_USE int message_rename_authors(struct message *message, size_t from,
    struct authors *authors, struct err *err);
/* A header and its authors: as it came, or as it was written here. */
struct judged {
	struct authors *authors;
	const struct header *header;
	bool is_result; /* of repairs */
};

/*
 * Every author of a header is read, and the submitter's right to each is
 * looked up. Authors that were added before are not judged again.
 */
struct verdict message_judge_authors(
    struct message *message, const struct judged *judged);
struct verdict message_judge_names(
    struct message *message, const struct judged *judged);

/*
 * Whether the MTA has made it (bounces, notices), once From is judged. What
 * refuses such mail keeps the message that it returns in the queue for ever.
 */
bool message_is_of_mta(const struct message *message);
/*
 * Whether Sieve on a host that may send for others passes it on as it came. Its
 * author may be a stranger who writes as one of ours: it is not signed.
 */
bool message_is_redirected(const struct message *message);
/*
 * The same, or Sieve redirects it with one of identify.sieve-logins: somebody
 * else wrote it.
 */
bool message_is_passed_on(struct message *message);
/*
 * It goes on as it came, unsigned, and the log says why. Only fields whose names
 * mislead are removed.
 */
void message_keep_form(struct message *message, struct slice why);

/* No edits, except that tags of ours are dropped from every message. */
void message_begin_edits(struct message *message);
/*
 * Only we write X-Submilter-Preflight, whoever sends, and nobody is to see the
 * field identify.login-field, for its secret.
 */
void message_drop_tags(const struct message *message, struct edits *edits);
/* The value of the first such field as it goes on; empty: none. */
struct slice message_field_value(
    const struct message *message, struct slice name);
/*
 * Warns of signatures of others that the edits break, or a body that is changed
 * from an octet on (UINT64_MAX: it is not).
 */
void message_warn_broken(struct message *message, uint64_t body_from);
/* Hands a piece of the body to the signer, and keeps it. */
MUST_USE int message_take_body(
    struct message *message, struct slice chunk, struct err *err);
/* For look-ups in tables: results live as long as the message. */
static inline struct table_context
message_context(struct message *message, struct err *err)
{
	return (struct table_context){ .mem = &message->mem,
		.deadline_us = message->deadline_us,
		.err = err,
		.notes = &message->notes,
		.trace = message->facts.trace };
}

/* When DNS must have answered what a message asks from now on. */
uint64_t preflight_deadline(const struct message *message);
#endif
