/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/clock.h"
#include "logbook/reader.h"

#define LINE "qid=4F2A login=alice@example.org action=accept signed=none ms=1.3"
#define HEAD "mx1 submilter[812]: "

/* 2026-11-29 08:00:12 UTC; what the file's own time says. */
enum { AT = 1795939212, WRITTEN = AT + 3600 };

struct seen {
	struct log_counts counts;
	int64_t time;
	char qid[16], last_other[200], error[ERR_TEXT_BYTES];
	unsigned int steps; /* how often progress was told */
	uint64_t octets;    /* what it said last */
};

static void
see_message(void *arg, const struct log_record *record)
{
	struct seen *seen = arg;

	seen->time = record->time;
	(void)snprintf(seen->qid, sizeof(seen->qid), "%.*s",
	    SLICE_ARGS(record->fields[LOG_QID]));
}

static void
see_other(void *arg, int64_t time, struct slice text)
{
	struct seen *seen = arg;

	(void)time;
	(void)snprintf(seen->last_other, sizeof(seen->last_other), "%.*s",
	    SLICE_ARGS(text));
}

static void
see_failed(void *arg, const struct err *err)
{
	struct seen *seen = arg;

	(void)snprintf(seen->error, sizeof(seen->error), "%s", err->text);
}

static void
see_progress(void *arg, const char *path, uint64_t octets)
{
	struct seen *seen = arg;

	assert_non_null(strstr(path, "/tmp/submilter-log."));
	assert_true(octets >= seen->octets);
	seen->octets = octets;
	seen->steps++;
}

/* Reads octets as a file that was written at a known time. */
static struct seen
read_octets(const void *octets, size_t len)
{
	struct seen seen = { .time = -1 };
	const struct log_visitor visitor = { &seen, see_message, see_other,
		see_failed, see_progress };
	char path[] = "/tmp/submilter-log.XXXXXX";
	const char *paths[] = { path };
	struct timespec times[2] = { { .tv_sec = WRITTEN },
		{ .tv_sec = WRITTEN } };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	log_read(paths, 1, &visitor, &seen.counts);
	unlink(path);
	return seen;
}

static struct seen
read_one(const char *text)
{
	return read_octets(text, strlen(text));
}

static void
each_form_of_a_line(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{ "Nov 29 08:00:12 " HEAD LINE "\n", AT },
		{ "Nov 29 08:00:12 " HEAD LINE, AT },
		{ "Nov 29 08:00:12 " HEAD LINE "\r\n", AT },
		{ "Nov 29 08:00:12.123456 " HEAD LINE "\n", AT },
		{ "Nov 29 08:00:12 submilter[812]: " LINE "\n", AT },
		{ "<22>Nov 29 08:00:12 " HEAD LINE "\n", AT },
		{ "2026-11-29T09:00:12.123456+01:00 " HEAD LINE "\n", AT },
		{ "2026-11-29T03:30:12-0430 " HEAD LINE "\n", AT },
		{ "2026-11-29T08:00:12Z " HEAD LINE "\n", AT },
		{ "<22>1 2026-11-29T08:00:12.1Z mx1 submilter 812 - - " LINE
		  "\n",
		    AT },
		{ "Sun 2026-11-29 08:00:12 UTC " HEAD LINE "\n", AT },
		{ "1795939212.123456 " HEAD LINE "\n", AT },
		{ "[ 1234.567890] " HEAD LINE "\n", 0 },
		{ "submilter: " LINE "\n", 0 },
		{ "<6>" LINE "\n", 0 },
		{ LINE "\n", 0 },
		{ "{\"MESSAGE\":\"" LINE "\",\"_X\":[1,[\"]\\\"\"]],\"N\":null,"
		  "\"SYSLOG_IDENTIFIER\":\"submilter\","
		  "\"__REALTIME_TIMESTAMP\":\"1795939212123456\"}\n",
		    AT },
		{ "__CURSOR=x\n__REALTIME_TIMESTAMP=1795939212123456\n"
		  "SYSLOG_IDENTIFIER=submilter\nMESSAGE=" LINE "\n\n",
		    AT },
		{ "__CURSOR=x\nMESSAGE=" LINE "\nSYSLOG_IDENTIFIER=submilter\n",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = read_one(cases[i].text);

		if (seen.counts.messages != 1 || seen.time != cases[i].time ||
		    strcmp(seen.qid, "4F2A") != 0 || seen.counts.unknown != 0)
			fail_msg("%s: %d messages, time %lld, %s",
			    cases[i].text, (int)seen.counts.messages,
			    (long long)seen.time, seen.counts.unknown_line);
	}
}

/* What clients choose stands in lines of other programs. */
static void
lines_of_others_are_not_ours(void **state)
{
	static const char *const cases[] = {
		"Nov 29 08:00:12 mx1 postfix/smtpd[1]: helo=<submilter[1]: " LINE
		">\n",
		"Nov 29 08:00:12 mx1 postfix/smtpd[1]: submilter: " LINE "\n",
		"Nov 29 08:00:12 mx1 submilter-x[1]: " LINE "\n",
		"2026-11-29T08:00:12Z mx1 x: y submilter: " LINE "\n",
		"<22>1 2026-11-29T08:00:12Z mx1 sub 1 - - submilter: " LINE
		"\n",
		"{\"MESSAGE\":\"" LINE "\",\"SYSLOG_IDENTIFIER\":\"smtpd\"}\n",
		"{\"MESSAGE\":\"\\\",\\\"SYSLOG_IDENTIFIER\\\":"
		"\\\"submilter\\\"\"}\n",
		"{\"X\":{\"MESSAGE\":\"" LINE
		"\",\"SYSLOG_IDENTIFIER\":\"submilter\"}}\n",
		"__CURSOR=x\nMESSAGE=" LINE "\nSYSLOG_IDENTIFIER=smtpd\n\n",
		"__CURSOR=x\nMESSAGE=" LINE "\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = read_one(cases[i]);

		if (seen.counts.messages != 0 || seen.counts.foreign != 1)
			fail_msg("%s", cases[i]);
	}
}

/* A field of octets may hold lines that look like fields, or like entries. */
static void
octets_of_the_journal(void **state)
{
	static const char entry[] =
	    "__CURSOR=x\nSYSLOG_IDENTIFIER=smtpd\nMESSAGE\n"
	    "\x2b\0\0\0\0\0\0\0"
	    "a\nSYSLOG_IDENTIFIER=submilter\n\nMESSAGE=qid\n"
	    "\n_PID=1\n\n"
	    "__CURSOR=y\nSYSLOG_IDENTIFIER=submilter\nMESSAGE=" LINE "\n\n";
	static const char endless[] =
	    "__CURSOR=x\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
	    "a\n__CURSOR=y\nSYSLOG_IDENTIFIER=submilter\nMESSAGE=" LINE "\n\n";
	struct seen seen = read_octets(entry, sizeof(entry) - 1);

	(void)state;
	assert_int_equal(seen.counts.messages, 1);
	assert_int_equal(seen.counts.foreign, 1);
	assert_int_equal(seen.counts.unknown, 0);
	seen = read_octets(endless, sizeof(endless) - 1);
	assert_int_equal(seen.counts.messages, 0);
	assert_int_equal(seen.counts.unknown, 1);
}

static void
what_cannot_be_understood_is_counted(void **state)
{
	struct seen seen = read_one("\x1b[31mgarbage\n"
				    "{\"MESSAGE\":\n"
				    "{}x\n"
				    "{\"a\":\"b\n"
				    "{\"a\":[[[\n"
				    "Nov 31 99:00:12 " HEAD LINE "\n"
				    "Nov 29 08:00:12 " HEAD "qid=1 login=x\n"
				    "Nov 29 08:00:12 " HEAD LINE "\n"
				    "-- Boot 123 --\n\n"
				    "Nov 29 08:00:12 " HEAD "reloaded x\n"
				    "Nov 29 08:00:12 " HEAD "qid=2 action=acc");

	(void)state;
	assert_int_equal(seen.counts.unknown, 7);
	assert_int_equal(seen.counts.messages, 2);
	assert_int_equal(seen.counts.cut, 1);
	assert_int_equal(seen.counts.others, 1);
	assert_int_equal(seen.counts.lines, 10);
	assert_string_equal(seen.last_other, "reloaded x");
	assert_string_equal(seen.counts.unknown_line, "\\x1b[31mgarbage");
}

static void
a_line_without_an_end(void **state)
{
	enum { LEN = 5000000 };
	static const char rest[] = "\nNov 29 08:00:12 " HEAD LINE "\n";
	char *text = malloc(LEN + sizeof(rest));
	struct seen seen;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', LEN);
	memcpy(text + LEN, rest, sizeof(rest));
	seen = read_octets(text, LEN + sizeof(rest) - 1);
	assert_int_equal(seen.counts.too_long, 1);
	assert_int_equal(seen.counts.messages, 1);
	seen = read_octets(text, LEN);
	assert_int_equal(seen.counts.too_long, 1);
	free(text);
}

/* Of text, or of half of what is compressed. */
static size_t
compress_to(char *packed, size_t room, const char *text)
{
	z_stream zip = { .next_in = (unsigned char *)(uintptr_t)text,
		.avail_in = (unsigned int)strlen(text),
		.next_out = (unsigned char *)packed,
		.avail_out = (unsigned int)room };

	assert_int_equal(
	    deflateInit2(&zip, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(deflate(&zip, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&zip), Z_OK);
	return room - zip.avail_out;
}

static void
compressed_files(void **state)
{
	static const char text[] = "Nov 29 08:00:12 " HEAD LINE "\n";
	char packed[2000];
	size_t len = compress_to(packed, 1000, text), twice;
	struct seen seen = read_octets(packed, len);

	(void)state;
	assert_int_equal(seen.counts.messages, 1);
	assert_int_equal(seen.time, AT);
	/* gzip(1): several files one after the other are one. */
	twice = len + compress_to(packed + len, 1000, text);
	memset(packed + twice, 0, 20);
	assert_int_equal(read_octets(packed, twice + 20).counts.messages, 2);
	seen = read_octets(packed, twice - 12);
	assert_int_equal(seen.counts.failed, 1);
	assert_int_equal(seen.counts.messages, 1);
	assert_non_null(strstr(seen.error, "ends too early"));
	packed[len - 20] ^= 0x55;
	seen = read_octets(packed, twice);
	assert_int_equal(seen.counts.failed, 1);
	assert_non_null(strstr(seen.error, "damaged"));
	seen = read_one("\xfd"
			"7zXZ and more");
	assert_int_equal(seen.counts.failed, 1);
	assert_non_null(strstr(seen.error, "\"xzcat\""));
	assert_int_equal(read_octets("", 0).counts.failed, 0);
}

/* RFC 3164 has no year: the latest that is not long after the file's time. */
static void
lines_without_a_year(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{ "Nov 30 00:00:00 " HEAD LINE, 1795996800 },
		{ "Dec 24 00:00:00 " HEAD LINE, 1766534400 },
		{ "Jan  1 00:00:00 " HEAD LINE, 1767225600 },
		/* 2026 has no such day, 2024 has. */
		{ "Feb 29 12:00:00 " HEAD LINE, 1709208000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_one(cases[i].text).time, cases[i].time);
}

static int
use_utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

/* Every thousand lines, by the octets that were read of the file. */
static void
progress_is_told(void **state)
{
	static const char line[] = "Nov 29 08:00:00 mail cron[1]: nothing\n";
	struct strbuf text;
	struct arena mem;
	struct seen seen;

	(void)state;
	arena_init(&mem);
	strbuf_init(&text, &mem);
	for (size_t i = 0; i < 2999; i++)
		strbuf_add_cstr(&text, line);
	seen = read_octets(text.data, text.len);
	assert_int_equal(seen.counts.lines, 2999);
	/* The end is one more step. */
	assert_int_equal(seen.steps, 3);
	assert_int_equal(seen.octets, text.len);
	assert_int_equal(read_one(line).steps, 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_a_line),
		cmocka_unit_test(lines_of_others_are_not_ours),
		cmocka_unit_test(octets_of_the_journal),
		cmocka_unit_test(what_cannot_be_understood_is_counted),
		cmocka_unit_test(a_line_without_an_end),
		cmocka_unit_test(compressed_files),
		cmocka_unit_test(lines_without_a_year),
		cmocka_unit_test(progress_is_told),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
