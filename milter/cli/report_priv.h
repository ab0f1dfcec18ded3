/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_REPORT_PRIV_H
#define SUBMILTER_CLI_REPORT_PRIV_H

#include "logbook/survey.h"

/* What is shown of a survey. */
struct report_view {
	const struct survey *survey;
	size_t rows; /* of each table */
};

/* "2026-11-29 08:00", local time. */
struct slice report_time(struct arena *mem, int64_t at);

void report_print_text(const struct report_view *view, struct strbuf *buf);
void report_print_json(const struct report_view *view, struct strbuf *buf);
/* A page that needs nothing but itself. */
void report_print_html(const struct report_view *view, struct strbuf *buf);

/* Messages by hour or day, and by duration, as SVG for that page. */
void report_plot_times(const struct survey *survey, struct strbuf *buf);
void report_plot_ms(const struct survey *survey, struct strbuf *buf);

#endif
