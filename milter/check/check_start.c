/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a start and the first large message do beside reading: files are written
 * and the socket is made, with the rights of the milter's user.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check/check.h"
#include "daemon/socket_directory.h"
#include "message/body.h"

/* More than a full disk has left. */
enum { TRIED_OCTETS = 64 * 1024 };

/* Neither owner nor mode helps where the disk is full or read-only. */
static const char *
writing_fix(
    struct findings *found, int error, const char *mode, const char *path)
{
	const struct group *group = getgrgid(getegid());
	const char *rights = slice_format(found->mem, "-m %s", mode).data;

	if (error == ENOSPC || error == EDQUOT)
		return slice_format(found->mem, "%s, and make room there",
		    shell_command(found->mem, "df -h", path))
		    .data;
	if (error == EROFS)
		return slice_format(found->mem,
		    "mount -o remount,rw \"$(df "
		    "--output=target %s | tail -n 1)\"",
		    shell_quoted(found->mem, path))
		    .data;
	/* Makes the directory, or gives the one that is there to this user. */
	if (getpwuid(geteuid()) != NULL && group != NULL)
		rights = slice_format(found->mem, "-o %s -g %s -m %s",
		    user_name(found->mem, geteuid()), group->gr_name, mode)
			     .data;
	return shell_command(found->mem,
	    slice_format(found->mem, "install -d %s", rights).data, path);
}

/* What a body over bounds.body-memory does. */
static void
check_spool(struct findings *found, const struct config *config)
{
	const char *path = slice_cstr(found->mem, config->main.spool);
	char *text = arena_alloc(found->mem, TRIED_OCTETS);
	struct body body;
	struct err err;
	bool failed;
	int error;

	memset(text, 'x', TRIED_OCTETS);
	body_init(&body, path, 0);
	failed =
	    body_add(&body, (struct slice){ text, TRIED_OCTETS }, &err) != 0;
	error = errno;
	body_done(&body);
	if (failed)
		finding_add(found, FINDING_ERROR,
		    writing_fix(found, error, "0700", path),
		    "spool: a body over %lu octets cannot be written by user "
		    "%s, and its message gets 451: %s",
		    config->bounds.body_memory,
		    user_name(found->mem, geteuid()), err.text);
}

static const char *
day(struct arena *mem, time_t when)
{
	char text[32];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d", &tm) == 0)
		return "a day that cannot be told";
	return slice_cstr(mem, slice_of(text));
}

bool
check_writing(struct findings *found, const struct config *config,
    const struct account *account)
{
	struct slice file = config->sign.key_states;
	const char *user = user_name(found->mem, geteuid());
	const char *path = slice_cstr(found->mem, config->path);
	time_t now = time(NULL);
	struct stat st;
	int error;

	/*
	 * A file from tomorrow: the clock is slow, and so are signature times.
	 */
	if (stat(path, &st) == 0 && st.st_mtim.tv_sec > now + 86400)
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"timedatectl set-ntp true, and %s where the clock is "
			"right",
			shell_command(found->mem, "touch", path))
			.data,
		    "the clock says %s, but %s was written on %s: with a wrong "
		    "clock signatures are refused",
		    day(found->mem, now), path,
		    day(found->mem, st.st_mtim.tv_sec));
	check_spool(found, config);
	/* systemd's unit starts the milter as its user, not as root. */
	path = slice_cstr(found->mem, path_directory(socket_path(config)));
	if (socket_path(config).len > 0 && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode) && access(path, W_OK | X_OK) != 0)
		finding_add(found, FINDING_ERROR,
		    socket_directory_command(found->mem, config, account, path),
		    "listen: user %s cannot make a socket in "
		    "%s (mode %04o, %s:%s)",
		    user, path, (unsigned int)st.st_mode & 07777U,
		    user_name(found->mem, st.st_uid),
		    group_name(found->mem, st.st_gid));
	path = slice_cstr(found->mem, path_directory(file));
	if (!config_has_keys(config) || config->sign.dkim_key == DKIM_KEY_OFF ||
	    file.len == 0 || access(path, W_OK | X_OK) == 0)
		return true;
	/* The milter goes on without it, and knows nothing after a restart. */
	error = errno;
	finding_add(found, FINDING_ERROR,
	    writing_fix(found, error, "0750", path),
	    "sign.key-states: %s cannot be written by user %s: %s: %s; "
	    "after a restart mail gets 451 until DNS has answered",
	    slice_cstr(found->mem, file), user, path, strerror(error));
	return false;
}
