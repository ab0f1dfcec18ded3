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
	/* For what was cut off only; each has 64 KB, used or not. */
	{ "outgoing-num-tcp:", "16" },
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

static const struct option no_validation_option = { "module-config:",
	"iterator" };

static int
set_options(struct ub_ctx *ctx, const struct option *options, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int status =
		    ub_ctx_set_option(ctx, options[i].name, options[i].value);

		if (status != 0)
			return err_set(err, ERR_CONFIG, "libunbound: %s %s: %s",
			    options[i].name, options[i].value,
			    ub_strerror(status));
	}
	return 0;
}

static int
add_server(
    struct ub_ctx *ctx, struct slice server, struct arena *mem, struct err *err)
{
	size_t at = slice_find(server, '@');
	unsigned long port = DEFAULT_PORT;
	struct net_addr addr;
	struct slice text;

	if (!net_addr_parse(slice_sub(server, 0, at), &addr) ||
	    (at < server.len &&
		(!slice_number(slice_from(server, at + 1), UINT16_MAX, &port) ||
		    port == 0)))
		return err_set(err, ERR_CONFIG,
		    "\"%s\" is not an ADDRESS or "
		    "ADDRESS@PORT of a DNS server",
		    escape(mem, server, 64));
	text = slice_format(
	    mem, "%.*s@%lu", SLICE_ARGS(net_addr_text(mem, &addr)), port);
	if (ub_ctx_set_fwd(ctx, text.data) != 0)
		return err_set(err, ERR_CONFIG,
		    "DNS server \"%s\" cannot be "
		    "used",
		    text.data);
	return 0;
}

/*
 * The servers of the settings, or else those of resolv.conf(5). There a line
 * that is not understood is passed over, as the C library does; without any
 * server, this host is asked.
 */
static int
set_servers(struct ub_ctx *ctx, const struct dns_settings *settings,
    struct arena *mem, struct err *err)
{
	struct slice path = settings->resolv_conf.len == 0 ?
	    SLICE("/etc/resolv.conf") :
	    settings->resolv_conf;
	size_t named = 0, used = 0;
	struct slice text, line, word;

	for (size_t i = 0; i < settings->server_count; i++) {
		if (add_server(ctx, settings->servers[i], mem, err) != 0)
			return -1;
	}
	if (settings->server_count > 0 || settings->recursive)
		return 0;
	if (file_read(&(struct file_request){ path, MAX_FILE_BYTES, mem },
		&text, err) != 0)
		return err_wrap(err, "%s", escape(mem, path, 256));
	while (slice_next_item(&text, "\n", &line)) {
		if (!slice_next_item(&line, " \t\r", &word) ||
		    !slice_eq(word, SLICE("nameserver")) ||
		    !slice_next_item(&line, " \t\r", &word))
			continue;
		named++;
		if (ub_ctx_set_fwd(ctx, slice_cstr(mem, word)) == 0)
			used++;
	}
	if (named != 0 && used == 0)
		return err_set(err, ERR_CONFIG,
		    "%s: no nameserver in it can "
		    "be used",
		    escape(mem, path, 256));
	if (named == 0 && ub_ctx_set_fwd(ctx, "127.0.0.1") != 0)
		return err_set(err, ERR_CONFIG, "this host cannot be asked");
	return 0;
}

static int
set_trust_anchor(
    struct ub_ctx *ctx, struct slice file, struct arena *mem, struct err *err)
{
	const char *path = slice_cstr(mem, file);
	int fd, status;

	if (file.len == 0)
		return set_options(ctx, &no_validation_option, 1, err);
	/* libunbound would not say why it cannot be read. */
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

int
unbound_context_new(const struct dns_settings *settings,
    struct ub_ctx **ret_ctx, struct err *err)
{
	bool forwards = settings->server_count > 0 || !settings->recursive;
	struct ub_ctx *ctx = ub_ctx_create();
	struct arena mem;
	int status;

	if (ctx == NULL)
		return err_set(
		    err, ERR_TEMP, "libunbound: %s", strerror(errno));
	/* Its results say what went wrong; stderr may be anything. */
	(void)ub_ctx_debugout(ctx, NULL);
	(void)ub_ctx_async(ctx, 1);
	arena_init(&mem);
	status = set_options(ctx, common_options,
	    sizeof(common_options) / sizeof(common_options[0]), err);
	if (status == 0 && forwards)
		status = set_options(ctx, private_name_options,
		    sizeof(private_name_options) /
			sizeof(private_name_options[0]),
		    err);
	if (status == 0)
		status = set_servers(ctx, settings, &mem, err);
	if (status == 0 && settings->cache_seconds != 0) {
		const char *seconds =
		    slice_format(&mem, "%u", settings->cache_seconds).data;
		/* What lasts for seconds needs little room. */
		const struct option options[] = {
			{ "cache-max-ttl:", seconds },
			{ "cache-max-negative-ttl:", seconds },
			{ "msg-cache-size:", "1m" },
			{ "rrset-cache-size:", "1m" },
		};

		status = set_options(
		    ctx, options, sizeof(options) / sizeof(options[0]), err);
	}
	if (status == 0)
		status = set_trust_anchor(
		    ctx, settings->trust_anchor_file, &mem, err);
	arena_done(&mem);
	if (status == 0)
		*ret_ctx = ctx;
	else
		ub_ctx_delete(ctx);
	return status;
}
