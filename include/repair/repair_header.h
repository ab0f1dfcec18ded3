/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_REPAIR_HEADER_H
#define SUBMILTER_REPAIR_REPAIR_HEADER_H

#include <time.h>

#include "base/map.h"
#include "conf/config.h"
#include "message/edit.h"
#include "policy/authors.h"
#include "policy/own_domains.h"
#include "repair/covered.h"
#include "repair/mta_traits.h"

/* What was repaired; the log names each (repair_names()). */
enum repair {
	REPAIRED_FROM = 1 << 0,
	REPAIRED_SENDER = 1 << 1,
	REPAIRED_DATE = 1 << 2,
	REPAIRED_MESSAGE_ID = 1 << 3,
	REPAIRED_ADDRESSES = 1 << 4,
	REPAIRED_BCC = 1 << 5,
	REPAIRED_RETURN_PATH = 1 << 6,
	REPAIRED_AUTH_RESULTS = 1 << 7,
	REPAIRED_DUPLICATES = 1 << 8,
	REPAIRED_LINES = 1 << 9,
	REPAIRED_AUTHORS = 1 << 10,    /* written anew in a plainer form */
	REPAIRED_NAMES = 1 << 11,      /* removed from an author field */
	REPAIRED_MISMATCH = 1 << 12,   /* From made the submitter's own */
	REPAIRED_SIGNATURES = 1 << 13, /* forged DKIM-Signature removed */
	REPAIRED_ARC = 1 << 14,	       /* forged ARC sets removed */
	REPAIRED_REMOVED = 1 << 15,    /* fields that were not wanted */
	REPAIRED_BODY = 1 << 16,       /* parts encoded anew */
	REPAIRED_FORM = 1 << 17,       /* addresses as Sendmail writes them */
	REPAIRED_8BIT = 1 << 18,       /* text made encoded words */
	REPAIRED_CONTROLS = 1 << 19,   /* made blanks */
};

struct repair_facts {
	struct slice hostname; /* authserv-id; right side of Message-ID */
	time_t now;
	const struct authors *authors; /* all of them allowed */
	/*
	 * The address that stands in a From that was missing, and in a Sender
	 * beside several From mailboxes: one that the submitter may use. Empty
	 * if there is none.
	 */
	struct slice own_address;
	const struct err *own_address_unsure; /* not known now; NULL: it is */
	enum mta_choice mta;		      /* MTA_AUTO: not known */
	struct slice mta_name;	  /* its own host name; empty: not known */
	struct slice mta_domain;  /* Sendmail's $m; may be empty */
	struct slice mta_address; /* that the client reached; may be empty */
	bool smtputf8;
	bool needs_sender; /* somebody else than From sends */
	/* A program redirects it as it came: signatures of ours stay, too. */
	bool is_redirected;
	bool rewrite_from; /* From is not the submitter's */
	const struct own_domains *own_domains;
	const struct cover *cover; /* what must stay as it is; NULL: nothing */
};

/*
 * Puts the header right as RFC 6409 section 8 asks, as far as the repair block
 * and the signatures of others (covered.h) allow, by adding to *edits.
 * *ret_repairs is the sum of what was done. -1 (ERR_DATA) when the message
 * cannot go on as it is and may not be repaired; *err says what the user can
 * do. ERR_TEMP: it needs the own address, which is not known now.
 */
MUST_USE int repair_header(const struct config *config,
    const struct repair_facts *facts, struct edits *edits,
    unsigned int *ret_repairs, struct err *err);

/*
 * Whether the form of an address at a domain (canonical, not empty) will be that
 * of Sendmail, which has its own name (facts->mta_name) there. What facts say of
 * the MTA is enough for it.
 */
bool repair_is_own_domain(const struct config *config,
    const struct repair_facts *facts, struct slice domain);

/*
 * Deletes the fields that some programs take for author fields or for others
 * that programs act upon (message/field_name.h); whether there was one. For
 * mail that is repaired, where authors.odd-field-name lets those of authors
 * come this far, and for mail that is held.
 */
bool repair_misleading(struct edits *edits);

/*
 * The longest line that is left as it is: repair.line-length, or what the MTA
 * sends on in one line, if that is less.
 */
size_t repair_line_limit(const struct config *config, enum mta_choice mta);

/* The name of a bit of enum repair; NULL: there is no such bit. */
const char *repair_name(size_t bit);
/* "date,message-id"; empty when nothing was done. */
struct slice repair_names(struct arena *mem, unsigned int repairs);

/*
 * The authserv-id of an Authentication-Results value (RFC 8601 section 2.2), a
 * domain name in lower case, A-labels and without a final dot; false when it
 * cannot be parsed.
 */
bool authserv_id(struct slice value, struct arena *mem, struct slice *ret_id);

#endif
