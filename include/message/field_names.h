/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_FIELD_NAMES_H
#define SUBMILTER_MESSAGE_FIELD_NAMES_H

#include "base/str.h"

/* What is known of a header field; the list is in field_names.def. */
enum field_trait {
	FIELD_AUTHOR = 1,     /* names who sends, and is judged */
	FIELD_ADDRESSES = 2,  /* holds an address list */
	FIELD_RECIPIENTS = 4, /* ... of recipients */
	FIELD_TEXT = 8,	      /* unstructured: text and nothing else */
	FIELD_ONCE = 16,      /* a message has one at most */
	FIELD_NEEDED = 32,    /* without it a message cannot be read */
	/* Added, changed or removed on the way: a signature over it breaks. */
	FIELD_UNSIGNED = 64,
	FIELD_ACTED_UPON = 128, /* programs decide or show by it */
};

/*
 * Whether a text is the name of a field: ftext of RFC 5322 section 3.6.8, but
 * ";" would end the list in h= of a signature.
 */
bool field_name_is_good(struct slice name);

/* The traits of a field, its case ignored; 0 for one that is not known. */
unsigned int field_traits(struct slice name);
/* Whether it has all of these. */
bool field_is(struct slice name, unsigned int traits);

/*
 * The fields with all of these traits: the first index from `from` on, or
 * FIELD_END. For a loop over all: from = 0, then the last index + 1.
 */
enum { FIELD_END = -1 };
int field_with(unsigned int traits, int from);
/* As it is spelt in its RFC; NUL-terminated. */
struct slice field_known_name(int index);
/* Whether the field of an index has all of these traits. */
bool field_known_is(int index, unsigned int traits);

#endif
