/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket of the milter: where it is, and who gets to it. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/net.h"
#include "check/check.h"
#include "daemon/socket.h"
#include "daemon/socket_directory.h"

/* What a user may do with a file. */
enum { MAY_SEARCH = 1, MAY_WRITE = 2 };

bool
socket_user_find(const char *name, struct socket_user *ret_user)
{
	const struct passwd *user = getpwnam(name);
	int count = sizeof(ret_user->gids) / sizeof(ret_user->gids[0]);

	if (user == NULL)
		return false;
	*ret_user = (struct socket_user){ .name = name, .uid = user->pw_uid };
	/* Postfix's programs take all groups of the user along (initgroups). */
	if (getgrouplist(name, user->pw_gid, ret_user->gids, &count) < 0)
		count = sizeof(ret_user->gids) / sizeof(ret_user->gids[0]);
	ret_user->gid_count = (size_t)count;
	return true;
}

/* By owner, group and mode; access lists are not known here. */
static bool
may(const struct socket_user *user, const struct stat *st, unsigned int want)
{
	unsigned int shift = 0;

	if (user->uid == 0)
		return true;
	if (user->uid == st->st_uid) {
		shift = 6;
	} else {
		for (size_t i = 0; i < user->gid_count; i++) {
			if (user->gids[i] == st->st_gid)
				shift = 3;
		}
	}
	return ((unsigned int)st->st_mode >> shift & want) == want;
}

const char *
user_name(struct arena *mem, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user != NULL ? slice_cstr(mem, slice_of(user->pw_name)) :
			      slice_format(mem, "%lu", (unsigned long)uid).data;
}

const char *
group_name(struct arena *mem, gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group != NULL ?
	    slice_cstr(mem, slice_of(group->gr_name)) :
	    slice_format(mem, "%lu", (unsigned long)gid).data;
}

/*
 * Makes the directory of the socket, or mends the one that is there: its group,
 * which the socket gets, is the MTA's. NULL: that one is not known.
 */
static const char *
directory_fix(const struct checked *c, const char *group, const char *path)
{
	struct arena *mem = c->found->mem;

	if (group == NULL)
		return socket_directory_command(
		    mem, c->config, c->account, path);
	return shell_command(mem,
	    slice_format(mem, "install -d -o %s -g %s -m 2750",
		user_name(mem, c->account->uid), group)
		.data,
	    path);
}

static void
check_unix(const struct checked *c)
{
	struct arena *mem = c->found->mem;
	const char *path = slice_cstr(mem, c->socket_path);
	const char *directory = slice_cstr(mem, path_directory(c->socket_path));
	const char *fix = directory_fix(c, c->mta_group, directory);
	struct stat st;

	if (stat(directory, &st) != 0) {
		int error = errno;

		finding_add(c->found, FINDING_ERROR,
		    error == ENOENT ? fix : NULL, "listen: directory %s: %s",
		    directory, strerror(error));
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		finding_add(c->found, FINDING_ERROR, NULL,
		    "listen: %s is not a directory", directory);
		return;
	}
	if ((st.st_mode & S_IWOTH) != 0) {
		/* In a directory like /tmp, that of everybody, no mode helps. */
		bool shared = (st.st_mode & S_ISVTX) != 0;

		if (shared)
			fix = option_fix(c, "listen", "unix:" DEFAULT_SOCKET);
		finding_add(c->found, shared ? FINDING_WARNING : FINDING_ERROR,
		    fix,
		    "listen: everybody can write to %s (mode %04o), and put "
		    "another socket there while the milter is down",
		    directory, (unsigned int)st.st_mode & 07777U);
	}
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		finding_add(c->found, FINDING_ERROR,
		    shell_command(mem, "rm", path),
		    "listen: %s exists and is not a socket", path);
}

/*
 * On a port of this host every user of it can pose as the MTA. Somebody who can
 * log in is told by number and shell: what LDAP and the like do not list is not
 * seen.
 */
static void
check_local_users(const struct checked *c)
{
	const struct passwd *user;
	struct strbuf names;
	size_t count = 0;

	strbuf_init(&names, c->found->mem);
	strbuf_add_cstr(&names, "");
	setpwent();
	while ((user = getpwent()) != NULL) {
		struct slice shell = slice_of(user->pw_shell);
		struct slice name =
		    slice_from(shell, slice_find_last(shell, '/') + 1);

		/* Debian's and most others' UID_MIN; 65534 is nobody. */
		if (user->pw_uid < 1000 || user->pw_uid == 65534)
			continue;
		/* No shell at all stands for sh(1). */
		if (shell.len > 0 &&
		    (slice_eq(name, SLICE("nologin")) ||
			slice_eq(name, SLICE("false"))))
			continue;
		if (++count <= 3)
			strbuf_addf(&names, "%s%s", count > 1 ? ", " : "",
			    user->pw_name);
	}
	endpwent();
	if (count > 3)
		strbuf_addf(&names, " and %zu more", count - 3);
	if (count > 0)
		finding_add(c->found, FINDING_WARNING,
		    option_fix(c, "listen", "unix:" DEFAULT_SOCKET),
		    "listen: every user of this host can connect to %.*s, "
		    "have anything signed, and take the port and read all "
		    "submissions while the milter is down; others than root "
		    "and system users live here: %s",
		    SLICE_ARGS(c->config->main.listen), names.data);
}

void
check_socket(const struct checked *c)
{
	static const unsigned char one[16] = { [15] = 1 };
	const struct config *config = c->config;
	struct slice listen = config->main.listen;
	struct slice host = slice_from(listen, slice_find(listen, '@') + 1);
	struct net_addr addr;
	bool loopback = slice_eq_nocase(host, SLICE("localhost"));
	struct err err;

	if (c->socket_path.len > 0) {
		check_unix(c);
		return;
	}
	/* The milter itself may use the port, which is fine. */
	if (socket_probe(config, &err) != 0 && err.kind != ERR_TEMP)
		finding_add(c->found, FINDING_ERROR, NULL, "%s", err.text);
	if (net_addr_parse(host, &addr))
		loopback = addr.bits == 32 ? addr.octets[0] == 127 :
					     memcmp(addr.octets, one, 16) == 0;
	if (!loopback)
		finding_add(c->found, FINDING_WARNING,
		    "let a packet filter admit the MTA's host only, or use "
		    "127.0.0.1 or a Unix socket",
		    "listen: other hosts may reach %.*s and pose as the MTA",
		    SLICE_ARGS(listen));
	check_local_users(c);
	if (config->main.socket_group.len > 0)
		finding_add(c->found, FINDING_WARNING, NULL,
		    "socket-group: has no effect, because listen is not a Unix "
		    "socket");
}

/*
 * A user may give a file to groups of his own only, or leave it the group that
 * the directory gives.
 */
static void
check_group(const struct checked *c, const char *directory)
{
	const struct account *account = c->account;
	const char *group = group_name(c->found->mem, account->socket_gid);
	struct socket_user user;
	struct stat st;

	if (!account->change_user || c->config->main.socket_group.len == 0 ||
	    stat(directory, &st) != 0 ||
	    ((st.st_mode & S_ISGID) != 0 && st.st_gid == account->socket_gid) ||
	    !socket_user_find(account->name.data, &user))
		return;
	for (size_t i = 0; i < user.gid_count; i++) {
		if (user.gids[i] == account->socket_gid)
			return;
	}
	finding_add(c->found, FINDING_WARNING,
	    directory_fix(c, group, directory),
	    "listen: unless root starts it, which systemd does not, the milter "
	    "cannot give its socket to the group %s: user %s is not in it",
	    group, user.name);
}

void
check_socket_access(
    const struct checked *c, const struct socket_user *user, size_t skip)
{
	struct arena *mem = c->found->mem;
	struct slice path = c->socket_path;
	const char *directory = slice_cstr(mem, path_directory(path));
	const char *group = group_name(mem, user->gids[0]);
	const struct account *account = c->account;
	struct slice digits = c->config->main.socket_mode;
	mode_t mode = 0;
	struct stat st;

	for (size_t i = 0; i < digits.len; i++)
		mode = mode * 8 + (mode_t)(digits.data[i] - '0');
	/* Each directory of the path, "/" or the skipped one first. */
	for (size_t i = skip; i < path.len; i++) {
		const char *passed =
		    slice_cstr(mem, slice_sub(path, 0, i == 0 ? 1 : i));

		if (path.data[i] != '/')
			continue;
		if (stat(passed, &st) != 0)
			return; /* check_unix() has said it */
		if (may(user, &st, MAY_SEARCH))
			continue;
		finding_add(c->found, FINDING_ERROR,
		    strcmp(passed, directory) == 0 ?
			directory_fix(c, group, passed) :
			shell_command(mem, "chmod o+x", passed),
		    "listen: the MTA's user %s cannot pass %s (mode %04o, "
		    "%s:%s)",
		    user->name, passed, (unsigned int)st.st_mode & 07777U,
		    user_name(mem, st.st_uid), group_name(mem, st.st_gid));
		return;
	}
	st = (struct stat){ .st_uid = account->uid,
		.st_gid = account->socket_gid,
		.st_mode = mode };
	if (may(user, &st, MAY_WRITE)) {
		check_group(c, directory);
		return;
	}
	finding_add(c->found, FINDING_ERROR,
	    (mode & S_IWGRP) == 0 ? option_fix(c, "socket-mode", "0660") :
		c->config->main.socket_group.len > 0 ?
				    option_fix(c, "socket-group", group) :
				    directory_fix(c, group, directory),
	    "listen: the MTA's user %s cannot connect: the socket will have "
	    "mode %04o, %s:%s",
	    user->name, (unsigned int)mode, user_name(mem, account->uid),
	    group_name(mem, account->socket_gid));
}

bool
socket_is_inet(
    const struct config *config, struct slice host, struct slice port)
{
	struct slice listen = config->main.listen;
	size_t colon = slice_find(listen, ':'), at = slice_find(listen, '@');
	struct slice our_host = slice_from(listen, at + 1);
	struct slice our_port;
	struct net_addr ours, theirs;

	if (!slice_starts(listen, SLICE("inet")) || at == listen.len)
		return false;
	our_port = slice_sub(listen, colon + 1, at - colon - 1);
	if (!slice_eq(our_port, port))
		return false;
	if (slice_eq_nocase(host, SLICE("localhost")))
		host = slice_starts(listen, SLICE("inet6")) ?
		    SLICE("::1") :
		    SLICE("127.0.0.1");
	if (slice_eq_nocase(our_host, SLICE("localhost")))
		our_host = slice_starts(listen, SLICE("inet6")) ?
		    SLICE("::1") :
		    SLICE("127.0.0.1");
	if (!net_addr_parse(host, &theirs) || !net_addr_parse(our_host, &ours))
		return true;
	/* 0.0.0.0 and :: listen on every address. */
	for (size_t i = 0; i < ours.bits / 8; i++) {
		if (ours.octets[i] != 0)
			return ours.bits == theirs.bits &&
			    memcmp(ours.octets, theirs.octets, ours.bits / 8) ==
			    0;
	}
	return true;
}

struct slice
path_clean(struct arena *mem, struct slice path)
{
	struct strbuf out;
	struct slice part;

	strbuf_init(&out, mem);
	strbuf_add_cstr(&out, "");
	while (slice_next_item(&path, "/", &part)) {
		if (slice_eq(part, SLICE(".")))
			continue;
		strbuf_add_char(&out, '/');
		strbuf_add(&out, part);
	}
	return strbuf_slice(&out);
}
