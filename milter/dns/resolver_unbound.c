/* SPDX-License-Identifier: BSD-2-Clause */
/* A resolver over libunbound: lookups under way, and their waiters. */
#include "dns/resolver_unbound.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "name_priv.h"
#include "resolver_priv.h"
#include "unbound_priv.h"

enum {
	MAX_UNDER_WAY = 4096,
	CLASS_IN = 1,
	START_TIME_US = 10000000,
};

/* One lookup that libunbound has begun, and whoever waits for it. */
struct query {
	struct unbound *owner;
	enum dns_type type;
	size_t holders; /* waiters, and libunbound until it is done */
	bool done;
	int status; /* of libunbound; result is NULL unless 0 */
	struct ub_result *result;
	pthread_cond_t changed;
	char name[];
};

/*
 * lock guards the tree and all of a query but what done makes final. It is
 * never held in a call of libunbound: its threads wait for each other's pipes.
 */
struct unbound {
	struct ub_ctx *ctx;
	pthread_t service;
	bool has_service;
	bool is_lost; /* ctx has no thread, see check_start() */
	int stop[2];  /* a pipe; the service thread ends by it */
	pthread_mutex_t lock;
	void *under_way; /* tsearch() tree of struct query */
	size_t count;	 /* in it */
};

static int
compare_queries(const void *a, const void *b)
{
	const struct query *one = a, *other = b;

	if (one->type != other->type)
		return one->type < other->type ? -1 : 1;
	return strcmp(one->name, other->name);
}

static struct query *
query_new(struct unbound *owner, struct slice name, enum dns_type type)
{
	struct query *query = calloc(1, sizeof(*query) + name.len + 1);
	pthread_condattr_t attr;

	ENSURE(query != NULL);
	query->owner = owner;
	query->type = type;
	if (name.len != 0)
		memcpy(query->name, name.data, name.len);
	ENSURE(pthread_condattr_init(&attr) == 0 &&
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&query->changed, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	return query;
}

static void
query_free(void *arg)
{
	struct query *query = arg;

	ub_resolve_free(query->result);
	(void)pthread_cond_destroy(&query->changed);
	free(query);
}

static void
resolver_unbound_lock(struct unbound *unbound)
{
	ENSURE(pthread_mutex_lock(&unbound->lock) == 0);
}

static void
resolver_unbound_unlock(struct unbound *unbound)
{
	ENSURE(pthread_mutex_unlock(&unbound->lock) == 0);
}

static void
query_release(struct query *query)
{
	struct unbound *owner = query->owner;
	bool last;

	resolver_unbound_lock(owner);
	last = --query->holders == 0;
	resolver_unbound_unlock(owner);
	if (last)
		query_free(query);
}

/* Called by libunbound, in the service thread, once a query. */
static void
on_answer(void *arg, int status, struct ub_result *result)
{
	struct query *query = arg;
	struct unbound *owner = query->owner;

	resolver_unbound_lock(owner);
	query->status = status;
	query->result = result;
	query->done = true;
	ENSURE(tdelete(query, &owner->under_way, compare_queries) != NULL);
	owner->count--;
	ENSURE(pthread_cond_broadcast(&query->changed) == 0);
	resolver_unbound_unlock(owner);
	query_release(query);
}

/*
 * The query that asks for this, new or under way already; the caller holds it.
 * NULL when there are too many.
 */
static struct query *
resolver_unbound_begin(
    struct unbound *unbound, struct slice name, enum dns_type type)
{
	struct query *new = query_new(unbound, name, type);
	struct query *query = NULL;
	struct query **found;
	bool is_new;
	int status;

	resolver_unbound_lock(unbound);
	found = tfind(new, &unbound->under_way, compare_queries);
	is_new = found == NULL && unbound->count < MAX_UNDER_WAY;
	if (found != NULL) {
		query = *found;
		query->holders++;
	} else if (is_new) {
		ENSURE(
		    tsearch(new, &unbound->under_way, compare_queries) != NULL);
		unbound->count++;
		/* The caller's, and libunbound's. */
		new->holders = 2;
	}
	resolver_unbound_unlock(unbound);
	if (!is_new) {
		query_free(new);
		return query;
	}
	status = ub_resolve_async(unbound->ctx, name.len == 0 ? "." : new->name,
	    (int)type, CLASS_IN, new, on_answer, NULL);
	if (status != 0)
		on_answer(new, status, NULL);
	/* A new one has two holders; on_answer() releases one of them. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return new;
}

/* False when the deadline came first. */
static bool
resolver_unbound_wait_for(struct query *query, uint64_t deadline_us)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline_us / 1000000),
		.tv_nsec = (long)(deadline_us % 1000000) * 1000,
	};
	bool done;
	int status = 0;

	resolver_unbound_lock(query->owner);
	while (!query->done && status == 0)
		status = pthread_cond_timedwait(
		    &query->changed, &query->owner->lock, &until);
	done = query->done;
	resolver_unbound_unlock(query->owner);
	return done;
}

/* Reads the result of a query that is done: it does not change any more. */
static enum dns_outcome
read_result(const struct query *query, struct arena *mem,
    struct dns_answer *ret_answer, struct err *err)
{
	/* RFC 1035 section 4.1.1 */
	static const char *const rcodes[] = { [1] = "FORMERR",
		[2] = "SERVFAIL",
		[4] = "NOTIMP",
		[5] = "REFUSED" };
	const struct ub_result *result = query->result;
	const char *rcode = NULL;
	struct slice *records;
	struct dns_name owner;

	if (query->status != 0) {
		err_set(err, ERR_TEMP, "libunbound: %s",
		    ub_strerror(query->status));
		return DNS_FAILED;
	}
	if (result->bogus != 0) {
		/* There is data, but it may be forged. */
		ret_answer->bogus = true;
		err_set(err, ERR_TEMP, "bogus: %s",
		    result->why_bogus == NULL ?
			"DNSSEC validation failed" :
			escape(mem, slice_of(result->why_bogus),
			    ERR_TEXT_BYTES / 2));
		return DNS_FAILED;
	}
	if (result->nxdomain == 0 && result->rcode != 0) {
		if (result->rcode > 0 &&
		    (size_t)result->rcode < sizeof(rcodes) / sizeof(rcodes[0]))
			rcode = rcodes[result->rcode];
		err_set(err, ERR_TEMP, "no server gave a usable answer (%s)",
		    rcode != NULL ? rcode : "an unusual response code");
		return DNS_FAILED;
	}
	while (result->havedata && result->data[ret_answer->count] != NULL)
		ret_answer->count++;
	records = arena_array(mem, ret_answer->count, sizeof(*records));
	for (size_t i = 0; i < ret_answer->count; i++)
		records[i] = slice_dup(mem,
		    (struct slice){ result->data[i], (size_t)result->len[i] });
	ret_answer->records = records;
	ret_answer->secure = result->secure != 0;
	ret_answer->ttl = result->ttl < 0 ? 0 : (uint32_t)result->ttl;
	if (result->canonname != NULL &&
	    dns_name_read(slice_of(result->canonname), &dns_root, &owner)) {
		dns_name_lower(&owner);
		ret_answer->owner = dns_name_print(&owner, mem);
	}
	return result->nxdomain != 0 ? DNS_NO_NAME :
	    result->havedata	     ? DNS_FOUND :
				       DNS_NO_DATA;
}

static enum dns_outcome
unbound_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct query *query =
	    resolver_unbound_begin(handle, question->name, question->type);
	enum dns_outcome outcome = DNS_FAILED;

	if (query == NULL) {
		err_set(err, ERR_TEMP, "too many lookups under way");
		return DNS_FAILED;
	}
	if (resolver_unbound_wait_for(query, question->deadline_us))
		outcome = read_result(query, question->mem, ret_answer, err);
	else
		err_set(err, ERR_TEMP, "timed out: no answer yet");
	query_release(query);
	return outcome;
}

static void
unbound_prefetch(void *handle, struct slice name, enum dns_type type)
{
	struct query *query = resolver_unbound_begin(handle, name, type);

	if (query != NULL)
		query_release(query);
}

/* Hands answers over until the pipe says to stop. */
static void *
resolver_unbound_serve(void *arg)
{
	struct unbound *unbound = arg;
	struct pollfd fds[2] = {
		{ .fd = ub_fd(unbound->ctx), .events = POLLIN },
		{ .fd = unbound->stop[0], .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			ENSURE(errno == EINTR);
			continue;
		}
		if (fds[1].revents != 0)
			return NULL;
		/* It fails only where libunbound's own thread has ended. */
		ENSURE(ub_process(unbound->ctx) == 0);
	}
}

static void
unbound_free(void *handle)
{
	struct unbound *unbound = handle;

	if (unbound->has_service) {
		ENSURE(write(unbound->stop[1], "", 1) == 1);
		ENSURE(pthread_join(unbound->service, NULL) == 0);
	}
	/* It ends its thread; from here on nobody calls back. */
	if (unbound->ctx != NULL && !unbound->is_lost)
		ub_ctx_delete(unbound->ctx);
	for (size_t i = 0; i < 2; i++) {
		if (unbound->stop[i] >= 0)
			(void)close(unbound->stop[i]);
	}
	tdestroy(unbound->under_way, query_free);
	(void)pthread_mutex_destroy(&unbound->lock);
	free(unbound);
}

static const struct resolver_ops unbound_ops = {
	.lookup = unbound_lookup,
	.prefetch = unbound_prefetch,
	.free = unbound_free,
	.is_dns = true,
};

/*
 * libunbound looks at its configuration with the first lookup only. This one
 * it answers itself.
 */
static int
check_start(struct unbound *unbound, struct err *err)
{
	struct query *query =
	    resolver_unbound_begin(unbound, SLICE("localhost"), DNS_A);
	bool done = resolver_unbound_wait_for(
	    query, clock_monotonic_us() + START_TIME_US);
	int status = 0;

	/*
	 * Its thread has not begun. ub_ctx_delete() would wait for that for
	 * ever, or join a thread that does not exist: the context
	 * stays. Nobody calls back, because
	 * the service ends.
	 */
	if (!done) {
		unbound->is_lost = true;
		status = err_set(err, ERR_TEMP, "libunbound does not start");
	} else if (query->status != 0) {
		status = err_set(err, ERR_CONFIG,
		    "libunbound does not start: "
		    "%s (are the trust anchors those of a master file?)",
		    ub_strerror(query->status));
	}
	query_release(query);
	return status;
}

static void *
end_at_once(void *arg)
{
	return arg;
}

static int
resolver_unbound_start(struct unbound *unbound,
    const struct dns_settings *settings, struct err *err)
{
	pthread_t thread;
	sigset_t all, before;
	int status;

	if (unbound_context_new(settings, &unbound->ctx, err) != 0)
		return -1;
	if (pipe2(unbound->stop, O_CLOEXEC) != 0)
		return err_set(err, ERR_TEMP, "pipe: %s", strerror(errno));
	sigfillset(&all);
	ENSURE(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	status = pthread_create(
	    &unbound->service, NULL, resolver_unbound_serve, unbound);
	unbound->has_service = status == 0;
	/*
	 * libunbound waits for ever if its thread cannot begin. This thread,
	 * which needs as much, shows that there are memory and tasks for it.
	 */
	if (status == 0)
		status = pthread_create(&thread, NULL, end_at_once, NULL);
	if (status != 0) {
		status = err_set(err, ERR_TEMP, "cannot start a thread: %s",
		    strerror(status));
	} else {
		ENSURE(pthread_join(thread, NULL) == 0);
		status = check_start(unbound, err);
	}
	ENSURE(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return status;
}

int
unbound_resolver_new(const struct dns_settings *settings,
    struct resolver **ret_resolver, struct err *err)
{
	struct unbound *unbound = calloc(1, sizeof(*unbound));

	ENSURE(unbound != NULL);
	unbound->stop[0] = unbound->stop[1] = -1;
	ENSURE(pthread_mutex_init(&unbound->lock, NULL) == 0);
	if (resolver_unbound_start(unbound, settings, err) != 0) {
		unbound_free(unbound);
		return err_wrap(err, "DNS");
	}
	*ret_resolver = resolver_new(&unbound_ops, unbound);
	return 0;
}
