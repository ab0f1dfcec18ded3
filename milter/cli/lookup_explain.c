/* SPDX-License-Identifier: BSD-2-Clause */
/* What "lookup --explain" shows: each table, and each key that it was asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "lookup_priv.h"

enum { KEY_COLUMN = 36, SHOWN_OCTETS = 400, MAX_INDENT = 8 };

static const char *
answer_word(enum table_answer answer)
{
	static const char *const words[] = {
		[TABLE_FOUND] = "found",
		[TABLE_ABSENT] = "absent",
		[TABLE_FAILED] = "FAILED",
	};

	return words[answer];
}

struct heading {
	unsigned int indent;
};

static void
print_file(void *arg, struct slice path)
{
	const struct heading *heading = arg;
	CLEANUP(arena_done) struct arena mem;
	struct stat st;
	struct tm tm;
	char when[32] = "";

	arena_init(&mem);
	if (stat(slice_cstr(&mem, path), &st) == 0 &&
	    gmtime_r(&st.st_mtime, &tm) != NULL &&
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
		printf("%*s  file %s, changed %s\n", (int)heading->indent, "",
		    escape(&mem, path, SHOWN_OCTETS), when);
	else
		printf("%*s  file %s, not there\n", (int)heading->indent, "",
		    escape(&mem, path, SHOWN_OCTETS));
}

static void
print_asked(
    const struct table_asked *asked, unsigned int indent, struct arena *mem)
{
	printf("%*s  %-6s  %-*s  %" PRIu64 ".%" PRIu64 " ms", (int)indent, "",
	    answer_word(asked->answer), KEY_COLUMN,
	    escape(mem, asked->key, SHOWN_OCTETS), asked->micros / 1000,
	    asked->micros % 1000 / 100);
	if (asked->hosts.len != 0)
		printf(
		    "  asked now: %s", escape(mem, asked->hosts, SHOWN_OCTETS));
	if (asked->line != 0)
		printf("  line %zu", asked->line);
	printf("\n");
	if (asked->answer == TABLE_FOUND)
		printf("%*s          = %s\n", (int)indent, "",
		    escape(mem, asked->value, 100000));
	else if (asked->answer == TABLE_FAILED)
		printf("%*s          ! %s\n", (int)indent, "", asked->why.text);
}

void
lookup_explain(const struct table_trace *trace, struct arena *mem)
{
	const struct table_asked *before = NULL;

	for (size_t i = 0; i < trace->count; i++) {
		const struct table_asked *asked = &trace->items[i];
		unsigned int depth =
		    asked->depth < MAX_INDENT ? asked->depth : MAX_INDENT;
		struct heading heading = { .indent = 2 * depth };
		struct slice spec = asked->spec;

		if (before == NULL || before->table != asked->table ||
		    before->depth != asked->depth) {
			printf("%*s%s\n", (int)heading.indent, "",
			    escape(mem, spec, SHOWN_OCTETS));
			/* Parts of a table tell of their own. */
			if (!slice_has(spec, '{'))
				table_spec_files(spec, print_file, &heading);
		}
		print_asked(asked, heading.indent, mem);
		before = asked;
	}
}

void
lookup_explain_json(const struct table_trace *trace, struct strbuf *buf)
{
	strbuf_add_cstr(buf, ",\"tried\":[");
	for (size_t i = 0; i < trace->count; i++) {
		const struct table_asked *asked = &trace->items[i];

		strbuf_addf(buf,
		    "%s{\"depth\":%u,\"table\":", i == 0 ? "" : ",",
		    asked->depth);
		json_append(buf, asked->spec);
		strbuf_add_cstr(buf, ",\"key\":");
		json_append(buf, asked->key);
		strbuf_addf(buf,
		    ",\"answer\":\"%s\",\"us\":%" PRIu64 ",\"hosts\":",
		    asked->answer == TABLE_FAILED ? "failed" :
						    answer_word(asked->answer),
		    asked->micros);
		json_append(buf, asked->hosts);
		if (asked->answer == TABLE_FOUND) {
			strbuf_add_cstr(buf, ",\"value\":");
			json_append(buf, asked->value);
			strbuf_addf(buf, ",\"line\":%zu", asked->line);
		} else if (asked->answer == TABLE_FAILED) {
			strbuf_add_cstr(buf, ",\"why\":");
			json_append(buf, slice_of(asked->why.text));
		}
		strbuf_add_char(buf, '}');
	}
	strbuf_add_char(buf, ']');
}
