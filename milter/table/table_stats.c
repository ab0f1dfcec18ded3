/* SPDX-License-Identifier: BSD-2-Clause */
/* What look-ups in each table were like, in numbers. */
#include "table/table_stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Longer labels are cut: who has two such tables sees them as one. */
enum { LABEL_OCTETS = 200 };

/* Shared because tables come and go in any thread; never held while one waits. */
static pthread_mutex_t stats_lock = PTHREAD_MUTEX_INITIALIZER;
static struct table_stats *all_stats;

struct slice
table_label(struct slice spec, struct arena *mem)
{
	size_t colon = slice_find(spec, ':');
	struct slice type = slice_sub(spec, 0, colon);
	bool has_rows = slice_eq(type, SLICE("inline")) ||
	    slice_eq(type, SLICE("static")) || slice_has(spec, '{') ||
	    slice_has(spec, '@');

	if (has_rows)
		return slice_format(mem, "%.*s:...", SLICE_ARGS(type));
	return slice_of(escape(mem, spec, LABEL_OCTETS));
}

struct table_stats *
table_stats_acquire(struct slice spec)
{
	CLEANUP(arena_done) struct arena mem;
	struct table_stats *stats;
	struct slice label;

	arena_init(&mem);
	label = table_label(spec, &mem);
	ENSURE(pthread_mutex_lock(&stats_lock) == 0);
	stats = all_stats;
	while (stats != NULL && !slice_eq(slice_of(stats->label), label))
		stats = stats->next;
	if (stats == NULL) {
		stats = calloc(1, sizeof(*stats));
		ENSURE(stats != NULL);
		stats->label = strndup(label.data, label.len);
		ENSURE(stats->label != NULL);
		stats->next = all_stats;
		all_stats = stats;
	}
	stats->users++;
	ENSURE(pthread_mutex_unlock(&stats_lock) == 0);
	return stats;
}

void
table_stats_release(struct table_stats *stats)
{
	struct table_stats **place = &all_stats;

	ENSURE(pthread_mutex_lock(&stats_lock) == 0);
	if (--stats->users == 0) {
		while (*place != stats)
			place = &(*place)->next;
		*place = stats->next;
		free(stats->label);
		free(stats);
	}
	ENSURE(pthread_mutex_unlock(&stats_lock) == 0);
}

void
table_stats_asked(
    struct table_stats *stats, uint64_t begin_us, enum table_answer answer)
{
	uint64_t now_us = clock_monotonic_us();

	metric_histogram_add(&stats->seconds, now_us - begin_us);
	atomic_store_explicit(
	    answer == TABLE_FAILED ? &stats->failed_us : &stats->answered_us,
	    now_us, memory_order_relaxed);
}

void
table_stats_answered(
    struct table_stats *stats, enum table_answer answer, bool is_stale)
{
	enum table_kind kind = answer == TABLE_FAILED ? TABLE_KIND_FAILED :
	    is_stale				      ? TABLE_KIND_STALE :
	    answer == TABLE_FOUND		      ? TABLE_KIND_FOUND :
							TABLE_KIND_ABSENT;

	atomic_fetch_add_explicit(
	    &stats->answers[kind], 1, memory_order_relaxed);
}

void
table_stats_each(
    void (*tell)(void *arg, const struct table_stats *stats), void *arg)
{
	ENSURE(pthread_mutex_lock(&stats_lock) == 0);
	for (const struct table_stats *stats = all_stats; stats != NULL;
	     stats = stats->next)
		tell(arg, stats);
	ENSURE(pthread_mutex_unlock(&stats_lock) == 0);
}
