/* SPDX-License-Identifier: BSD-2-Clause */
/* A body that is kept: in memory, or if it is large in a file. */
#include "message/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/metrics.h"

enum { FIRST_OCTETS = 4096 };
/* Where a body is, as METRIC_BODY_OCTETS has it. */
enum { IN_MEMORY, IN_FILE };

static void
body_count(const struct body *body, long octets)
{
	metric_add(METRIC_BODY_OCTETS, body->data != NULL ? IN_MEMORY : IN_FILE,
	    octets);
}

void
body_init(struct body *body, const char *directory, size_t memory_limit)
{
	*body = (struct body){ .directory = directory,
		.memory_limit = memory_limit,
		.file.fd = -1 };
}

void
body_done(struct body *body)
{
	body_count(body, -(long)body->size);
	free(body->data);
	spool_give_back(&body->file, body->directory);
	body_init(body, body->directory, body->memory_limit);
}

size_t
body_memory_left(const struct body *body)
{
	return body->data != NULL ? body->memory_limit - (size_t)body->size :
				    body->memory_limit;
}

/* What is in memory goes to a file. */
static int
move_to_file(struct body *body, struct err *err)
{
	if (spool_take(body->directory, &body->file, err) != 0 ||
	    spool_write(&body->file, body->directory, 0, body->data,
		(size_t)body->size, err) != 0)
		return -1;
	metric_add(METRIC_BODY_FILES, 0, 1);
	body_count(body, -(long)body->size);
	free(body->data);
	body->data = NULL;
	body_count(body, (long)body->size);
	return 0;
}

int
body_add(struct body *body, struct slice chunk, struct err *err)
{
	uint64_t size = body->size + chunk.len;

	if (chunk.len == 0)
		return 0;
	if (body->file.fd < 0 && size > body->memory_limit &&
	    move_to_file(body, err) != 0)
		return -1;
	if (body->file.fd >= 0) {
		if (spool_write(&body->file, body->directory, body->size,
			chunk.data, chunk.len, err) != 0)
			return -1;
		body->size = size;
		body_count(body, (long)chunk.len);
		return 0;
	}
	if (size > body->cap) {
		size_t cap = body->cap == 0 ? FIRST_OCTETS : body->cap;

		while (cap < size)
			cap *= 2;
		body->data = realloc(body->data, cap);
		ENSURE(body->data != NULL);
		body->cap = cap;
	}
	memcpy(body->data + body->size, chunk.data, chunk.len);
	body->size = size;
	body_count(body, (long)chunk.len);
	return 0;
}

int
body_read(const struct body *body, uint64_t offset, char *ret_data, size_t len,
    struct err *err)
{
	ENSURE(offset <= body->size && len <= body->size - offset);
	if (len == 0)
		return 0;
	if (body->file.fd < 0) {
		memcpy(ret_data, body->data + offset, len);
		return 0;
	}
	while (len > 0) {
		ssize_t done =
		    pread(body->file.fd, ret_data, len, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return err_set(err, ERR_TEMP, "%s: %s", body->directory,
			    done < 0 ? strerror(errno) : "the file is short");
		ret_data += done;
		offset += (uint64_t)done;
		len -= (size_t)done;
	}
	return 0;
}

int
body_piece(const struct body *body, uint64_t offset, uint64_t end,
    char buffer[static BODY_PIECE_OCTETS], struct slice *ret_piece,
    struct err *err)
{
	size_t len;

	ENSURE(offset < end && end <= body->size);
	len = end - offset < BODY_PIECE_OCTETS ? (size_t)(end - offset) :
						 BODY_PIECE_OCTETS;
	if (body->file.fd < 0) {
		*ret_piece = (struct slice){ body->data + offset,
			(size_t)(end - offset) };
		return 0;
	}
	if (body_read(body, offset, buffer, len, err) != 0)
		return -1;
	*ret_piece = (struct slice){ buffer, len };
	return 0;
}

int
body_pass(const struct body *body, void (*take)(void *arg, struct slice piece),
    void *arg, struct err *err)
{
	char buffer[BODY_PIECE_OCTETS];
	struct slice piece;

	for (uint64_t at = 0; at < body->size; at += piece.len) {
		if (body_piece(body, at, body->size, buffer, &piece, err) != 0)
			return -1;
		take(arg, piece);
	}
	return 0;
}
