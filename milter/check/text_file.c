/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of bounded size: from a file, or from a child process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/check.h"
#include "base/file.h"

enum { MAX_TEXT_BYTES = 1 << 20 };

/* All that can be read from fd, at most max octets; -1 sets errno. */
int
fd_read_all(int fd, struct arena *mem, size_t max, struct slice *ret_text)
{
	char chunk[4096];
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		if (text.len + (size_t)got > max) {
			errno = EFBIG;
			return -1;
		}
		strbuf_add(&text, (struct slice){ chunk, (size_t)got });
	}
	*ret_text = strbuf_slice(&text);
	return 0;
}

int
text_file_read(const char *path, struct arena *mem, struct slice *ret_text,
    struct err *err)
{
	int fd CLEANUP(fd_close) =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_set(err,
		    errno == EMFILE || errno == ENFILE || errno == EIO ?
			ERR_TEMP :
			ERR_CONFIG,
		    "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(
		    err, ERR_CONFIG, "%s is not a regular file", path);
	if (fd_read_all(fd, mem, MAX_TEXT_BYTES, ret_text) != 0)
		return err_set(err, errno == EFBIG ? ERR_CONFIG : ERR_TEMP,
		    "%s: %s", path, strerror(errno));
	return 0;
}
