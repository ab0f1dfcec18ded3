/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type socketmap: a server that is asked in netstrings. */
#include "server_table_priv.h"
#include "table/server_replies.h"

enum { SOCKETMAP_MAX_REPLY = 100000, SOCKETMAP_MAX_NAME = 255 };

enum server_answer
socketmap_reply(struct slice reply, struct slice *ret_value, struct err *err)
{
	size_t blank = slice_find(reply, ' ');
	struct slice word = slice_sub(reply, 0, blank);
	struct slice text = slice_from(reply, blank + 1);
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (slice_eq(word, SLICE("NOTFOUND")))
		return SERVER_ABSENT;
	/* "OK" without a blank found something, and does not say what. */
	if (slice_eq(word, SLICE("OK")) && blank < reply.len) {
		*ret_value = text;
		return SERVER_FOUND;
	}
	if (slice_eq(word, SLICE("TEMP")) || slice_eq(word, SLICE("TIMEOUT")) ||
	    slice_eq(word, SLICE("PERM"))) {
		err_set(err, ERR_TEMP, "the server says %s %s",
		    escape(&mem, word, 8), escape(&mem, text, 200));
		return SERVER_REFUSED;
	}
	err_set(err, ERR_TEMP, "the server says what is not a reply: %s",
	    escape(&mem, reply, 60));
	return SERVER_LOST;
}

/* "inet:HOST:PORT:NAME", "unix:PATH:NAME" or "srv:RECORD:NAME". */
static int
socketmap_place(struct slice text, struct server_host *ret_host,
    struct slice *ret_name, struct err *err)
{
	size_t colon = slice_find_last(text, ':');

	if (!slice_starts(text, SLICE("unix:")) &&
	    !slice_starts(text, SLICE("inet:")) &&
	    !slice_starts(text, SLICE("srv:")))
		return err_set(err, ERR_CONFIG,
		    "a server is named as inet:HOST:PORT:NAME or "
		    "unix:PATH:NAME");
	*ret_name = slice_from(text, colon + 1);
	if (ret_name->len == 0 || ret_name->len > SOCKETMAP_MAX_NAME)
		return err_set(err, ERR_CONFIG,
		    "the NAME of a map has 1 to %d octets after the server",
		    (int)SOCKETMAP_MAX_NAME);
	return host_read(slice_sub(text, 0, colon), 0, ret_host, err);
}

/* The netstring that the server answers with. -1 (ERR_TEMP). */
static int
socketmap_read(struct stream *stream, const struct table_context *context,
    struct slice *ret_reply)
{
	size_t len = 0, digits = 0;
	char *data, c;

	for (;;) {
		if (stream_octet(
			stream, context->deadline_us, &c, context->err) != 0)
			return -1;
		if (!char_is_digit(c))
			break;
		len = len * 10 + (size_t)(c - '0');
		if (++digits > 10 || len > SOCKETMAP_MAX_REPLY)
			return err_set(context->err, ERR_TEMP,
			    "the server's reply is over %d octets",
			    (int)SOCKETMAP_MAX_REPLY);
	}
	if (digits == 0 || c != ':')
		return err_set(context->err, ERR_TEMP,
		    "the server's reply is not a netstring");
	data = arena_alloc(context->mem, len + 1);
	if (stream_read(
		stream, data, len + 1, context->deadline_us, context->err) != 0)
		return -1;
	if (data[len] != ',')
		return err_set(context->err, ERR_TEMP,
		    "the server's reply is not a netstring");
	*ret_reply = (struct slice){ data, len };
	return 0;
}

static enum server_answer
socketmap_ask(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct server_table *table = settings;
	struct slice query, reply = { NULL, 0 };

	query = slice_format(context->mem, "%zu:%.*s %.*s,",
	    table->name.len + 1 + key.len, SLICE_ARGS(table->name),
	    SLICE_ARGS(key));
	if (stream_write(
		connection, query, context->deadline_us, context->err) != 0 ||
	    socketmap_read(connection, context, &reply) != 0)
		return SERVER_LOST;
	return socketmap_reply(reply, ret_value, context->err);
}

static const struct server_ops socketmap_server = {
	.connect = stream_server_connect,
	.is_quiet = stream_server_is_quiet,
	.ask = socketmap_ask,
	.disconnect = stream_server_disconnect,
};

static int
socketmap_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct server_table *table;
	struct server_host host;
	struct slice map;

	if (socketmap_place(opening->name, &host, &map, err) != 0 ||
	    server_table_open(opening, &socketmap_server, &host, &table, err) !=
		0)
		return -1;
	table->name = map;
	*ret_handle = table;
	return 0;
}

const struct table_ops table_socketmap = {
	.type = "socketmap",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a server and the name of a map",
	.open = socketmap_open,
	.lookup = server_table_lookup,
	.close = server_table_close,
};
