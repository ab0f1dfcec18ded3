/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of messages on their way to a server. */
#include "glue/accounting.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/*
 * TRY_MS: for one record. PAUSE_MS: after one that failed. END_MS: for all that
 * wait at the end.
 */
enum { TRY_MS = 5000, PAUSE_MS = 1000, END_MS = 3000 };

/* A record that waits, with its texts behind it; heap. */
struct kept {
	struct kept *next;
	struct table_record record;
	char texts[];
};

static struct {
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct table *table;
	size_t limit;
	struct kept *first, **last;
	struct accounting_counts counts;
	bool is_failing; /* the log says so */
	uint64_t end_us; /* when the process ends; 0: not yet */
	bool is_over;	 /* nothing is sent any more */
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER };
static atomic_bool is_on;
static atomic_ulong sessions;
/* Makes names of sessions those of this process. */
static time_t started;

int
accounting_open(const struct config *config, const struct report *report,
    struct table **ret_table, struct err *err)
{
	const struct table_options options = { .report = report };
	CLEANUP(arena_done) struct arena mem;
	struct table *table;

	arena_init(&mem);
	*ret_table = NULL;
	if (config->accounting.radius.len == 0)
		return 0;
	if (table_open(slice_format(&mem, "radius:%.*s",
			   SLICE_ARGS(config->accounting.radius)),
		&options, &table, err) != 0)
		return err_wrap(err, "accounting.radius");
	ENSURE(table_takes_records(table));
	*ret_table = table;
	return 0;
}

static void
accounting_lock(void)
{
	ENSURE(pthread_mutex_lock(&queue.lock) == 0);
}

static void
accounting_unlock(void)
{
	ENSURE(pthread_mutex_unlock(&queue.lock) == 0);
}

/* Whether it was woken before. The lock is held. */
static bool
wait_until(uint64_t until_us)
{
	const struct timespec until = { .tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000 * 1000) };

	return pthread_cond_timedwait(&queue.changed, &queue.lock, &until) !=
	    ETIMEDOUT;
}

/* The lock is held. */
static void
lose(const struct table_record *record, const char *why)
{
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	queue.counts.lost++;
	log_write(LOG_LEVEL_WARNING,
	    "accounting: the record of qid=%s login=%s is lost: %s",
	    escape(&mem, record->message, 64), escape(&mem, record->login, 128),
	    why);
}

/* Sends one record, without the lock. */
static int
send_record(const struct table_record *record, uint64_t end_us, struct err *err)
{
	uint64_t until = clock_monotonic_us() + TRY_MS * 1000ULL;
	CLEANUP(arena_done) struct arena mem;
	const struct table_context context = { .mem = &mem,
		.deadline_us = end_us != 0 && end_us < until ? end_us : until,
		.err = err };

	arena_init(&mem);
	return table_tell(queue.table, record, &context);
}

/* The first one is sent, or never will be. The lock is held. */
static void
drop_first(void)
{
	struct kept *kept = queue.first;

	queue.first = kept->next;
	if (queue.first == NULL)
		queue.last = &queue.first;
	queue.counts.waiting--;
	free(kept);
}

/* What became of the first record. The lock is held. */
static void
note_result(int status, const struct err *err)
{
	if (status == 0) {
		if (queue.is_failing)
			log_write(LOG_LEVEL_INFO,
			    "accounting: records are sent again; %lu wait",
			    queue.counts.waiting);
		queue.is_failing = false;
		queue.counts.sent++;
		drop_first();
	} else if (err->kind != ERR_TEMP) {
		lose(&queue.first->record, err->text);
		drop_first();
	} else if (!queue.is_failing) {
		queue.is_failing = true;
		log_write(LOG_LEVEL_WARNING,
		    "accounting: %s; records wait until that is over",
		    err->text);
	}
}

/* Nothing is sent any more; they stay where they are. The lock is held. */
static void
give_up(void)
{
	if (queue.is_over)
		return;
	queue.is_over = true;
	for (const struct kept *kept = queue.first; kept != NULL;
	     kept = kept->next)
		lose(&kept->record, "the milter ends");
	queue.counts.waiting = 0;
	ENSURE(pthread_cond_broadcast(&queue.changed) == 0);
}

static void *
send_records(void *arg)
{
	(void)arg;
	accounting_lock();
	while (!queue.is_over && (queue.first != NULL || queue.end_us == 0)) {
		const struct kept *first = queue.first;
		uint64_t end_us = queue.end_us;
		struct err err;
		int status;

		if (first == NULL) {
			ENSURE(pthread_cond_wait(&queue.changed, &queue.lock) ==
			    0);
			continue;
		}
		accounting_unlock();
		status = send_record(&first->record, end_us, &err);
		accounting_lock();
		if (queue.is_over)
			break;
		note_result(status, &err);
		/* At the end, a server that does not answer has its answer. */
		if (status != 0 && err.kind == ERR_TEMP && end_us != 0)
			break;
		if (status != 0 && err.kind == ERR_TEMP) {
			uint64_t until =
			    clock_monotonic_us() + PAUSE_MS * 1000ULL;

			while (queue.end_us == 0 && wait_until(until))
				;
		}
	}
	give_up();
	accounting_unlock();
	return NULL;
}

int
accounting_start(struct table *table, size_t limit, struct err *err)
{
	pthread_condattr_t attributes;
	pthread_t thread;

	if (table == NULL)
		return 0;
	ENSURE(pthread_condattr_init(&attributes) == 0);
	ENSURE(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ENSURE(pthread_cond_init(&queue.changed, &attributes) == 0);
	ENSURE(pthread_condattr_destroy(&attributes) == 0);
	queue.table = table;
	queue.limit = limit;
	queue.last = &queue.first;
	queue.counts.is_on = true;
	started = clock_now();
	if (pthread_create(&thread, NULL, send_records, NULL) != 0)
		return err_set(err, ERR_TEMP, "cannot start a thread");
	(void)pthread_detach(thread);
	atomic_store(&is_on, true);
	return 0;
}

bool
accounting_is_on(void)
{
	return atomic_load(&is_on);
}

unsigned long
accounting_session(void)
{
	return atomic_fetch_add(&sessions, 1) + 1;
}

/* Copies a text behind those before it. */
static struct slice
keep(char **rest, struct slice text)
{
	struct slice copy = { *rest, text.len };

	if (text.len > 0)
		memcpy(*rest, text.data, text.len);
	*rest += text.len;
	return copy;
}

static struct kept *
kept_new(const struct table_record *record, unsigned long session)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice name;
	struct kept *kept;
	char *rest;

	arena_init(&mem);
	name = slice_format(
	    &mem, "%llx-%lx", (unsigned long long)started, session);
	kept = calloc(1,
	    sizeof(*kept) + record->login.len + record->client.len +
		record->message.len + name.len);
	ENSURE(kept != NULL);
	rest = kept->texts;
	kept->record = *record;
	kept->record.login = keep(&rest, record->login);
	kept->record.client = keep(&rest, record->client);
	kept->record.message = keep(&rest, record->message);
	kept->record.session = keep(&rest, name);
	return kept;
}

void
accounting_add(const struct table_record *record, unsigned long session)
{
	struct kept *kept = kept_new(record, session);

	accounting_lock();
	if (queue.is_over) {
		lose(record, "the milter ends");
	} else if (queue.counts.waiting >= queue.limit) {
		lose(record, "as many as accounting.queue allows wait already");
	} else {
		*queue.last = kept;
		queue.last = &kept->next;
		kept = NULL;
		queue.counts.waiting++;
		ENSURE(pthread_cond_broadcast(&queue.changed) == 0);
	}
	accounting_unlock();
	free(kept);
}

void
accounting_stop(void)
{
	if (!accounting_is_on())
		return;
	accounting_lock();
	if (queue.end_us == 0)
		queue.end_us = clock_monotonic_us() + END_MS * 1000ULL;
	ENSURE(pthread_cond_broadcast(&queue.changed) == 0);
	/* The thread may be at a record that it began with before. */
	while (!queue.is_over && clock_monotonic_us() < queue.end_us)
		(void)wait_until(queue.end_us);
	give_up();
	accounting_unlock();
}

struct accounting_counts
accounting_read(void)
{
	struct accounting_counts counts;

	accounting_lock();
	counts = queue.counts;
	accounting_unlock();
	return counts;
}
