/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load [OPTION...] ADDRESS: sends messages to a milter, as an MTA does, and says
 * what came of it as JSON. tests/bench/run is who calls it.
 */
#include "load.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void
load_fail(const char *format, ...)
{
	va_list args;

	(void)fputs("load: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}

double
load_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
load_times_add(struct load_times *times, double ms)
{
	if (times->count == times->room) {
		times->room = times->room == 0 ? 4096 : 2 * times->room;
		times->ms =
		    realloc(times->ms, times->room * sizeof(*times->ms));
		if (times->ms == NULL)
			load_fail("no memory");
	}
	times->ms[times->count++] = ms;
}

static int
ms_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
load_times_print(struct load_times *times, const char *name)
{
	static const struct {
		const char *name;
		size_t part;
	} parts[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 },
		{ "max", 1000 } };

	if (times->count == 0) {
		(void)printf(", \"%s\": null", name);
		return;
	}
	qsort(times->ms, times->count, sizeof(*times->ms), ms_compare);
	(void)printf(", \"%s\": {", name);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t at = times->count * parts[i].part / 1000;

		if (at == times->count)
			at--;
		(void)printf("%s\"%s\": %.4f", i == 0 ? "" : ", ",
		    parts[i].name, times->ms[at]);
	}
	(void)printf("}");
}

static double
seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void
print_result(struct load_result *result)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("{\"messages\": %lu, \"accepted\": %lu, \"refused\": %lu, "
		     "\"signatures\": %lu, \"replies\": %lu, "
		     "\"inserted\": %lu, \"added\": %lu, \"changed\": %lu, "
		     "\"body_pieces\": %lu, \"other_edits\": %lu, "
		     "\"seconds\": %.4f, \"own_cpu\": %.4f",
	    result->accepted + result->refused, result->accepted,
	    result->refused, result->signatures, result->replies,
	    result->edits[EDIT_INSERT], result->edits[EDIT_ADD],
	    result->edits[EDIT_CHANGE], result->edits[EDIT_BODY],
	    result->edits[EDIT_OTHER], result->seconds,
	    seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
	load_times_print(&result->end, "end");
	load_times_print(&result->whole, "whole");
	(void)printf("}\n");
}

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: load [OPTION...] unix:PATH|inet:PORT@HOST\n"
	    "  -s SHAPE     %s (2k)\n"
	    "  -m MTA       postfix, sendmail (postfix)\n"
	    "  -c NUMBER    connections (16)\n"
	    "  -n NUMBER    messages; else -t SECONDS (1)\n"
	    "  -r NUMBER    messages of a connection, before it is made anew "
	    "(any)\n"
	    "  -d NUMBER    domains of senders (1)\n"
	    "  -e NUMBER    signatures that each message must get (1)\n",
	    load_shape_names());
	exit(2);
}

static unsigned long
number_of(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number > 1000000000)
		usage();
	return number;
}

static void
take_option(int option, const char *value, struct load_options *options)
{
	switch (option) {
	case 's':
		options->shape = load_shape_find(value);
		break;
	case 'm':
		options->mta = load_mta_find(value);
		break;
	case 'c':
		options->connections = (unsigned)number_of(value);
		break;
	case 'n':
		options->messages = number_of(value);
		break;
	case 't':
		options->seconds = strtod(value, NULL);
		break;
	case 'r':
		options->each = number_of(value);
		break;
	case 'd':
		options->domains = number_of(value);
		break;
	case 'e':
		options->signatures = (unsigned)number_of(value);
		break;
	default:
		usage();
	}
}

int
main(int argc, char **argv)
{
	struct load_options options = {
		.shape = load_shape_find("2k"),
		.mta = load_mta_find("postfix"),
		.connections = 16,
		.seconds = 1,
		.domains = 1,
		.signatures = 1,
	};
	struct load_result result = { 0 };
	int option;

	while ((option = getopt(argc, argv, "s:m:c:n:t:r:d:e:")) != -1)
		take_option(option, optarg, &options);
	if (optind + 1 != argc || options.shape == NULL ||
	    options.mta == NULL || options.connections == 0)
		usage();
	options.address = argv[optind];
	(void)signal(SIGPIPE, SIG_IGN);
	load_run(&options, &result);
	print_result(&result);
	free(result.end.ms);
	free(result.whole.ms);
	return 0;
}
