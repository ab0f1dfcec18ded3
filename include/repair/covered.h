/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_COVERED_H
#define SUBMILTER_REPAIR_COVERED_H

#include <stdint.h>

#include "base/map.h"
#include "message/edit.h"

struct repair_facts;

/* The fields and octets that one signature of others covers (RFC 6376 sections 3.5 and 5.4.2). */
struct covering {
	struct slice domain;
	const struct map *names; /* of h=, in lower case */
	const bool *fields;	 /* by index in the header as received */
	bool is_simple;		 /* its header, as it stands */
	uint64_t body_end;	 /* octets of the body; UINT64_MAX: all */
};

/*
 * All that must stay as it is in mail of others that is passed on, so that the
 * signatures of its authors and of those who passed it on before arrive valid.
 */
struct cover {
	bool is_passed_on;
	size_t field_count; /* of the header as received */
	struct covering *items;
	size_t count;
};

enum { COVER_MAX = 16 }; /* signatures that are kept valid */

/*
 * Mail of others that is passed on: redirected, or from a host that may send
 * for foreign domains, with a signature that is not ours to break. Empty for
 * all other mail, and where From is going to be another. edits: nothing is
 * changed yet. Lives in the memory of the edits.
 */
void cover_find(const struct repair_facts *facts, const struct edits *edits,
    struct cover *ret_cover);

/*
 * In all that follows, cover may be NULL: nothing is covered. Index is that of
 * a field among the edits.
 */
bool cover_is_passed_on(const struct cover *cover);
bool cover_has_field(const struct cover *cover, size_t index);

/* Whether a further field of that name would break a signature. */
bool cover_has_name(const struct cover *cover, struct slice name);

/* Whether something of the body from an octet on is covered. */
bool cover_has_body(const struct cover *cover, uint64_t from);

/*
 * The domains whose signatures the edits break, or a body that is changed from
 * an octet on (UINT64_MAX: it is not): "a.example, b.example"; empty: none.
 */
struct slice cover_broken(
    const struct cover *cover, const struct edits *edits, uint64_t body_from);

#endif
