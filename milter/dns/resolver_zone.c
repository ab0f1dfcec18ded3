/* SPDX-License-Identifier: BSD-2-Clause */
/* A resolver that answers from a master file. */
#include "dns/resolver_zone.h"

#include <stdlib.h>

#include "resolver_priv.h"
#include "zone_priv.h"

enum { MAX_CNAMES = 16 };

/* The name above, or "*" below it, is the source (RFC 4592 section 3.3.1). */
static const struct zone_node *
find_node(const struct zone *zone, const struct dns_name *name)
{
	const struct zone_node *node =
	    map_get(zone->nodes, dns_name_wire(name));
	struct slice above = dns_name_wire(name);
	struct dns_name encloser, wildcard;

	if (node != NULL)
		return node;
	/* The root is always there. */
	do
		above =
		    slice_from(above, 1 + (size_t)(unsigned char)above.data[0]);
	while (map_get(zone->nodes, above) == NULL);
	ENSURE(dns_name_from_wire(above, &encloser));
	if (!dns_name_read(SLICE("*"), &encloser, &wildcard))
		return NULL;
	return map_get(zone->nodes, dns_name_wire(&wildcard));
}

static enum dns_outcome
zone_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct zone *zone = handle;
	struct dns_answer answer = { .owner = SLICE(""), .ttl = UINT32_MAX };
	struct slice text = question->name;
	struct dns_name name;

	atomic_fetch_add(&zone->lookups, 1);
	ENSURE(
	    dns_name_read(text.len == 0 ? SLICE(".") : text, &dns_root, &name));
	for (unsigned int cnames = 0; cnames <= MAX_CNAMES; cnames++) {
		const struct zone_node *node;
		const struct zone_set *set = NULL;

		dns_name_lower(&name);
		node = find_node(zone, &name);
		if (node != NULL)
			set = zone_node_set(node, question->type);
		if (node != NULL && set == NULL)
			set = zone_node_set(node, DNS_CNAME);
		if (set == NULL && node != NULL && node->failure != NULL) {
			err_set(err, ERR_TEMP, "%s", node->failure);
			return DNS_FAILED;
		}
		if (set == NULL)
			answer.ttl = 0;
		else if (set->ttl < answer.ttl)
			answer.ttl = set->ttl;
		if (set != NULL && set->type != question->type) {
			ENSURE(dns_name_from_wire(set->records[0], &name));
			continue;
		}
		if (set != NULL) {
			answer.records = dns_records_copy(
			    set->records, set->count, question->mem);
			answer.count = set->count;
		}
		if (cnames > 0)
			answer.owner = dns_name_print(&name, question->mem);
		*ret_answer = answer;
		return set != NULL ? DNS_FOUND :
		    node == NULL   ? DNS_NO_NAME :
				     DNS_NO_DATA;
	}
	err_set(err, ERR_TEMP, "more than %d CNAMEs in a row", MAX_CNAMES);
	return DNS_FAILED;
}

static void
zone_free(void *handle)
{
	struct zone *zone = handle;

	arena_done(&zone->mem);
	free(zone);
}

static const struct resolver_ops zone_ops = {
	.lookup = zone_lookup,
	.free = zone_free,
	.is_dns = true,
};

int
zone_resolver_new(struct slice text, const char *name_for_errors,
    struct resolver **ret_resolver, struct err *err)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	ENSURE(zone != NULL);
	arena_init(&zone->mem);
	zone->nodes = map_new(&zone->mem);
	atomic_init(&zone->lookups, 0);
	if (zone_read(zone, text, name_for_errors, err) != 0) {
		zone_free(zone);
		return -1;
	}
	*ret_resolver = resolver_new(&zone_ops, zone);
	return 0;
}

size_t
zone_resolver_lookups(const struct resolver *resolver)
{
	const struct zone *zone = resolver_handle(resolver, &zone_ops);

	return atomic_load(&zone->lookups);
}
