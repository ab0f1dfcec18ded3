/* SPDX-License-Identifier: BSD-2-Clause */
/* Plots of the report, as SVG that stands in the page. */
#include <inttypes.h>
#include <time.h>

#include "report_priv.h"

/* LEFT: room for the numbers of the axis. */
enum { WIDTH = 900, HEIGHT = 240, LEFT = 90, TOP = 24, BOTTOM = 34 };
enum { MAX_BARS = 400, HOUR = 3600, DAY = 86400 };

struct bar {
	uint64_t ok, no;
	char label[32];
};

struct plot {
	const char *title;
	const char *ok_name, *no_name; /* no_name may be NULL */
	size_t count;
	size_t label_from; /* what the axis leaves out of a label */
	struct bar bars[MAX_BARS];
};

/* A round number that is not below the highest bar. */
static uint64_t
round_up(uint64_t highest)
{
	uint64_t unit = 1;

	while (unit <= highest / 10)
		unit *= 10;
	for (uint64_t i = 1; i <= 10; i++) {
		if (i * unit >= highest)
			return i * unit;
	}
	return highest;
}

static void
add_axes(struct strbuf *buf, const struct plot *plot, uint64_t top)
{
	size_t every = (plot->count + 7) / 8;
	double step = (double)(WIDTH - LEFT) / (double)plot->count;

	for (int i = 0; i <= 2; i++) {
		int y = TOP + (HEIGHT - TOP - BOTTOM) * i / 2;

		if (i == 1 && top % 2 != 0)
			continue;
		strbuf_addf(buf,
		    "<line class=\"ax\" x1=\"%d\" x2=\"%d\" y1=\"%d\" "
		    "y2=\"%d\"/><text x=\"%d\" y=\"%d\" "
		    "text-anchor=\"end\">%" PRIu64 "</text>\n",
		    LEFT, WIDTH, y, y, LEFT - 6, y + 4,
		    top - top * (uint64_t)i / 2);
	}
	for (size_t i = 0; i < plot->count; i += every)
		strbuf_addf(buf, "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
		    LEFT + step * (double)i, HEIGHT - 8,
		    plot->bars[i].label + plot->label_from);
}

static void
add_bar(struct strbuf *buf, const struct plot *plot, size_t i, uint64_t top)
{
	const struct bar *bar = &plot->bars[i];
	double step = (double)(WIDTH - LEFT) / (double)plot->count;
	double room = HEIGHT - TOP - BOTTOM;
	double ok = room * (double)bar->ok / (double)top;
	double no = room * (double)bar->no / (double)top;
	double x = LEFT + step * (double)i;
	double width = step > 4 ? step * 0.85 : step;

	strbuf_addf(buf, "<g><title>%s: %" PRIu64 " %s", bar->label, bar->ok,
	    plot->ok_name);
	if (plot->no_name != NULL)
		strbuf_addf(buf, ", %" PRIu64 " %s", bar->no, plot->no_name);
	strbuf_addf(buf,
	    "</title><rect class=\"ok\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
	    "height=\"%.1f\"/>",
	    x, TOP + room - ok, width, ok);
	if (bar->no != 0)
		strbuf_addf(buf,
		    "<rect class=\"no\" x=\"%.1f\" y=\"%.1f\" "
		    "width=\"%.1f\" height=\"%.1f\"/>",
		    x, TOP + room - ok - no, width, no);
	strbuf_add_cstr(buf, "</g>\n");
}

static void
add_plot(struct strbuf *buf, const struct plot *plot)
{
	uint64_t top = 1;

	for (size_t i = 0; i < plot->count; i++) {
		uint64_t sum = plot->bars[i].ok + plot->bars[i].no;

		if (sum > top)
			top = sum;
	}
	top = round_up(top);
	strbuf_addf(buf,
	    "<h2>%s</h2>\n<p><i style=\"background:var(--ok)\">"
	    "</i>%s",
	    plot->title, plot->ok_name);
	if (plot->no_name != NULL)
		strbuf_addf(buf, " <i style=\"background:var(--no)\"></i>%s",
		    plot->no_name);
	strbuf_addf(buf,
	    "</p>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
	    "aria-label=\"%s\">\n",
	    WIDTH, HEIGHT, plot->title);
	add_axes(buf, plot, top);
	for (size_t i = 0; i < plot->count; i++)
		add_bar(buf, plot, i, top);
	strbuf_add_cstr(buf, "</svg>\n");
}

/* The beginning of the hour, or of the local day. */
static int64_t
begin_of(int64_t at, int64_t width)
{
	time_t seconds = (time_t)at;
	struct tm tm;

	if (width != DAY || localtime_r(&seconds, &tm) == NULL)
		return at / HOUR * HOUR;
	return at - tm.tm_hour * HOUR - tm.tm_min * 60 - tm.tm_sec;
}

/* The bars of a time that several days share, where there are very many. */
static void
fill_times(const struct survey *survey, struct plot *plot, int64_t from,
    int64_t to, int64_t width)
{
	for (int64_t hour = from / HOUR;
	     hour <= to / HOUR && hour < SURVEY_HOURS; hour++) {
		int64_t at = hour * HOUR < from ? 0 : hour * HOUR - from;
		size_t i = (size_t)(at / width);

		if (i >= MAX_BARS)
			break;
		plot->bars[i].ok += survey->hours[hour][0];
		plot->bars[i].no += survey->hours[hour][1];
	}
	plot->count = (size_t)((to - from) / width) + 1;
	if (plot->count > MAX_BARS)
		plot->count = MAX_BARS;
	for (size_t i = 0; i < plot->count; i++) {
		time_t at = (time_t)(from + (int64_t)i * width +
		    (width >= DAY ? DAY / 2 : 0));
		struct tm tm;

		if (localtime_r(&at, &tm) != NULL)
			(void)strftime(plot->bars[i].label,
			    sizeof(plot->bars[i].label),
			    width >= DAY ? "%Y-%m-%d" : "%d %H:%M", &tm);
	}
}

void
report_plot_times(const struct survey *survey, struct strbuf *buf)
{
	bool compares = survey_compares(survey);
	int64_t from = compares ? survey->since : survey->first;
	int64_t to = compares ? survey->until - 1 : survey->last;
	int64_t width = to - from <= 3 * DAY ? HOUR : DAY;
	struct plot *plot;

	if (survey->first == 0)
		return;
	/* A bar is a day, or as many days as all need. */
	if ((to - from) / width >= MAX_BARS - 1)
		width = ((to - from) / DAY / (MAX_BARS - 1) + 1) * DAY;
	plot = arena_alloc(buf->mem, sizeof(*plot));
	plot->title = width == HOUR ? "Messages by the hour" :
	    width == DAY	    ? "Messages by the day" :
				      "Messages by several days";
	plot->ok_name = "went on";
	plot->no_name = "refused, put off or held";
	plot->label_from = width == HOUR ? 0 : sizeof("2026-") - 1;
	fill_times(survey, plot, begin_of(from, width), to, width);
	add_plot(buf, plot);
}

void
report_plot_ms(const struct survey *survey, struct strbuf *buf)
{
	static const struct {
		const char *label;
		uint64_t low, high; /* tenths of a millisecond */
	} ranges[] = {
		{ "to 0.5", 0, 5 },
		{ "to 1", 5, 10 },
		{ "to 2", 10, 20 },
		{ "to 5", 20, 50 },
		{ "to 10", 50, 100 },
		{ "to 50", 100, 500 },
		{ "to 500", 500, 5000 },
		{ "more", 5000, UINT64_MAX },
	};
	struct plot *plot = arena_alloc(buf->mem, sizeof(*plot));

	if (survey->periods[0].ms.count == 0)
		return;
	plot->title = "Messages by milliseconds";
	plot->ok_name = "messages";
	plot->count = sizeof(ranges) / sizeof(ranges[0]);
	for (size_t i = 0; i < plot->count; i++) {
		plot->bars[i].ok = histogram_between(
		    &survey->periods[0].ms, ranges[i].low, ranges[i].high);
		for (size_t j = 0; ranges[i].label[j] != '\0' &&
		     j + 1 < sizeof(plot->bars[i].label);
		     j++)
			plot->bars[i].label[j] = ranges[i].label[j];
	}
	add_plot(buf, plot);
}
