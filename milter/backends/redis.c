/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type redis: one reading command of Redis, or of a cluster of it. The
 * file is like those of Postfix's databases. hiredis reads the replies; it
 * waits for nothing, so that each step keeps the deadline of the look-up.
 */
#include "redis_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "table/module.h"

enum { REDIS_PORT = 6379, REDIS_MAX_HOPS = 5 };

static const struct redis_command commands[] = {
	{ "GET", 1, false },
	{ "HGET", 2, false },
	{ "SMEMBERS", 1, true },
	{ "LRANGE", 3, true },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

#define FIELD(name) offsetof(struct redis_table, name)
static const struct database_parameter parameters[] = {
	{ "hosts", DATABASE_TEXT, FIELD(hosts), "localhost", 1, 0 },
	{ "user", DATABASE_TEXT, FIELD(user), "", 0, 0 },
	{ "password", DATABASE_SECRET, FIELD(password), "", 0, 0 },
	{ "database", DATABASE_NUMBER, FIELD(number), "0", 0, 0 },
	{ "query", DATABASE_TEXT, FIELD(query), NULL, 1, 0 },
	{ "tls", DATABASE_BOOL, FIELD(has_tls), "no", 0, 0 },
	{ "tls_verify_cert", DATABASE_BOOL, FIELD(is_verified), "yes", 0, 0 },
	{ "tls_CAfile", DATABASE_TEXT, FIELD(tls.ca_file), "", 0, 0 },
	{ "tls_CApath", DATABASE_TEXT, FIELD(tls.ca_path), "", 0, 0 },
	{ "tls_cert_file", DATABASE_TEXT, FIELD(tls.certificate_file), "", 0,
	    0 },
	{ "tls_key_file", DATABASE_TEXT, FIELD(tls.key_file), "", 0, 0 },
};
static const struct database_type redis_type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

/* "-1", "0" and so on. */
static bool
is_index(struct slice word)
{
	unsigned long number;

	if (word.len > 1 && word.data[0] == '-')
		word = slice_from(word, 1);
	return slice_number(word, 1000000000, &number);
}

/* The next word of the query: up to a blank, or between quotes. 0: none. */
static int
next_word(struct slice *rest, struct slice *ret_word, struct err *err)
{
	size_t end = 0;

	*rest = slice_trim(*rest);
	if (rest->len == 0)
		return 0;
	if (rest->data[0] == '"') {
		*rest = slice_from(*rest, 1);
		end = slice_find(*rest, '"');
		if (end == rest->len)
			return err_set(err, ERR_CONFIG,
			    "query: the second quote of \"... is missing");
		*ret_word = slice_sub(*rest, 0, end);
		*rest = slice_from(*rest, end + 1);
		if (rest->len > 0 && !char_is_wsp(rest->data[0]))
			return err_set(err, ERR_CONFIG,
			    "query: a blank is missing behind \"...\"");
		return 1;
	}
	while (end < rest->len && !char_is_wsp(rest->data[end]))
		end++;
	*ret_word = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end);
	return 1;
}

static int
read_command(struct redis_table *table, struct slice name, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (slice_eq_nocase(name, slice_of(commands[i].name)))
			table->command = &commands[i];
	}
	if (table->command != NULL)
		return 0;
	return err_set(err, ERR_CONFIG,
	    "query: the command is GET, HGET, SMEMBERS or LRANGE, not \"%s\"",
	    escape(&mem, name, 40));
}

/* "SMEMBERS sender:%s": each word is a template of its own. */
static int
read_query(struct redis_table *table, struct err *err)
{
	struct slice rest = table->query, word = { NULL, 0 };
	bool any_key = false;
	int more;

	if (!database_is_set(rest) || next_word(&rest, &word, err) == 0)
		return err_set(
		    err, ERR_CONFIG, "the parameter query is missing");
	if (read_command(table, word, err) != 0)
		return -1;
	table->words[table->count++] = slice_of(table->command->name);
	while ((more = next_word(&rest, &word, err)) > 0) {
		bool has_key = false;

		if (table->count > table->command->arguments)
			break;
		if (database_add_template(
			&table->database, "query", word, &has_key, err) != 0)
			return -1;
		any_key = any_key || has_key;
		table->words[table->count++] = word;
	}
	if (more < 0)
		return -1;
	if (more > 0 || table->count != table->command->arguments + 1)
		return err_set(err, ERR_CONFIG, "query: %s takes %zu word%s",
		    table->command->name, table->command->arguments,
		    table->command->arguments == 1 ? "" : "s");
	if (table->count == 4 &&
	    (!is_index(table->words[2]) || !is_index(table->words[3])))
		return err_set(err, ERR_CONFIG,
		    "query: LRANGE takes two numbers behind the key");
	if (!any_key)
		return err_set(err, ERR_CONFIG,
		    "query: nothing of the key is in it, as %%s would be");
	return 0;
}

static int
read_settings(
    struct table_opening *opening, struct redis_table *table, struct err *err)
{
	struct hosts *hosts;

	if (database_open(opening, &redis_type, &table->database, err) != 0 ||
	    read_query(table, err) != 0)
		return -1;
	if (table->user.len > 0 && table->password.len == 0)
		return err_set(
		    err, ERR_CONFIG, "user needs the parameter password");
	if (table->tls.key_file.len > 0 && table->tls.certificate_file.len == 0)
		return err_set(
		    err, ERR_CONFIG, "tls_key_file needs tls_cert_file");
	/* Whoever names a CA does not mean to speak in the clear. */
	table->has_tls = table->has_tls || table->tls.ca_file.len > 0 ||
	    table->tls.ca_path.len > 0 || table->tls.certificate_file.len > 0;
	table->tls.is_unverified = !table->is_verified;
	hosts = hosts_new(opening, HOSTS_IN_ORDER);
	if (hosts_add_list(hosts, table->hosts, REDIS_PORT, err) != 0)
		return err_wrap(err, "hosts");
	if (hosts_count(hosts) == 0)
		return err_set(err, ERR_CONFIG, "hosts takes a text");
	table->place.table = table;
	table->database.server =
	    server_new(&redis_server, &table->place, hosts);
	return 0;
}

static int
redis_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct redis_table *table = arena_alloc(opening->mem, sizeof(*table));

	*ret_handle = table;
	redis_nodes_init(&table->nodes);
	return read_settings(opening, table, err);
}

static void
redis_close(void *handle)
{
	struct redis_table *table = handle;

	if (table == NULL)
		return;
	redis_nodes_done(&table->nodes);
	database_close(table);
}

/* What a server of the cluster has for the key, or who is to be asked. */
static enum table_answer
ask_node(struct redis_table *table, struct slice redirection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	struct redis_node *node =
	    redis_node_acquire(table, redirection, context->err);
	enum table_answer answer;

	if (node == NULL)
		return TABLE_FAILED;
	answer = server_lookup(redis_node_server(node),
	    &(struct table_keys){ &key, 1 }, context, ret_value);
	redis_node_release(table, node);
	return answer;
}

/*
 * Follows a value that redis_ask() gave until it is one of the key. A cluster
 * that is being changed may send us from one to another node some times.
 */
static enum table_answer
follow(struct redis_table *table, struct slice key,
    const struct table_context *context, struct slice *value)
{
	for (unsigned int hops = 0; value->data[0] != REDIS_VALUE; hops++) {
		struct slice redirection = *value;
		enum table_answer answer;

		if (hops == REDIS_MAX_HOPS) {
			err_set(context->err, ERR_TEMP,
			    "the cluster redirects for more than %d times",
			    (int)REDIS_MAX_HOPS);
			return TABLE_FAILED;
		}
		answer = ask_node(table, redirection, key, context, value);
		if (answer != TABLE_FOUND) {
			*value = (struct slice){ NULL, 0 };
			return answer;
		}
	}
	*value = (struct slice){ value->data + 1, value->len - 1 };
	return TABLE_FOUND;
}

static enum table_answer
redis_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	struct redis_table *table = handle;
	struct table_context bounded = *context;
	uint64_t limit_us = clock_monotonic_us() + SERVER_SECONDS * 1000000ULL;
	enum table_answer all = TABLE_ABSENT, answer;

	/* For all of the servers together. */
	if (bounded.deadline_us == 0 || bounded.deadline_us > limit_us)
		bounded.deadline_us = limit_us;
	answer = database_lookup(handle, keys, &bounded, ret_values);
	for (size_t i = 0; i < keys->count && answer == TABLE_FOUND; i++) {
		if (ret_values[i].data == NULL)
			continue;
		switch (
		    follow(table, keys->items[i], &bounded, &ret_values[i])) {
		case TABLE_FOUND:
			all = TABLE_FOUND;
			break;
		case TABLE_ABSENT:
			break;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
	}
	return answer == TABLE_FAILED ? TABLE_FAILED : all;
}

static const struct table_ops table_redis = {
	.type = "redis",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a file",
	.file_suffix = "",
	.open = redis_open,
	.lookup = redis_lookup,
	.source = &database_source_ops,
	.close = redis_close,
};

TABLE_MODULE(&table_redis);
