/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter report": options, and the period that they name. */
#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/options.h"
#include "progress_priv.h"
#include "report_priv.h"

static const char usage[] =
    "usage: submilter report [OPTION ...] [FILE ...]\n"
    "\n"
    "Counts what the log says: how much, by whom, what was refused and why, what\n"
    "was repaired and signed. A FILE is one of syslog, or what journalctl printed\n"
    "(-o short, json or export), also compressed by gzip; without one, or with -,\n"
    "standard input. The order does not matter.\n"
    "\n"
    "      --period WORD    day, week or month (30 days): only that long before\n"
    "                       --until, compared with as long before it\n"
    "      --since TIME     the beginning: 2026-11-29, or \"2026-11-29 08:00\"\n"
    "      --until TIME     the end (default: now)\n"
    "      --top N          rows of each table (default: 10)\n"
    "      --json           as JSON\n"
    "      --html FILE      as one page of HTML, which needs nothing else\n"
    "\n"
    "Exit codes: 0 fine, 1 no message, or a file could not be read, 2 usage.\n";

enum { DAY = 86400, MAX_ROWS = 1000 };

struct request {
	const char *period, *since, *until, *top, *html;
	bool json;
	int64_t since_time, until_time;
	size_t rows;
};

struct slice
report_time(struct arena *mem, int64_t at)
{
	time_t seconds = (time_t)at;
	struct tm tm;
	char text[40];

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
		return SLICE("?");
	return slice_dup(mem, slice_of(text));
}

/* A time of day that was typed, local. */
static bool
parse_time(const char *text, int64_t *ret_time)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);
		time_t at;

		if (end == NULL || *end != '\0')
			continue;
		tm.tm_isdst = -1;
		at = mktime(&tm);
		if (at <= 0)
			return false;
		*ret_time = at;
		return true;
	}
	return false;
}

/* What is wrong with the period, or NULL; 0 and 0: all lines. */
static const char *
find_period(struct request *request)
{
	static const struct {
		const char *word;
		int64_t seconds;
	} lengths[] = { { "day", DAY }, { "week", 7 * DAY },
		{ "month", 30 * DAY } };
	enum { COUNT = sizeof(lengths) / sizeof(lengths[0]) };
	size_t i = 0;

	if (request->period == NULL && request->since == NULL)
		return request->until == NULL ?
		    NULL :
		    "--until goes with --since or --period";
	if (request->period != NULL && request->since != NULL)
		return "--since and --period say the same thing: give one";
	request->until_time = clock_now();
	if (request->until != NULL &&
	    !parse_time(request->until, &request->until_time))
		return "--until takes a time such as 2026-11-29 or "
		       "\"2026-11-29 08:00\"";
	if (request->since != NULL) {
		if (!parse_time(request->since, &request->since_time))
			return "--since takes a time such as 2026-11-29 or "
			       "\"2026-11-29 08:00\"";
		return request->since_time < request->until_time ?
		    NULL :
		    "--since is not before --until";
	}
	while (i < COUNT && strcmp(lengths[i].word, request->period) != 0)
		i++;
	if (i == COUNT)
		return "--period takes day, week or month";
	request->since_time = request->until_time - lengths[i].seconds;
	return NULL;
}

/* What the lines of the log go to. */
struct reading {
	struct survey survey;
	struct log_progress progress;
};

static void
note_message(void *arg, const struct log_record *record)
{
	struct reading *reading = arg;

	survey_message(&reading->survey, record);
}

static void
note_other(void *arg, int64_t time, struct slice text)
{
	struct reading *reading = arg;

	survey_other(&reading->survey, time, text);
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
	struct reading *reading = arg;

	log_progress_note(&reading->progress, path, octets);
}

/* Writes it to the file of --html, or on standard output. */
static int
write_report(const struct request *request, const struct strbuf *buf)
{
	bool failed;
	FILE *file;

	if (request->html == NULL || strcmp(request->html, "-") == 0) {
		command_print(buf);
		return EXIT_YES;
	}
	file = fopen(request->html, "we");
	if (file == NULL) {
		command_say("%s: %s", request->html, strerror(errno));
		return EXIT_LATER;
	}
	failed = fwrite(buf->data, 1, buf->len, file) != buf->len;
	failed = fclose(file) != 0 || failed;
	if (!failed)
		return EXIT_YES;
	command_say("%s: %s", request->html, strerror(errno));
	return EXIT_LATER;
}

static int
run_report(
    const struct request *request, const char *const *paths, size_t count)
{
	CLEANUP(arena_done) struct arena mem;
	struct reading reading;
	struct survey *survey = &reading.survey;
	const struct log_visitor visitor = { .arg = &reading,
		.message = note_message,
		.other = note_other,
		.failed = tell_failed,
		.progress = note_progress };
	struct report_view view = { survey, request->rows };
	struct strbuf buf;
	int code;

	arena_init(&mem);
	survey_init(survey, request->since_time, request->until_time);
	log_progress_begin(&reading.progress, paths, count);
	log_read(paths, count, &visitor, &survey->counts);
	progress_clear();
	survey_finish(survey);
	strbuf_init(&buf, &mem);
	if (request->html != NULL)
		report_print_html(&view, &buf);
	else if (request->json)
		report_print_json(&view, &buf);
	else
		report_print_text(&view, &buf);
	code = write_report(request, &buf);
	if (survey->periods[0].messages == 0 || survey->counts.failed != 0)
		code = EXIT_NO;
	survey_done(survey);
	return code;
}

int
report_main(int argc, char **argv)
{
	struct request request = { .rows = 10 };
	const struct command_option options[] = {
		{ "period", .text = &request.period },
		{ "since", .text = &request.since },
		{ "until", .text = &request.until },
		{ "top", .text = &request.top },
		{ "json", .flag = &request.json },
		{ "html", .text = &request.html },
		{ .name = NULL },
	};
	int code = options_read(argc, argv, options, usage);
	const char *wrong;
	unsigned long rows;

	if (code != OPTIONS_READ)
		return code;
	wrong = find_period(&request);
	if (request.top != NULL &&
	    (!slice_number(slice_of(request.top), MAX_ROWS, &rows) ||
		rows == 0))
		wrong = "--top takes a number from 1 to 1000";
	else if (request.top != NULL)
		request.rows = rows;
	if (request.json && request.html != NULL)
		wrong = "--json and --html: give one";
	if (wrong != NULL) {
		command_say("%s", wrong);
		return EXIT_USAGE;
	}
	return run_report(&request, (const char *const *)argv + optind,
	    (size_t)(argc - optind));
}
