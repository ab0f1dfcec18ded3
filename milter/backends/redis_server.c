/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection to Redis: login, a question, its reply. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "redis_priv.h"

/* A list of values, and what stands around each of them. */
enum {
	REDIS_MAX_REPLY_BYTES = 2 * DATABASE_MAX_VALUE_BYTES,
	REDIS_MAX_ITEMS = 100000
};

struct redis_connection {
	struct stream stream;
	struct redis_reading reading;
	char host[256]; /* for a redirection that names a port only */
};

/* Room for what is read now, in the array that it is an item of. */
static struct redis_reply *
reply_new(const redisReadTask *task)
{
	struct redis_reading *reading = task->privdata;
	struct redis_reply *parent =
	    task->parent == NULL ? NULL : task->parent->obj;
	struct redis_reply *reply = parent == NULL ?
	    arena_alloc(reading->mem, sizeof(*reply)) :
	    &parent->items[task->idx];

	reply->type = task->type;
	return reply;
}

static void *
create_string(const redisReadTask *task, char *text, size_t len)
{
	struct redis_reading *reading = task->privdata;
	struct redis_reply *reply = reply_new(task);

	reply->text = slice_dup(reading->mem, (struct slice){ text, len });
	return reply;
}

#if HIREDIS_MAJOR == 0
typedef int redis_count;
#else
typedef size_t redis_count;
#endif

static void *
create_array(const redisReadTask *task, redis_count count)
{
	struct redis_reading *reading = task->privdata;
	struct redis_reply *reply;

	/* All of the arrays in a reply together have so many items. */
	reading->items += (size_t)count;
	if ((size_t)count > REDIS_MAX_ITEMS ||
	    reading->items > REDIS_MAX_ITEMS) {
		reading->is_too_long = true;
		return NULL; /* hiredis takes it for a lack of memory */
	}
	reply = reply_new(task);
	reply->count = (size_t)count;
	reply->items =
	    arena_array(reading->mem, reply->count + 1, sizeof(*reply->items));
	return reply;
}

static void *
create_integer(const redisReadTask *task, long long number)
{
	(void)number;
	return reply_new(task);
}

static void *
create_nil(const redisReadTask *task)
{
	struct redis_reply *reply = reply_new(task);

	/* The task has the type of what is not there. */
	reply->type = REDIS_REPLY_NIL;
	return reply;
}

#if HIREDIS_MAJOR > 0
static void *
create_double(const redisReadTask *task, double number, char *text, size_t len)
{
	(void)number;
	(void)text;
	(void)len;
	return reply_new(task);
}

static void *
create_bool(const redisReadTask *task, int yes)
{
	(void)yes;
	return reply_new(task);
}
#endif

static void
free_nothing(void *reply)
{
	(void)reply;
}

static redisReplyObjectFunctions functions = {
	.createString = create_string,
	.createArray = create_array,
	.createInteger = create_integer,
	.createNil = create_nil,
#if HIREDIS_MAJOR > 0
	.createDouble = create_double,
	.createBool = create_bool,
#endif
	.freeObject = free_nothing,
};

void
redis_reading_init(struct redis_reading *reading)
{
	*reading = (struct redis_reading){
		.reader = redisReaderCreateWithFunctions(&functions)
	};
	ENSURE(reading->reader != NULL);
	reading->reader->privdata = reading;
}

void
redis_reading_done(struct redis_reading *reading)
{
	redisReaderFree(reading->reader);
}

int
redis_reading_next(struct redis_reading *reading,
    struct redis_reply **ret_reply, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	void *reply = NULL;

	int status = redisReaderGetReply(reading->reader, &reply);

	arena_init(&mem);
	if (reading->is_too_long || reading->bytes > REDIS_MAX_REPLY_BYTES)
		return err_set(err, ERR_TEMP,
		    "the server's reply is over %d octets or %d items",
		    (int)REDIS_MAX_REPLY_BYTES, (int)REDIS_MAX_ITEMS);
	if (status == REDIS_OK && reply == NULL)
		return 0;
	if (status == REDIS_OK) {
		reading->bytes = reading->items = 0;
		*ret_reply = reply;
		return 1;
	}
	return err_set(err, ERR_TEMP,
	    "the server says what is not a reply of Redis: %s",
	    escape(&mem, slice_of(reading->reader->errstr), 100));
}

void
redis_reading_feed(struct redis_reading *reading, struct slice octets)
{
	reading->bytes += octets.len;
	ENSURE(redisReaderFeed(reading->reader, octets.data, octets.len) ==
	    REDIS_OK);
}

/* Each word with its length in front: nothing in it ends it. */
static int
say(struct redis_connection *connection, const struct slice *words,
    size_t count, const struct table_context *context)
{
	struct strbuf text;

	strbuf_init(&text, context->mem);
	strbuf_addf(&text, "*%zu\r\n", count);
	for (size_t i = 0; i < count; i++) {
		strbuf_addf(&text, "$%zu\r\n", words[i].len);
		strbuf_add(&text, words[i]);
		strbuf_add_cstr(&text, "\r\n");
	}
	return stream_write(&connection->stream, strbuf_slice(&text),
	    context->deadline_us, context->err);
}

static int
hear(struct redis_connection *connection, const struct table_context *context,
    struct redis_reply **ret_reply)
{
	struct redis_reading *reading = &connection->reading;
	struct slice octets;
	int status;

	reading->mem = context->mem;
	while ((status = redis_reading_next(
		    reading, ret_reply, context->err)) == 0) {
		if (stream_some(&connection->stream, context->deadline_us,
			&octets, context->err) != 0)
			return -1;
		redis_reading_feed(reading, octets);
	}
	if (status < 0)
		return -1;
	/* It would be taken for the reply to the next question. */
	if (reading->reader->pos != reading->reader->len)
		return err_set(context->err, ERR_TEMP,
		    "the server says more than it was asked for");
	return 0;
}

/* An error of the server as ours. */
static int
refused(const struct redis_reply *reply, const struct table_context *context)
{
	return err_set(context->err, ERR_TEMP, "the server says %s",
	    escape(context->mem, reply->text, 200));
}

/*
 * One command of the login. PING shows whether the server is loading its data; a
 * user may lack the right to it, and nothing follows from that.
 */
static int
command(struct redis_connection *connection, const struct slice *words,
    size_t count, const struct table_context *context)
{
	struct redis_reply *reply;

	if (say(connection, words, count, context) != 0 ||
	    hear(connection, context, &reply) != 0)
		return -1;
	if (reply->type == REDIS_REPLY_STATUS ||
	    (slice_eq(words[0], SLICE("PING")) &&
		slice_starts(reply->text, SLICE("NOPERM"))))
		return 0;
	(void)refused(reply, context);
	return err_wrap(context->err, "%s", words[0].data);
}

static int
log_in(struct redis_connection *connection, const struct redis_table *table,
    const struct table_context *context)
{
	bool has_user = table->user.len > 0;
	const struct slice login[] = { SLICE("AUTH"),
		has_user ? table->user : table->password, table->password };
	const struct slice choice[] = { SLICE("SELECT"),
		slice_format(context->mem, "%u", table->number) };

	if (table->password.len > 0 &&
	    command(connection, login, has_user ? 3 : 2, context) != 0)
		return -1;
	if (table->number != 0 && command(connection, choice, 2, context) != 0)
		return -1;
	return command(connection, &SLICE("PING"), 1, context);
}

static void
redis_disconnect(void *opaque)
{
	struct redis_connection *connection = opaque;

	stream_close(&connection->stream);
	redis_reading_done(&connection->reading);
	free(connection);
}

static int
redis_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	const struct redis_place *place = settings;
	const struct redis_table *table = place->table;
	CLEANUP(arena_done) struct arena mem;
	const struct table_context context = {
		.mem = &mem, .deadline_us = deadline_us, .err = err
	};
	struct redis_connection *connection = calloc(1, sizeof(*connection));

	ENSURE(connection != NULL);
	arena_init(&mem);
	if (stream_open(host, deadline_us, &connection->stream, err) != 0) {
		free(connection);
		return -1;
	}
	redis_reading_init(&connection->reading);
	if (host->kind == HOST_INET &&
	    host->name.len < sizeof(connection->host))
		memcpy(connection->host, host->name.data, host->name.len);
	/* A Unix socket needs no TLS: nobody is on the way. */
	if ((table->has_tls && host->kind == HOST_INET &&
		stream_start_tls(&connection->stream, &table->tls, host->name,
		    deadline_us, err) != 0) ||
	    log_in(connection, table, &context) != 0) {
		redis_disconnect(connection);
		return -1;
	}
	*ret_connection = connection;
	return 0;
}

static bool
redis_is_quiet(void *opaque)
{
	struct redis_connection *connection = opaque;
	const redisReader *reader = connection->reading.reader;

	return reader->pos == reader->len &&
	    stream_is_quiet(&connection->stream);
}

/* A redirection, complete with the host that is not named. */
static struct slice
redirection_text(const struct redis_connection *connection,
    const struct redis_reply *reply, struct arena *mem)
{
	size_t place = slice_find_last(reply->text, ' ') + 1;
	struct slice target = slice_from(reply->text, place);
	bool is_ipv6 = strchr(connection->host, ':') != NULL;
	struct strbuf text;

	if (target.len == 0 || target.data[0] != ':')
		return reply->text;
	strbuf_init(&text, mem);
	strbuf_add(&text, slice_sub(reply->text, 0, place));
	strbuf_addf(&text, is_ipv6 ? "[%s]" : "%s", connection->host);
	strbuf_add(&text, target);
	return strbuf_slice(&text);
}

/* All values of the reply. -1: *err. */
static int
add_values(const struct redis_table *table, const struct redis_reply *reply,
    struct database_result *result, struct err *err)
{
	bool is_list = table->command->gives_list;
	const struct redis_reply *items = is_list ? reply->items : reply;
	size_t count = is_list ? reply->count : 1;

	if (reply->type == REDIS_REPLY_NIL && !is_list)
		return 0;
	if (is_list && reply->type != REDIS_REPLY_ARRAY)
		return err_set(err, ERR_TEMP, "the server's reply is no list");
	for (size_t i = 0; i < count; i++) {
		if (items[i].type != REDIS_REPLY_STRING)
			return err_set(err, ERR_TEMP,
			    "the server's reply has what is no text");
		if (database_result_add(result, items[i].text, err) != 0)
			return -1;
	}
	return 0;
}

/* The words of the query, with parts of the key. */
static int
make_words(const struct redis_table *table, const struct database_key *key,
    const struct table_context *context, struct slice *ret_words)
{
	for (size_t i = 0; i < table->count; i++) {
		struct strbuf word;

		strbuf_init(&word, context->mem);
		/* The command itself has no percent sign. */
		if (database_expand(
			table->words[i], key, NULL, &word, context->err) != 0)
			return -1;
		ret_words[i] = strbuf_slice(&word);
	}
	return 0;
}

static bool
is_redirection(const struct redis_reply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
	    (slice_starts(reply->text, SLICE("MOVED ")) ||
		slice_starts(reply->text, SLICE("ASK ")));
}

/* The values that the reply has for the key. */
static enum server_answer
answer_of(const struct redis_table *table, struct slice key,
    const struct redis_reply *reply, const struct table_context *context,
    struct slice *ret_value)
{
	struct database_result result;
	struct slice value;
	struct strbuf text;

	if (reply->type == REDIS_REPLY_ERROR) {
		(void)refused(reply, context);
		return SERVER_REFUSED;
	}
	database_result_init(&result, &table->database, key, context->mem);
	if (add_values(table, reply, &result, context->err) != 0)
		return SERVER_REFUSED;
	if (database_result_end(&result, &value) == SERVER_ABSENT)
		return SERVER_ABSENT;
	strbuf_init(&text, context->mem);
	strbuf_add_char(&text, REDIS_VALUE);
	strbuf_add(&text, value);
	*ret_value = strbuf_slice(&text);
	return SERVER_FOUND;
}

static enum server_answer
redis_ask(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct redis_place *place = settings;
	const struct redis_table *table = place->table;
	struct slice words[REDIS_MAX_WORDS];
	struct database_key parts;
	struct redis_reply *reply;

	database_key_init(key, &parts);
	if (make_words(table, &parts, context, words) != 0)
		return SERVER_REFUSED;
	if (place->is_asking &&
	    command(connection, &SLICE("ASKING"), 1, context) != 0)
		return SERVER_LOST;
	if (say(connection, words, table->count, context) != 0 ||
	    hear(connection, context, &reply) != 0)
		return SERVER_LOST;
	if (!is_redirection(reply))
		return answer_of(table, key, reply, context, ret_value);
	*ret_value = redirection_text(connection, reply, context->mem);
	return SERVER_FOUND;
}

const struct server_ops redis_server = {
	.connect = redis_connect,
	.is_quiet = redis_is_quiet,
	.ask = redis_ask,
	.disconnect = redis_disconnect,
};
