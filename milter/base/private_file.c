/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading files that only root and the user that runs this can use. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/private_file.h"

enum { MAX_GROUPS = 64 };

static bool
is_other(uid_t user)
{
	return user != 0 && user != geteuid();
}

static bool
is_our_group(gid_t group)
{
	gid_t groups[MAX_GROUPS];
	int count = getgroups(MAX_GROUPS, groups);

	if (group == getegid())
		return true;
	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

/*
 * getpwent() and the like are not thread-safe; reloads and the watch over the
 * directory of keys both load keys, on threads of their own.
 */
static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;

/* A group without a name, as a container gives one, has no members. */
static bool
has_other_members(gid_t group)
{
	const struct group *entry;
	const struct passwd *user;
	bool found = false;

	ENSURE(pthread_mutex_lock(&users_lock) == 0);
	errno = 0;
	entry = getgrgid(group);
	/* A list that cannot be read may have anybody in it. */
	found = entry == NULL && errno != 0 && errno != ENOENT;
	for (char **name = entry == NULL ? NULL : entry->gr_mem;
	     name != NULL && *name != NULL && !found; name++) {
		user = getpwnam(*name);
		found = user == NULL || is_other(user->pw_uid);
	}
	setpwent();
	for (errno = 0; !found && (user = getpwent()) != NULL; errno = 0)
		found = user->pw_gid == group && is_other(user->pw_uid);
	found = found || (errno != 0 && errno != ENOENT);
	endpwent();
	ENSURE(pthread_mutex_unlock(&users_lock) == 0);
	return found;
}

const char *
private_owner_fault(const struct stat *status)
{
	return is_other(status->st_uid) ?
	    "belongs neither to root nor to the user that runs this" :
	    NULL;
}

/* What is root's may be read by a group of the user that runs this alone. */
static const char *
access_fault(const struct stat *status)
{
	mode_t mode = status->st_mode & 077;

	if (mode == 040 && status->st_uid == 0 &&
	    is_our_group(status->st_gid) && !has_other_members(status->st_gid))
		mode = 0;
	return mode != 0 ? "group or others can use it: chmod 600" :
			   private_owner_fault(status);
}

int
private_file_read(const struct file_request *request, struct slice *ret_text,
    struct stat *ret_state, struct err *err)
{
	CLEANUP(fd_close)
	int fd = open(slice_cstr(request->mem, request->path),
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text;
	size_t len = 0;
	const char *why;

	if (fd < 0 || fstat(fd, &status) != 0)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_CONFIG, "not a file");
	why = access_fault(&status);
	if (why != NULL)
		return err_set(err, ERR_CONFIG, "%s", why);
	if (status.st_size > (off_t)request->max_bytes)
		return err_set(err, ERR_CONFIG, "too large");
	text = arena_alloc(request->mem, (size_t)status.st_size + 1);
	while (len < (size_t)status.st_size) {
		ssize_t got =
		    read(fd, text + len, (size_t)status.st_size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG, "%s", strerror(errno));
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_text = (struct slice){ text, len };
	*ret_state = status;
	return 0;
}
