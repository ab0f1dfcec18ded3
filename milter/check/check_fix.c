/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that mend a finding, ready to be pasted. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/suggest.h"
#include "check/check.h"
#include "daemon/socket_directory.h"

const char *
option_fix(const struct checked *c, const char *option, const char *value)
{
	const char *file = c->config->path.data;
	unsigned int line = 0;

	if (config_where(c->config, option, &file, &line))
		return slice_format(c->found->mem, "%s = \"%s\" in %s:%u",
		    option, value, file, line)
		    .data;
	return slice_format(
	    c->found->mem, "%s = \"%s\" in %s", option, value, file)
	    .data;
}

/* Lets this process read a file: opens what is in the way first. */
static const char *
reading_command(struct arena *mem, struct slice path)
{
	const char *group = group_name(mem, getegid());
	struct slice barred = path;
	const char *mode = "g+r";

	for (size_t i = 0; i < path.len && mode[2] == 'r'; i++) {
		struct slice directory = slice_sub(path, 0, i == 0 ? 1 : i);

		if (path.data[i] == '/' &&
		    access(slice_cstr(mem, directory), X_OK) != 0) {
			barred = directory;
			mode = "g+x";
		}
	}
	return slice_format(mem, "%s && %s",
	    shell_command(mem, slice_format(mem, "chgrp %s", group).data,
		slice_cstr(mem, barred)),
	    shell_command(mem, slice_format(mem, "chmod %s", mode).data,
		slice_cstr(mem, barred)))
	    .data;
}

/*
 * What a file or directory of keys lacks; all of them belong to the milter's
 * user. A path that this user may have replaced by a link is not proposed to
 * root.
 */
static const char *
key_command(struct arena *mem, const char *path)
{
	const char *directory = slice_cstr(mem, path_directory(slice_of(path)));
	struct stat st;
	bool is_barred;

	is_barred = access(path, R_OK) != 0 && errno == EACCES;
	if ((lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) ||
	    (lstat(directory, &st) == 0 && S_ISLNK(st.st_mode)))
		return NULL;
	if (!is_barred && lstat(path, &st) != 0)
		return NULL;
	if (is_barred || (st.st_uid != 0 && st.st_uid != geteuid()))
		return shell_command(mem,
		    slice_format(mem, "chown %s", user_name(mem, geteuid()))
			.data,
		    path);
	/* The group may read a key of root's. */
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 &&
	    (st.st_uid != 0 || (st.st_mode & 077) != 040))
		return shell_command(mem, "chmod 600", path);
	if (S_ISDIR(st.st_mode) && (st.st_mode & 022) != 0 &&
	    (st.st_mode & S_ISVTX) == 0)
		return shell_command(mem, "chmod go-w", path);
	return NULL;
}

const char *
file_fix(struct arena *mem, const char *text, enum file_kind kind)
{
	struct slice whole = slice_of(text), path;
	const char *name;
	struct stat st;

	/* A file name does not have a colon. */
	path = slice_from(whole, slice_find(whole, '/'));
	path = slice_sub(path, 0, slice_find(path, ':'));
	if (path.len == 0)
		return NULL;
	name = slice_cstr(mem, path);
	if (kind == FILE_OF_KEYS)
		return key_command(mem, name);
	if (access(name, R_OK) != 0)
		return errno == EACCES ? reading_command(mem, path) : NULL;
	if (kind == FILE_OF_CONFIG && stat(name, &st) == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return shell_command(mem, "chmod go-w", name);
	if (kind == FILE_OF_TABLE && stat(name, &st) == 0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0)
		return shell_command(mem, "chmod o-w", name);
	return NULL;
}

/* Whether a text has "NAME:", or "NAME/" of what is in a directory. */
static bool
speaks_of(struct slice text, struct slice name)
{
	for (; name.len > 0 && text.len > name.len;
	     text = slice_from(text, 1)) {
		char next = text.data[name.len];

		if ((next == ':' || next == '/') && slice_starts(text, name))
			return true;
	}
	return false;
}

const char *
naming_option(const struct config *config, struct arena *mem, const char *text)
{
	size_t count;
	const struct table_use *uses = config_tables(config, mem, &count);

	for (size_t i = 0; i < count; i++) {
		if (speaks_of(slice_of(text), uses[i].spec))
			return uses[i].option;
	}
	return speaks_of(slice_of(text), config->main.keys) ? "keys" : NULL;
}

enum { MAX_KNOWN_NAMES = 1000 };

const char *
name_fix(struct arena *mem, struct slice name, bool is_user)
{
	const char **known = arena_array(mem, MAX_KNOWN_NAMES, sizeof(*known));
	const struct passwd *user;
	const struct group *group;
	const char *near;
	size_t count = 0;

	setpwent();
	while (
	    is_user && count < MAX_KNOWN_NAMES && (user = getpwent()) != NULL)
		known[count++] = slice_cstr(mem, slice_of(user->pw_name));
	endpwent();
	setgrent();
	while (
	    !is_user && count < MAX_KNOWN_NAMES && (group = getgrent()) != NULL)
		known[count++] = slice_cstr(mem, slice_of(group->gr_name));
	endgrent();
	near = suggest(name, known, count);
	return near == NULL ? NULL :
			      slice_format(mem, "%s = \"%s\"",
				  is_user ? "user" : "socket-group", near)
				  .data;
}
