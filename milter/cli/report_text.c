/* SPDX-License-Identifier: BSD-2-Clause */
/* The report as text, for people at a terminal. */
#include <inttypes.h>

#include "report_priv.h"

/* "12 (before 10, +20%)" */
static void
add_number(const struct survey *survey, struct strbuf *buf, uint64_t now,
    uint64_t before)
{
	strbuf_addf(buf, "%" PRIu64, now);
	if (!survey_compares(survey))
		return;
	strbuf_addf(buf, " (before %" PRIu64, before);
	if (before != 0)
		strbuf_addf(buf, ", %+.0f%%",
		    100 * ((double)now - (double)before) / (double)before);
	strbuf_add_char(buf, ')');
}

static void
add_line(const struct report_view *view, struct strbuf *buf, const char *name,
    const uint64_t *now, const uint64_t *before)
{
	strbuf_addf(buf, "%-16s ", name);
	add_number(view->survey, buf, *now, *before);
	strbuf_add_char(buf, '\n');
}

static void
add_period(const struct survey *survey, struct strbuf *buf)
{
	int64_t from = survey->first, to = survey->last;

	if (survey_compares(survey)) {
		from = survey->since;
		to = survey->until;
	}
	if (to != 0) {
		strbuf_addf(buf, "%-16s ", "period");
		strbuf_add(buf, report_time(buf->mem, from));
		strbuf_add_cstr(buf, " to ");
		strbuf_add(buf, report_time(buf->mem, to));
		strbuf_add_cstr(buf,
		    survey_compares(survey) ?
			", compared with as long before it\n" :
			"\n");
	}
}

/* What was read, and all that could not be used. */
static void
add_counts(const struct survey *survey, struct strbuf *buf)
{
	const struct log_counts *counts = &survey->counts;

	strbuf_addf(buf,
	    "%-16s %" PRIu64 ": %" PRIu64 " of messages, %" PRIu64
	    " others of the milter, %" PRIu64 " of other programs\n",
	    "lines", counts->lines, counts->messages, counts->others,
	    counts->foreign);
	if (counts->unknown != 0)
		strbuf_addf(buf,
		    "%-16s %" PRIu64
		    ", which were not counted; the first: %s\n",
		    "not understood", counts->unknown, counts->unknown_line);
	if (counts->cut != 0)
		strbuf_addf(buf,
		    "%-16s %" PRIu64
		    " by a logger; what is left of them was counted\n",
		    "cut", counts->cut);
	if (counts->untimed != 0)
		strbuf_addf(buf, "%-16s %" PRIu64 "\n", "without a time",
		    counts->untimed);
	if (survey->outside != 0)
		strbuf_addf(buf, "%-16s %" PRIu64 "\n", "of other times",
		    survey->outside);
	if (counts->failed != 0)
		strbuf_addf(buf, "%-16s %" PRIu64 " of %" PRIu64 " files\n",
		    "not read", counts->failed, counts->files);
}

static void
add_totals(const struct report_view *view, struct strbuf *buf)
{
	const struct survey *survey = view->survey;
	const struct survey_period *now = &survey->periods[0],
				   *before = &survey->periods[1];
	static const unsigned int permille[] = { 500, 900, 990, 999 };

	add_line(view, buf, "messages", &now->messages, &before->messages);
	add_line(view, buf, "recipients", &now->rcpts, &before->rcpts);
	for (size_t i = 0; i < SURVEY_ACTIONS; i++)
		add_line(view, buf, survey_actions[i], &now->actions[i],
		    &before->actions[i]);
	add_line(view, buf, "only watched", &now->would, &before->would);
	add_line(view, buf, "signed", &now->signed_now, &before->signed_now);
	add_line(view, buf, "repaired", &now->repaired, &before->repaired);
	strbuf_addf(buf, "%-16s", "milliseconds");
	for (size_t i = 0; i < 4; i++) {
		strbuf_addf(buf, " %g%% %.1f", (double)permille[i] / 10,
		    (double)histogram_at(&now->ms, permille[i]) / 10);
		if (survey_compares(survey))
			strbuf_addf(buf, " (before %.1f)",
			    (double)histogram_at(&before->ms, permille[i]) /
				10);
		strbuf_add_char(buf, ',');
	}
	strbuf_addf(buf, " longest %.1f\n", (double)now->ms.max / 10);
}

static void
add_row(const struct survey *survey, const struct survey_form *form,
    const struct census_item *item, struct strbuf *buf)
{
	strbuf_addf(buf, "%10" PRIu64, item->count[0]);
	if (survey_compares(survey))
		strbuf_addf(buf, " %10" PRIu64, item->count[1]);
	if (form->marked != NULL)
		strbuf_addf(buf, " %10" PRIu64, item->marked[0]);
	strbuf_add_cstr(buf, "  ");
	strbuf_add(buf, census_name(item));
	if (item->sample_len != 0) {
		strbuf_add_cstr(buf, "  (");
		strbuf_add(buf, census_sample(item));
		strbuf_add_char(buf, ')');
	}
	strbuf_add_char(buf, '\n');
}

static void
add_table(
    const struct report_view *view, enum survey_table id, struct strbuf *buf)
{
	const struct survey_form *form = &survey_forms[id];
	const struct census *census = &view->survey->tables[id];

	if (census->count == 0)
		return;
	strbuf_addf(buf, "\n%s\n%s\n", form->title, form->text);
	if (census->left_out != 0)
		strbuf_addf(buf,
		    "There are too many names: rare ones are left out, and a "
		    "count may be up to %" PRIu64 " too low.\n",
		    census->missing);
	strbuf_addf(buf, "%10s", "messages");
	if (survey_compares(view->survey))
		strbuf_addf(buf, " %10s", "before");
	if (form->marked != NULL)
		strbuf_addf(buf, " %10.15s", form->marked);
	strbuf_addf(buf, "  %s (the qid of one)\n", form->what);
	for (size_t i = 0; i < census->count && i < view->rows; i++)
		add_row(view->survey, form, &census->items[i], buf);
	if (census->count > view->rows)
		strbuf_addf(buf, "%10s  and %zu more\n", "...",
		    census->count - view->rows);
}

void
report_print_text(const struct report_view *view, struct strbuf *buf)
{
	add_period(view->survey, buf);
	add_counts(view->survey, buf);
	if (view->survey->counts.messages == 0)
		return;
	add_totals(view, buf);
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		add_table(view, (enum survey_table)i, buf);
}
