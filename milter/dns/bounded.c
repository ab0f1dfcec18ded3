/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounds on what DNS is asked for one message, and for one domain. */
#include "dns/bounded.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "resolver_priv.h"

enum {
	MINUTE_US = 60000000,
	QUOTA_DOMAINS = 20000,	  /* that are counted at a time */
	KEPT_OCTETS = 256 * 1024, /* of the answers to one message */
};

struct domain_quota {
	pthread_mutex_t lock;
	unsigned long a_minute;
	uint64_t until_us;
	struct arena mem;
	struct map *counts; /* to unsigned long; of this minute */
};

struct domain_quota *
domain_quota_new(unsigned long a_minute)
{
	struct domain_quota *quota = calloc(1, sizeof(*quota));

	ENSURE(quota != NULL);
	ENSURE(pthread_mutex_init(&quota->lock, NULL) == 0);
	quota->a_minute = a_minute;
	arena_init(&quota->mem);
	quota->counts = map_new(&quota->mem);
	return quota;
}

void
domain_quota_free(struct domain_quota *quota)
{
	if (quota == NULL)
		return;
	arena_done(&quota->mem);
	(void)pthread_mutex_destroy(&quota->lock);
	free(quota);
}

/* A question that was asked, and its answer where it is kept. */
struct asked {
	bool begun; /* in advance: it has counted */
	bool kept;
	enum dns_outcome outcome;
	struct dns_answer answer;
	struct err err;
};

struct bounded {
	struct resolver *inner;
	unsigned long most;
	struct domain_quota *quota;
	pthread_mutex_t lock; /* of what follows */
	struct slice domain;
	unsigned long count;
	size_t kept_octets;
	struct arena mem;
	struct map *asked; /* to struct asked */
};

static void
bounded_lock(struct bounded *bounded)
{
	ENSURE(pthread_mutex_lock(&bounded->lock) == 0);
}

static void
bounded_unlock(struct bounded *bounded)
{
	ENSURE(pthread_mutex_unlock(&bounded->lock) == 0);
}

static struct slice
question_key(struct slice name, enum dns_type type, struct arena *mem)
{
	return slice_format(mem, "%d %s", (int)type,
	    name.len == 0 ? "" : slice_cstr(mem, name));
}

/*
 * The question, which counts unless its answer is here or on its way; NULL, and
 * *err says why, when there were too many.
 */
static struct asked *
admit(struct bounded *bounded, struct slice key, struct err *err)
{
	struct asked *asked = map_get(bounded->asked, key);
	struct domain_quota *quota = bounded->quota;
	unsigned long *count;
	uint64_t now_us;
	bool granted;

	if (asked != NULL && (asked->kept || asked->begun))
		return asked;
	if (bounded->count >= bounded->most) {
		err_set(err, ERR_TEMP,
		    "more than %lu questions for one "
		    "message (dns.questions)",
		    bounded->most);
		return NULL;
	}
	now_us = clock_monotonic_us();
	ENSURE(pthread_mutex_lock(&quota->lock) == 0);
	if (now_us >= quota->until_us ||
	    map_count(quota->counts) == QUOTA_DOMAINS) {
		arena_done(&quota->mem);
		arena_init(&quota->mem);
		quota->counts = map_new(&quota->mem);
		quota->until_us = now_us + MINUTE_US;
	}
	count = map_get(quota->counts, bounded->domain);
	if (count == NULL) {
		count = arena_array(&quota->mem, 1, sizeof(*count));
		ENSURE(map_add(quota->counts, bounded->domain, count));
	}
	granted = *count < quota->a_minute;
	*count += granted;
	ENSURE(pthread_mutex_unlock(&quota->lock) == 0);
	if (!granted) {
		err_set(err, ERR_TEMP,
		    "more than %lu questions in a minute "
		    "for this domain (dns.domain-questions)",
		    quota->a_minute);
		return NULL;
	}
	bounded->count++;
	if (asked != NULL)
		return asked;
	asked = arena_array(&bounded->mem, 1, sizeof(*asked));
	ENSURE(map_add(bounded->asked, key, asked));
	return asked;
}

static void
bounded_copy_answer(const struct dns_answer *from, struct arena *mem,
    struct dns_answer *ret_answer)
{
	*ret_answer = *from;
	ret_answer->records = dns_records_copy(from->records, from->count, mem);
	ret_answer->owner = slice_dup(mem, from->owner);
}

static enum dns_outcome
bounded_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct bounded *bounded = handle;
	struct slice key =
	    question_key(question->name, question->type, question->mem);
	enum dns_outcome outcome = DNS_FAILED;
	struct asked *asked;
	size_t octets = 0;
	bool kept;

	bounded_lock(bounded);
	asked = admit(bounded, key, err);
	kept = asked != NULL && asked->kept;
	if (asked != NULL)
		asked->begun = false;
	if (kept) {
		outcome = asked->outcome;
		bounded_copy_answer(&asked->answer, question->mem, ret_answer);
	}
	if (kept && outcome == DNS_FAILED)
		*err = asked->err;
	bounded_unlock(bounded);
	if (asked == NULL || kept)
		return outcome;
	outcome = resolver_pass_on(bounded->inner, question, ret_answer, err);
	octets = ret_answer->owner.len;
	for (size_t i = 0; i < ret_answer->count; i++)
		octets += ret_answer->records[i].len + sizeof(struct slice);
	bounded_lock(bounded);
	/* Large answers are not held for the length of the message. */
	if (!asked->kept && octets <= KEPT_OCTETS - bounded->kept_octets) {
		bounded_copy_answer(ret_answer, &bounded->mem, &asked->answer);
		if (outcome == DNS_FAILED)
			asked->err = *err;
		asked->outcome = outcome;
		asked->kept = true;
		bounded->kept_octets += octets;
	}
	bounded_unlock(bounded);
	return outcome;
}

static void
bounded_prefetch(void *handle, struct slice name, enum dns_type type)
{
	struct bounded *bounded = handle;
	struct asked *asked;
	struct arena mem;
	struct err err;
	bool is_new = false;

	arena_init(&mem);
	bounded_lock(bounded);
	asked = admit(bounded, question_key(name, type, &mem), &err);
	if (asked != NULL && !asked->kept && !asked->begun)
		is_new = asked->begun = true;
	bounded_unlock(bounded);
	arena_done(&mem);
	if (is_new)
		resolver_prefetch(bounded->inner, name, type);
}

static void
bounded_free(void *handle)
{
	struct bounded *bounded = handle;

	resolver_unref(bounded->inner);
	arena_done(&bounded->mem);
	(void)pthread_mutex_destroy(&bounded->lock);
	free(bounded);
}

static const struct resolver_ops bounded_ops = {
	.lookup = bounded_lookup,
	.prefetch = bounded_prefetch,
	.free = bounded_free,
};

struct resolver *
bounded_resolver_new(
    struct resolver *inner, unsigned long questions, struct domain_quota *quota)
{
	struct bounded *bounded = calloc(1, sizeof(*bounded));

	ENSURE(bounded != NULL);
	ENSURE(pthread_mutex_init(&bounded->lock, NULL) == 0);
	bounded->inner = resolver_ref(inner);
	bounded->most = questions;
	bounded->quota = quota;
	bounded->domain = SLICE("");
	arena_init(&bounded->mem);
	bounded->asked = map_new(&bounded->mem);
	return resolver_new(&bounded_ops, bounded);
}

void
bounded_resolver_for(struct resolver *resolver, struct slice domain)
{
	struct bounded *bounded = resolver_handle(resolver, &bounded_ops);

	bounded_lock(bounded);
	bounded->domain = domain;
	bounded_unlock(bounded);
}

unsigned long
bounded_resolver_asked(const struct resolver *resolver)
{
	struct bounded *bounded = resolver_handle(resolver, &bounded_ops);
	unsigned long count;

	bounded_lock(bounded);
	count = bounded->count;
	bounded_unlock(bounded);
	return count;
}
