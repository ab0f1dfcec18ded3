/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/descend.h"
#include "daemon/socket_directory.h"
#include "daemon_priv.h"

enum { LOCK_TRIES = 100 };

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static const char *
directory_of(const char *path, struct arena *mem)
{
	struct slice whole = slice_of(path);
	size_t slash = slice_find_last(whole, '/');

	return slash == whole.len ? "." : slash == 0 ? "/"
	    : slice_cstr(mem, slice_sub(whole, 0, slash));
}

/*
 * The directory of a path, open and locked: two instances that start together
 * do not both find the socket free. Whoever may read the directory can hold
 * such a lock for ever, so after a while we go on without it.
 */
static int
lock_directory(const char *path, struct arena *mem, int *ret_fd,
    struct err *err)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	const char *directory = directory_of(path, mem);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "listen: %s: %s", directory,
		    strerror(errno));
	for (int i = 0; i < LOCK_TRIES &&
	    flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
		(void)nanosleep(&pause, NULL);
	*ret_fd = fd;
	return 0;
}

/* Removes a socket file that nobody serves. */
static int
remove_stale(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(close_fd) int fd = -1;
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : err_set(err, ERR_CONFIG,
		    "listen: %s: %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return err_set(err, ERR_CONFIG,
		    "listen: %s exists and is no socket", path);
	/* A busy server's backlog may be full: that must not block us. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, ERR_TEMP, "listen: %s", strerror(errno));
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address,
	    sizeof(address)) == 0 || errno == EAGAIN)
		return err_set(err, ERR_TEMP,
		    "listen: another process serves %s", path);
	if (errno != ECONNREFUSED)
		return err_set(err, ERR_TEMP, "listen: %s: %s", path,
		    strerror(errno));
	if (unlink(path) != 0)
		return err_set(err, ERR_CONFIG, "listen: remove %s: %s", path,
		    strerror(errno));
	return 0;
}

/*
 * The socket that we have just made gets its user and group, by a descriptor:
 * what has come into its place since is not ours to give away.
 */
static int
give_away(const char *path, uid_t uid, gid_t gid)
{
	CLEANUP(close_fd) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return -1;
	if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid()) {
		errno = EEXIST;
		return -1;
	}
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
}

/* With the rights that we have; uid is who it shall belong to. */
static int
open_here(const char *path, char *spec, const struct config *config,
    uid_t uid, const struct account *account, struct arena *mem,
    struct err *err)
{
	/* Checked when the configuration was read. */
	mode_t mode = (mode_t)strtoul(slice_cstr(mem,
	    config->main.socket_mode), NULL, 8) & 0777;
	CLEANUP(close_fd) int lock = -1;
	mode_t old_mask;
	int status;

	if (lock_directory(path, mem, &lock, err) != 0 ||
	    remove_stale(path, err) != 0)
		return -1;
	old_mask = umask(0777 & ~mode);
	if (smfi_setconn(spec) != MI_SUCCESS)
		status = MI_FAILURE;
	else
		status = smfi_opensocket(false);
	(void)umask(old_mask);
	if (status != MI_SUCCESS)
		return err_set(err, ERR_CONFIG, "listen: cannot open %s", spec);
	/* Only who owns the file or is root may do this; else it is the same. */
	if (give_away(path, uid, account->socket_gid) != 0 &&
	    (account->change_user || config->main.socket_group.len != 0)) {
		err_set(err, ERR_CONFIG, "listen: group of %s: %s", path,
		    strerror(errno));
		(void)unlink(path);
		return -1;
	}
	return 0;
}

/*
 * In a directory that another user can write to root acts as this user, who
 * then owns the socket: a path that changes under us leads nowhere else.
 */
static int
open_unix(const char *path, char *spec, const struct config *config,
    const struct account *account, struct arena *mem, struct err *err)
{
	struct lesser_user lesser;
	int status;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return err_set(err, ERR_CONFIG, "listen: the path is too long");
	if (lesser_user_enter(directory_of(path, mem), account->socket_gid,
	    mem, &lesser, err) != 0)
		return err_wrap(err, "listen");
	status = open_here(path, spec, config,
	    lesser.on ? geteuid() : account->uid, account, mem, err);
	lesser_user_leave(&lesser);
	return status;
}

void
socket_remove(const char *path, bool served, struct arena *mem)
{
	CLEANUP(close_fd) int lock = -1;
	struct lesser_user lesser;
	struct err err;

	if (lesser_user_enter(directory_of(path, mem), LESSER_USER_GROUP, mem,
	    &lesser, &err) != 0)
		return;
	if (!served) {
		(void)unlink(path);
	} else {
		/*
		 * The next instance may serve that path by now. Without the
		 * lock, in a directory that we may no longer read, there is no
		 * more to do than to look.
		 */
		(void)!lock_directory(path, mem, &lock, &err);
		(void)!remove_stale(path, &err);
	}
	lesser_user_leave(&lesser);
}

/* One address of the host; ERR_TEMP when the port is in use. */
static int
probe_address(const struct addrinfo *address, struct slice spec,
    struct err *err)
{
	CLEANUP(close_fd) int fd = socket(address->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	int number;

	/* As libmilter does: what the last process left does not matter. */
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, address->ai_addr, address->ai_addrlen) == 0)
		return 0;
	number = errno;
	return err_set(err, number == EADDRINUSE || number == EMFILE ||
	    number == ENFILE || number == ENOBUFS || number == ENOMEM
	    ? ERR_TEMP : ERR_CONFIG, "listen: %.*s: %s%s", SLICE_ARGS(spec),
	    strerror(number), number == EADDRNOTAVAIL
	    ? ": is it an address of this host?" : "");
}

int
socket_probe(const struct config *config, struct err *err)
{
	struct slice spec = config->main.listen;
	size_t colon = slice_find(spec, ':'), at = slice_find(spec, '@');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family = slice_starts(spec, SLICE("inet6:")) ? AF_INET6
		    : AF_INET };
	struct addrinfo *found = NULL;
	struct arena mem;
	int error, status = -1;

	if (!slice_starts(spec, SLICE("inet")))
		return 0;
	arena_init(&mem);
	error = getaddrinfo(slice_cstr(&mem, slice_from(spec, at + 1)),
	    slice_cstr(&mem, slice_sub(spec, colon + 1, at - colon - 1)),
	    &hints, &found);
	if (error != 0)
		err_set(err, error == EAI_AGAIN || error == EAI_MEMORY ||
		    error == EAI_SYSTEM ? ERR_TEMP : ERR_CONFIG,
		    "listen: %.*s: %s", SLICE_ARGS(spec),
		    gai_strerror(error));
	/* libmilter takes the first one that can be bound, too. */
	for (struct addrinfo *a = found; a != NULL && status != 0;
	    a = a->ai_next)
		status = probe_address(a, spec, err);
	if (found != NULL)
		freeaddrinfo(found);
	arena_done(&mem);
	return status;
}

int
socket_open(const struct config *config, const struct account *account,
    struct arena *mem, const char **ret_path, struct err *err)
{
	struct slice path = socket_path(config);
	char *spec = slice_cstr(mem, config->main.listen);

	*ret_path = NULL;
	if (path.len > 0) {
		const char *name = slice_cstr(mem, path);

		if (socket_directory_check(config, account, err) != 0 ||
		    open_unix(name, spec, config, account, mem, err) != 0)
			return -1;
		*ret_path = name;
		return 0;
	}
	/* libmilter does not say why it fails. */
	if (socket_probe(config, err) != 0)
		return -1;
	if (smfi_setconn(spec) != MI_SUCCESS ||
	    smfi_opensocket(false) != MI_SUCCESS)
		return err_set(err, ERR_TEMP, "listen: cannot open %s", spec);
	return 0;
}
