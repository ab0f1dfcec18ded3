/* SPDX-License-Identifier: BSD-2-Clause */
/* What all kinds of resolvers have in common. */
#include "resolver_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "name_priv.h"

struct resolver {
	const struct resolver_ops *ops;
	void *handle;
	atomic_size_t refs;
};

const char *
dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_NS:
		return "NS";
	case DNS_CNAME:
		return "CNAME";
	case DNS_SOA:
		return "SOA";
	case DNS_PTR:
		return "PTR";
	case DNS_MX:
		return "MX";
	case DNS_TXT:
		return "TXT";
	case DNS_AAAA:
		return "AAAA";
	case DNS_SRV:
		return "SRV";
	}
	return "record";
}

struct resolver *
resolver_new(const struct resolver_ops *ops, void *handle)
{
	struct resolver *resolver = malloc(sizeof(*resolver));

	ENSURE(resolver != NULL);
	resolver->ops = ops;
	resolver->handle = handle;
	atomic_init(&resolver->refs, 1);
	return resolver;
}

struct resolver *
resolver_ref(struct resolver *resolver)
{
	atomic_fetch_add(&resolver->refs, 1);
	return resolver;
}

void
resolver_unref(struct resolver *resolver)
{
	if (resolver == NULL || atomic_fetch_sub(&resolver->refs, 1) != 1)
		return;
	resolver->ops->free(resolver->handle);
	free(resolver);
}

void *
resolver_handle(const struct resolver *resolver, const struct resolver_ops *ops)
{
	ENSURE(resolver->ops == ops);
	return resolver->handle;
}

const struct slice *
dns_records_copy(const struct slice *records, size_t count, struct arena *mem)
{
	struct slice *copies = arena_array(mem, count, sizeof(*copies));

	for (size_t i = 0; i < count; i++)
		copies[i] = slice_dup(mem, records[i]);
	return copies;
}

static bool
canonical_name(struct slice name, struct arena *mem, struct slice *ret_name)
{
	struct dns_name wire;

	if (!dns_name_read(name, &dns_root, &wire))
		return false;
	dns_name_lower(&wire);
	*ret_name = dns_name_print(&wire, mem);
	return true;
}

enum dns_outcome
resolver_pass_on(struct resolver *resolver, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	uint64_t begin_us = resolver->ops->is_dns ? clock_monotonic_us() : 0;
	enum dns_outcome outcome;

	*ret_answer = (struct dns_answer){ .owner = SLICE("") };
	outcome =
	    resolver->ops->lookup(resolver->handle, question, ret_answer, err);
	if (resolver->ops->is_dns) {
		metric_add(METRIC_DNS_ANSWERS, outcome, 1);
		metric_observe(
		    METRIC_DNS_SECONDS, clock_monotonic_us() - begin_us);
	}
	return outcome;
}

enum dns_outcome
resolver_lookup(const struct dns_client *client, struct slice name,
    enum dns_type type, struct dns_answer *ret_answer, struct err *err)
{
	struct dns_question question = { .type = type,
		.deadline_us = client->deadline_us,
		.mem = client->mem };
	enum dns_outcome outcome;

	if (!canonical_name(name, client->mem, &question.name)) {
		*ret_answer = (struct dns_answer){ .count = 0 };
		return DNS_NO_NAME;
	}
	outcome =
	    resolver_pass_on(client->resolver, &question, ret_answer, err);
	if (outcome == DNS_FAILED)
		err_wrap(err, "%s of %s", dns_type_name(type),
		    question.name.len == 0 ? "." : question.name.data);
	return outcome;
}

void
resolver_prefetch(
    struct resolver *resolver, struct slice name, enum dns_type type)
{
	struct slice canonical;
	struct arena mem;

	if (resolver->ops->prefetch == NULL)
		return;
	arena_init(&mem);
	if (canonical_name(name, &mem, &canonical))
		resolver->ops->prefetch(resolver->handle, canonical, type);
	arena_done(&mem);
}
