/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports on domains as text and as JSON. */
#include <stdio.h>
#include <unistd.h>

#include "base/terminal.h"
#include "check/check.h"
#include "check_domain_priv.h"
#include "cli/options.h"

enum { ABOUT_COLUMN = 10 };

static const enum tone domain_tones[] = {
	[DOMAIN_OK] = TONE_GOOD,
	[DOMAIN_NOTE] = TONE_PLAIN,
	[DOMAIN_WARNING] = TONE_WARN,
	[DOMAIN_ERROR] = TONE_BAD,
	[DOMAIN_LATER] = TONE_WARN,
};

/* The findings as people read them: one a line, what to publish below it. */
void
domain_report_text(const struct domain_report *report, bool is_service)
{
	bool colours = terminal_has_colours(STDOUT_FILENO);

	if (is_service)
		printf("this service\n");
	else
		printf("\n%.*s\n", SLICE_ARGS(report->name));
	for (size_t i = 0; i < report->count; i++) {
		const struct domain_finding *f = &report->items[i];
		struct slice rest = f->publish, line;

		/* Columns are of what is seen. */
		printf("  %s  %-*s  %.*s\n",
		    toned(colours, domain_tones[f->level],
			slice_format(
			    report->mem, "%-7s", domain_level_name(f->level))
			    .data,
			report->mem),
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
