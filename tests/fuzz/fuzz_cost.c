/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one header costs, at the limits. The input is a pattern: the first octet
 * chooses the configuration (1: all is repaired, 2: names are logged, 4: the MTA
 * is Sendmail, 8: SMTPUTF8), the second one a field, the third one how many of
 * it there are and how long; the rest is a beginning, a unit that is repeated and
 * an end, with NUL between them. Costs are counted, not timed: basic blocks of
 * our code that were run (-fsanitize-coverage=trace-pc), and octets that we and
 * ICU hold. libFuzzer takes each new height of a cost for something new.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uclean.h>
#include <unistd.h>

#include "fuzz.h"
#include "../generate_key.h"
#include "pipeline/pipeline.h"

#define BASE                                                    \
	"domain = corp.example; hostname = mail.corp.example\n" \
	"sign { dkim-key = off }\n"
#define REPAIR_ALL                                                            \
	"authors { second-field = repair; group = repair; route = repair\n"   \
	"relay-mark = accept; domain-literal = accept\n"                      \
	"quoted-local-part = accept; encoded-address = accept\n"              \
	"utf8-address = accept; spaced-address = repair\n"                    \
	"text-behind = repair; bare-name = repair; empty-item = repair\n"     \
	"control-character = repair; blank-line = repair\n"                   \
	"dots-in-name = repair; comment = repair; address-comment = repair\n" \
	"escapes-in-name = repair; encoded-word-in-quotes = repair\n"         \
	"odd-field-name = repair }\n"                                         \
	"rights { mismatch = rewrite-from }\n"                                \
	"repair { remove = {x-original-from}; address-form = yes }\n"
#define LOG_NAMES                                  \
	"names { address = log; protected = log\n" \
	"protected-names = {\"Jane Roe <jane@corp.example>\"} }\n"

enum { CONFIGURATIONS = 4, REPAIRS = 1, LOGS = 2, SENDMAIL = 4, UTF8 = 8 };

static const char *const configurations[CONFIGURATIONS] = { BASE,
	BASE REPAIR_ALL, BASE LOG_NAMES, BASE REPAIR_ALL LOG_NAMES };

/* What sanitizers check makes more blocks of each. */
#if defined(__SANITIZE_ADDRESS__)
#define BLOCKS_OF_ONE 2
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCKS_OF_ONE 2
#endif
#endif
#ifndef BLOCKS_OF_ONE
#define BLOCKS_OF_ONE 1
#endif

/*
 * The bounds, of any header within the default limits. A block takes about a
 * quarter of a nanosecond: this is 30 ms.
 */
#define MAX_BLOCKS ((uint64_t)BLOCKS_OF_ONE * 120 * 1000 * 1000)
#define MAX_HELD ((size_t)4 * 1024 * 1024)
#define MAX_KEPT ((size_t)3 * 1024 * 1024)

static const char *const names[] = { "From", "Sender", "Resent-From",
	"Resent-Sender", "Author", "To", "Cc", "Reply-To", "Resent-To", "Bcc",
	"Subject", "Comments", "Date", "Message-ID", "References",
	"Authentication-Results", "DKIM-Signature", "ARC-Seal",
	"ARC-Authentication-Results", "Content-Type", "MIME-Version",
	"Content-Transfer-Encoding", "Content-Disposition", "List-Unsubscribe",
	"Received", "X-A", "X-Submilter-Preflight", ">From" };

/* How many fields, and the octets of each. */
static const struct shape {
	size_t fields, octets;
} shapes[] = { { 1, 50000 }, { 5, 50000 }, { 95, 2600 }, { 95, 160 },
	{ 990, 250 }, { 990, 20 }, { 1, 16000 } };

/* What is counted. */
static uint64_t blocks;
static size_t held, most_held;

#ifdef __clang__
#define EXTRA_COUNTERS __attribute__((section("__libfuzzer_extra_counters")))
#else
#define EXTRA_COUNTERS
#endif
enum { HEIGHTS = 256 };
static uint8_t EXTRA_COUNTERS heights[3][HEIGHTS];

/*
 * The compiler has __sanitizer_cov_trace_pc() called at each block, and the
 * linker (--wrap) takes this for it: libFuzzer has one of that name.
 */
void __wrap___sanitizer_cov_trace_pc(void);

void
__wrap___sanitizer_cov_trace_pc(void)
{
	blocks++;
}

/* The linker gives these our calls (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);

static void *
count(void *p)
{
	held += malloc_usable_size(p);
	if (held > most_held)
		most_held = held;
	return p;
}

void *
__wrap_malloc(size_t size)
{
	return count(__real_malloc(size));
}

void *
__wrap_calloc(size_t number, size_t size)
{
	return count(__real_calloc(number, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	held -= malloc_usable_size(old);
	return count(__real_realloc(old, size));
}

void
__wrap_free(void *p)
{
	held -= malloc_usable_size(p);
	__real_free(p);
}

static void *U_CALLCONV
icu_malloc(const void *context, size_t size)
{
	(void)context;
	return __wrap_malloc(size);
}

static void *U_CALLCONV
icu_realloc(const void *context, void *old, size_t size)
{
	(void)context;
	return __wrap_realloc(old, size);
}

static void U_CALLCONV
icu_free(const void *context, void *p)
{
	(void)context;
	__wrap_free(p);
}

/* Keys and configurations are made at the first call. */
static void
no_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)text;
	ENSURE(!is_error);
}

static struct snapshot *snapshots[CONFIGURATIONS];

static void
set_up(void)
{
	char directory[] = "/tmp/submilter-fuzz.XXXXXX";
	UErrorCode status = U_ZERO_ERROR;
	struct sign_key key;
	struct arena mem;
	struct err err;

	u_setMemoryFunctions(NULL, icu_malloc, icu_realloc, icu_free, &status);
	ENSURE(U_SUCCESS(status));
	arena_init(&mem);
	ENSURE(mkdtemp(directory) != NULL);
	ENSURE(generate_key(
		   &(struct key_spec){ SLICE("s"), KEY_ED25519_SHA256, 0 },
		   slice_of(directory), SLICE("corp.example"), &mem, &key,
		   &err) == 0);
	for (size_t i = 0; i < CONFIGURATIONS; i++) {
		struct config *config;
		struct slice text = slice_format(
		    &mem, "keys = \"%s\"\n%s", directory, configurations[i]);

		ENSURE(config_read_text(
			   "fuzz", text, NULL, NULL, &config, &err) == 0);
		ENSURE(snapshot_new(config, NULL,
			   &(struct report){ no_fault, NULL }, &snapshots[i],
			   &err) == 0);
	}
	ENSURE(unlink(key.path.data) == 0);
	ENSURE(
	    rmdir(slice_format(&mem, "%s/corp.example", directory).data) == 0 &&
	    rmdir(directory) == 0);
	key_done(&key);
	arena_done(&mem);
}

/* The part of a pattern before the next NUL. */
static struct slice
next_part(struct slice *rest)
{
	struct slice part = slice_sub(*rest, 0, slice_find(*rest, '\0'));

	*rest = slice_from(*rest, part.len + 1);
	return part;
}

static struct slice
expand(struct slice pattern, size_t octets, struct arena *mem)
{
	struct slice begin = next_part(&pattern), unit = next_part(&pattern);
	struct slice end = next_part(&pattern);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_char(&buf, ' ');
	strbuf_add(&buf, begin);
	while (unit.len != 0 && buf.len + unit.len + end.len <= octets)
		strbuf_add(&buf, unit);
	strbuf_add(&buf, end);
	return strbuf_slice(&buf);
}

/* What every message has, but for the field that is tried. */
static void
add_others(struct message *message, struct slice tried)
{
	static const struct field others[] = {
		{ { "From", 4 }, { " Alice <alice@corp.example>", 27 } },
		{ { "To", 2 }, { " bob@far.example", 16 } },
		{ { "Date", 4 }, { " Mon, 23 Nov 2026 10:15:30 +0100", 32 } },
		{ { "Message-ID", 10 }, { " <1@corp.example>", 17 } },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!slice_eq(tried, others[i].name))
			message_add_header(
			    message, others[i].name, others[i].value);
	}
}

static struct verdict
send(struct message *message, struct slice name, struct slice value,
    size_t fields)
{
	struct verdict verdict = pipeline_mail(message);

	ENSURE(verdict.action == ACTION_ACCEPT);
	add_others(message, name);
	for (size_t i = 0; i < fields; i++)
		message_add_header(message, name, value);
	return pipeline_header(message);
}

/* Eight heights each time that a cost doubles. */
static void
note_height(size_t which, uint64_t cost)
{
	size_t height = 0;

	for (; cost >= 16; cost /= 2)
		height += 8;
	heights[which][(height + cost / 2) % HEIGHTS] = 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE("alice@corp.example"),
		.client.said[FACT_MTA_NAME] = SLICE("mail.corp.example"),
		.path = SLICE("<alice@corp.example>"),
	};
	struct slice name, value;
	const struct shape *shape;
	struct message *message;
	struct verdict verdict;
	struct arena mem;
	size_t before, kept;

	if (snapshots[0] == NULL)
		set_up();
	if (size < 3)
		return 0;
	facts.client.said[FACT_MTA_VERSION] = (data[0] & SENDMAIL) != 0 ?
	    SLICE("8.17.1.9") :
	    SLICE("Postfix 3.7.11");
	facts.smtputf8 = (data[0] & UTF8) != 0;
	name = slice_of(names[data[1] % (sizeof(names) / sizeof(names[0]))]);
	shape = &shapes[data[2] % (sizeof(shapes) / sizeof(shapes[0]))];
	arena_init(&mem);
	value = expand((struct slice){ (const char *)data + 3, size - 3 },
	    shape->octets > name.len ? shape->octets - name.len : 0, &mem);
	before = most_held = held;
	blocks = 0;
	message = message_new(snapshots[data[0] & (REPAIRS | LOGS)], &facts);
	verdict = send(message, name, value, shape->fields);
	kept = held - before;
	if (verdict.action == ACTION_ACCEPT) {
		pipeline_body(message, SLICE("text\r\n"));
		verdict = pipeline_end(message);
	}
	(void)pipeline_log_line(message, SLICE("1"), &verdict);
	note_height(0, blocks);
	note_height(1, most_held - before);
	note_height(2, kept);
	if (blocks > MAX_BLOCKS || most_held - before > MAX_HELD ||
	    kept > MAX_KEPT) {
		fprintf(stderr,
		    "%zu fields %s: %llu blocks, %zu octets at the "
		    "most, %zu until the end\n",
		    shape->fields, name.data, (unsigned long long)blocks,
		    most_held - before, kept);
		abort();
	}
	message_free(message);
	arena_done(&mem);
	return 0;
}
