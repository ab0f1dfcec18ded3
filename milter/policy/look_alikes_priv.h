/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_LOOK_ALIKES_PRIV_H
#define SUBMILTER_POLICY_LOOK_ALIKES_PRIV_H

#include "base/map.h"

/*
 * Domains by the skeletons of what people see of them: the name, and the name
 * in Unicode where it has A-labels. Of two that look the same, the first counts.
 */

/* The skeleton of a text that is not folded yet, in memory of mem. */
struct slice look_alike(struct slice text, struct arena *mem);

/* A canonical domain with a NUL behind it, which lasts as long as the map. */
void look_alikes_add(struct map *map, struct slice domain);

/* The domain that a skeleton is that of; false: there is none. */
bool look_alikes_find(
    const struct map *map, struct slice skeleton, struct slice *ret_domain);

#endif
