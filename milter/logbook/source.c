/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of a file that may be compressed. */
#include "logbook/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/file.h"

enum { PACKED_OCTETS = 64 * 1024, ROOM = 4 * LOG_SOURCE_LINE_OCTETS };

struct log_source {
	int fd;
	int64_t time;
	uint64_t octets_read;
	bool at_end; /* of the file */
	bool is_packed;
	bool in_member; /* of a compressed file, which may have several */
	z_stream zip;
	char name[200];
	size_t packed_len; /* octets in packed that were read first */
	size_t begin, end; /* what stands in text, and was not given yet */
	char packed[PACKED_OCTETS];
	char text[ROOM];
};

/* Other ways to compress, by their first octets, and what unpacks them. */
static const struct packer {
	struct slice magic;
	const char *command;
} packers[] = {
	{ { "\xfd"
	    "7zXZ",
	      5 },
	    "xzcat" },
	{ { "\x28\xb5\x2f\xfd", 4 }, "zstdcat" },
	{ { "BZh", 3 }, "bzcat" },
	{ { "\x04\x22\x4d\x18", 4 }, "lz4cat" },
	{ { "LPKSHHRH", 8 }, "journalctl -o export --file" },
};

static int
source_fail(const struct log_source *source, struct err *err, const char *why)
{
	return err_set(err, ERR_CONFIG, "%s: %s", source->name, why);
}

/* Octets of the file; 0 at its end, -1 with *err. */
static ssize_t
read_file(struct log_source *source, char *to, size_t room, struct err *err)
{
	ssize_t got;

	do
		got = read(source->fd, to, room);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return source_fail(source, err, strerror(errno));
	source->octets_read += (uint64_t)got;
	return got;
}

/* The first octets say how the file is to be read. */
static int
begin_reading(struct log_source *source, struct err *err)
{
	struct slice first;
	ssize_t got;

	while (source->packed_len < 16) {
		got = read_file(source, source->packed + source->packed_len,
		    sizeof(source->packed) - source->packed_len, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		source->packed_len += (size_t)got;
	}
	first = (struct slice){ source->packed, source->packed_len };
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		if (slice_starts(first, packers[i].magic))
			return err_set(err, ERR_CONFIG,
			    "%s: compressed in another way than by gzip; give "
			    "what \"%s\" prints of it to standard input (-)",
			    source->name, packers[i].command);
	}
	if (slice_starts(first, (struct slice){ "\x1f\x8b", 2 })) {
		if (inflateInit2(&source->zip, 15 + 16) != Z_OK)
			return source_fail(source, err, "out of memory");
		source->is_packed = true;
		source->in_member = true;
		source->zip.next_in = (unsigned char *)source->packed;
		source->zip.avail_in = (unsigned int)source->packed_len;
	} else {
		memcpy(source->text, source->packed, source->packed_len);
		source->end = source->packed_len;
	}
	return 0;
}

int
log_source_open(
    const char *path, int fd, struct log_source **ret_source, struct err *err)
{
	struct log_source *source;
	struct stat st;

	source = calloc(1, sizeof(*source));
	ENSURE(source != NULL);
	source->time = clock_now();
	source->fd = fd < 0 ? STDIN_FILENO : fd;
	(void)snprintf(source->name, sizeof(source->name), "%s",
	    strcmp(path, "-") == 0 ? "standard input" : path);
	if (fd < 0 && strcmp(path, "-") != 0) {
		source->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (source->fd < 0) {
			(void)source_fail(source, err, strerror(errno));
			log_source_close(source);
			return -1;
		}
	}
	if (fstat(source->fd, &st) == 0 && S_ISREG(st.st_mode))
		source->time = st.st_mtime;
	if (begin_reading(source, err) != 0) {
		log_source_close(source);
		return -1;
	}
	*ret_source = source;
	return 0;
}

void
log_source_close(struct log_source *source)
{
	if (source == NULL)
		return;
	if (source->is_packed)
		(void)inflateEnd(&source->zip);
	if (source->fd != STDIN_FILENO)
		fd_close(&source->fd);
	free(source);
}

uint64_t
log_source_octets_read(const struct log_source *source)
{
	return source->octets_read;
}

int64_t
log_source_time(const struct log_source *source)
{
	return source->time;
}

/* More octets of a compressed file; as read_file(). */
static ssize_t
unpack(struct log_source *source, char *to, size_t room, struct err *err)
{
	z_stream *zip = &source->zip;

	zip->next_out = (unsigned char *)to;
	zip->avail_out = (unsigned int)room;
	while (zip->avail_out == room) {
		int result;

		if (zip->avail_in == 0) {
			ssize_t got = read_file(
			    source, source->packed, PACKED_OCTETS, err);

			if (got < 0)
				return -1;
			if (got == 0 && source->in_member)
				return source_fail(source, err,
				    "the compressed file ends too early");
			if (got == 0)
				return 0;
			zip->next_in = (unsigned char *)source->packed;
			zip->avail_in = (unsigned int)got;
		}
		/* gzip(1): files that are put together are one; NULs may follow. */
		if (!source->in_member && *zip->next_in == '\0') {
			zip->next_in++;
			zip->avail_in--;
			continue;
		}
		if (!source->in_member && inflateReset(zip) != Z_OK)
			return source_fail(source, err, "zlib fails");
		source->in_member = true;
		result = inflate(zip, Z_NO_FLUSH);
		if (result == Z_STREAM_END)
			source->in_member = false;
		else if (result != Z_OK && result != Z_BUF_ERROR)
			return source_fail(
			    source, err, "what is compressed here is damaged");
	}
	return (ssize_t)(room - zip->avail_out);
}

/* Whether there is more text behind what there was; -1 with *err. */
static int
read_more(struct log_source *source, struct err *err)
{
	ssize_t got;

	if (source->at_end)
		return 0;
	if (source->begin != 0) {
		memmove(source->text, source->text + source->begin,
		    source->end - source->begin);
		source->end -= source->begin;
		source->begin = 0;
	}
	got = (source->is_packed ? unpack : read_file)(
	    source, source->text + source->end, ROOM - source->end, err);
	if (got < 0) {
		source->at_end = true;
		return -1;
	}
	source->at_end = got == 0;
	source->end += (size_t)got;
	return got != 0;
}

/* Passes over the rest of a line that is too long. */
static int
pass_over_line(struct log_source *source, struct err *err)
{
	for (;;) {
		const char *from = source->text + source->begin;
		const char *lf =
		    memchr(from, '\n', source->end - source->begin);
		int more;

		if (lf != NULL) {
			source->begin += (size_t)(lf - from) + 1;
			return 0;
		}
		source->begin = source->end;
		more = read_more(source, err);
		if (more <= 0)
			return more;
	}
}

enum log_source_got
log_source_next(
    struct log_source *source, struct slice *ret_line, struct err *err)
{
	static const char too_long[] = "(a line that is too long)";
	size_t seen = 0, len;

	for (;;) {
		const char *from = source->text + source->begin;
		size_t there = source->end - source->begin;
		const char *lf = there == seen ?
		    NULL :
		    memchr(from + seen, '\n', there - seen);
		int more;

		if (lf != NULL) {
			len = (size_t)(lf - from);
			source->begin += len + 1;
			if (len != 0 && from[len - 1] == '\r')
				len--;
			*ret_line = (struct slice){ from, len };
			return LOG_SOURCE_LINE;
		}
		if (there > LOG_SOURCE_LINE_OCTETS) {
			if (pass_over_line(source, err) < 0)
				return LOG_SOURCE_FAILED;
			*ret_line = slice_of(too_long);
			return LOG_SOURCE_LONG;
		}
		seen = there;
		more = read_more(source, err);
		if (more < 0)
			return LOG_SOURCE_FAILED;
		if (more == 0 && there == 0)
			return LOG_SOURCE_END;
		if (more == 0) {
			*ret_line =
			    (struct slice){ source->text + source->begin,
				    there };
			source->begin = source->end;
			return LOG_SOURCE_LINE;
		}
	}
}

enum log_source_got
log_source_octets(struct log_source *source, uint64_t count,
    struct slice *ret_octets, struct err *err)
{
	size_t there;
	int more;

	while ((there = source->end - source->begin) < count) {
		/* What has no room is passed over. */
		if (there > LOG_SOURCE_LINE_OCTETS) {
			count -= there;
			source->begin = source->end;
		}
		more = read_more(source, err);
		if (more < 0)
			return LOG_SOURCE_FAILED;
		if (more == 0)
			return LOG_SOURCE_END;
	}
	*ret_octets =
	    (struct slice){ source->text + source->begin, (size_t)count };
	source->begin += (size_t)count;
	return LOG_SOURCE_LINE;
}
