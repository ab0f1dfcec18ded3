/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type memcache, as memcache_table(5) of Postfix has them: a memcached
 * in front of another table. What is spoken is the text protocol, in which a
 * question, or a value to be kept, is one line.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "table/database.h"
#include "table/module.h"
#include "table/server_replies.h"
#include "table/stream.h"

enum { MEMCACHE_PORT = 11211, MEMCACHE_MAX_KEY = 250 };

struct memcache_table {
	struct database database; /* first */
	struct slice hosts, backup_name, key_format;
	unsigned int flags, ttl_seconds, timeout_seconds;
	unsigned int line_limit, data_limit;
};

#define FIELD(name) offsetof(struct memcache_table, name)
static const struct database_parameter parameters[] = {
	{ "memcache", DATABASE_TEXT, FIELD(hosts), "inet:localhost:11211", 1,
	    0 },
	{ "backup", DATABASE_TEXT, FIELD(backup_name), "", 0, 0 },
	{ "key_format", DATABASE_TEXT, FIELD(key_format), "%s", 1, 0 },
	{ "flags", DATABASE_NUMBER, FIELD(flags), "0", 0, 0 },
	{ "ttl", DATABASE_NUMBER, FIELD(ttl_seconds), "3600", 0, 0 },
	{ "timeout", DATABASE_NUMBER, FIELD(timeout_seconds), "2", 1, 3600 },
	{ "line_size_limit", DATABASE_NUMBER, FIELD(line_limit), "1024", 1,
	    1000000 },
	{ "data_size_limit", DATABASE_NUMBER, FIELD(data_limit), "10240", 1,
	    DATABASE_MAX_VALUE_BYTES },
	/* One connection is made anew at once; then there are pauses. */
	{ "max_try", DATABASE_UNUSED, 0, NULL, 0, 0 },
	{ "retry_pause", DATABASE_UNUSED, 0, NULL, 0, 0 },
};
static const struct database_type memcache_type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), false };

enum server_answer
memcache_reply(const struct memcache_question *question, struct slice line,
    size_t *ret_bytes, struct err *err)
{
	struct slice rest = line, word, key, flags, bytes;
	CLEANUP(arena_done) struct arena mem;
	unsigned long number;

	arena_init(&mem);
	if (slice_eq(line, SLICE("END")))
		return SERVER_ABSENT;
	if (slice_starts(line, SLICE("SERVER_ERROR")) ||
	    slice_starts(line, SLICE("CLIENT_ERROR"))) {
		err_set(err, ERR_TEMP, "the server says %s",
		    escape(&mem, line, 200));
		return SERVER_REFUSED;
	}
	if (!slice_next_item(&rest, " ", &word) ||
	    !slice_eq(word, SLICE("VALUE")) ||
	    !slice_next_item(&rest, " ", &key) ||
	    !slice_eq(key, question->key) ||
	    !slice_next_item(&rest, " ", &flags) ||
	    !slice_number(flags, UINT_MAX, &number) ||
	    !slice_next_item(&rest, " ", &bytes) || rest.len > 0 ||
	    !slice_number(bytes, ULONG_MAX, &number)) {
		err_set(err, ERR_TEMP,
		    "the server says what is not a reply: %s",
		    escape(&mem, line, 60));
		return SERVER_LOST;
	}
	if (number > question->data_limit) {
		err_set(err, ERR_TEMP,
		    "the value has %lu octets: data_size_limit is %zu", number,
		    question->data_limit);
		return SERVER_LOST;
	}
	*ret_bytes = number;
	return SERVER_FOUND;
}

/* Up to CR LF, which is not part of it. -1 (ERR_TEMP). */
static int
read_line(struct stream *stream, size_t limit,
    const struct table_context *context, struct slice *ret_line)
{
	struct strbuf line;

	strbuf_init(&line, context->mem);
	for (;;) {
		char c;

		if (stream_octet(
			stream, context->deadline_us, &c, context->err) != 0)
			return -1;
		if (c == '\n')
			break;
		if (line.len == limit)
			return err_set(context->err, ERR_TEMP,
			    "the server's line is over %zu octets "
			    "(line_size_limit)",
			    limit);
		strbuf_add_char(&line, c);
	}
	*ret_line = strbuf_slice(&line);
	if (line.len == 0 || line.data[line.len - 1] != '\r')
		return err_set(context->err, ERR_TEMP,
		    "the server's line does not end with CR LF");
	ret_line->len--;
	return 0;
}

/* The value, of so many octets, and the lines behind it. */
static enum server_answer
read_value(struct stream *stream, size_t bytes,
    const struct table_context *context, struct slice *ret_value)
{
	static const char end[] = "\r\nEND\r\n";
	size_t all = bytes + sizeof(end) - 1;
	char *data = arena_alloc(context->mem, all);

	if (stream_read(
		stream, data, all, context->deadline_us, context->err) != 0)
		return SERVER_LOST;
	if (!slice_eq((struct slice){ data + bytes, all - bytes },
		(struct slice){ end, sizeof(end) - 1 })) {
		err_set(context->err, ERR_TEMP,
		    "the server's value is not as long as it says");
		return SERVER_LOST;
	}
	*ret_value = (struct slice){ data, bytes };
	return SERVER_FOUND;
}

/* request is a whole command, "get KEY" or "set KEY ..", of one key. */
static enum server_answer
memcache_ask(void *settings, void *connection, struct slice request,
    const struct table_context *context, struct slice *ret_value)
{
	const struct memcache_table *table = settings;
	bool is_set = slice_starts(request, SLICE("set "));
	struct slice rest = slice_from(request, 4), line;
	struct memcache_question question = { .data_limit = table->data_limit };
	enum server_answer answer;
	size_t bytes = 0;

	(void)slice_next_item(&rest, " \r", &question.key);
	if (stream_write(
		connection, request, context->deadline_us, context->err) != 0 ||
	    read_line(connection, table->line_limit, context, &line) != 0)
		return SERVER_LOST;
	if (is_set && slice_eq(line, SLICE("STORED")))
		return SERVER_ABSENT;
	if (is_set) {
		err_set(context->err, ERR_TEMP, "the server says %s",
		    escape(context->mem, line, 200));
		return SERVER_LOST;
	}
	answer = memcache_reply(&question, line, &bytes, context->err);
	return answer == SERVER_FOUND ?
	    read_value(connection, bytes, context, ret_value) :
	    answer;
}

static const struct server_ops memcache_server = {
	.connect = stream_server_connect,
	.is_quiet = stream_server_is_quiet,
	.ask = memcache_ask,
	.disconnect = stream_server_disconnect,
};

static int
memcache_open_backup(struct table_opening *opening,
    struct memcache_table *table, struct err *err)
{
	const struct table_options options = {
		.report = opening->report,
		.may_be_down = opening->may_be_down,
		.world = opening->world,
	};

	if (table->backup_name.len > 0)
		return table_open(
		    table->backup_name, &options, &table->database.backup, err);
	report_warning(opening->report,
	    "%s: memcached forgets keys, and there is no backup to be asked "
	    "for them",
	    escape(opening->mem, opening->name, 200));
	return 0;
}

static int
memcache_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct memcache_table *table =
	    arena_alloc(opening->mem, sizeof(*table));
	struct hosts *hosts = hosts_new(opening, HOSTS_IN_ORDER);

	*ret_handle = table;
	if (database_open(opening, &memcache_type, &table->database, err) !=
		0 ||
	    database_add_template(&table->database, "key_format",
		table->key_format, NULL, err) != 0)
		return -1;
	if (hosts_add_list(hosts, table->hosts, MEMCACHE_PORT, err) != 0)
		return err_wrap(err, "memcache");
	if (hosts_count(hosts) == 0)
		return err_set(err, ERR_CONFIG, "memcache takes a text");
	if (memcache_open_backup(opening, table, err) != 0)
		return err_wrap(err, "backup");
	table->database.server = server_new(&memcache_server, table, hosts);
	return 0;
}

/*
 * One command. memcached has its "timeout", and not all of what is left where
 * the backup is still to be asked.
 */
static enum table_answer
memcache_say(const struct memcache_table *table, struct slice request,
    const struct table_context *context, struct slice *ret_value)
{
	struct table_context bounded = *context;
	uint64_t now = clock_monotonic_us();
	uint64_t until = now + table->timeout_seconds * 1000000ULL;

	if (context->deadline_us > now && table->database.backup != NULL &&
	    until > now + (context->deadline_us - now) / 2)
		until = now + (context->deadline_us - now) / 2;
	if (context->deadline_us == 0 || context->deadline_us > until)
		bounded.deadline_us = until;
	return server_lookup(table->database.server,
	    &(struct table_keys){ &request, 1 }, &bounded, ret_value);
}

/* Gives memcached what the backup had. Nothing follows where that fails. */
static void
memcache_keep(const struct memcache_table *table, struct slice name,
    struct slice value, const struct table_context *context)
{
	struct slice none = { NULL, 0 };
	struct table_context quiet = *context;
	struct strbuf request;
	struct err err;

	if (value.len > table->data_limit)
		return;
	quiet.err = &err;
	strbuf_init(&request, context->mem);
	strbuf_add_cstr(&request, "set ");
	strbuf_add(&request, name);
	strbuf_addf(&request, " %u %u %zu\r\n", table->flags,
	    table->ttl_seconds, value.len);
	strbuf_add(&request, value);
	strbuf_add_cstr(&request, "\r\n");
	(void)!memcache_say(table, strbuf_slice(&request), &quiet, &none);
}

/* The name of a key in memcached. False: it can have none. */
static bool
memcache_name(const struct memcache_table *table,
    const struct database_key *key, struct arena *mem, struct slice *ret_name)
{
	struct strbuf name;
	struct err err;

	strbuf_init(&name, mem);
	if (database_expand(table->key_format, key, NULL, &name, &err) != 0)
		return false;
	*ret_name = strbuf_slice(&name);
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == ' ' || char_is_control(name.data[i]))
			return false;
	}
	return name.len > 0;
}

/* What memcached has under that name. */
static enum table_answer
memcache_get(const struct memcache_table *table, struct slice name,
    const struct table_context *context, struct slice *ret_value)
{
	struct strbuf request;

	if (name.len > MEMCACHE_MAX_KEY) {
		err_set(context->err, ERR_LIMIT,
		    "a key over %d octets, which memcached cannot have",
		    (int)MEMCACHE_MAX_KEY);
		return TABLE_FAILED;
	}
	strbuf_init(&request, context->mem);
	strbuf_addf(&request, "get %.*s\r\n", SLICE_ARGS(name));
	return memcache_say(table, strbuf_slice(&request), context, ret_value);
}

/* A key that the table is asked for: in memcached, else in the backup. */
static enum table_answer
memcache_find(const struct memcache_table *table,
    const struct database_key *key, const struct table_context *context,
    struct slice *ret_value)
{
	struct table_context noted = *context;
	struct table_notes notes = { .stale_count = 0 };
	enum table_answer answer, kept;
	struct slice name;

	/* As in Postfix, what can be no name is absent unasked. */
	if (!memcache_name(table, key, context->mem, &name))
		return TABLE_ABSENT;
	kept = memcache_get(table, name, context, ret_value);
	if (kept == TABLE_FOUND || table->database.backup == NULL)
		return kept;
	noted.notes = &notes;
	answer = table_lookup_one(
	    table->database.backup, key->whole, &noted, ret_value);
	table_notes_add(context->notes, &notes);
	/* An old answer would be young again in memcached. */
	if (answer == TABLE_FOUND && kept == TABLE_ABSENT &&
	    notes.stale_count == 0)
		memcache_keep(table, name, *ret_value, context);
	return answer;
}

static enum table_answer
memcache_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct memcache_table *table = handle;
	enum table_answer all = TABLE_ABSENT;

	for (size_t i = 0; i < keys->count; i++) {
		enum table_answer answer;
		struct database_key key;

		database_key_init(keys->items[i], &key);
		answer = database_admits(&table->database, &key, context);
		if (answer == TABLE_FOUND)
			answer =
			    memcache_find(table, &key, context, &ret_values[i]);
		if (answer == TABLE_FAILED)
			return TABLE_FAILED;
		if (answer == TABLE_FOUND)
			all = TABLE_FOUND;
	}
	return all;
}

static const struct table_ops table_memcache = {
	.type = "memcache",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a file",
	.file_suffix = "",
	.open = memcache_open,
	.lookup = memcache_lookup,
	.source = &database_source_ops,
	.close = database_close,
};

TABLE_MODULE(&table_memcache);
