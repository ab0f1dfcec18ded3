/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_WILDCARD_INDEX_PRIV_H
#define SUBMILTER_TABLE_WILDCARD_INDEX_PRIV_H

#include "base/str.h"

/*
 * Patterns of octets that stand for themselves, and of "*", which stands for any
 * text, the empty one, too. Filled by one thread, then read by any number. What
 * one costs to find does not grow with their number, but with the number of
 * those that end, or begin, as it does, and of those that do neither.
 */
struct wildcard_index;

/* In memory of mem, which outlives it. */
struct wildcard_index *wildcard_index_new(struct arena *mem);
/* The pattern lasts as long as the index. */
void wildcard_index_add(
    struct wildcard_index *index, struct slice pattern, size_t number);
/*
 * The numbers of all patterns that match the whole text, in their order; how many
 * there are. In memory of mem.
 */
size_t wildcard_index_find(const struct wildcard_index *index,
    struct slice text, struct arena *mem, size_t **ret_numbers);
/* Takes a time that grows with the product of both lengths. */
bool wildcard_matches(struct slice pattern, struct slice text);

#endif
