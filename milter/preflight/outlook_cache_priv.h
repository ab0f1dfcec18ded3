/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_OUTLOOK_CACHE_PRIV_H
#define SUBMILTER_OUTLOOK_CACHE_PRIV_H

#include "preflight/preflight.h"

/*
 * Keeps results for further messages. Bounded: the newest additions are kept, at
 * least 10,000 of them or 16 MB. Thread-safe by one lock, which is held for a
 * lookup and a copy.
 */
struct outlook_cache *outlook_cache_new(void);
/* Takes NULL, too. */
void outlook_cache_free(struct outlook_cache *cache);

/* False: it is not known, or not any more. In memory of mem. */
MUST_USE bool outlook_cache_get(struct outlook_cache *cache, struct slice key,
    struct arena *mem, struct outlook *ret_outlook);
/* Copies both; 0 seconds: not at all. */
void outlook_cache_put(struct outlook_cache *cache, struct slice key,
    const struct outlook *outlook, unsigned long seconds);

#endif
