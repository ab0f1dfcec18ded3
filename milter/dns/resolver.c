/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

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
	case DNS_A: return "A";
	case DNS_NS: return "NS";
	case DNS_CNAME: return "CNAME";
	case DNS_SOA: return "SOA";
	case DNS_PTR: return "PTR";
	case DNS_MX: return "MX";
	case DNS_TXT: return "TXT";
	case DNS_AAAA: return "AAAA";
	case DNS_SRV: return "SRV";
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
resolver_handle(const struct resolver *resolver,
    const struct resolver_ops *ops)
{
	ENSURE(resolver->ops == ops);
	return resolver->handle;
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
resolver_pass_on(struct resolver *resolver, struct slice canonical,
    enum dns_type type, uint64_t deadline_us, struct arena *mem,
    struct dns_answer *ret_answer, struct err *err)
{
	return resolver->ops->lookup(resolver->handle, canonical, type,
	    deadline_us, mem, ret_answer, err);
}

enum dns_outcome
resolver_lookup(struct resolver *resolver, struct slice name,
    enum dns_type type, uint64_t deadline_us, struct arena *mem,
    struct dns_answer *ret_answer, struct err *err)
{
	enum dns_outcome outcome;
	struct slice canonical;

	if (!canonical_name(name, mem, &canonical)) {
		*ret_answer = (struct dns_answer){ .count = 0 };
		return DNS_NO_NAME;
	}
	outcome = resolver_pass_on(resolver, canonical, type, deadline_us, mem,
	    ret_answer, err);
	if (outcome == DNS_FAILED)
		err_wrap(err, "%s of %s", dns_type_name(type),
		    canonical.len == 0 ? "." : canonical.data);
	return outcome;
}

void
resolver_prefetch(struct resolver *resolver, struct slice name,
    enum dns_type type)
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
