/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_LIMIT_WINDOW_PRIV_H
#define SUBMILTER_POLICY_LIMIT_WINDOW_PRIV_H

#include "policy/limit_counts.h"

enum {
	LIMIT_PARTS = 10, /* of the time of a rate */
	LIMIT_RING = LIMIT_PARTS + 1,
};

/*
 * The time of one rate: the part of now, and those before it. Zero but for kind
 * and rate, it is empty.
 */
struct limit_window {
	enum limit_kind kind;
	struct rate rate;
	uint64_t part; /* the newest one, counted from the clock's 0 */
	uint32_t counts[LIMIT_RING];
};

/* Forgets what is too old; a time before the latest one does nothing. */
void limit_window_advance(struct limit_window *window, uint64_t now_s);
/* The rest is about the time that it was advanced to, now_s. */
uint64_t limit_window_used(const struct limit_window *window);
/* Seconds until so much is forgotten that an amount fits in; 0: it never does. */
uint64_t limit_window_wait(
    const struct limit_window *window, unsigned long amount, uint64_t now_s);
void limit_window_add(struct limit_window *window, unsigned long amount);
/* What was added at a time, if it is not forgotten. */
void limit_window_give_back(
    struct limit_window *window, unsigned long amount, uint64_t at_s);

#endif
