/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_METRICS_H
#define SUBMILTER_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers that a running milter counts, for the process, whatever is reloaded.
 * metrics.def lists them. Counting is one relaxed addition: no lock, no memory,
 * and no order between two numbers. All functions are thread-safe.
 */
enum metric {
#define METRIC(id, kind, name, labels, series, text) METRIC_##id,
#include "base/metrics.def"
#undef METRIC
	METRICS
};

enum metric_kind {
	METRIC_KIND_COUNTER,
	METRIC_KIND_GAUGE,
	METRIC_KIND_HISTOGRAM,
	METRIC_KIND_INFO
};

struct metric_form {
	const char *name; /* without "submilter_" and "_total" */
	enum metric_kind kind;
	const char *labels; /* "a,b" */
	size_t series;
	const char *text;
};

const struct metric_form *metric_form(enum metric metric);

/* series: below that of the form. */
void metric_add(enum metric metric, size_t series, long n);
long metric_value(enum metric metric, size_t series);

/* Durations, by upper bounds; the last bucket has none. */
enum { METRIC_BUCKETS = 16 };
struct metric_histogram {
	atomic_ulong buckets[METRIC_BUCKETS]; /* each for itself */
	atomic_ulong sum_us;
};
/* In microseconds, rising; the last one is UINT64_MAX. */
extern const uint64_t metric_bounds_us[METRIC_BUCKETS];

void metric_histogram_add(struct metric_histogram *histogram, uint64_t us);
/* Of a HISTOGRAM with one series; the same for its numbers. */
void metric_observe(enum metric metric, uint64_t us);
const struct metric_histogram *metric_histogram(enum metric metric);

#endif
