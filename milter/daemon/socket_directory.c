/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory of a Unix socket decides who can connect, and is made by others
 * than the milter: the package, the unit or the operator. This is what the
 * milter and its checks know of it.
 */
#include "daemon/socket_directory.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include "base/shell.h"

/* The group of Postfix's user; setgid_group is another one. */
static const char postfix_group[] = "postfix";

struct slice
socket_path(const struct config *config)
{
	struct slice listen = config->main.listen;

	if (!slice_starts(listen, SLICE("unix:")) &&
	    !slice_starts(listen, SLICE("local:")))
		return SLICE("");
	return slice_from(listen, slice_find(listen, ':') + 1);
}

struct slice
path_directory(struct slice path)
{
	size_t slash = slice_find_last(path, '/');

	return slash == 0 || slash == path.len ? SLICE("/") :
						 slice_sub(path, 0, slash);
}

bool
socket_directory_group(const struct config *config, gid_t *ret_gid)
{
	struct slice path = socket_path(config);
	struct arena mem;
	struct stat status;
	bool found;

	if (path.len == 0)
		return false;
	arena_init(&mem);
	found = stat(slice_cstr(&mem, path_directory(path)), &status) == 0 &&
	    S_ISDIR(status.st_mode) && (status.st_mode & S_ISGID) != 0;
	arena_done(&mem);
	if (found)
		*ret_gid = status.st_gid;
	return found;
}

const char *
socket_directory_command(struct arena *mem, const struct config *config,
    const struct account *account, const char *directory)
{
	const struct passwd *user = getpwuid(account->uid);
	struct slice user_name = user != NULL ?
	    slice_of(user->pw_name) :
	    slice_format(mem, "%lu", (unsigned long)account->uid);
	struct slice group_name = config->main.socket_group;
	const struct group *group;

	user_name = slice_dup(mem, user_name);
	if (group_name.len == 0 && getgrnam(postfix_group) != NULL)
		group_name = slice_of(postfix_group);
	if (group_name.len == 0) {
		group = getgrgid(account->socket_gid);
		group_name = group != NULL ?
		    slice_of(group->gr_name) :
		    slice_format(
			mem, "%lu", (unsigned long)account->socket_gid);
	}
	return shell_command(mem,
	    slice_format(mem, "install -d -o %.*s -g %.*s -m 2750",
		SLICE_ARGS(user_name), SLICE_ARGS(group_name))
		.data,
	    directory);
}

int
socket_directory_check(
    const struct config *config, const struct account *account, struct err *err)
{
	struct slice path = socket_path(config);
	const char *directory;
	struct arena mem;
	struct stat status;
	int result = 0;

	if (path.len == 0)
		return 0;
	arena_init(&mem);
	directory = slice_cstr(&mem, path_directory(path));
	/* Opening the socket reports other faults. */
	if (stat(directory, &status) != 0 && errno == ENOENT)
		result = err_set(err, ERR_CONFIG,
		    "listen: there is no "
		    "directory %s; as root: %s",
		    directory,
		    socket_directory_command(&mem, config, account, directory));
	arena_done(&mem);
	return result;
}
