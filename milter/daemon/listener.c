/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptor at which libmilter waits for connections. libmilter keeps it
 * to itself, looks only every five seconds whether it shall end, and never
 * notices that the file of its socket is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/file.h"
#include "daemon_priv.h"

enum { BACKLOG = 128 };

static bool
is_listening(int fd)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    listens != 0;
}

void
listener_start(
    struct listener *listener, const char *path, mode_t mode, gid_t gid)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;

	*listener = (struct listener){
		.fd = -1, .path = path, .mode = mode, .gid = gid
	};
	/* The one socket of this process that takes connections. */
	while (directory != NULL && listener->fd < 0 &&
	    (entry = readdir(directory)) != NULL) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && is_listening(fd))
			listener->fd = fd;
	}
	if (directory != NULL)
		(void)closedir(directory);
	if (path != NULL && lstat(path, &listener->file) != 0)
		listener->path = NULL;
}

void
listener_wake(const struct listener *listener)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	CLEANUP(fd_close) int fd = -1;

	if (listener->fd < 0 ||
	    getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0)
		return;
	fd = socket(
	    address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		(void)!connect(fd, (const struct sockaddr *)&address, len);
}

bool
listener_is_closed(const struct listener *listener)
{
	return listener->fd >= 0 && !is_listening(listener->fd);
}

bool
listener_is_open(const struct listener *listener)
{
	struct stat now;

	return listener->fd >= 0 && is_listening(listener->fd) &&
	    (listener->path == NULL ||
		(lstat(listener->path, &now) == 0 && S_ISSOCK(now.st_mode)));
}

static bool
listener_is_there(const struct listener *listener)
{
	struct stat now;

	return lstat(listener->path, &now) == 0 && S_ISSOCK(now.st_mode) &&
	    now.st_dev == listener->file.st_dev &&
	    now.st_ino == listener->file.st_ino;
}

void
listener_remove(const struct listener *listener)
{
	/* Root, in a directory of others, might be led elsewhere. */
	if (listener->path != NULL && geteuid() != 0 &&
	    listener_is_there(listener))
		(void)unlink(listener->path);
}

/* A new file under that path; what stands there already stays. */
static int
bind_again(struct listener *listener)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(fd_close)
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int flags = fcntl(listener->fd, F_GETFL);
	mode_t old_mask;
	int status;

	memcpy(address.sun_path, listener->path, strlen(listener->path));
	old_mask = umask(0777 & ~listener->mode);
	status = fd < 0 ?
	    -1 :
	    bind(fd, (const struct sockaddr *)&address, sizeof(address));
	(void)umask(old_mask);
	if (status != 0 || flags < 0 || listen(fd, BACKLOG) != 0 ||
	    fcntl(fd, F_SETFL, flags) != 0 ||
	    lstat(listener->path, &listener->file) != 0)
		return -1;
	/* As at the start: where it fails, the directory gives the group. */
	(void)!fchownat(AT_FDCWD, listener->path, (uid_t)-1, listener->gid,
	    AT_SYMLINK_NOFOLLOW);
	return dup2(fd, listener->fd) < 0 ? -1 : 0;
}

void
listener_look(struct listener *listener)
{
	if (listener->path == NULL || listener->fd < 0 ||
	    listener_is_there(listener)) {
		listener->is_lost = false;
		return;
	}
	/* Root, in a directory of others, might be led elsewhere. */
	if (geteuid() == 0)
		errno = EPERM;
	else if (bind_again(listener) == 0) {
		log_write(LOG_LEVEL_WARNING,
		    "the socket %s was removed: it is "
		    "there again",
		    listener->path);
		return;
	}
	if (!listener->is_lost)
		log_write(LOG_LEVEL_ERROR,
		    "the socket %s was removed, and no "
		    "MTA reaches this process until a restart: %s",
		    listener->path, strerror(errno));
	listener->is_lost = true;
}
