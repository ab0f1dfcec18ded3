/* SPDX-License-Identifier: BSD-2-Clause */
/* A resolver that is made when somebody asks it. */
#include "dns/resolver_later.h"

#include <pthread.h>
#include <stdlib.h>

struct later {
	const struct resolver_maker *maker;
	void *arg;
	pthread_mutex_t lock;
	struct resolver *resolver; /* NULL: not yet */
};

static int
later_make(struct later *later, struct err *err)
{
	int status = 0;

	ENSURE(pthread_mutex_lock(&later->lock) == 0);
	if (later->resolver == NULL)
		status = later->maker->make(later->arg, &later->resolver, err);
	ENSURE(pthread_mutex_unlock(&later->lock) == 0);
	return status;
}

static enum dns_outcome
later_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct later *later = handle;

	if (later_make(later, err) != 0) {
		err->kind = ERR_TEMP;
		return DNS_FAILED;
	}
	return resolver_pass_on(later->resolver, question, ret_answer, err);
}

static void
later_free(void *handle)
{
	struct later *later = handle;

	resolver_unref(later->resolver);
	later->maker->free(later->arg);
	ENSURE(pthread_mutex_destroy(&later->lock) == 0);
	free(later);
}

static const struct resolver_ops later_ops = {
	.lookup = later_lookup,
	.free = later_free,
};

struct resolver *
resolver_later_new(const struct resolver_maker *maker, void *arg)
{
	struct later *later = calloc(1, sizeof(*later));

	ENSURE(later != NULL);
	later->maker = maker;
	later->arg = arg;
	ENSURE(pthread_mutex_init(&later->lock, NULL) == 0);
	return resolver_new(&later_ops, later);
}
