/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the socket of the configuration, and removes its file. */
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

#include "base/file.h"
#include "base/descend.h"
#include "daemon/socket_directory.h"
#include "daemon_priv.h"

enum { LOCK_TRIES = 100 };

static const char *
socket_directory_of(const char *path, struct arena *mem)
{
	struct slice whole = slice_of(path);
	size_t slash = slice_find_last(whole, '/');

	return slash == whole.len ? "." :
	    slash == 0		  ? "/" :
				    slice_cstr(mem, slice_sub(whole, 0, slash));
}

/*
 * The directory of a path, open and locked: two instances that start together
 * do not both find the socket free. Whoever may read the directory can hold
 * such a lock for ever, so after a while we go on without it.
 */
static int
socket_lock_directory(
    const char *path, struct arena *mem, int *ret_fd, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 20L * 1000 * 1000 };
	const char *directory = socket_directory_of(path, mem);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "listen: %s: %s", directory,
		    strerror(errno));
	for (int i = 0; i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0;
	     i++)
		(void)nanosleep(&pause, NULL);
	*ret_fd = fd;
	return 0;
}

/* Removes a socket file that nobody serves. */
static int
remove_stale(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(fd_close) int fd = -1;
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ?
		    0 :
		    err_set(err, ERR_CONFIG, "listen: %s: %s", path,
			strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return err_set(err, ERR_CONFIG,
		    "listen: %s exists and is not a socket", path);
	/* A busy server's backlog may be full: that must not block us. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, ERR_TEMP, "listen: %s", strerror(errno));
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
		0 ||
	    errno == EAGAIN)
		return err_set(err, ERR_TEMP,
		    "listen: another process serves %s: is the milter running "
		    "already? (ss -xlp)",
		    path);
	if (errno != ECONNREFUSED)
		return err_set(
		    err, ERR_TEMP, "listen: %s: %s", path, strerror(errno));
	if (unlink(path) != 0)
		return err_set(err, ERR_CONFIG, "listen: remove %s: %s", path,
		    strerror(errno));
	return 0;
}

mode_t
socket_file_mode(const struct config *config, struct arena *mem)
{
	/* Checked when the configuration was read. */
	return (mode_t)strtoul(
		   slice_cstr(mem, config->main.socket_mode), NULL, 8) &
	    0777;
}

/*
 * A Unix socket, with the rights that we have. It gets its user and group by a
 * descriptor: what has come into its place since is not ours to give away.
 */
static int
open_here(const struct config *config, const struct account *account,
    struct arena *mem, struct err *err)
{
	const char *path = slice_cstr(mem, socket_path(config));
	char *spec = slice_cstr(mem, config->main.listen);
	/* A lesser user is the owner already. */
	uid_t uid = geteuid() == 0 ? account->uid : geteuid();
	CLEANUP(fd_close) int lock = -1;
	CLEANUP(fd_close) int file = -1;
	struct stat st;
	mode_t old_mask;
	bool given = false;
	int status;

	if (socket_lock_directory(path, mem, &lock, err) != 0 ||
	    remove_stale(path, err) != 0)
		return -1;
	old_mask = umask(0777 & ~socket_file_mode(config, mem));
	status = smfi_setconn(spec);
	if (status == MI_SUCCESS)
		status = smfi_opensocket(false);
	(void)umask(old_mask);
	if (status != MI_SUCCESS)
		return err_set(err, ERR_CONFIG, "listen: cannot open %s", spec);
	file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file >= 0 && fstat(file, &st) == 0) {
		errno = EEXIST;
		given = S_ISSOCK(st.st_mode) && st.st_uid == geteuid() &&
		    fchownat(
			file, "", uid, account->socket_gid, AT_EMPTY_PATH) == 0;
	}
	/* Only root and the owner of the file may do this. */
	if (!given &&
	    (account->change_user || config->main.socket_group.len != 0)) {
		err_set(err, ERR_CONFIG, "listen: group of %s: %s", path,
		    strerror(errno));
		(void)unlink(path);
		return -1;
	}
	return 0;
}

void
socket_remove(const char *path, bool served, struct arena *mem)
{
	CLEANUP(fd_close) int lock = -1;
	struct lesser_user lesser;
	struct err err;

	if (lesser_user_enter(socket_directory_of(path, mem), LESSER_USER_GROUP,
		mem, &lesser, &err) != 0)
		return;
	if (!served) {
		(void)unlink(path);
	} else {
		/*
		 * The next instance may serve that path by now. Without the
		 * lock, in a directory that we may no longer read, there is no
		 * more to do than to look.
		 */
		(void)!socket_lock_directory(path, mem, &lock, &err);
		(void)!remove_stale(path, &err);
	}
	lesser_user_leave(&lesser);
}

int
socket_probe(const struct config *config, struct err *err)
{
	const int on = 1;
	struct slice spec = config->main.listen;
	size_t colon = slice_find(spec, ':'), at = slice_find(spec, '@');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family =
		    slice_starts(spec, SLICE("inet6:")) ? AF_INET6 : AF_INET };
	struct addrinfo *found = NULL;
	CLEANUP(arena_done) struct arena mem;
	int error, status = -1;

	arena_init(&mem);
	if (!slice_starts(spec, SLICE("inet")))
		return 0;
	error = getaddrinfo(slice_cstr(&mem, slice_from(spec, at + 1)),
	    slice_cstr(&mem, slice_sub(spec, colon + 1, at - colon - 1)),
	    &hints, &found);
	if (error != 0)
		return err_set(err,
		    error == EAI_AGAIN || error == EAI_MEMORY ||
			    error == EAI_SYSTEM ?
			ERR_TEMP :
			ERR_CONFIG,
		    "listen: %.*s: %s", SLICE_ARGS(spec), gai_strerror(error));
	/* libmilter takes the first one that can be bound, too. */
	for (struct addrinfo *a = found; a != NULL && status != 0;
	     a = a->ai_next) {
		CLEANUP(fd_close)
		int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		/* As libmilter does: a port that was just left is free. */
		if (fd >= 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
			0 &&
		    bind(fd, a->ai_addr, a->ai_addrlen) == 0) {
			status = 0;
			continue;
		}
		error = errno;
		err_set(err,
		    error == EADDRINUSE || error == EMFILE || error == ENFILE ||
			    error == ENOBUFS || error == ENOMEM ?
			ERR_TEMP :
			ERR_CONFIG,
		    "listen: %.*s: %s%s", SLICE_ARGS(spec), strerror(error),
		    error == EADDRNOTAVAIL ?
			": is it an address of this host?" :
			"");
	}
	freeaddrinfo(found);
	return status;
}

int
socket_open(const struct config *config, const struct account *account,
    struct arena *mem, struct err *err)
{
	const char *path = slice_cstr(mem, socket_path(config));
	char *spec = slice_cstr(mem, config->main.listen);
	struct lesser_user lesser;
	int status;

	if (path[0] == '\0') {
		/* libmilter does not say why it fails. */
		if (socket_probe(config, err) != 0)
			return -1;
		if (smfi_setconn(spec) != MI_SUCCESS ||
		    smfi_opensocket(false) != MI_SUCCESS)
			return err_set(
			    err, ERR_TEMP, "listen: cannot open %s", spec);
		return 0;
	}
	if (socket_directory_check(config, account, err) != 0)
		return -1;
	/* The configuration takes no path that does not fit. */
	ENSURE(strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path));
	/*
	 * In a directory that another user can write to root acts as this user,
	 * who then owns the socket: a path that changes under us leads nowhere
	 * else.
	 */
	if (lesser_user_enter(socket_directory_of(path, mem),
		account->socket_gid, mem, &lesser, err) != 0)
		return err_wrap(err, "listen");
	status = open_here(config, account, mem, err);
	lesser_user_leave(&lesser);
	return status;
}
