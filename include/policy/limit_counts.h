/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_LIMIT_COUNTS_H
#define SUBMILTER_POLICY_LIMIT_COUNTS_H

#include <stdint.h>

#include "policy/limits.h"

/*
 * What each login has sent in the time of each of its rates. It is the one thing
 * that messages change and that outlives a configuration, since a reload must not
 * give everybody a new start. A rate COUNT/TIME never lets more than COUNT
 * through in any stretch of TIME; time is cut in ten parts, so that what was
 * counted is forgotten up to a tenth of TIME late. (Two parts, or a bucket that
 * fills again, would let through twice as many.) Of a bounded number of logins;
 * the memory for each is bounded, too. Counted; thread-safe; never blocks but for
 * a lock that is held for microseconds. Times are seconds of a clock that nobody
 * sets, such as clock_steady(); if it goes back, time stands still.
 */
struct limit_counts;

/* One reference. */
struct limit_counts *limit_counts_new(size_t max_logins);
struct limit_counts *limit_counts_ref(struct limit_counts *counts);
/* NULL is fine. */
void limit_counts_unref(struct limit_counts *counts);
/* From now on; what is above is forgotten as logins come. */
void limit_counts_set_max(struct limit_counts *counts, size_t max_logins);
/* How many logins are known, for tests. */
size_t limit_counts_logins(struct limit_counts *counts);

/* What a message has taken; zero: nothing. The login is the caller's. */
struct limit_claim {
	struct slice login;
	uint64_t entry[LIMIT_KINDS];
	uint64_t at_s[LIMIT_KINDS];
	unsigned long amount[LIMIT_KINDS];
};

/* What stands in the way. */
struct limit_excess {
	struct rate rate;
	unsigned long used; /* of it */
	uint64_t wait_s;    /* until the amount fits in; 0: it never does */
};

/*
 * Counts an amount, not 0, of one kind for a login and notes it in the claim,
 * which has none of this kind yet: true. False: it would be above a rate; nothing
 * is counted, and *ret_excess is the rate that takes longest. With over the
 * amount is counted even so.
 */
MUST_USE bool limit_counts_take(struct limit_counts *counts,
    const struct login_limits *limits, enum limit_kind kind,
    unsigned long amount, uint64_t now_s, bool over, struct limit_claim *claim,
    struct limit_excess *ret_excess);

/* Takes back what the claim has, and empties it. */
void limit_counts_give_back(
    struct limit_counts *counts, struct limit_claim *claim);

#endif
