/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type tcp: a server that is asked in lines. */
#include "server_table_priv.h"
#include "table/server_replies.h"

enum { TCP_MAX_REPLY = 4096 };

/* "%41" is "A". False where '%' is not followed by two hexadecimal digits. */
static bool
tcp_decode(struct slice text, struct arena *mem, struct slice *ret_text)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '%') {
			int high = i + 2 < text.len ?
			    char_hex_value(text.data[i + 1]) :
			    -1;
			int low =
			    high < 0 ? -1 : char_hex_value(text.data[i + 2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		strbuf_add_char(&buf, c);
	}
	*ret_text = strbuf_slice(&buf);
	return true;
}

/* White space, '%' and all that is not printable ASCII as %XX. */
static struct slice
tcp_encode(struct slice key, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < key.len; i++) {
		unsigned char c = (unsigned char)key.data[i];

		if (c > ' ' && c < 0x7f && c != '%')
			strbuf_add_char(&buf, (char)c);
		else
			strbuf_addf(&buf, "%%%02X", (unsigned int)c);
	}
	return strbuf_slice(&buf);
}

enum server_answer
tcp_reply(struct slice reply, struct arena *mem, struct slice *ret_value,
    struct err *err)
{
	struct slice text = slice_from(reply, 4);
	char kind = reply.len == 0 ? '\0' : reply.data[0];

	if (reply.len < 4 || !char_is_digit(reply.data[0]) ||
	    !char_is_digit(reply.data[1]) || !char_is_digit(reply.data[2]) ||
	    !char_is_wsp(reply.data[3]) || !tcp_decode(text, mem, &text)) {
		err_set(err, ERR_TEMP,
		    "the server says what is not a reply: %s",
		    escape(mem, reply, 60));
		return SERVER_LOST;
	}
	switch (kind) {
	case '2':
		*ret_value = text;
		return SERVER_FOUND;
	case '5':
		return SERVER_ABSENT;
	default:
		err_set(err, ERR_TEMP, "the server says %s",
		    escape(mem, reply, 200));
		return SERVER_REFUSED;
	}
}

static enum server_answer
tcp_ask(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	struct slice query = slice_format(context->mem, "get %.*s\n",
	    SLICE_ARGS(tcp_encode(key, context->mem)));
	struct strbuf reply;

	(void)settings;
	if (stream_write(
		connection, query, context->deadline_us, context->err) != 0)
		return SERVER_LOST;
	strbuf_init(&reply, context->mem);
	for (;;) {
		char c;

		if (stream_octet(connection, context->deadline_us, &c,
			context->err) != 0)
			return SERVER_LOST;
		if (c == '\n')
			break;
		if (reply.len == TCP_MAX_REPLY) {
			err_set(context->err, ERR_TEMP,
			    "the server's reply is over %d octets",
			    (int)TCP_MAX_REPLY);
			return SERVER_LOST;
		}
		strbuf_add_char(&reply, c);
	}
	return tcp_reply(
	    strbuf_slice(&reply), context->mem, ret_value, context->err);
}

static const struct server_ops tcp_server = {
	.connect = stream_server_connect,
	.is_quiet = stream_server_is_quiet,
	.ask = tcp_ask,
	.disconnect = stream_server_disconnect,
};

static int
tcp_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct server_table *table;
	struct server_host host;

	if (host_read(opening->name, 0, &host, err) != 0 ||
	    server_table_open(opening, &tcp_server, &host, &table, err) != 0)
		return -1;
	*ret_handle = table;
	return 0;
}

const struct table_ops table_tcp = {
	.type = "tcp",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "HOST:PORT",
	.open = tcp_open,
	.lookup = server_table_lookup,
	.close = server_table_close,
};
