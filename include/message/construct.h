/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_CONSTRUCT_H
#define SUBMILTER_MESSAGE_CONSTRUCT_H

/*
 * Forms of an address field that are legal but obsolete, or common but
 * illegal, or that some programs read in another way. A parser says which it
 * met; whether they are refused, written anew or let through is an option each
 * (the "authors" block), with a default that leaves one reading for everybody.
 */
enum construct {
#define CONSTRUCT(id, ...) CONSTRUCT_##id,
#include "message/constructs.def"
	CONSTRUCT_COUNT
};

/* A set of them: CONSTRUCT_BIT(CONSTRUCT_GROUP) | ... */
#define CONSTRUCT_BIT(construct) (1U << (construct))

/* What a reply calls it: "a group". Static text. */
const char *construct_text(enum construct construct);

#endif
