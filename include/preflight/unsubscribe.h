/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_UNSUBSCRIBE_H
#define SUBMILTER_PREFLIGHT_UNSUBSCRIBE_H

#include "message/header.h"

/*
 * One-click unsubscription (RFC 2369, RFC 8058), which large mailbox providers
 * require of bulk mail.
 */
enum unsubscribe_fault {
	UNSUBSCRIBE_MISSING = 1 << 0,  /* no List-Unsubscribe */
	UNSUBSCRIBE_REPEATED = 1 << 1, /* either field more than once */
	UNSUBSCRIBE_NO_URI = 1 << 2,   /* no <URI> in List-Unsubscribe */
	UNSUBSCRIBE_NO_HTTPS = 1 << 3, /* none of them is https */
	UNSUBSCRIBE_NO_POST = 1 << 4,  /* no List-Unsubscribe-Post */
	UNSUBSCRIBE_BAD_POST = 1 << 5, /* not List-Unsubscribe=One-Click */
	UNSUBSCRIBE_UNSIGNED = 1 << 6, /* a field that no signature covers */
};

struct unsubscribe {
	/*
	 * Why the mail looks like bulk mail; NULL when it does not. The rule:
	 * List-Id, List-Unsubscribe, List-Unsubscribe-Post or Feedback-ID is
	 * there, or Precedence says bulk, list or junk. Auto-Submitted with any
	 * other value than "no" (RFC 3834) rules it out, unless List-Unsubscribe
	 * is there.
	 */
	const char *bulk;
	unsigned int faults; /* enum unsubscribe_fault; 0 unless bulk */
	struct slice text;   /* for people, one line; empty without faults */
};

/* The header, and what signatures will cover. */
struct unsubscribe_facts {
	const struct field *fields; /* the header as it goes out */
	size_t field_count;
	const struct slice *signed_names; /* that the signatures cover */
	size_t signed_count;		  /* 0: it will not be signed */
};

/* In memory of mem. Pure, thread-safe. */
void unsubscribe_check(const struct unsubscribe_facts *facts, struct arena *mem,
    struct unsubscribe *ret_unsubscribe);

#endif
