/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports on domains as text and as JSON. */
#include <stdio.h>

#include "check/check.h"
#include "check_domain_priv.h"
#include "cli/options.h"

enum { ABOUT_COLUMN = 10 };

/* The findings as people read them: one a line, what to publish below it. */
void
domain_report_text(const struct domain_report *report, bool is_service)
{
	if (is_service)
		printf("this service\n");
	else
		printf("\n%.*s\n", SLICE_ARGS(report->name));
	for (size_t i = 0; i < report->count; i++) {
		const struct domain_finding *f = &report->items[i];
		struct slice rest = f->publish, line;

		printf("  %-7s  %-*s  %.*s\n", domain_level_name(f->level),
		    ABOUT_COLUMN, f->about, SLICE_ARGS(f->text));
		for (const char *head = "publish:";
		     slice_next_item(&rest, "\n", &line); head = "        ")
			printf("           %s %.*s\n", head, SLICE_ARGS(line));
	}
}

static void
add_json_text(struct strbuf *out, const char *name, struct slice text)
{
	if (text.len == 0)
		return;
	strbuf_addf(out, ",\"%s\":", name);
	json_append(out, text);
}

void
domain_report_json(
    const struct domain_report *report, bool is_service, bool first)
{
	struct strbuf out;

	strbuf_init(&out, report->mem);
	if (is_service)
		strbuf_add_cstr(&out, "{\"service\":{\"findings\":[");
	else
		strbuf_addf(&out, "%s\n {\"domain\":\"%.*s\",\"findings\":[",
		    first ? "" : ",", SLICE_ARGS(report->name));
	for (size_t i = 0; i < report->count; i++) {
		const struct domain_finding *f = &report->items[i];

		strbuf_addf(&out, "%s\n  {\"level\":\"%s\",\"about\":\"%s\"",
		    i == 0 ? "" : ",", domain_level_name(f->level), f->about);
		add_json_text(&out, "item", f->item);
		add_json_text(&out, "says", f->says);
		add_json_text(&out, "text", f->text);
		add_json_text(&out, "publish", f->publish);
		strbuf_add_char(&out, '}');
	}
	strbuf_add_cstr(&out, is_service ? "]},\n \"domains\":[" : "]}");
	command_print(&out);
}
