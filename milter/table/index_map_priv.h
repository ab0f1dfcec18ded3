/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_INDEX_MAP_PRIV_H
#define SUBMILTER_INDEX_MAP_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"

/*
 * A file in memory that may be cut while it is read: what is missing then reads as
 * zeros, and index_map_is_cut() says so from then on. It has a handler of SIGBUS
 * for that, which leaves all else to what would have been without it. Thread-safe.
 */
struct index_map;

enum { INDEX_MAX_MAPS = 256 };

/* NULL: it cannot be mapped, or there are INDEX_MAX_MAPS already. */
struct index_map *index_map_new(int fd, size_t bytes);
/* Nobody reads it any more. NULL is fine. */
void index_map_free(struct index_map *map);

const char *index_map_data(const struct index_map *map, size_t *ret_bytes);
/* Ask after reading: what was read before may be zeros. */
bool index_map_is_cut(const struct index_map *map);

#endif
