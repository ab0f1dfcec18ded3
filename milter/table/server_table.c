/* SPDX-License-Identifier: BSD-2-Clause */
/* What tables have in common whose server is asked over a stream. */
#include "server_table_priv.h"

#include <stdlib.h>

int
stream_server_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	struct stream *stream = malloc(sizeof(*stream));

	(void)settings;
	ENSURE(stream != NULL);
	if (stream_open(host, deadline_us, stream, err) != 0) {
		free(stream);
		return -1;
	}
	*ret_connection = stream;
	return 0;
}

bool
stream_server_is_quiet(void *connection)
{
	return stream_is_quiet(connection);
}

void
stream_server_disconnect(void *connection)
{
	stream_close(connection);
	free(connection);
}

int
server_table_open(struct table_opening *opening, const struct server_ops *ops,
    const struct server_host *host, struct server_table **ret_table,
    struct err *err)
{
	struct server_table *table = arena_alloc(opening->mem, sizeof(*table));
	struct hosts *hosts = hosts_new(opening, HOSTS_IN_ORDER);

	if (opening->text != NULL)
		return err_set(
		    err, ERR_CONFIG, "a table of a server has no text");
	if (hosts_add(hosts, host, err) != 0)
		return -1;
	table->server = server_new(ops, table, hosts);
	*ret_table = table;
	return 0;
}

enum table_answer
server_table_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct server_table *table = handle;

	return server_lookup(table->server, keys, context, ret_values);
}

void
server_table_close(void *handle)
{
	struct server_table *table = handle;

	if (table != NULL)
		server_free(table->server);
}
