/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups a second through libunbound, of names that are in its cache and of
 * new ones that a server on loopback answers at once: "make bench". Figures
 * are for comparing the lines with each other, on one machine, in one run.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/resolver_unbound.h"
#include "dns/resolver_zone.h"

enum {
	MAX_THREADS = 8,
	NAMES = 100,
	HEADER = 12,
	RUN_US = 1000000,
	TIME_US = 5000000
};

struct job {
	struct resolver *resolver;
	const char *domain; /* that the names are in */
	size_t thread;
	size_t names; /* that are asked for; 0: always new ones */
	size_t done;
	uint64_t longest_us;
};

/* Answers every question with one address until its socket is shut down. */
static void *
serve(void *arg)
{
	static const unsigned char record[] = { 0xc0, HEADER, 0, DNS_A, 0, 1, 0,
		0, 14, 16, 0, 4, 192, 0, 2, 1 };
	const int *fd = arg;
	unsigned char packet[1024];

	for (;;) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		ssize_t got = recvfrom(
		    *fd, packet, 512, 0, (struct sockaddr *)&from, &from_len);
		size_t end = HEADER;

		if (got <= 0)
			return NULL;
		while (end < 300 && packet[end] != 0)
			end += 1 + (size_t)packet[end];
		end += 5;
		/* An answer and its one record, without EDNS. */
		memcpy(packet + 2, "\x81\x80\0\1\0\1\0\0\0\0", 10);
		memcpy(packet + end, record, sizeof(record));
		(void)sendto(*fd, packet, end + sizeof(record), 0,
		    (struct sockaddr *)&from, from_len);
	}
}

static void *
work(void *arg)
{
	struct job *job = arg;
	uint64_t end = clock_monotonic_us() + RUN_US;
	uint64_t before = clock_monotonic_us();

	for (size_t i = 0; before < end; i++) {
		char name[64];
		struct dns_client dns;
		struct dns_answer answer;
		struct arena mem;
		struct err err;
		uint64_t after;

		arena_init(&mem);
		(void)snprintf(name, sizeof(name), "host%zu-%zu.%s",
		    job->names == 0 ? job->thread : 0,
		    job->names == 0 ? i : i % job->names, job->domain);
		dns = (struct dns_client){ job->resolver, before + TIME_US,
			&mem };
		ENSURE(resolver_lookup(&dns, slice_of(name), DNS_A, &answer,
			   &err) == DNS_FOUND);
		arena_done(&mem);
		after = clock_monotonic_us();
		if (after - before > job->longest_us)
			job->longest_us = after - before;
		before = after;
		job->done++;
	}
	return NULL;
}

static void
measure(const char *what, struct job job, size_t threads)
{
	struct job jobs[MAX_THREADS];
	pthread_t ids[MAX_THREADS];
	uint64_t start, took;
	size_t done = 0;

	start = clock_monotonic_us();
	for (size_t i = 0; i < threads; i++) {
		jobs[i] = job;
		jobs[i].thread = i;
		ENSURE(pthread_create(&ids[i], NULL, work, &jobs[i]) == 0);
	}
	for (size_t i = 0; i < threads; i++) {
		ENSURE(pthread_join(ids[i], NULL) == 0);
		done += jobs[i].done;
		if (jobs[i].longest_us > job.longest_us)
			job.longest_us = jobs[i].longest_us;
	}
	took = clock_monotonic_us() - start;
	printf("%-12s %8zu %12.0f %12.1f %12llu\n", what, threads,
	    (double)done * 1e6 / (double)took,
	    (double)took * (double)threads / (double)done,
	    (unsigned long long)job.longest_us);
}

static struct resolver *
open_unbound(int *ret_fd, pthread_t *ret_server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	char server[64];
	struct slice servers[1];
	struct dns_settings settings = { .servers = servers,
		.server_count = 1 };
	struct resolver *resolver;
	struct err err;

	*ret_fd = socket(AF_INET, SOCK_DGRAM, 0);
	ENSURE(*ret_fd >= 0);
	ENSURE(bind(*ret_fd, (struct sockaddr *)&address, len) == 0);
	ENSURE(getsockname(*ret_fd, (struct sockaddr *)&address, &len) == 0);
	ENSURE(pthread_create(ret_server, NULL, serve, ret_fd) == 0);
	(void)snprintf(server, sizeof(server), "127.0.0.1@%u",
	    (unsigned int)ntohs(address.sin_port));
	servers[0] = slice_of(server);
	ENSURE(unbound_resolver_new(&settings, &resolver, &err) == 0);
	return resolver;
}

int
main(void)
{
	static const char *const domains[] = { "one.example", "two.example",
		"four.example", "eight.example" };
	pthread_t server;
	int fd;
	struct resolver *unbound = open_unbound(&fd, &server), *zone;
	struct err err;

	ENSURE(zone_resolver_new(SLICE("*.example. A 192.0.2.1\n"), "bench",
		   &zone, &err) == 0);
	printf("%-12s %8s %12s %12s %12s\n", "answers from", "threads",
	    "lookups/s", "mean us", "longest us");
	for (size_t i = 0; i < 4; i++) {
		size_t threads = (size_t)1 << i;

		measure("cache",
		    (struct job){ .resolver = unbound,
			.domain = "warm.example",
			.names = NAMES },
		    threads);
		measure("server",
		    (struct job){ .resolver = unbound, .domain = domains[i] },
		    threads);
		measure("zone text",
		    (struct job){ .resolver = zone,
			.domain = "zone.example",
			.names = NAMES },
		    threads);
	}
	resolver_unref(zone);
	resolver_unref(unbound);
	(void)shutdown(fd, SHUT_RDWR);
	ENSURE(pthread_join(server, NULL) == 0);
	(void)close(fd);
	return 0;
}
