/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_BODY_WRITER_PRIV_H
#define SUBMILTER_REPAIR_BODY_WRITER_PRIV_H

#include "repair/repair_body.h"

/* Whole pages, from one boundary to the next: the kernel writes those faster. */
enum { GATHERED_OCTETS = 65536 };

/* A body on its way out. */
struct writer {
	const struct body_plan *plan;
	const struct body *body;
	const struct body_target *target;
	struct arena mem; /* for the header at hand */
	uint64_t at;	  /* of the old body, how far it is written */
	size_t column;	  /* beside parts, in base64 */
	size_t blanks;	  /* beside parts, not written yet */
	bool pending_cr;
	char last[2];	 /* the last octets that went out */
	bool quoted_end; /* and they are quoted-printable */
	bool is_behind;	 /* what is gathered is behind target->end */
	size_t gathered_len;
	char *gathered; /* GATHERED_OCTETS */
	struct err *err;
};

/* Text that goes out; arg: a struct writer. It is gathered. */
void writer_add(void *arg, struct slice text);
/* Hands on what is gathered. */
void writer_flush(struct writer *writer);
/* Octets of the old body, from where we are to an offset. */
MUST_USE int writer_copy_to(struct writer *writer, uint64_t end);
/* The same through a function, which gets them in pieces. */
MUST_USE int writer_pass_to(struct writer *writer, uint64_t end,
    void (*take)(void *arg, struct slice text), void *arg);
/* The same, of a part that is `from`: decoded, or in another encoding. */
MUST_USE int writer_recode_to(struct writer *writer, uint64_t end,
    enum transfer_encoding from, const struct part_plan *want);

#endif
