/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What preflight costs. Without arguments, for "make bench": CPU time of the
 * same signed message with all checks off and with checks whose domains are
 * known, in turns. With ADDRESS@PORT DOMAINS THREADS, for cold.py: one message
 * of each domain d0.example, d1.example and so on, none of which is known.
 * Figures are for comparing the lines with each other, on one machine, in one
 * run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "../generate_key.h"
#include "dns/resolver.h"
#include "pipeline/pipeline.h"

enum {
	ROUNDS = 41,
	ROUND_MESSAGES = 100,
	BODY_OCTETS = 4096,
	MAX_THREADS = 64
};

#define NS_PER_S 1e9

static const struct field header[] = {
	{ { "To", 2 }, { " Bob <bob@far.example>", 22 } },
	{ { "Subject", 7 }, { " The figures of this week", 25 } },
	{ { "Date", 4 }, { " Mon, 23 Nov 2026 10:15:30 +0100", 32 } },
	{ { "Message-ID", 10 }, { " <6f2d1c7e-4a41-4f0e@corp.example>", 34 } },
	{ { "In-Reply-To", 11 }, { " <1@far.example>", 16 } },
	{ { "MIME-Version", 12 }, { " 1.0", 4 } },
	{ { "Content-Type", 12 }, { " text/plain; charset=utf-8", 26 } },
	{ { "User-Agent", 10 }, { " bench", 6 } },
	/* Looks like bulk mail, so that unsubscription has something to read. */
	{ { "List-Id", 7 }, { " <figures.corp.example>", 23 } },
	{ { "List-Unsubscribe", 16 }, { " <https://corp.example/u/1>", 27 } },
	{ { "List-Unsubscribe-Post", 21 },
	    { " List-Unsubscribe=One-Click", 27 } },
};

static void
report(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	fprintf(stderr, "%s\n", text);
}

static struct snapshot *
open_snapshot(struct slice text)
{
	struct snapshot *snapshot;
	struct config *config;
	struct err err;

	if (config_read_text("bench", text, NULL, NULL, &config, &err) != 0 ||
	    snapshot_new(config, NULL, &(struct report){ report, NULL },
		&snapshot, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return snapshot;
}

/* One message of alice at a domain, maybe with its log line; whether it goes on. */
static bool
send_one(struct snapshot *snapshot, struct slice domain, struct slice body,
    bool is_signed, FILE *log)
{
	char login[80], path[96], from[96];
	struct mail_facts facts = {
		.client = { .said[FACT_AUTH_AUTHEN] = { login, 0 } },
		.path = { path, 0 },
		.client.said[FACT_MTA_NAME] = SLICE("mail.corp.example")
	};
	struct message *message;
	struct verdict verdict;
	bool goes_on;

	facts.client.said[FACT_AUTH_AUTHEN].len = (size_t)snprintf(
	    login, sizeof(login), "alice@%.*s", SLICE_ARGS(domain));
	facts.path.len = (size_t)snprintf(path, sizeof(path), "<%s>", login);
	(void)snprintf(from, sizeof(from), " Alice <%s>", login);
	ENSURE(net_addr_parse(SLICE("192.0.2.7"), &facts.client.addr));
	message = message_new(snapshot, &facts);
	verdict = pipeline_mail(message);
	message_add_header(message, SLICE("From"), slice_of(from));
	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		message_add_header(message, header[i].name, header[i].value);
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_header(message);
	if (verdict.action == ACTION_ACCEPT && message_needs_body(message))
		pipeline_body(message, body);
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_end(message);
	goes_on = verdict.action == ACTION_ACCEPT &&
	    message_needs_body(message) == is_signed;
	if (!goes_on || log != NULL) {
		struct slice line =
		    pipeline_log_line(message, SLICE("bench"), &verdict);

		fprintf(goes_on ? log : stderr, "%.*s\n", SLICE_ARGS(line));
	}
	message_free(message);
	return goes_on;
}

static double
cpu_ns(void)
{
	struct timespec now;

	ENSURE(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	return (double)now.tv_sec * NS_PER_S + (double)now.tv_nsec;
}

/* CPU nanoseconds a message. */
static double
measure_round(struct snapshot *snapshot, struct slice body)
{
	double start = cpu_ns();

	for (size_t i = 0; i < ROUND_MESSAGES; i++)
		ENSURE(send_one(
		    snapshot, SLICE("corp.example"), body, true, NULL));
	return (cpu_ns() - start) / ROUND_MESSAGES;
}

static int
compare_doubles(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

static double
median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare_doubles);
	return values[ROUNDS / 2];
}

static struct slice
make_body(struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (buf.len < BODY_OCTETS)
		strbuf_add_cstr(&buf,
		    "The quick brown fox jumps over the lazy "
		    "dog, and then  once more.\r\n");
	return strbuf_slice(&buf);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ENSURE(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void
compare_settings(struct slice off, struct slice on, struct arena *mem)
{
	static double with[ROUNDS], without[ROUNDS], ratios[ROUNDS];
	struct snapshot *plain = open_snapshot(off);
	struct snapshot *checked = open_snapshot(on);
	struct slice body = make_body(mem);

	ENSURE(send_one(plain, SLICE("corp.example"), body, true, stdout));
	ENSURE(send_one(checked, SLICE("corp.example"), body, true, stdout));
	(void)measure_round(plain, body);
	(void)measure_round(checked, body);
	for (size_t i = 0; i < ROUNDS; i++) {
		/* Whoever comes second gains nothing by it. */
		if (i % 2 == 0)
			without[i] = measure_round(plain, body);
		with[i] = measure_round(checked, body);
		if (i % 2 != 0)
			without[i] = measure_round(plain, body);
		ratios[i] = with[i] / without[i];
	}
	printf("%-34s %12s\n", "one RSA-2048 signature, 4 KB", "CPU ns");
	printf("%-34s %12.0f\n", "preflight off", median(without));
	printf("%-34s %12.0f\n", "spf, dmarc, adsp, unsubscribe", median(with));
	printf("%-34s %12.4f\n", "ratio", median(ratios));
	snapshot_unref(plain);
	snapshot_unref(checked);
}

static void
run_warm(void)
{
	static const char zone[] =
	    "corp.example. IN TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
	    "_dmarc.corp.example. IN TXT \"v=DMARC1; p=reject\"\n"
	    "_adsp._domainkey.corp.example. IN TXT \"dkim=all\"\n";
	char directory[] = "/tmp/submilter-bench.XXXXXX";
	struct sign_key key;
	struct slice zone_path, keys, off;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	ENSURE(mkdtemp(directory) != NULL);
	keys = slice_format(&mem, "%s/keys", directory);
	zone_path = slice_format(&mem, "%s/zone", directory);
	write_file(zone_path.data, zone);
	ENSURE(
	    generate_key(&(struct key_spec){ SLICE("r"), KEY_RSA_SHA256, 2048 },
		keys, SLICE("corp.example"), &mem, &key, &err) == 0);
	off = slice_format(&mem,
	    "keys = \"%s\"\nhostname = mail.corp.example\n"
	    "domain = corp.example\n"
	    "sign { dkim-key = off }\n",
	    keys.data);
	compare_settings(off,
	    slice_format(&mem,
		"%sdns { zone = \"%s\" }\n"
		"preflight { egress = {192.0.2.1}; spf = reject; dmarc = reject; "
		"adsp = reject; unsubscribe = reject }\n",
		off.data, zone_path.data),
	    &mem);
	(void)unlink(key.path.data);
	(void)unlink(zone_path.data);
	(void)rmdir(slice_format(&mem, "%s/corp.example", keys.data).data);
	(void)rmdir(keys.data);
	(void)rmdir(directory);
	key_done(&key);
	arena_done(&mem);
}

/* A resolver that counts what another one is asked. */
struct counter {
	struct resolver *inner;
	atomic_ulong lookups;
	atomic_ulong under_way;
	atomic_ulong peak;
};

static enum dns_outcome
count_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct counter *counter = handle;
	unsigned long now = atomic_fetch_add(&counter->under_way, 1) + 1;
	unsigned long peak = atomic_load(&counter->peak);
	enum dns_outcome outcome;

	atomic_fetch_add(&counter->lookups, 1);
	while (now > peak &&
	    !atomic_compare_exchange_weak(&counter->peak, &peak, now))
		continue;
	outcome = resolver_pass_on(counter->inner, question, ret_answer, err);
	atomic_fetch_sub(&counter->under_way, 1);
	return outcome;
}

static void
free_counter(void *handle)
{
	struct counter *counter = handle;

	resolver_unref(counter->inner);
}

static const struct resolver_ops counter_ops = { .lookup = count_lookup,
	.free = free_counter };

struct cold {
	struct snapshot *snapshot;
	unsigned long domains;
	atomic_ulong next;
	atomic_ulong failed;
};

static void *
send_cold(void *arg)
{
	struct cold *cold = arg;
	unsigned long i;

	while ((i = atomic_fetch_add(&cold->next, 1)) < cold->domains) {
		char domain[40];

		(void)snprintf(domain, sizeof(domain), "d%lu.example", i);
		if (!send_one(cold->snapshot, slice_of(domain), SLICE(""),
			false, NULL))
			atomic_fetch_add(&cold->failed, 1);
	}
	return NULL;
}

static int
run_cold(const char *server, unsigned long domains, size_t threads)
{
	struct counter counter = { .inner = NULL };
	struct cold cold = { .domains = domains };
	pthread_t ids[MAX_THREADS];
	struct arena mem;
	uint64_t start_us;
	double seconds;

	arena_init(&mem);
	cold.snapshot = open_snapshot(slice_format(&mem,
	    "hostname = "
	    "mail.corp.example\nidentify { realms = any-verified-by-sasl }\n"
	    "dns { servers = {\"%s\"}; seconds = 10 }\n"
	    "preflight { egress = {192.0.2.1}; spf = reject; dmarc = reject; "
	    "adsp = reject }\n",
	    server));
	counter.inner = cold.snapshot->preflight.resolver;
	cold.snapshot->preflight.resolver =
	    resolver_new(&counter_ops, &counter);
	start_us = clock_monotonic_us();
	for (size_t i = 0; i < threads; i++)
		ENSURE(pthread_create(&ids[i], NULL, send_cold, &cold) == 0);
	for (size_t i = 0; i < threads; i++)
		ENSURE(pthread_join(ids[i], NULL) == 0);
	seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("%-34s %12.0f\n%-34s %12lu\n%-34s %12.2f\n%-34s %12lu\n",
	    "messages a second", (double)domains / seconds, "failures",
	    cold.failed, "lookups a domain",
	    (double)counter.lookups / (double)domains,
	    "peak of lookups under way", counter.peak);
	snapshot_unref(cold.snapshot);
	arena_done(&mem);
	return cold.failed == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	unsigned long domains, threads;

	if (argc == 1) {
		run_warm();
		return 0;
	}
	if (argc != 4 || !slice_number(slice_of(argv[2]), 1000000, &domains) ||
	    !slice_number(slice_of(argv[3]), MAX_THREADS, &threads) ||
	    domains == 0 || threads == 0) {
		fprintf(stderr,
		    "usage: bench_preflight "
		    "[ADDRESS@PORT DOMAINS THREADS]\n");
		return 2;
	}
	return run_cold(argv[1], domains, threads);
}
