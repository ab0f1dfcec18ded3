/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks up what lines on its input say, for tests/dns/test_resolver.py:
 *
 *	lookup [--recursive] [--anchor FILE] [--resolv-conf FILE] SERVER...
 *	ask NAME TYPE MS
 *	prefetch NAME TYPE
 *	many THREADS COUNT NAME TYPE MS
 *
 * Prints a line of JSON for each. "many" asks COUNT times in each of THREADS
 * threads, with "%" in NAME replaced by a number of its own, and counts.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/resolver_unbound.h"

enum { MAX_SERVERS = 4, MAX_THREADS = 64, OUTCOMES = 4 };

static const char *const outcomes[OUTCOMES] = {
	[DNS_FOUND] = "found",
	[DNS_NO_DATA] = "no data",
	[DNS_NO_NAME] = "no name",
	[DNS_FAILED] = "failed",
};

struct job {
	struct resolver *resolver;
	size_t thread;
	size_t count;
	const char *name;
	enum dns_type type;
	uint64_t time_us;
	size_t outcomes[OUTCOMES];
	uint64_t longest_us;
	char error[ERR_TEXT_BYTES]; /* the last one */
};

static enum dns_type
type_of(const char *name)
{
	static const enum dns_type types[] = { DNS_A, DNS_NS, DNS_CNAME,
		DNS_SOA, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA, DNS_SRV };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(dns_type_name(types[i]), name) == 0)
			return types[i];
	}
	fprintf(stderr, "no type %s\n", name);
	exit(2);
}

static void
add_hex(struct strbuf *buf, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		strbuf_addf(
		    buf, "%02x", (unsigned int)(unsigned char)s.data[i]);
}

static void
ask(struct resolver *resolver, const char *name, enum dns_type type,
    uint64_t time_us, struct arena *mem)
{
	uint64_t start = clock_monotonic_us();
	const struct dns_client dns = { resolver, start + time_us, mem };
	struct dns_answer answer = { .owner = SLICE("") };
	struct err err = { .text = "" };
	struct strbuf line;
	enum dns_outcome outcome;

	outcome = resolver_lookup(&dns, slice_of(name), type, &answer, &err);
	strbuf_init(&line, mem);
	strbuf_addf(&line,
	    "{\"outcome\": \"%s\", \"ms\": %llu, \"ttl\": %lu, "
	    "\"secure\": %s, \"owner\": ",
	    outcomes[outcome],
	    (unsigned long long)(clock_monotonic_us() - start) / 1000,
	    (unsigned long)answer.ttl, answer.secure ? "true" : "false");
	json_append(&line, answer.owner);
	strbuf_add_cstr(&line, ", \"error\": ");
	json_append(&line, slice_of(err.text));
	strbuf_add_cstr(&line, ", \"records\": [");
	for (size_t i = 0; i < answer.count; i++) {
		strbuf_add_cstr(&line, i == 0 ? "\"" : ", \"");
		add_hex(&line, answer.records[i]);
		strbuf_add_char(&line, '"');
	}
	strbuf_add_cstr(&line, "]}");
	(void)puts(line.data);
}

static void *
work(void *arg)
{
	struct job *job = arg;
	size_t prefix = strcspn(job->name, "%");
	bool numbered = job->name[prefix] == '%';

	for (size_t i = 0; i < job->count; i++) {
		uint64_t start = clock_monotonic_us();
		struct dns_answer answer;
		enum dns_outcome outcome;
		struct dns_client dns;
		struct slice name;
		struct arena mem;
		struct err err;

		arena_init(&mem);
		dns = (struct dns_client){ job->resolver, start + job->time_us,
			&mem };
		name = numbered ?
		    slice_format(&mem, "%.*s%zu%s", (int)prefix, job->name,
			job->thread * job->count + i, job->name + prefix + 1) :
		    slice_of(job->name);
		outcome = resolver_lookup(&dns, name, job->type, &answer, &err);
		if (clock_monotonic_us() - start > job->longest_us)
			job->longest_us = clock_monotonic_us() - start;
		job->outcomes[outcome]++;
		if (outcome == DNS_FAILED)
			memcpy(job->error, err.text, sizeof(job->error));
		arena_done(&mem);
	}
	return NULL;
}

static void
many(const struct job *job, size_t threads, struct arena *mem)
{
	struct job *jobs = arena_array(mem, threads, sizeof(*jobs));
	pthread_t ids[MAX_THREADS];
	struct job all = *job;
	struct strbuf line;

	for (size_t i = 0; i < threads; i++) {
		jobs[i] = *job;
		jobs[i].thread = i;
		ENSURE(pthread_create(&ids[i], NULL, work, &jobs[i]) == 0);
	}
	for (size_t i = 0; i < threads; i++) {
		ENSURE(pthread_join(ids[i], NULL) == 0);
		for (size_t k = 0; k < OUTCOMES; k++)
			all.outcomes[k] += jobs[i].outcomes[k];
		if (jobs[i].longest_us > all.longest_us)
			all.longest_us = jobs[i].longest_us;
		if (jobs[i].error[0] != '\0')
			memcpy(all.error, jobs[i].error, sizeof(all.error));
	}
	strbuf_init(&line, mem);
	strbuf_addf(&line, "{\"ms\": %llu, \"error\": ",
	    (unsigned long long)all.longest_us / 1000);
	json_append(&line, slice_of(all.error));
	for (size_t k = 0; k < OUTCOMES; k++)
		strbuf_addf(
		    &line, ", \"%s\": %zu", outcomes[k], all.outcomes[k]);
	strbuf_add_cstr(&line, "}");
	(void)puts(line.data);
}

static bool
obey(struct resolver *resolver, const char *line)
{
	char name[1024], type[16];
	unsigned long long ms;
	size_t threads;
	struct job job = { .resolver = resolver };
	struct arena mem;
	bool known = true;

	arena_init(&mem);
	if (sscanf(line, "ask %1023s %15s %llu", name, type, &ms) == 3) {
		ask(resolver, name, type_of(type), ms * 1000, &mem);
	} else if (sscanf(line, "prefetch %1023s %15s", name, type) == 2) {
		resolver_prefetch(resolver, slice_of(name), type_of(type));
		(void)puts("{}");
	} else if (sscanf(line, "many %zu %zu %1023s %15s %llu", &threads,
		       &job.count, name, type, &ms) == 5 &&
	    threads <= MAX_THREADS) {
		job.name = name;
		job.type = type_of(type);
		job.time_us = ms * 1000;
		many(&job, threads, &mem);
	} else {
		known = false;
	}
	arena_done(&mem);
	return known;
}

int
main(int argc, char **argv)
{
	struct slice servers[MAX_SERVERS];
	struct dns_settings settings = { .servers = servers };
	struct resolver *resolver;
	char line[2048];
	struct err err;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--recursive") == 0)
			settings.recursive = true;
		else if (strcmp(argv[i], "--anchor") == 0 && i + 1 < argc)
			settings.trust_anchor_file = slice_of(argv[++i]);
		else if (strcmp(argv[i], "--resolv-conf") == 0 && i + 1 < argc)
			settings.resolv_conf = slice_of(argv[++i]);
		else if (settings.server_count < MAX_SERVERS)
			servers[settings.server_count++] = slice_of(argv[i]);
	}
	if (unbound_resolver_new(&settings, &resolver, &err) != 0) {
		fprintf(stderr, "%d %s\n", (int)err.kind, err.text);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!obey(resolver, line)) {
			fprintf(stderr, "what is this: %s", line);
			return 2;
		}
	}
	resolver_unref(resolver);
	return 0;
}
