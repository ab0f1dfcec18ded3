/* SPDX-License-Identifier: BSD-2-Clause */
/* The findings of "submilter check", as text or JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/terminal.h"
#include "check/check.h"

enum { MAX_FINDING_BYTES = 2048 };

void
finding_add(struct findings *found, enum finding_level level, const char *fix,
    const char *format, ...)
{
	char text[MAX_FINDING_BYTES];
	void *items = found->items;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	arena_reserve_one(found->mem, &items, &found->cap, found->count,
	    sizeof(found->items[0]));
	found->items = items;
	found->items[found->count++] =
	    (struct finding){ level, slice_dup(found->mem, slice_of(text)),
		    slice_dup(found->mem, slice_of(fix)) };
}

void
findings_put_off(struct findings *found, const char *text)
{
	for (size_t i = 0; i < found->count; i++) {
		if (slice_has_text_nocase(found->items[i].text, slice_of(text)))
			found->items[i].level = FINDING_LATER;
	}
}

size_t
findings_count(const struct findings *found, enum finding_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < found->count; i++)
		count += found->items[i].level == level;
	return count;
}

static const char *
level_name(enum finding_level level)
{
	static const char *const names[] = { "ok", "warning", "error",
		"later" };

	return names[level];
}

void
findings_json(const struct findings *found, struct strbuf *out)
{
	strbuf_add_cstr(out, "{\"findings\":[");
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->items[i];

		strbuf_addf(out,
		    "%s\n {\"level\":\"%s\",\"text\":", i == 0 ? "" : ",",
		    level_name(f->level));
		json_append(out, f->text);
		if (f->fix.len > 0) {
			strbuf_add_cstr(out, ",\"fix\":");
			json_append(out, f->fix);
		}
		strbuf_add_char(out, '}');
	}
	strbuf_addf(out,
	    "],\n \"errors\":%zu,\"warnings\":%zu,\"later\":%zu}\n",
	    findings_count(found, FINDING_ERROR),
	    findings_count(found, FINDING_WARNING),
	    findings_count(found, FINDING_LATER));
}

static const enum tone finding_tones[] = {
	[FINDING_OK] = TONE_GOOD,
	[FINDING_WARNING] = TONE_WARN,
	[FINDING_ERROR] = TONE_BAD,
	[FINDING_LATER] = TONE_WARN,
};

void
findings_print_text(const struct findings *found)
{
	size_t errors = findings_count(found, FINDING_ERROR);
	size_t warnings = findings_count(found, FINDING_WARNING);

	bool colours = terminal_has_colours(STDOUT_FILENO);

	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->items[i];

		printf("%s: ",
		    toned(colours, finding_tones[f->level],
			level_name(f->level), found->mem));
		terminal_write(stdout, f->text);
		if (f->fix.len > 0) {
			printf("\n    do: ");
			terminal_write(stdout, f->fix);
		}
		putchar('\n');
	}
	printf("%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s",
	    warnings, warnings == 1 ? "" : "s");
}
