/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a new file in the place of an old one, all of it or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descend.h"
#include "base/file.h"

static int
file_replace_write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t done = write(fd, text.data, text.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		text = slice_from(text, (size_t)done);
	}
	return 0;
}

int
file_replace(struct slice path, struct slice text, mode_t mode, struct err *err)
{
	size_t slash = slice_find_last(path, '/');
	struct slice parent = slash == path.len ? SLICE(".") :
	    slash == 0				? SLICE("/") :
						  slice_sub(path, 0, slash);
	const char *name, *new;
	CLEANUP(arena_done) struct arena mem;
	int directory, fd;
	bool done;

	arena_init(&mem);
	if (descend_alone(slice_cstr(&mem, parent), &mem, &directory, err) != 0)
		return -1;
	name = slice_cstr(
	    &mem, slash == path.len ? path : slice_from(path, slash + 1));
	new = slice_format(&mem, "%s.new", name).data;
	/* A process that was killed while it wrote may have left one. */
	(void)unlinkat(directory, new, 0);
	fd = openat(directory, new,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	/* The mode is the caller's, whatever the umask is. */
	done = fd >= 0 && fchmod(fd, mode) == 0 &&
	    file_replace_write_all(fd, text) == 0;
	if (fd >= 0 && (close(fd) != 0 || !done))
		done = false;
	done = done && renameat(directory, new, directory, name) == 0;
	if (!done) {
		err_set(err, ERR_CONFIG, "%s: %s", slice_cstr(&mem, path),
		    strerror(errno));
		if (fd >= 0)
			(void)unlinkat(directory, new, 0);
	}
	(void)close(directory);
	return done ? 0 : -1;
}
