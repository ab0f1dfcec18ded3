/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_WORLD_PRIV_H
#define SUBMILTER_TABLE_WORLD_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "cache_priv.h"
#include "table/world.h"

struct table_world {
	pthread_mutex_t lock; /* of resolver and caches */
	struct resolver *resolver;
	struct cache *caches; /* those of open tables */
	_Atomic unsigned int found_s, absent_s, stale_s;
	_Atomic size_t bytes;
	_Atomic unsigned long users;
};

#endif
