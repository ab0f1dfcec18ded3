/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that SRV records name (RFC 2782). */
#include <stdlib.h>

#include "dns/record.h"
#include "hosts_priv.h"
#include "table/world.h"

/* By priority; of one priority, those without weight come first. */
static int
srv_compare(const void *a, const void *b)
{
	const struct dns_srv *one = a, *other = b;

	if (one->priority != other->priority)
		return one->priority < other->priority ? -1 : 1;
	if (one->weight != other->weight)
		return one->weight < other->weight ? -1 : 1;
	return 0;
}

static void
srv_move_to_front(struct dns_srv *records, size_t index)
{
	struct dns_srv chosen = records[index];

	for (; index > 0; index--)
		records[index] = records[index - 1];
	records[0] = chosen;
}

/*
 * The order of RFC 2782, "Usage rules": a record of the lowest priority that is
 * left is chosen with the chance that its weight gives it.
 */
static void
srv_sort(struct dns_srv *records, size_t count)
{
	qsort(records, count, sizeof(*records), srv_compare);
	for (size_t first = 0; first < count; first++) {
		size_t sum = 0, chance, i;

		for (i = first; i < count &&
		     records[i].priority == records[first].priority;
		     i++)
			sum += records[i].weight;
		if (sum == 0) {
			i = hosts_random_below(i - first);
		} else {
			chance = hosts_random_below(sum + 1);
			for (i = first, sum = records[i].weight; sum < chance;)
				sum += records[++i].weight;
			i -= first;
		}
		srv_move_to_front(records + first, i);
	}
}

/* The records that can be read, and name a host. */
static size_t
srv_read(const struct dns_answer *answer, struct arena *mem,
    struct dns_srv *ret_records)
{
	size_t count = 0;

	for (size_t i = 0; i < answer->count && count < HOSTS_MAX; i++) {
		struct dns_srv *record = &ret_records[count];

		/* The target "." says that there is no such service. */
		if (dns_srv_read(answer->records[i], mem, record) &&
		    record->port != 0 && record->target.len != 0 &&
		    record->target.len < 256)
			count++;
	}
	return count;
}

static int
srv_ask(const struct hosts_asking *asking, struct dns_answer *ret_answer,
    struct err *err)
{
	const char *name = escape(asking->mem, asking->host->name, 256);
	struct dns_client client = { .deadline_us = asking->deadline_us,
		.mem = asking->mem };
	enum dns_outcome outcome;

	if (asking->world != NULL)
		client.resolver = table_world_resolver(asking->world);
	if (client.resolver == NULL)
		return err_set(err, ERR_TEMP, "SRV of %s: no DNS here", name);
	outcome = resolver_lookup(
	    &client, asking->host->name, DNS_SRV, ret_answer, err);
	resolver_unref(client.resolver);
	if (outcome == DNS_FAILED)
		return -1;
	if (outcome != DNS_FOUND)
		return err_set(
		    err, ERR_TEMP, "SRV of %s: there is no such record", name);
	return 0;
}

int
hosts_expand(const struct hosts_asking *asking,
    struct server_host ret_hosts[HOSTS_MAX], size_t *ret_count, struct err *err)
{
	struct dns_srv records[HOSTS_MAX];
	struct arena *mem = asking->mem;
	struct dns_answer answer;
	size_t count;

	if (srv_ask(asking, &answer, err) != 0)
		return -1;
	count = srv_read(&answer, mem, records);
	if (count == 0)
		return err_set(err, ERR_TEMP, "SRV of %s: it names no host",
		    escape(mem, asking->host->name, 256));
	srv_sort(records, count);
	for (size_t i = 0; i < count; i++)
		ret_hosts[i] = (struct server_host){ .kind = HOST_INET,
			.text = slice_format(mem, "%.*s:%u",
			    SLICE_ARGS(records[i].target), records[i].port),
			.name = records[i].target,
			.port = records[i].port,
			.scheme = asking->host->scheme };
	*ret_count = count;
	return 0;
}
