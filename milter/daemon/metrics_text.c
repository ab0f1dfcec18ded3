/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics as text: the format of Prometheus, and OpenMetrics. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/metrics.h"
#include "metrics_priv.h"
#include "pipeline/pipeline.h"
#include "repair/repair_header.h"
#include "sign/signer.h"
#include "table/table_stats.h"

enum { MAX_LABELS = 3 };

/* A text that grows, and which metric it is at. */
struct metrics_writer {
	struct strbuf buf;
	enum metrics_format format;
	const struct metrics_facts *facts;
	const struct metric_form *form;
};

/* Words of a label by its number; NULL: there is no such number. */
static const char *
metrics_word(const char *const *words, size_t count, size_t i)
{
	return i < count ? words[i] : NULL;
}

#define WORDS(function, ...)                                        \
	static const char *function(size_t i)                       \
	{                                                           \
		static const char *const words[] = { __VA_ARGS__ }; \
                                                                    \
		return metrics_word(                                \
		    words, sizeof(words) / sizeof(words[0]), i);    \
	}
WORDS(algorithm_word, "rsa-sha256", "ed25519-sha256")
WORDS(outcome_word, "found", "no-data", "no-name", "failed")
WORDS(place_word, "memory", "file")
WORDS(reload_word, "done", "refused")
WORDS(code_word, "200", "404", "405", "503")
WORDS(kind_word, "found", "absent", "failed", "stale")
#undef WORDS

static const char *
action_word(size_t i)
{
	return i < TALLY_ACTIONS ? action_name((enum action)i) : NULL;
}

static const char *
reason_word(size_t i)
{
	return i < REASONS ? reason_name((enum reason)i) : NULL;
}

/* How the numbers of a metric are numbered: the last label turns fastest. */
static const struct metrics_space {
	enum metric metric;
	size_t counts[MAX_LABELS];
	const char *(*words[MAX_LABELS])(size_t i);
} spaces[] = {
	{ METRIC_MESSAGES, { 4 }, { action_word } },
	{ METRIC_REFUSALS, { 4, COUNTED_REASONS, COUNTED_SECTIONS },
	    { action_word, reason_word, pipeline_section_name } },
	{ METRIC_WATCHED, { 4, COUNTED_REASONS, COUNTED_SECTIONS },
	    { action_word, reason_word, pipeline_section_name } },
	{ METRIC_REPAIRS, { 32 }, { repair_name } },
	{ METRIC_SIGNATURES, { 2 }, { algorithm_word } },
	{ METRIC_DNS_ANSWERS, { 4 }, { outcome_word } },
	{ METRIC_BODY_OCTETS, { 2 }, { place_word } },
	{ METRIC_RELOADS, { 2 }, { reload_word } },
	{ METRIC_HTTP, { 4 }, { code_word } },
};

static void
metrics_name(struct metrics_writer *w, const char *suffix)
{
	strbuf_addf(&w->buf, "submilter_%s%s", w->form->name, suffix);
}

/* The name as the lines that describe it have it. */
static void
metrics_described(struct metrics_writer *w, const char *keyword)
{
	bool is_plain = w->format == METRICS_PLAIN;

	strbuf_addf(&w->buf, "# %s ", keyword);
	metrics_name(w,
	    is_plain && w->form->kind == METRIC_KIND_COUNTER  ? "_total" :
		is_plain && w->form->kind == METRIC_KIND_INFO ? "_info" :
								"");
	strbuf_add_char(&w->buf, ' ');
}

static void
metrics_begin(struct metrics_writer *w, enum metric metric)
{
	static const char *const kinds[METRICS_FORMATS][4] = {
		{ "counter", "gauge", "histogram", "gauge" },
		{ "counter", "gauge", "histogram", "info" },
	};

	w->form = metric_form(metric);
	metrics_described(w, "HELP");
	/* The marks are for the manual. */
	for (const char *c = w->form->text; *c != '\0'; c++) {
		if (*c != '`' && *c != '*')
			strbuf_add_char(&w->buf, *c);
	}
	strbuf_add_char(&w->buf, '\n');
	metrics_described(w, "TYPE");
	strbuf_addf(&w->buf, "%s\n", kinds[w->format][w->form->kind]);
}

/* NAME="VALUE" for each label of the metric; a backslash escapes. */
static void
metrics_labels(struct metrics_writer *w, const char *const *values)
{
	struct slice rest = slice_of(w->form->labels), name;
	size_t count = 0;

	for (; slice_next_item(&rest, ",", &name); count++) {
		ENSURE(count < MAX_LABELS);
		strbuf_addf(&w->buf, "%s%.*s=\"", count == 0 ? "" : ",",
		    SLICE_ARGS(name));
		for (const char *c = values[count]; *c != '\0'; c++) {
			if (*c == '\\' || *c == '"')
				strbuf_add_char(&w->buf, '\\');
			strbuf_add_char(&w->buf, *c == '\n' ? ' ' : *c);
		}
		strbuf_add_char(&w->buf, '"');
	}
}

static void
metrics_number(
    struct metrics_writer *w, const char *const *values, unsigned long long n)
{
	metrics_name(w,
	    w->form->kind == METRIC_KIND_COUNTER  ? "_total" :
		w->form->kind == METRIC_KIND_INFO ? "_info" :
						    "");
	if (w->form->labels[0] != '\0') {
		strbuf_add_char(&w->buf, '{');
		metrics_labels(w, values);
		strbuf_add_char(&w->buf, '}');
	}
	strbuf_addf(&w->buf, " %llu\n", n);
}

/* A gauge goes through 0 where two threads count at once. */
static unsigned long long
metrics_value(enum metric metric, size_t series)
{
	long n = metric_value(metric, series);

	return n < 0 ? 0 : (unsigned long long)n;
}

/* A name with a suffix, and labels with one more behind them. */
static void
metrics_part(struct metrics_writer *w, const char *suffix,
    const char *const *values, const char *bound)
{
	bool has_labels = w->form->labels[0] != '\0';

	metrics_name(w, suffix);
	if (has_labels || bound != NULL)
		strbuf_add_char(&w->buf, '{');
	metrics_labels(w, values);
	if (bound != NULL)
		strbuf_addf(
		    &w->buf, "%sle=\"%s\"", has_labels ? "," : "", bound);
	if (has_labels || bound != NULL)
		strbuf_add_char(&w->buf, '}');
}

static void
metrics_histogram(struct metrics_writer *w, const char *const *values,
    const struct metric_histogram *histogram)
{
	unsigned long count = 0;
	char bound[32];

	for (size_t i = 0; i < METRIC_BUCKETS; i++) {
		count += atomic_load_explicit(
		    &histogram->buckets[i], memory_order_relaxed);
		(void)snprintf(bound, sizeof(bound), "%g",
		    (double)metric_bounds_us[i] / 1e6);
		/* OpenMetrics writes numbers so. */
		if (strpbrk(bound, ".e") == NULL)
			(void)strcat(bound, ".0");
		metrics_part(w, "_bucket", values,
		    i + 1 == METRIC_BUCKETS ? "+Inf" : bound);
		strbuf_addf(&w->buf, " %lu\n", count);
	}
	metrics_part(w, "_sum", values, NULL);
	strbuf_addf(&w->buf, " %.6f\n",
	    (double)atomic_load_explicit(
		&histogram->sum_us, memory_order_relaxed) /
		1e6);
	metrics_part(w, "_count", values, NULL);
	strbuf_addf(&w->buf, " %lu\n", count);
}

/*
 * The numbers of a metric with labels. Of two and more, those that are 0 are left
 * out: there are many.
 */
static void
metrics_space(struct metrics_writer *w, const struct metrics_space *space)
{
	for (size_t i = 0; i < w->form->series; i++) {
		unsigned long long n = metrics_value(space->metric, i);
		const char *values[MAX_LABELS] = { NULL };
		size_t rest = i;
		bool is_named = true;

		for (size_t k = MAX_LABELS; k-- > 0;) {
			if (space->counts[k] == 0)
				continue;
			values[k] = space->words[k](rest % space->counts[k]);
			is_named = is_named && values[k] != NULL;
			rest /= space->counts[k];
		}
		if (is_named && (n != 0 || space->counts[1] == 0))
			metrics_number(w, values, n);
	}
}

/* What is counted in base/metrics.c. */
static void
metrics_counted(struct metrics_writer *w, enum metric metric)
{
	static const char *const none[MAX_LABELS] = { NULL };

	if (w->form->kind == METRIC_KIND_HISTOGRAM) {
		metrics_histogram(w, none, metric_histogram(metric));
		return;
	}
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (spaces[i].metric == metric) {
			metrics_space(w, &spaces[i]);
			return;
		}
	}
	metrics_number(w, none, metrics_value(metric, 0));
}

static void
metrics_table_answers(void *arg, const struct table_stats *stats)
{
	struct metrics_writer *w = arg;

	for (size_t i = 0; i < TABLE_KINDS; i++)
		metrics_number(w,
		    (const char *[]){ stats->label, kind_word(i) },
		    atomic_load_explicit(
			&stats->answers[i], memory_order_relaxed));
}

static void
metrics_table_seconds(void *arg, const struct table_stats *stats)
{
	metrics_histogram(
	    arg, (const char *[]){ stats->label }, &stats->seconds);
}

/* Tables of one label are one. */
static void
metrics_table_rows(struct metrics_writer *w)
{
	const struct status *status = w->facts->status;

	for (size_t i = 0; i < status->table_count; i++) {
		struct slice label =
		    table_label(status->tables[i].spec, w->buf.mem);
		unsigned long long rows = 0;
		bool is_first = true, is_known = false;

		for (size_t k = 0; k < status->table_count; k++) {
			if (!slice_eq(label,
				table_label(
				    status->tables[k].spec, w->buf.mem)))
				continue;
			is_first = is_first && k >= i;
			if (status->tables[k].rows == STATUS_NO_ROWS)
				continue;
			is_known = true;
			rows += status->tables[k].rows;
		}
		if (is_first && is_known)
			metrics_number(w,
			    (const char *[]){ slice_cstr(w->buf.mem, label) },
			    rows);
	}
}

static void
metrics_keys(struct metrics_writer *w)
{
	const struct status *status = w->facts->status;

	if (!status->keys_are_watched)
		metrics_number(
		    w, (const char *[]){ "unwatched" }, status->keys);
	for (size_t i = 0; status->keys_are_watched && i < STATUS_KEY_USES; i++)
		metrics_number(w,
		    (const char *[]){ key_role_name((enum key_role)i) },
		    status->key_uses[i]);
}

static void
metrics_ready(struct metrics_writer *w)
{
	const struct health_result *health = w->facts->health;

	for (size_t i = 0; health->is_known && i < HEALTH_CHECKS; i++)
		metrics_number(w,
		    (const char *[]){ health_check_name((enum health_check)i) },
		    health->good[i]);
}

/* What has no labels, and is known when somebody asks. */
static bool
metrics_fact(
    const struct status *status, enum metric metric, unsigned long long *ret_n)
{
	if (metric == METRIC_SIGN_WAITING)
		*ret_n = sign_waiting();
	else if (metric == METRIC_DOMAINS)
		*ret_n = status->domains;
	else if (metric == METRIC_TABLES_REFUSED)
		*ret_n = status->tables_fault.len != 0;
	else if (metric == METRIC_ACCOUNTING_WAITING)
		*ret_n = status->accounting.waiting;
	else if (metric == METRIC_RELOAD_REFUSED)
		*ret_n = status->reload_refused;
	else if (metric == METRIC_LOADED)
		*ret_n = (unsigned long long)status->loaded;
	else if (metric == METRIC_STARTED)
		*ret_n = (unsigned long long)status->started;
	else
		return false;
	return true;
}

static void
metrics_found_out(struct metrics_writer *w, enum metric metric)
{
	const struct status *status = w->facts->status;
	const char *const none[MAX_LABELS] = { NULL };
	unsigned long long n;

	if (metrics_fact(status, metric, &n)) {
		metrics_number(w, none, n);
	} else if (metric == METRIC_KEYS) {
		metrics_keys(w);
	} else if (metric == METRIC_TABLE_ANSWERS) {
		table_stats_each(metrics_table_answers, w);
	} else if (metric == METRIC_TABLE_SECONDS) {
		table_stats_each(metrics_table_seconds, w);
	} else if (metric == METRIC_TABLE_ROWS) {
		metrics_table_rows(w);
	} else if (metric == METRIC_ACCOUNTING) {
		metrics_number(
		    w, (const char *[]){ "sent" }, status->accounting.sent);
		metrics_number(
		    w, (const char *[]){ "lost" }, status->accounting.lost);
	} else if (metric == METRIC_READY) {
		metrics_ready(w);
	} else {
		ENSURE(metric == METRIC_BUILD);
		metrics_number(w,
		    (const char *[]){ slice_cstr(w->buf.mem, status->version),
			w->facts->engine },
		    1);
	}
}

struct slice
metrics_text(const struct metrics_facts *facts, enum metrics_format format,
    struct arena *mem)
{
	struct metrics_writer w = { .format = format, .facts = facts };

	strbuf_init(&w.buf, mem);
	for (int i = 0; i < METRICS; i++) {
		metrics_begin(&w, (enum metric)i);
		if (w.form->series != 0)
			metrics_counted(&w, (enum metric)i);
		else
			metrics_found_out(&w, (enum metric)i);
	}
	if (format == METRICS_OPEN)
		strbuf_add_cstr(&w.buf, "# EOF\n");
	return strbuf_slice(&w.buf);
}
