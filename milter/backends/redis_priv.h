/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BACKENDS_REDIS_PRIV_H
#define SUBMILTER_BACKENDS_REDIS_PRIV_H

#include <pthread.h>

#include "table/database.h"
#include "table/stream.h"

struct redis_command {
	const char *name;
	size_t arguments;
	bool gives_list;
};

/* Hosts that are asked with the same settings. */
struct redis_place {
	const struct redis_table *table;
	/* The node gets keys from another one, and is told that we know. */
	bool is_asking;
};

/*
 * Servers that a cluster has named, each with connections of its own. When there
 * is no room, the one that was not asked for the longest time goes.
 */
struct redis_node;
enum { REDIS_NODES = 64 };
struct redis_nodes {
	pthread_mutex_t lock;
	struct redis_node *items[REDIS_NODES];
};

enum { REDIS_MAX_WORDS = 4 };
struct redis_table {
	struct database database; /* first; its server has "hosts" */
	struct redis_place place;
	struct slice hosts, user, password, query;
	unsigned int number; /* of the database */
	bool has_tls, is_verified;
	struct stream_tls_settings tls;
	const struct redis_command *command;
	struct slice words[REDIS_MAX_WORDS]; /* of the query */
	size_t count;
	struct redis_nodes nodes;
};

/*
 * What is found is REDIS_VALUE and the value; or a redirection, as the server
 * says it: "MOVED 3999 127.0.0.1:6381" or "ASK ...". The settings are a struct
 * redis_place.
 */
enum { REDIS_VALUE = '=' };
extern const struct server_ops redis_server;

/* A reply; memory of the look-up. */
struct redis_reply {
	int type; /* REDIS_REPLY_... of hiredis */
	struct slice text;
	struct redis_reply *items; /* of an array */
	size_t count;
};
/* What replies are read into, from octets of any cut. */
struct redis_reading {
	struct redisReader *reader;
	struct arena *mem; /* for the reply that is read now */
	size_t bytes;	   /* of it, at most those fed */
	size_t items;	   /* of all of its arrays */
	bool is_too_long;
};
void redis_reading_init(struct redis_reading *reading);
void redis_reading_done(struct redis_reading *reading);
/* 1: *ret_reply; 0: it needs more octets; -1 (ERR_TEMP): it is none. */
MUST_USE int redis_reading_next(struct redis_reading *reading,
    struct redis_reply **ret_reply, struct err *err);
void redis_reading_feed(struct redis_reading *reading, struct slice octets);

/*
 * Who is to be asked, by "MOVED SLOT HOST:PORT" or "ASK ...". The result points
 * into text. -1 (ERR_TEMP).
 */
MUST_USE int redis_redirection(struct slice text, struct server_host *ret_host,
    bool *ret_is_asking, struct err *err);

void redis_nodes_init(struct redis_nodes *nodes);
void redis_nodes_done(struct redis_nodes *nodes);
/* NULL: *err. */
struct redis_node *redis_node_acquire(
    struct redis_table *table, struct slice redirection, struct err *err);
void redis_node_release(struct redis_table *table, struct redis_node *node);
struct server *redis_node_server(struct redis_node *node);

#endif
