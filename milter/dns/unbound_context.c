/* SPDX-License-Identifier: BSD-2-Clause */
/* A context of libunbound with the settings of the block dns. */
#include "unbound_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>

#include "base/file.h"
#include "base/net.h"

enum { DEFAULT_PORT = 53, MAX_FILE_BYTES = 65536 };

struct option {
	const char *name;
	const char *value;
};

static const struct option common_options[] = {
	/* A resolver on this machine is what most have. */
	{ "do-not-query-localhost:", "no" },
	/* The library comes with 16: as many silent servers stop all else. */
	{ "outgoing-range:", "512" },
	{ "outgoing-num-tcp:", "64" },
	{ "msg-cache-size:", "4m" },
	{ "rrset-cache-size:", "8m" },
	/*
	 * How long a server counts as down. The library's 15 minutes are for
	 * one of many servers of a zone; here it is the only way to all of DNS.
	 */
	{ "infra-host-ttl:", "5" },
};

static const struct option private_name_options[] = {
	{ "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },
	/* libunbound 1.17 does not understand "nodefault" here. */
	{ "local-zone:", "test. transparent" },
	{ "local-zone:", "invalid. transparent" },
	{ "local-zone:", "home.arpa. transparent" },
	{ "domain-insecure:", "test." },
	{ "domain-insecure:", "invalid." },
	{ "domain-insecure:", "home.arpa." },
};

static const struct option no_validation_option =
    { "module-config:", "iterator" };

static int
set_options(struct ub_ctx *ctx, const struct option *options, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int status = ub_ctx_set_option(ctx, options[i].name,
		    options[i].value);

		if (status != 0)
			return err_set(err, ERR_CONFIG, "libunbound: %s %s: %s",
			    options[i].name, options[i].value,
			    ub_strerror(status));
	}
	return 0;
}

static int
add_server(struct ub_ctx *ctx, struct slice server, struct arena *mem,
    struct err *err)
{
	size_t at = slice_find(server, '@');
	unsigned long port = DEFAULT_PORT;
	struct net_addr addr;
	struct slice text;

	if (!net_addr_parse(slice_sub(server, 0, at), &addr) ||
	    (at < server.len && (!slice_number(slice_from(server, at + 1),
	    UINT16_MAX, &port) || port == 0)))
		return err_set(err, ERR_CONFIG, "\"%s\" is no ADDRESS or "
		    "ADDRESS@PORT of a DNS server", escape(mem, server, 64));
	text = slice_format(mem, "%.*s@%lu", SLICE_ARGS(net_addr_text(mem,
	    &addr)), port);
	if (ub_ctx_set_fwd(ctx, text.data) != 0)
		return err_set(err, ERR_CONFIG, "DNS server \"%s\" cannot be "
		    "used", text.data);
	return 0;
}

/* The word behind "nameserver", or none. */
static struct slice
nameserver_of(struct slice line)
{
	struct slice word;

	if (!slice_next_item(&line, " \t\r", &word) ||
	    !slice_eq(word, SLICE("nameserver")) ||
	    !slice_next_item(&line, " \t\r", &word))
		return (struct slice){ NULL, 0 };
	return word;
}

/*
 * The servers of resolv.conf(5). A line that is not understood is passed over,
 * as the C library does; without any server, this host is asked.
 */
static int
add_system_servers(struct ub_ctx *ctx, struct slice path, struct arena *mem,
    struct err *err)
{
	size_t named = 0, used = 0;
	struct slice text, line;

	if (file_read(path, MAX_FILE_BYTES, mem, &text, err) != 0)
		return err_wrap(err, "%s", escape(mem, path, 256));
	while (slice_next_item(&text, "\n", &line)) {
		struct slice server = nameserver_of(line);

		if (server.len == 0)
			continue;
		named++;
		if (ub_ctx_set_fwd(ctx, slice_cstr(mem, server)) == 0)
			used++;
	}
	if (named != 0 && used == 0)
		return err_set(err, ERR_CONFIG, "%s: no nameserver in it can "
		    "be used", escape(mem, path, 256));
	if (named == 0 && ub_ctx_set_fwd(ctx, "127.0.0.1") != 0)
		return err_set(err, ERR_CONFIG, "this host cannot be asked");
	return 0;
}

static int
set_servers(struct ub_ctx *ctx, const struct dns_settings *settings,
    struct arena *mem, struct err *err)
{
	struct slice path = settings->resolv_conf.len == 0
	    ? SLICE("/etc/resolv.conf") : settings->resolv_conf;

	for (size_t i = 0; i < settings->server_count; i++) {
		if (add_server(ctx, settings->servers[i], mem, err) != 0)
			return -1;
	}
	if (settings->server_count > 0 || settings->recursive)
		return 0;
	return add_system_servers(ctx, path, mem, err);
}

static int
set_trust_anchor(struct ub_ctx *ctx, struct slice file, struct arena *mem,
    struct err *err)
{
	const char *path = slice_cstr(mem, file);
	int fd, status;

	if (file.len == 0)
		return set_options(ctx, &no_validation_option, 1, err);
	/* libunbound would not say why. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_CONFIG, "trust anchor file \"%s\": %s",
		    path, strerror(errno));
	(void)close(fd);
	status = ub_ctx_add_ta_file(ctx, path);
	if (status != 0)
		return err_set(err, ERR_CONFIG, "trust anchor file \"%s\": %s",
		    path, ub_strerror(status));
	return 0;
}

static int
set_cache_time(struct ub_ctx *ctx, unsigned int seconds, struct arena *mem,
    struct err *err)
{
	const char *value = slice_format(mem, "%u", seconds).data;
	const struct option options[] = {
		{ "cache-max-ttl:", value },
		{ "cache-max-negative-ttl:", value },
	};

	return seconds == 0 ? 0 : set_options(ctx, options, 2, err);
}

static int
configure(struct ub_ctx *ctx, const struct dns_settings *settings,
    struct err *err)
{
	bool forwards = settings->server_count > 0 || !settings->recursive;
	struct arena mem;
	int status;

	/* What it has to say comes by results; stderr may be anything. */
	(void)ub_ctx_debugout(ctx, NULL);
	(void)ub_ctx_async(ctx, 1);
	arena_init(&mem);
	status = set_options(ctx, common_options,
	    sizeof(common_options) / sizeof(common_options[0]), err);
	if (status == 0 && forwards)
		status = set_options(ctx, private_name_options,
		    sizeof(private_name_options) /
		    sizeof(private_name_options[0]), err);
	if (status == 0)
		status = set_servers(ctx, settings, &mem, err);
	if (status == 0)
		status = set_cache_time(ctx, settings->cache_seconds, &mem,
		    err);
	if (status == 0)
		status = set_trust_anchor(ctx, settings->trust_anchor_file,
		    &mem, err);
	arena_done(&mem);
	return status;
}

int
unbound_context_new(const struct dns_settings *settings,
    struct ub_ctx **ret_ctx, struct err *err)
{
	struct ub_ctx *ctx = ub_ctx_create();

	if (ctx == NULL)
		return err_set(err, ERR_TEMP, "libunbound: %s",
		    strerror(errno));
	if (configure(ctx, settings, err) != 0) {
		ub_ctx_delete(ctx);
		return -1;
	}
	*ret_ctx = ctx;
	return 0;
}
