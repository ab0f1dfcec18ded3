/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter replay": the log, judged by another configuration. */
#include "cli/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/become.h"
#include "cli/options.h"
#include "logbook/census.h"
#include "logbook/reader.h"
#include "replay_priv.h"

enum { MAX_FILES = 900, MAX_ROWS = 1000 };

static const char usage[] =
    "usage: submilter replay --config NEW [--json] [--top N] [FILE ...]\n"
    "\n"
    "Judges the messages of the log by another configuration and its tables: who\n"
    "would be refused who was not, and who would not any more. Files are those of\n"
    "\"submilter report\", by default standard input. Nothing is changed.\n"
    "\n"
    "  -c, --config FILE    the configuration to judge by\n"
    "      --top N          rows of each list (default: 20)\n"
    "      --json           as JSON\n"
    "\n"
    "Only who sends, MAIL FROM and From are judged. What the log does not hold (other\n"
    "fields, names, the body) is not, and the output says where that counts.\n"
    "\n"
    "Exit codes: 0 nobody more would be refused, 1 somebody would, or a file could\n"
    "not be read, 2 usage, 75 a table could not answer.\n";

static const struct group_form {
	const char *name, *title;
} forms[REPLAY_GROUPS] = {
	[REPLAY_HIT] = { "hit", "Would be refused, and was not" },
	[REPLAY_FREED] = { "freed",
	    "Would not be refused for its authors any more" },
	[REPLAY_STILL] = { "still", "Was refused, and would be" },
	[REPLAY_LATER] = { "later", "A table could not answer" },
	[REPLAY_UNTOLD] = { "untold", "Cannot be told from the log" },
	[REPLAY_FINE] = { "fine", "Was not refused, and would not be" },
};

struct replaying {
	struct snapshot *snapshot;
	struct census groups[REPLAY_GROUPS];
	uint64_t totals[REPLAY_GROUPS];
	struct log_counts counts;
	size_t rows;
};

static void
judge_message(void *arg, const struct log_record *record)
{
	struct replaying *replaying = arg;
	CLEANUP(arena_done) struct arena mem;
	struct slice why = { NULL, 0 };
	enum replay_group group;

	arena_init(&mem);
	group = replay_judge(replaying->snapshot, record, &mem, &why);
	replaying->totals[group]++;
	if (group != REPLAY_FINE)
		(void)census_add(
		    &replaying->groups[group], why, 0, record->fields[LOG_QID]);
}

static void
tell_failed(void *arg, const struct err *err)
{
	(void)arg;
	command_say("%s", err->text);
}

static void
print_group(const struct replaying *replaying, size_t group, struct strbuf *buf)
{
	const struct census *census = &replaying->groups[group];

	strbuf_addf(buf, "%s: %" PRIu64 " messages\n", forms[group].title,
	    replaying->totals[group]);
	for (size_t i = 0; i < census->count && i < replaying->rows; i++) {
		strbuf_addf(buf, "%10" PRIu64 "  ", census->items[i].count[0]);
		strbuf_add(buf, census_name(&census->items[i]));
		strbuf_add_cstr(buf, "  (");
		strbuf_add(buf, census_sample(&census->items[i]));
		strbuf_add_cstr(buf, ")\n");
	}
	if (census->count > replaying->rows)
		strbuf_addf(buf, "%10s  and %zu more\n", "...",
		    census->count - replaying->rows);
	if (census->left_out != 0)
		strbuf_addf(buf,
		    "There are too many: rare ones are left out, and a count "
		    "may be up to %" PRIu64 " too low.\n",
		    census->missing);
	strbuf_add_char(buf, '\n');
}

static void
print_group_json(
    const struct replaying *replaying, size_t group, struct strbuf *buf)
{
	const struct census *census = &replaying->groups[group];

	strbuf_addf(buf,
	    ",\"%s\":{\"messages\":%" PRIu64
	    ",\"names\":%zu,\"names_left_out\":%" PRIu64
	    ",\"count_may_lack\":%" PRIu64 ",\"rows\":[",
	    forms[group].name, replaying->totals[group], census->count,
	    census->left_out, census->missing);
	for (size_t i = 0; i < census->count && i < replaying->rows; i++) {
		strbuf_add_cstr(buf, i == 0 ? "{\"what\":" : ",{\"what\":");
		json_append(buf, census_name(&census->items[i]));
		strbuf_addf(buf, ",\"messages\":%" PRIu64 ",\"qid\":",
		    census->items[i].count[0]);
		json_append(buf, census_sample(&census->items[i]));
		strbuf_add_char(buf, '}');
	}
	strbuf_add_cstr(buf, "]}");
}

static void
print_all(struct replaying *replaying, bool json)
{
	CLEANUP(arena_done) struct arena mem;
	struct strbuf buf;

	arena_init(&mem);
	strbuf_init(&buf, &mem);
	strbuf_addf(&buf,
	    json ? "{\"messages\":%" PRIu64 ",\"not_understood\":%" PRIu64 :
		   "%" PRIu64 " messages were judged by who sends, MAIL FROM "
		   "and From; %" PRIu64 " lines were not understood.\n\n",
	    replaying->counts.messages, replaying->counts.unknown);
	for (size_t i = 0; i < REPLAY_GROUPS; i++) {
		census_sort(&replaying->groups[i]);
		(json ? print_group_json : print_group)(replaying, i, &buf);
	}
	if (json)
		strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

static void
tell_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	command_say("%s: %s", is_error ? "error" : "warning", text);
}

/* Tables are read as the milter's user, files of the log as ours. */
static int
open_snapshot(
    const char *config_path, struct snapshot **ret_snapshot, struct err *err)
{
	const struct report report = { tell_fault, NULL };
	struct config *config;

	if (config_read(config_path, print_config_fault, NULL, &config, err) !=
	    0)
		return -1;
	if (become_milter(config, err) != 0) {
		config_free(config);
		return -1;
	}
	return snapshot_new(config, NULL, &report, ret_snapshot, err);
}

static int
run_replay(struct replaying *replaying, const char *config_path,
    const char *const *paths, size_t count, bool json)
{
	const struct log_visitor visitor = { .arg = replaying,
		.message = judge_message,
		.failed = tell_failed };
	int fds[MAX_FILES];
	struct err err;

	log_open(paths, count, fds);
	if (open_snapshot(config_path, &replaying->snapshot, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	for (size_t i = 0; i < REPLAY_GROUPS; i++)
		census_init(&replaying->groups[i]);
	log_read_open(paths, fds, count, &visitor, &replaying->counts);
	print_all(replaying, json);
	for (size_t i = 0; i < REPLAY_GROUPS; i++)
		census_done(&replaying->groups[i]);
	snapshot_unref(replaying->snapshot);
	if (replaying->totals[REPLAY_HIT] != 0 || replaying->counts.failed != 0)
		return EXIT_NO;
	return replaying->totals[REPLAY_LATER] != 0 ? EXIT_LATER : EXIT_YES;
}

int
replay_main(int argc, char **argv)
{
	struct replaying replaying = { .rows = 20 };
	const char *config_path = NULL, *top = NULL;
	bool json = false;
	unsigned long rows;
	const struct command_option options[] = {
		{ "config", 'c', .text = &config_path },
		{ "top", .text = &top },
		{ "json", .flag = &json },
		{ .name = NULL },
	};
	int code = options_read(argc, argv, options, usage);

	if (code != OPTIONS_READ)
		return code;
	if (config_path == NULL || argc - optind > MAX_FILES)
		return wrong_usage(usage);
	if (top != NULL &&
	    (!slice_number(slice_of(top), MAX_ROWS, &rows) || rows == 0)) {
		command_say("--top takes a number from 1 to 1000");
		return EXIT_USAGE;
	}
	if (top != NULL)
		replaying.rows = rows;
	return run_replay(&replaying, config_path,
	    (const char *const *)argv + optind, (size_t)(argc - optind), json);
}
