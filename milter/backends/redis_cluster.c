/* SPDX-License-Identifier: BSD-2-Clause */
/* The servers of a cluster of Redis that were named by redirections. */
#include <stdlib.h>

#include "base/clock.h"
#include "redis_priv.h"
#include "table/backend.h"

struct redis_node {
	struct arena mem;
	struct redis_place place;
	struct slice name; /* "HOST:PORT" */
	struct server *server;
	size_t users;
	uint64_t used_us;
};

int
redis_redirection(struct slice text, struct server_host *ret_host,
    bool *ret_is_asking, struct err *err)
{
	struct slice rest = text, word, slot, host;
	unsigned long number;
	bool is_asking;

	if (!slice_next_item(&rest, " ", &word) ||
	    !slice_next_item(&rest, " ", &slot) ||
	    !slice_number(slot, 16383, &number) ||
	    !slice_next_item(&rest, " ", &host) || rest.len > 0)
		return err_set(err, ERR_TEMP, "the server redirects to nobody");
	is_asking = slice_eq(word, SLICE("ASK"));
	if (host_read(host, 0, ret_host, err) != 0 ||
	    ret_host->kind != HOST_INET)
		return err_set(err, ERR_TEMP, "the server redirects to nobody");
	*ret_is_asking = is_asking;
	return 0;
}

static void
node_free(struct redis_node *node)
{
	if (node == NULL)
		return;
	server_free(node->server);
	arena_done(&node->mem);
	free(node);
}

void
redis_nodes_init(struct redis_nodes *nodes)
{
	ENSURE(pthread_mutex_init(&nodes->lock, NULL) == 0);
}

void
redis_nodes_done(struct redis_nodes *nodes)
{
	for (size_t i = 0; i < REDIS_NODES; i++)
		node_free(nodes->items[i]);
	ENSURE(pthread_mutex_destroy(&nodes->lock) == 0);
}

static struct redis_node *
node_new(const struct redis_table *table, const struct server_host *host,
    bool is_asking, struct err *err)
{
	struct redis_node *node = calloc(1, sizeof(*node));
	struct table_opening opening = { .mem = &node->mem };
	struct hosts *hosts;

	ENSURE(node != NULL);
	arena_init(&node->mem);
	node->place = (struct redis_place){ table, is_asking };
	node->name = slice_dup(&node->mem, host->text);
	hosts = hosts_new(&opening, HOSTS_IN_ORDER);
	if (hosts_add(hosts, host, err) != 0) {
		node_free(node);
		return NULL;
	}
	node->server = server_new(&redis_server, &node->place, hosts);
	return node;
}

/* The place of a node, or one that it may take; REDIS_NODES: all are in use. */
static size_t
find_place(const struct redis_nodes *nodes, struct slice name, bool is_asking)
{
	size_t best = REDIS_NODES;

	for (size_t i = 0; i < REDIS_NODES; i++) {
		const struct redis_node *node = nodes->items[i];

		if (node != NULL && slice_eq(node->name, name) &&
		    node->place.is_asking == is_asking)
			return i;
		if (best < REDIS_NODES && nodes->items[best] == NULL)
			continue;
		if (node == NULL ||
		    (node->users == 0 &&
			(best == REDIS_NODES ||
			    node->used_us < nodes->items[best]->used_us)))
			best = i;
	}
	return best;
}

struct redis_node *
redis_node_acquire(
    struct redis_table *table, struct slice redirection, struct err *err)
{
	struct redis_nodes *nodes = &table->nodes;
	struct redis_node *node = NULL, *old = NULL;
	struct server_host host;
	bool is_asking;
	size_t place;

	if (redis_redirection(redirection, &host, &is_asking, err) != 0)
		return NULL;
	ENSURE(pthread_mutex_lock(&nodes->lock) == 0);
	place = find_place(nodes, host.text, is_asking);
	if (place == REDIS_NODES) {
		err_set(err, ERR_TEMP, "the cluster has more than %d servers",
		    (int)REDIS_NODES);
	} else {
		node = nodes->items[place];
		if (node == NULL || !slice_eq(node->name, host.text) ||
		    node->place.is_asking != is_asking) {
			old = node;
			node = node_new(table, &host, is_asking, err);
			nodes->items[place] = node;
		}
	}
	if (node != NULL)
		node->users++;
	ENSURE(pthread_mutex_unlock(&nodes->lock) == 0);
	node_free(old);
	return node;
}

void
redis_node_release(struct redis_table *table, struct redis_node *node)
{
	ENSURE(pthread_mutex_lock(&table->nodes.lock) == 0);
	node->users--;
	node->used_us = clock_monotonic_us();
	ENSURE(pthread_mutex_unlock(&table->nodes.lock) == 0);
}

struct server *
redis_node_server(struct redis_node *node)
{
	return node->server;
}
