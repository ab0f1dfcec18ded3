/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter replay": the log, judged by another configuration. */
#include "cli/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/become.h"
#include "cli/options.h"
#include "input_priv.h"
#include "logbook/reader.h"
#include "progress_priv.h"
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

struct replaying {
	struct snapshot *snapshot;
	struct replay_tally tally;
	struct log_counts counts;
	struct log_progress progress;
};

static void
judge_message(void *arg, const struct log_record *record)
{
	struct replaying *replaying = arg;

	replay_count(&replaying->tally, replaying->snapshot, record);
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
	struct replaying *replaying = arg;

	log_progress_note(&replaying->progress, path, octets);
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
	(json ? replay_print_json : replay_print_text)(&replaying->tally, &buf);
	if (json)
		strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

static int
open_snapshot(
    const char *config_path, struct snapshot **ret_snapshot, struct err *err)
{
	struct config *config;

	if (input_config(config_path, print_config_fault, NULL, &config, err) !=
	    0)
		return -1;
	return replay_snapshot(config, ret_snapshot, err);
}

static int
run_replay(struct replaying *replaying, const char *config_path,
    const char *const *paths, size_t count, bool json)
{
	const struct log_visitor visitor = { .arg = replaying,
		.message = judge_message,
		.failed = tell_failed,
		.progress = note_progress };
	bool reads_input = count == 0;
	int fds[MAX_FILES];
	struct err err;

	for (size_t i = 0; i < count; i++)
		reads_input = reads_input || strcmp(paths[i], "-") == 0;
	if (reads_input && !input_claim("the log"))
		return EXIT_USAGE;
	log_open(paths, count, fds);
	if (open_snapshot(config_path, &replaying->snapshot, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	replay_tally_init(&replaying->tally);
	log_progress_begin(&replaying->progress, paths, count);
	log_read_open(paths, fds, count, &visitor, &replaying->counts);
	progress_clear();
	print_all(replaying, json);
	replay_tally_done(&replaying->tally);
	snapshot_unref(replaying->snapshot);
	if (replaying->tally.totals[REPLAY_HIT] != 0 ||
	    replaying->counts.failed != 0)
		return EXIT_NO;
	return replaying->tally.totals[REPLAY_LATER] != 0 ? EXIT_LATER :
							    EXIT_YES;
}

int
replay_main(int argc, char **argv)
{
	struct replaying replaying = { .tally.rows = 20 };
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
	if (config_path == NULL)
		return wrong_usage(
		    usage, "-c FILE has to name the configuration to judge by");
	if (argc - optind > MAX_FILES)
		return wrong_usage(usage, "more than 900 files");
	if (top != NULL &&
	    (!slice_number(slice_of(top), MAX_ROWS, &rows) || rows == 0)) {
		command_say("--top takes a number from 1 to 1000");
		return EXIT_USAGE;
	}
	if (top != NULL)
		replaying.tally.rows = rows;
	return run_replay(&replaying, config_path,
	    (const char *const *)argv + optind, (size_t)(argc - optind), json);
}
