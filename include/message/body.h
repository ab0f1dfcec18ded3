/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_BODY_H
#define SUBMILTER_MESSAGE_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "message/spool.h"

/*
 * The body of a message as it came: in memory up to a limit, then in a file of
 * the spool. One thread at a time.
 */
struct body {
	const char *directory; /* of the file; outlives the body */
	size_t memory_limit;
	char *data; /* NULL once there is a file, or nothing yet */
	size_t cap;
	struct spool_file file;
	uint64_t size;
};

void body_init(struct body *body, const char *directory, size_t memory_limit);
/* Takes bodies that were never filled, too. */
void body_done(struct body *body);
/* How much of memory_limit another body may take while this one is there. */
size_t body_memory_left(const struct body *body);

/*
 * Keeps a piece. -1 (ERR_TEMP) when the file cannot be made or written, with
 * the directory in *err; the body must then not be used.
 */
MUST_USE int body_add(struct body *body, struct slice chunk, struct err *err);

/*
 * Reads len octets from offset on, all of which are there. -1 (ERR_TEMP) when
 * the file cannot be read. May block on the file.
 */
MUST_USE int body_read(const struct body *body, uint64_t offset, char *ret_data,
    size_t len, struct err *err);

/* A piece fits a packet to the MTA, which has 65,535 octets of a body at most. */
enum { BODY_PIECE_OCTETS = 60000 };

/*
 * The octets from offset on, as many as come at once: before `end`, which is behind
 * offset and not behind the body's end. *ret_piece points into the body, or into
 * buffer. Otherwise as body_read().
 */
MUST_USE int body_piece(const struct body *body, uint64_t offset, uint64_t end,
    char buffer[static BODY_PIECE_OCTETS], struct slice *ret_piece,
    struct err *err);

/* Gives all octets to a function, in pieces. -1: as body_read(). */
MUST_USE int body_pass(const struct body *body,
    void (*take)(void *arg, struct slice piece), void *arg, struct err *err);

#endif
