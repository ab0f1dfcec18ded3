/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_SENDER_ID_H
#define SUBMILTER_PREFLIGHT_SENDER_ID_H

#include "message/address.h"
#include "message/header.h"

/* The Purported Responsible Address of a message (RFC 4407 section 2). */
struct responsible {
	struct slice field;	/* its name as it stands in the header */
	struct address address; /* canonical, with its domain */
};

/*
 * Finds it in a header as it goes out, top to bottom; in memory of mem. -1
 * (ERR_DATA) with the reason when there is none: the field that decides is
 * missing, repeated, holds anything but one mailbox, or one without a domain.
 * utf8: the message is SMTPUTF8. Pure and thread-safe.
 */
MUST_USE int responsible_address(const struct field *fields, size_t count,
    bool utf8, struct arena *mem, struct responsible *ret_responsible,
    struct err *err);

#endif
