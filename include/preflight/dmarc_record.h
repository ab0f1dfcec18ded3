/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_DMARC_RECORD_H
#define SUBMILTER_PREFLIGHT_DMARC_RECORD_H

#include "base/str.h"

/* What receivers are asked to do with mail that does not pass. */
enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };

/* "none", "quarantine", "reject". */
const char *dmarc_policy_name(enum dmarc_policy policy);
/* One level below: what t=y (or pct=0) makes of it; none stays none. */
enum dmarc_policy dmarc_policy_lower(enum dmarc_policy policy);

/* The value of p=, sp= or np=. */
struct dmarc_request {
	enum {
		DMARC_REQUEST_ABSENT,
		DMARC_REQUEST_INVALID,
		DMARC_REQUEST_VALID
	} state;
	enum dmarc_policy policy; /* when VALID */
};

enum dmarc_psd { DMARC_PSD_U, DMARC_PSD_Y, DMARC_PSD_N };

/* What is odd about a record, or about the ones beside it. */
enum dmarc_note {
	DMARC_NOTE_SYNTAX = 1 << 0,   /* a piece that is not a tag: ignored */
	DMARC_NOTE_TWICE = 1 << 1,    /* a tag twice: receivers disagree */
	DMARC_NOTE_UNKNOWN = 1 << 2,  /* a tag that nobody knows: ignored */
	DMARC_NOTE_VALUE = 1 << 3,    /* a value that does not exist: ignored */
	DMARC_NOTE_PCT = 1 << 4,      /* pct= that is not 100 */
	DMARC_NOTE_HISTORIC = 1 << 5, /* rf= or ri=, gone in RFC 9989 */
	DMARC_NOTE_P_LATE = 1 << 6,   /* p= is not behind v= (RFC 7489) */
	DMARC_NOTE_NO_P = 1 << 7,     /* no valid p=, or invalid sp=, np= */
	DMARC_NOTE_FO = 1 << 8,	      /* fo= without ruf=: ignored */
	DMARC_NOTE_TESTING = 1 << 9,  /* t=y */
	DMARC_NOTE_SEVERAL = 1 << 10, /* several records at one name: none */
	DMARC_NOTE_NEARLY = 1 << 11,  /* a text that was meant to be one */
};

struct dmarc_record {
	struct dmarc_request p;
	struct dmarc_request sp;
	struct dmarc_request np;
	bool adkim_strict;
	bool aspf_strict;
	enum dmarc_psd psd;
	bool testing;	  /* t=y */
	unsigned int pct; /* 0 to 100; RFC 7489 only */
	bool has_rua;	  /* with at least one URI in it */
	unsigned int notes;
};

/*
 * Reads a DMARC Policy Record (RFC 9989 section 4.7, 4.8), its strings joined.
 * False: the text is not a record, because v=DMARC1 does not come first. All
 * else is as forgiving as the RFC: what cannot be read is ignored and noted. The
 * first of two tags of the same name counts. Pure, thread-safe.
 */
MUST_USE bool dmarc_record_parse(
    struct slice text, struct dmarc_record *ret_record);

/* Whether text was meant to be a record but is not ("V=dmarc1 p=none"). */
bool dmarc_record_is_near_miss(struct slice text);

/*
 * The notes as one sentence part for people ("pct= is ignored, ..."); empty
 * without notes.
 */
struct slice dmarc_notes_text(unsigned int notes, struct arena *mem);

#endif
