/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/resolver_zone.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "resolver_priv.h"
#include "zone_priv.h"

enum { MAX_CNAMES = 16 };

struct zone {
	struct arena mem;
	struct map *nodes;
	atomic_size_t lookups;
};

/* The name above, or "*" below it, is the source (RFC 4592 section 3.3.1). */
static const struct zone_node *
find_node(const struct zone *zone, const struct dns_name *name)
{
	const struct zone_node *node = map_get(zone->nodes,
	    dns_name_wire(name));
	struct slice above = dns_name_wire(name);
	struct dns_name encloser, wildcard;

	if (node != NULL)
		return node;
	/* The root is always there. */
	do
		above = slice_from(above,
		    1 + (size_t)(unsigned char)above.data[0]);
	while (map_get(zone->nodes, above) == NULL);
	ENSURE(dns_name_from_wire(above, &encloser));
	if (!dns_name_read(SLICE("*"), &encloser, &wildcard))
		return NULL;
	return map_get(zone->nodes, dns_name_wire(&wildcard));
}

static void
copy_records(const struct zone_set *set, struct arena *mem,
    struct dns_answer *answer)
{
	struct slice *records = arena_array(mem, set->count, sizeof(*records));

	for (size_t i = 0; i < set->count; i++)
		records[i] = slice_dup(mem, set->records[i]);
	answer->records = records;
	answer->count = set->count;
}

/*
 * What one name says: an outcome, or true and *name is where its CNAME points.
 */
static bool
ask_node(const struct zone_node *node, enum dns_type type, struct arena *mem,
    struct dns_name *name, struct dns_answer *answer, uint32_t *ttl,
    enum dns_outcome *ret_outcome, struct err *err)
{
	const struct zone_set *set;

	*ret_outcome = node == NULL ? DNS_NO_NAME : DNS_NO_DATA;
	if (node == NULL)
		return false;
	set = zone_node_set(node, type);
	if (set == NULL)
		set = zone_node_set(node, DNS_CNAME);
	if (set == NULL && node->failure != NULL) {
		err_set(err, ERR_TEMP, "%s", node->failure);
		*ret_outcome = DNS_FAILED;
	}
	if (set == NULL)
		return false;
	if (set->ttl < *ttl)
		*ttl = set->ttl;
	if (set->type != type) {
		ENSURE(dns_name_from_wire(set->records[0], name));
		return true;
	}
	copy_records(set, mem, answer);
	answer->ttl = *ttl;
	*ret_outcome = DNS_FOUND;
	return false;
}

static enum dns_outcome
zone_lookup(void *handle, struct slice text, enum dns_type type,
    uint64_t deadline_us, struct arena *mem, struct dns_answer *ret_answer,
    struct err *err)
{
	struct zone *zone = handle;
	struct dns_answer answer = { .owner = SLICE("") };
	uint32_t ttl = UINT32_MAX;
	struct dns_name name;

	(void)deadline_us;
	atomic_fetch_add(&zone->lookups, 1);
	ENSURE(dns_name_read(text.len == 0 ? SLICE(".") : text, &dns_root,
	    &name));
	for (unsigned int cnames = 0; cnames <= MAX_CNAMES; cnames++) {
		enum dns_outcome outcome;

		dns_name_lower(&name);
		if (ask_node(find_node(zone, &name), type, mem, &name, &answer,
		    &ttl, &outcome, err))
			continue;
		if (outcome == DNS_FAILED)
			return outcome;
		if (cnames > 0)
			answer.owner = dns_name_print(&name, mem);
		*ret_answer = answer;
		return outcome;
	}
	err_set(err, ERR_TEMP, "over %d CNAMEs in a row", MAX_CNAMES);
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
	if (zone_read(text, name_for_errors, &zone->mem, zone->nodes,
	    err) != 0) {
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
