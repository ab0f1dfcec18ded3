/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter explain": finds the lines of a message, and prints them in words. */
#include "cli/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/options.h"
#include "explain_priv.h"
#include "logbook/reader.h"
#include "progress_priv.h"

/* An MTA may use an identifier again: so many messages are shown. */
enum { MAX_FOUND = 20 };

static const char usage[] =
    "usage: submilter explain [--json] QID [FILE ...]\n"
    "\n"
    "Says in sentences what became of a message, and why, with a paragraph for its\n"
    "user. QID is the MTA's queue identifier; files are those of \"submilter\n"
    "report\", by default standard input.\n"
    "\n"
    "      --json    for programs\n"
    "\n"
    "Exit codes: 0 found, 1 not found, or a file could not be read, 2 usage.\n";

struct search {
	struct arena mem;
	struct slice qid;
	struct log_record found[MAX_FOUND];
	size_t count;
	size_t left_out;
	struct log_progress progress;
};

/* Keeps a line of the message, as long as there is room. */
static void
keep_message(void *arg, const struct log_record *record)
{
	struct search *search = arg;
	struct log_record *kept;

	if (!slice_eq(record->fields[LOG_QID], search->qid))
		return;
	if (search->count == MAX_FOUND) {
		search->left_out++;
		return;
	}
	kept = &search->found[search->count++];
	*kept = *record;
	for (size_t i = 0; i < LOG_FIELDS; i++)
		kept->fields[i] = slice_dup(&search->mem, record->fields[i]);
}

static void
tell_failed(void *arg, const struct err *err)
{
	(void)arg;
	command_say("%s", err->text);
}

static void
note_progress(void *arg, const char *path, uint64_t octets)
{
	struct search *search = arg;

	log_progress_note(&search->progress, path, octets);
}

static void
print_text(const struct explanation *explanation, struct strbuf *buf)
{
	for (size_t i = 0; i < explanation->count; i++) {
		strbuf_add(buf, explanation->sentences[i]);
		strbuf_add_char(buf, '\n');
	}
	if (explanation->section != NULL)
		strbuf_addf(buf, "See \"%s\" in docs/troubleshooting.md.\n",
		    explanation->section);
	if (explanation->user.len != 0) {
		strbuf_add_cstr(buf, "\nFor the user:\n\n");
		strbuf_add(buf, explanation->user);
		strbuf_add_char(buf, '\n');
	}
}

static void
print_json(const struct log_record *record,
    const struct explanation *explanation, struct strbuf *buf)
{
	const char *before = "";

	strbuf_addf(buf, "{\"time\":%" PRId64 ",\"fields\":{", record->time);
	for (size_t i = 0; i < LOG_FIELDS; i++) {
		enum log_field field = (enum log_field)i;

		if (record->fields[i].len == 0)
			continue;
		strbuf_addf(buf, "%s\"%s\":", before, log_field_name(field));
		before = ",";
		/* In a sentence of ours \xNN is what the client read. */
		json_append(buf,
		    log_field_is_text(field) ?
			record->fields[i] :
			log_value_octets(explanation->mem, record->fields[i]));
		if (record->more[i] != 0)
			strbuf_addf(buf, ",\"%s_more\":\"%lu\"",
			    log_field_name(field), record->more[i]);
	}
	strbuf_add_cstr(buf, "},\"sentences\":[");
	for (size_t i = 0; i < explanation->count; i++) {
		strbuf_add_cstr(buf, i == 0 ? "" : ",");
		json_append(buf, explanation->sentences[i]);
	}
	strbuf_add_cstr(buf, "],\"section\":");
	json_append(buf,
	    slice_of(explanation->section == NULL ? "" : explanation->section));
	strbuf_add_cstr(buf, ",\"user\":");
	json_append(buf, explanation->user);
	strbuf_addf(buf, ",\"cut\":%s}", record->is_cut ? "true" : "false");
}

static void
print_found(struct search *search, bool json)
{
	struct strbuf buf;

	strbuf_init(&buf, &search->mem);
	strbuf_add_cstr(&buf, json ? "{\"messages\":[" : "");
	for (size_t i = 0; i < search->count; i++) {
		struct explanation explanation = { .mem = &search->mem };

		explain_record(&search->found[i], &explanation);
		if (i != 0)
			strbuf_add_cstr(&buf, json ? "," : "\n");
		if (json)
			print_json(&search->found[i], &explanation, &buf);
		else
			print_text(&explanation, &buf);
	}
	if (json)
		strbuf_addf(&buf, "],\"left_out\":%zu}\n", search->left_out);
	else if (search->left_out != 0)
		strbuf_addf(&buf, "\n%zu more lines have this identifier.\n",
		    search->left_out);
	command_print(&buf);
}

int
explain_main(int argc, char **argv)
{
	static struct search search;
	const struct log_visitor visitor = { .arg = &search,
		.message = keep_message,
		.failed = tell_failed,
		.progress = note_progress };
	struct log_counts counts = { .files = 0 };
	const char *const *paths;
	size_t path_count;
	bool json = false;
	const struct command_option options[] = {
		{ "json", .flag = &json },
		{ .name = NULL },
	};
	int code = options_read(argc, argv, options, usage);

	if (code != OPTIONS_READ)
		return code;
	if (optind >= argc || argv[optind][0] == '\0')
		return wrong_usage(usage, "no queue identifier is named");
	arena_init(&search.mem);
	search.qid = slice_of(argv[optind]);
	paths = (const char *const *)argv + optind + 1;
	path_count = (size_t)(argc - optind - 1);
	log_progress_begin(&search.progress, paths, path_count);
	log_read(paths, path_count, &visitor, &counts);
	progress_clear();
	if (search.count != 0 || json)
		print_found(&search, json);
	if (search.count == 0)
		command_say("no line has qid=%s; %" PRIu64
			    " lines of messages were read",
		    argv[optind], counts.messages);
	arena_done(&search.mem);
	return search.count == 0 || counts.failed != 0 ? EXIT_NO : EXIT_YES;
}
