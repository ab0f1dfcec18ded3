/* SPDX-License-Identifier: BSD-2-Clause */
/* What systemd is told, and shows as "systemctl status": sd_notify(3). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "daemon_priv.h"
#include "keys/key_role.h"

/* Where systemd listens; NULL: it did not start us. */
static const char *
systemd_address(void)
{
	return getenv("NOTIFY_SOCKET");
}

/*
 * sd_notify(3) promises that this is all there is to it. Its library brings six
 * others, which take a megabyte of each process.
 */
static void
tell_systemd(const char *state)
{
	CLEANUP(fd_close) int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = systemd_address();
	size_t len = path == NULL ? 0 : strlen(path);

	if (len < 2 || len > sizeof(address.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	/* One that is no file begins with a NUL. */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		    (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

static void
add_time(struct strbuf *buf, time_t when)
{
	struct tm parts;
	char text[32];

	if (localtime_r(&when, &parts) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) != 0)
		strbuf_add_cstr(buf, text);
}

/* One line: what follows a line end would be another assignment. */
static struct slice
print_status(const struct notifier *notifier, const struct snapshot *snapshot,
    struct arena *mem)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	const struct config *config = snapshot->config;
	const struct keystore *store = snapshot->keys;
	struct key_role_rules rules =
	    key_role_rules_from_config(config, clock_steady());
	enum key_role roles[MAX_KEYS_OF_DOMAIN];
	size_t domains = store == NULL ? 0 : keystore_domain_count(store);
	size_t keys = 0, signing = 0;
	/* DNS is not asked, or does not decide: all of them sign. */
	bool all =
	    snapshot->key_history == NULL || !key_status_required(config);
	struct strbuf buf;

	keystore_walk_init(&walk, store);
	while (keystore_walk_next(&walk)) {
		keys += walk.domain->count;
		if (!all)
			key_roles_decide(
			    snapshot->key_history, walk.domain, &rules, roles);
		for (size_t i = 0; i < walk.domain->count; i++)
			signing += all || roles[i] == KEY_ROLE_SIGNING;
	}
	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "STATUS=%zu domain%s, %zu of %zu key%s sign", domains,
	    domains == 1 ? "" : "s", signing, keys, keys == 1 ? "" : "s");
	if (config_is_monitor(config, SECTION_INHERIT))
		strbuf_add_cstr(&buf, "; mode = monitor");
	strbuf_add_cstr(&buf, "; configuration of ");
	add_time(&buf, notifier->loaded);
	if (notifier->refused != 0) {
		strbuf_add_cstr(&buf, "; reload refused ");
		add_time(&buf, notifier->refused);
		strbuf_addf(&buf, ": %s", notifier->reason.text);
	}
	for (size_t i = 0; i < buf.len; i++) {
		if (char_is_control(buf.data[i]))
			buf.data[i] = '?';
	}
	return strbuf_slice(&buf);
}

void
notify_start(struct notifier *notifier)
{
	*notifier = (struct notifier){ .loaded = clock_now() };
}

void
notify_ready(const struct notifier *notifier, const struct snapshot *snapshot)
{
	struct arena mem;
	struct slice status;

	/* With very many keys the text takes a while. */
	if (systemd_address() == NULL)
		return;
	arena_init(&mem);
	status = print_status(notifier, snapshot, &mem);
	tell_systemd(
	    slice_format(&mem, "READY=1\n%.*s", SLICE_ARGS(status)).data);
	arena_done(&mem);
}

void
notify_look(struct notifier *notifier, const struct snapshot *snapshot)
{
	struct arena mem;
	const char *status;

	if (systemd_address() == NULL)
		return;
	arena_init(&mem);
	status = slice_cstr(&mem, print_status(notifier, snapshot, &mem));
	if (strncmp(notifier->said, status, sizeof(notifier->said) - 1) != 0) {
		(void)snprintf(
		    notifier->said, sizeof(notifier->said), "%s", status);
		tell_systemd(notifier->said);
	}
	arena_done(&mem);
}

void
notify_reloading(void)
{
	char state[64];

	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)clock_monotonic_us());
	tell_systemd(state);
}

void
notify_reloaded(struct notifier *notifier, const struct snapshot *snapshot,
    const struct err *err)
{
	if (err == NULL) {
		notifier->loaded = clock_now();
		notifier->refused = 0;
	} else {
		notifier->refused = clock_now();
		notifier->reason = *err;
	}
	notify_ready(notifier, snapshot);
}

void
notify_stopping(void)
{
	tell_systemd("STOPPING=1");
}
