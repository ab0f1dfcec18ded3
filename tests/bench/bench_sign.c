/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time to sign a message, both engines side by side: "make bench". Figures are
 * for comparing the lines with each other, on one machine, in one run.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "../generate_key.h"
#include "pipeline/snapshot.h"
#include "sign/signer.h"

enum { HEADER_FIELDS = 15, CHUNK = 65535 };

struct job {
	const struct sign_engine *engine;
	const struct sign_policy *policy;
	const struct sign_key *keys[2];
	size_t key_count;
	struct slice body;
	size_t messages;
};

static const struct field header[HEADER_FIELDS] = {
	{ { "Received", 8 }, { " from a (b [192.0.2.1])\n\tby c", 29 } },
	{ { "From", 4 }, { " Alice <alice@corp.example>", 27 } },
	{ { "To", 2 }, { " Bob <bob@far.example>", 22 } },
	{ { "Cc", 2 },
	    { " Carol <carol@far.example>,\n dan@far.example", 44 } },
	{ { "Subject", 7 }, { " The figures of this week", 25 } },
	{ { "Date", 4 }, { " Mon, 23 Nov 2026 10:15:30 +0100", 32 } },
	{ { "Message-ID", 10 }, { " <6f2d1c7e-4a41-4f0e@corp.example>", 34 } },
	{ { "In-Reply-To", 11 }, { " <1@far.example>", 16 } },
	{ { "References", 10 }, { " <1@far.example>", 16 } },
	{ { "MIME-Version", 12 }, { " 1.0", 4 } },
	{ { "Content-Type", 12 }, { " text/plain; charset=utf-8", 26 } },
	{ { "User-Agent", 10 }, { " bench", 6 } },
	{ { "X-One", 5 }, { " 1", 2 } },
	{ { "X-Two", 5 }, { " 2", 2 } },
	{ { "X-Three", 7 }, { " 3", 2 } },
};

static void *
run(void *arg)
{
	const struct job *job = arg;

	for (size_t i = 0; i < job->messages; i++) {
		struct signature signatures[2];
		struct signer *signer;
		struct arena mem;
		struct err err;

		arena_init(&mem);
		ENSURE(job->engine->begin(
			   &(const struct sign_request){
			       job->policy, job->keys, job->key_count, 1 },
			   &signer, &err) == 0);
		ENSURE(job->engine->header(
			   signer, header, HEADER_FIELDS, &err) == 0);
		for (size_t at = 0; at < job->body.len; at += CHUNK)
			ENSURE(job->engine->body(signer,
				   slice_sub(job->body, at, CHUNK), &err) == 0);
		ENSURE(
		    job->engine->finish(signer, &mem, signatures, &err) == 0);
		job->engine->free(signer);
		arena_done(&mem);
	}
	return NULL;
}

/* Microseconds a message, with that many threads at work. */
static double
measure(struct job job, size_t threads)
{
	pthread_t ids[16];
	uint64_t start, one;

	job.messages = 5;
	(void)run(&job);
	start = clock_monotonic_us();
	(void)run(&job);
	one = (clock_monotonic_us() - start) / 5 + 1;
	job.messages = (size_t)(600000 / one) + 5;
	start = clock_monotonic_us();
	for (size_t i = 0; i < threads; i++)
		ENSURE(pthread_create(&ids[i], NULL, run, &job) == 0);
	for (size_t i = 0; i < threads; i++)
		ENSURE(pthread_join(ids[i], NULL) == 0);
	return (double)(clock_monotonic_us() - start) /
	    (double)(job.messages * threads);
}

static struct slice
make_body(struct arena *mem, size_t bytes)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (buf.len < bytes)
		strbuf_add_cstr(&buf,
		    "The quick brown fox jumps over the lazy "
		    "dog, and then  once more.\r\n");
	return strbuf_slice(&buf);
}

int
main(void)
{
	static const char *const key_names[] = { "RSA-2048", "Ed25519",
		"both" };
	char directory[] = "/tmp/submilter-bench.XXXXXX";
	struct sign_policy policy;
	struct sign_key keys[2];
	struct config *config;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	ENSURE(mkdtemp(directory) != NULL);
	for (size_t i = 0; i < 2; i++) {
		ENSURE(generate_key(
			   &(struct key_spec){ i == 0 ? SLICE("r") : SLICE("e"),
			       i == 0 ? KEY_RSA_SHA256 : KEY_ED25519_SHA256,
			       2048 },
			   slice_of(directory), SLICE("corp.example"), &mem,
			   &keys[i], &err) == 0);
		(void)unlink(keys[i].path.data);
	}
	(void)rmdir(slice_format(&mem, "%s/corp.example", directory).data);
	(void)rmdir(directory);
	ENSURE(config_read_text(
		   "bench", SLICE(""), NULL, NULL, &config, &err) == 0);
	policy = sign_policy_from_config(config, &mem);
	ENSURE(sign_engine_native.init(&err) == 0 &&
	    sign_engine_opendkim.init(&err) == 0);
	printf("%-10s %9s %8s %12s %12s %7s\n", "keys", "body", "threads",
	    "native us", "opendkim us", "ratio");
	for (size_t k = 0; k < 3; k++) {
		for (size_t b = 0; b < 3; b++) {
			static const size_t bytes[] = { 4096, 65536, 1048576 };
			struct job job = { .policy = &policy,
				.body = make_body(&mem, bytes[b]) };

			if (k != 1)
				job.keys[job.key_count++] = &keys[0];
			if (k != 0)
				job.keys[job.key_count++] = &keys[1];
			for (size_t threads = 1; threads <= 4; threads *= 2) {
				double native, opendkim;

				job.engine = &sign_engine_native;
				native = measure(job, threads);
				job.engine = &sign_engine_opendkim;
				opendkim = measure(job, threads);
				printf("%-10s %9zu %8zu %12.1f %12.1f %7.2f\n",
				    key_names[k], bytes[b], threads, native,
				    opendkim, opendkim / native);
			}
		}
	}
	key_done(&keys[0]);
	key_done(&keys[1]);
	config_free(config);
	arena_done(&mem);
	return 0;
}
