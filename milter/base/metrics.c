/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that a running milter counts. */
#include "base/metrics.h"

#include "base/ensure.h"

static const struct metric_form forms[METRICS] = {
#define METRIC(id, kind, name, labels, series, text) \
	{ name, METRIC_KIND_##kind, labels, series, text },
#include "base/metrics.def"
#undef METRIC
};

/* One array for all: where the numbers of each begin, and where the last end. */
struct metrics_layout {
#define METRIC(id, kind, name, labels, series, text) char id[(series) + 1];
#include "base/metrics.def"
#undef METRIC
};
static const size_t starts[METRICS] = {
#define METRIC(id, kind, name, labels, series, text) \
	offsetof(struct metrics_layout, id),
#include "base/metrics.def"
#undef METRIC
};
static atomic_long numbers[sizeof(struct metrics_layout)];
static struct metric_histogram histograms[METRICS];

const uint64_t metric_bounds_us[METRIC_BUCKETS] = { 100, 500, 1000, 2500, 5000,
	10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000, UINT64_MAX };

const struct metric_form *
metric_form(enum metric metric)
{
	return &forms[metric];
}

static atomic_long *
metrics_number(enum metric metric, size_t series)
{
	ENSURE(series < forms[metric].series);
	return &numbers[starts[metric] + series];
}

void
metric_add(enum metric metric, size_t series, long n)
{
	atomic_fetch_add_explicit(
	    metrics_number(metric, series), n, memory_order_relaxed);
}

long
metric_value(enum metric metric, size_t series)
{
	return atomic_load_explicit(
	    metrics_number(metric, series), memory_order_relaxed);
}

void
metric_histogram_add(struct metric_histogram *histogram, uint64_t us)
{
	size_t i = 0;

	while (us > metric_bounds_us[i])
		i++;
	atomic_fetch_add_explicit(
	    &histogram->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_us, us, memory_order_relaxed);
}

void
metric_observe(enum metric metric, uint64_t us)
{
	ENSURE(forms[metric].kind == METRIC_KIND_HISTOGRAM &&
	    forms[metric].series == 1);
	metric_histogram_add(&histograms[metric], us);
}

const struct metric_histogram *
metric_histogram(enum metric metric)
{
	return &histograms[metric];
}
