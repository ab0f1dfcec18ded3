/* SPDX-License-Identifier: BSD-2-Clause */
/* The report as JSON. */
#include <inttypes.h>

#include "report_priv.h"

static void
add_counts(const struct log_counts *counts, struct strbuf *buf)
{
	const struct {
		const char *name;
		uint64_t count;
	} members[] = {
		{ "files", counts->files },
		{ "files_failed", counts->failed },
		{ "lines", counts->lines },
		{ "messages", counts->messages },
		{ "others", counts->others },
		{ "foreign", counts->foreign },
		{ "not_understood", counts->unknown },
		{ "too_long", counts->too_long },
		{ "cut", counts->cut },
		{ "without_time", counts->untimed },
	};

	strbuf_add_cstr(buf, "\"read\":{");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		strbuf_addf(buf, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",",
		    members[i].name, members[i].count);
	strbuf_add_cstr(buf, ",\"first_not_understood\":");
	json_append(buf, slice_of(counts->unknown_line));
	strbuf_add_char(buf, '}');
}

static void
add_period(
    const char *name, const struct survey_period *period, struct strbuf *buf)
{
	static const unsigned int permille[] = { 500, 900, 990, 999 };

	strbuf_addf(buf,
	    ",\"%s\":{\"messages\":%" PRIu64 ",\"recipients\":%" PRIu64, name,
	    period->messages, period->rcpts);
	for (size_t i = 0; i < SURVEY_ACTIONS; i++)
		strbuf_addf(buf, ",\"%s\":%" PRIu64, survey_actions[i],
		    period->actions[i]);
	strbuf_addf(buf,
	    ",\"only_watched\":%" PRIu64 ",\"signed\":%" PRIu64
	    ",\"repaired\":%" PRIu64 ",\"ms\":{",
	    period->would, period->signed_now, period->repaired);
	for (size_t i = 0; i < 4; i++)
		strbuf_addf(buf, "\"%g\":%.1f,", (double)permille[i] / 10,
		    (double)histogram_at(&period->ms, permille[i]) / 10);
	strbuf_addf(buf, "\"max\":%.1f}}", (double)period->ms.max / 10);
}

static void
add_table(
    const struct report_view *view, enum survey_table id, struct strbuf *buf)
{
	const struct census *census = &view->survey->tables[id];

	strbuf_addf(buf,
	    "%s\"%s\":{\"names\":%zu,\"names_left_out\":%" PRIu64
	    ",\"count_may_lack\":%" PRIu64 ",\"rows\":[",
	    id == 0 ? "" : ",", survey_forms[id].name, census->count,
	    census->left_out, census->missing);
	for (size_t i = 0; i < census->count && i < view->rows; i++) {
		const struct census_item *item = &census->items[i];

		strbuf_add_cstr(buf, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_append(buf, census_name(item));
		strbuf_addf(buf, ",\"messages\":%" PRIu64, item->count[0]);
		if (survey_compares(view->survey))
			strbuf_addf(
			    buf, ",\"before\":%" PRIu64, item->count[1]);
		if (survey_forms[id].marked != NULL)
			strbuf_addf(
			    buf, ",\"marked\":%" PRIu64, item->marked[0]);
		strbuf_add_cstr(buf, ",\"qid\":");
		json_append(buf, census_sample(item));
		strbuf_add_char(buf, '}');
	}
	strbuf_add_cstr(buf, "]}");
}

void
report_print_json(const struct report_view *view, struct strbuf *buf)
{
	const struct survey *survey = view->survey;

	strbuf_add_char(buf, '{');
	add_counts(&survey->counts, buf);
	strbuf_addf(buf,
	    ",\"since\":%" PRId64 ",\"until\":%" PRId64 ",\"first\":%" PRId64
	    ",\"last\":%" PRId64 ",\"of_other_times\":%" PRIu64,
	    survey->since, survey->until, survey->first, survey->last,
	    survey->outside);
	add_period("period", &survey->periods[0], buf);
	if (survey_compares(survey))
		add_period("before", &survey->periods[1], buf);
	strbuf_add_cstr(buf, ",\"tables\":{");
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		add_table(view, (enum survey_table)i, buf);
	strbuf_add_cstr(buf, "}}\n");
}
