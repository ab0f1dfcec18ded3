/* SPDX-License-Identifier: BSD-2-Clause */
/* Root on paths where others can write: with their rights, not with its own. */
#include "base/descend.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINKS = 40, LINK_OCTETS = 4096 };

struct walk {
	int fd;
	struct stat status; /* of fd */
	struct slice name;  /* that is looked at */
	struct slice rest;
	unsigned int links;
	struct arena *mem;
};

static int
fault(struct err *err, struct arena *mem, struct slice name, int number)
{
	return err_set(err,
	    number == EMFILE || number == ENFILE || number == EIO ||
		    number == ENOMEM ?
		ERR_TEMP :
		ERR_CONFIG,
	    "%s: %s", escape(mem, name, 255), strerror(number));
}

/* From here on at the directory that is open as fd, which is taken over. */
static int
move(struct walk *walk, int fd, struct slice name, struct err *err)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0) {
		int number = errno;

		fd_close(&fd);
		return fault(err, walk->mem, name, number);
	}
	fd_close(&walk->fd);
	walk->fd = fd;
	walk->status = status;
	return 0;
}

static int
descend_begin(struct walk *walk, struct slice path, struct err *err)
{
	struct slice start =
	    path.len > 0 && path.data[0] == '/' ? SLICE("/") : SLICE(".");

	walk->rest = path;
	return move(walk, open(start.data, O_PATH | O_DIRECTORY | O_CLOEXEC),
	    start, err);
}

/* Whether nobody but root can have put the link into the directory. */
static bool
is_link_of_root(const struct stat *directory, const struct stat *link)
{
	return link->st_uid == 0 &&
	    ((directory->st_mode & 022) == 0 ||
		(directory->st_mode & S_ISVTX) != 0);
}

static int
descend_follow(
    struct walk *walk, int fd, const struct stat *link, struct err *err)
{
	struct slice name = walk->name;
	char target[LINK_OCTETS];
	ssize_t len;

	if (!is_link_of_root(&walk->status, link))
		return err_set(err, ERR_CONFIG,
		    "%s is a link that others than "
		    "root can have put there",
		    escape(walk->mem, name, 255));
	if (++walk->links > MAX_LINKS)
		return fault(err, walk->mem, name, ELOOP);
	len = readlinkat(fd, "", target, sizeof(target));
	if (len <= 0 || len == sizeof(target))
		return fault(
		    err, walk->mem, name, len < 0 ? errno : ENAMETOOLONG);
	walk->rest = slice_format(
	    walk->mem, "%.*s/%.*s", (int)len, target, SLICE_ARGS(walk->rest));
	return target[0] == '/' ? descend_begin(walk, walk->rest, err) : 0;
}

/* To the next name; *ret_missing: it is not there, and stays in rest. */
static int
step(struct walk *walk, bool *ret_missing, struct err *err)
{
	struct slice before = walk->rest, name;
	struct stat status;
	int fd, done;

	if (!slice_next_item(&walk->rest, "/", &name))
		return 0;
	walk->name = name;
	fd = openat(walk->fd, slice_cstr(walk->mem, name),
	    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		*ret_missing = true;
		walk->rest = before;
		return 0;
	}
	if (fd < 0 || fstat(fd, &status) != 0)
		done = fault(err, walk->mem, name, errno);
	else if (S_ISLNK(status.st_mode))
		done = descend_follow(walk, fd, &status, err);
	else if (!S_ISDIR(status.st_mode))
		done = fault(err, walk->mem, name, ENOTDIR);
	else
		return move(walk, fd, name, err);
	fd_close(&fd);
	return done;
}

static bool
is_at_end(const struct walk *walk)
{
	struct slice rest = walk->rest, name;

	return !slice_next_item(&rest, "/", &name);
}

/* Down through what is root's alone. */
static int
walk_down(struct walk *walk, struct err *err)
{
	bool missing = false;

	while (walk->status.st_uid == 0 && !missing && !is_at_end(walk)) {
		if (step(walk, &missing, err) != 0)
			return -1;
	}
	return 0;
}

int
descend(const char *path, struct arena *mem, struct descent *ret_descent,
    struct err *err)
{
	struct walk walk = { .fd = -1, .mem = mem };

	if (descend_begin(&walk, slice_of(path), err) != 0 ||
	    (geteuid() == 0 && walk_down(&walk, err) != 0)) {
		fd_close(&walk.fd);
		return err_wrap(err, "%s", path);
	}
	*ret_descent = (struct descent){ walk.fd, walk.status.st_uid,
		walk.status.st_gid, is_at_end(&walk) ? SLICE("") : walk.rest };
	if (geteuid() != 0) {
		ret_descent->uid = geteuid();
		ret_descent->gid = getegid();
	}
	return 0;
}

int
descend_alone(const char *path, struct arena *mem, int *ret_fd, struct err *err)
{
	struct descent reached = { .fd = -1 };

	if (descend(path, mem, &reached, err) != 0)
		return -1;
	if (geteuid() != 0) {
		(void)close(reached.fd);
		reached.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (reached.fd < 0)
			return fault(err, mem, slice_of(path), errno);
	} else if (reached.uid != 0 || reached.rest.len > 0) {
		(void)close(reached.fd);
		return reached.uid == 0 ?
		    fault(err, mem, slice_of(path), ENOENT) :
		    err_set(err, ERR_CONFIG,
			"%s: user %lu owns a directory "
			"on this path, and could lead root elsewhere",
			path, (unsigned long)reached.uid);
	}
	*ret_fd = reached.fd;
	return 0;
}

/* For good: the saved and the real user, too. */
static int
become(uid_t uid, gid_t gid, struct err *err)
{
	const struct passwd *user = getpwuid(uid);
	int status = user != NULL ? initgroups(user->pw_name, user->pw_gid) :
				    setgroups(0, NULL);

	if (user != NULL)
		gid = user->pw_gid;
	if (status != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0 || setuid(0) == 0)
		return err_set(err, ERR_CONFIG,
		    "cannot become user %lu, to "
		    "whom the directory belongs: %s",
		    (unsigned long)uid, strerror(errno));
	return 0;
}

static size_t
descend_count_names(struct slice rest)
{
	struct slice name;
	size_t count = 0;

	while (slice_next_item(&rest, "/", &name))
		count++;
	return count;
}

/*
 * The rest with the rights that we have by now. Root follows no link here: the
 * names were missing a moment ago, or we have just made them.
 */
static int
go_on(struct walk *walk, size_t made_levels, struct err *err)
{
	struct slice name;

	while (!is_at_end(walk)) {
		size_t left = descend_count_names(walk->rest);
		const char *text;
		int fd;

		ENSURE(slice_next_item(&walk->rest, "/", &name));
		text = slice_cstr(walk->mem, name);
		if (left <= made_levels && mkdirat(walk->fd, text, 0700) != 0 &&
		    errno != EEXIST)
			return fault(err, walk->mem, name, errno);
		fd = openat(walk->fd, text,
		    O_PATH | O_DIRECTORY | O_CLOEXEC |
			(geteuid() == 0 ? O_NOFOLLOW : 0));
		if (move(walk, fd, name, err) != 0)
			return -1;
		if (geteuid() == 0 && walk->status.st_uid != 0 &&
		    become(walk->status.st_uid, walk->status.st_gid, err) != 0)
			return -1;
	}
	return 0;
}

int
descend_as_owner(const char *path, size_t made_levels, struct arena *mem,
    int *ret_fd, struct err *err)
{
	struct walk walk = { .fd = -1, .mem = mem };
	struct descent reached = { .fd = -1 };

	if (descend(path, mem, &reached, err) != 0)
		return -1;
	walk.fd = reached.fd;
	walk.rest = reached.rest;
	if ((geteuid() == 0 && reached.uid != 0 &&
		become(reached.uid, reached.gid, err) != 0) ||
	    go_on(&walk, made_levels, err) != 0) {
		fd_close(&walk.fd);
		return err_wrap(err, "%s", path);
	}
	*ret_fd = walk.fd;
	return 0;
}

static int
take_on(uid_t uid, gid_t gid, gid_t directory_gid, struct err *err)
{
	const struct passwd *user = getpwuid(uid);
	int status = user != NULL ? initgroups(user->pw_name, user->pw_gid) :
				    setgroups(0, NULL);

	if (gid == LESSER_USER_GROUP)
		gid = user != NULL ? user->pw_gid : directory_gid;
	if (status == 0 && setegid(gid) == 0 && seteuid(uid) == 0)
		return 0;
	return err_set(err, ERR_CONFIG,
	    "cannot act as user %lu, to whom the "
	    "directory belongs: %s",
	    (unsigned long)uid, strerror(errno));
}

int
lesser_user_enter(const char *directory, gid_t gid, struct arena *mem,
    struct lesser_user *ret_lesser, struct err *err)
{
	struct lesser_user lesser = { .gid = getegid() };
	struct descent reached = { .fd = -1 };
	int count;

	*ret_lesser = lesser;
	if (geteuid() != 0)
		return 0;
	if (descend(directory, mem, &reached, err) != 0)
		return -1;
	(void)close(reached.fd);
	/* Another user than root may be the one who makes it. */
	if (reached.uid == 0 && reached.rest.len > 0)
		return fault(err, mem, slice_of(directory), ENOENT);
	if (reached.uid == 0)
		return 0;
	count = getgroups(0, NULL);
	ENSURE(count >= 0);
	lesser.on = true;
	lesser.group_count = (size_t)count;
	lesser.groups =
	    arena_array(mem, lesser.group_count + 1, sizeof(*lesser.groups));
	ENSURE(getgroups(count, lesser.groups) == count);
	if (take_on(reached.uid, gid, reached.gid, err) != 0) {
		lesser_user_leave(&lesser);
		return -1;
	}
	*ret_lesser = lesser;
	return 0;
}

void
lesser_user_leave(const struct lesser_user *lesser)
{
	if (!lesser->on)
		return;
	/* Not to have them back would be to go on as nobody knows whom. */
	ENSURE(seteuid(0) == 0 && setegid(lesser->gid) == 0 &&
	    setgroups(lesser->group_count, lesser->groups) == 0);
}
