/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_OPENDKIM_PRIV_H
#define SUBMILTER_SIGN_OPENDKIM_PRIV_H

#include <sys/types.h>

#include <opendkim/dkim.h>

#include "sign_priv.h"

/* Why libopendkim did not do something; it has no text for some results. */
int opendkim_err(
    struct err *err, DKIM *dkim, DKIM_STAT status, const char *what);

/*
 * Feeds one field, "Name:value" with CRLF folds and without the last CRLF.
 * Never an empty one and never one with a NUL: the library would abort, or
 * sign something else.
 */
MUST_USE int opendkim_feed(
    DKIM *dkim, const struct field *field, struct arena *mem, struct err *err);

/* libopendkim writes to no string it is given, but takes none as const. */
static inline u_char *
opendkim_text(struct arena *mem, struct slice text)
{
	return (u_char *)slice_cstr(mem, text);
}

#endif
