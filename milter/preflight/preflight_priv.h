/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_PRIV_H
#define SUBMILTER_PREFLIGHT_PRIV_H

#include "preflight/author_policy.h"

/* RFC 9989 section 4.10: no walk asks for more names. */
enum { WALK_QUERIES = 8 };

/* A name of the walk at which there is one DMARC record. */
struct walk_step {
	struct slice domain;
	struct dmarc_record record;
};

/* Records from the longest name to the shortest. */
struct walk {
	struct slice start;
	struct walk_step steps[WALK_QUERIES];
	size_t count;
	unsigned int notes;
	unsigned int queries;
	bool complete;	/* false: DNS failed; steps are those before that */
	struct err err; /* when not complete */
};

enum record_answer { RECORD_ONE, RECORD_NONE, RECORD_SEVERAL, RECORD_FAILED };

/*
 * The DMARC record at _dmarc.DOMAIN. SEVERAL and NONE leave *ret_record alone;
 * FAILED sets *err. Adds to *notes.
 */
enum record_answer dmarc_record_fetch(const struct dmarc_world *world,
    struct slice domain, struct dmarc_record *ret_record, unsigned int *notes,
    struct err *err);

/* RFC 9989 section 4.10, from a domain up to its top label. */
void walk_up(
    const struct dmarc_world *world, struct slice start, struct walk *ret_walk);

/*
 * The organizational domain that a complete walk leads to (section 4.10.2); in
 * the memory of start.
 */
struct slice walk_organization(const struct walk *walk);

/* The record at a domain; NULL: none was met there. */
const struct walk_step *walk_find(const struct walk *walk, struct slice domain);

#endif
