/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the load generator share. */
#ifndef SUBMILTER_BENCH_LOAD_PRIV_H
#define SUBMILTER_BENCH_LOAD_PRIV_H

#include <stdio.h>

#include "load.h"

enum {
	LINK_OUT_OCTETS = 32 * 1024,
	/* The largest packet of a milter is a piece of a new body. */
	LINK_IN_OCTETS = 2 * LOAD_CHUNK_OCTETS,
	LINK_LIST_OCTETS = 512,
};

/* In the order in which they are sent. */
enum load_step {
	STEP_NEGOTIATE,
	STEP_READY, /* not sent: until all are, and there is a message to send */
	STEP_CONNECT,
	STEP_HELO,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_FIELD,
	STEP_END_OF_HEADER,
	STEP_BODY,
	STEP_END,
};

/* A connection. */
struct load_link {
	int fd;
	enum load_step step;
	bool awaits;	    /* the reply to `step` */
	bool connected;	    /* the milter knows of a client */
	unsigned long sent; /* messages */
	uint32_t flags;	    /* SMFIP_*, as the milter wants it */
	char lists[LOAD_STAGES][LINK_LIST_OCTETS];

	/* The message. */
	struct load_author author;
	double began, ended;
	size_t at; /* field, or piece of the body */
	unsigned signatures;

	char out[LINK_OUT_OCTETS];
	size_t out_at, out_len;
	const char *tail; /* to be written behind `out`: of the body */
	size_t tail_len;
	char in[LINK_IN_OCTETS];
	size_t in_len;
};

/*
 * Writes name and value of each macro of a list that this MTA has. Returns the
 * length.
 */
size_t load_macros_write(char *out, size_t size, const struct load_mta *mta,
    const char *list, const char *sender, const struct load_author *author);

/* Connects, and waits for that. Ends the program if it cannot. */
int link_connect(const char *address);

/* Adds a packet to what is to be written. */
void link_add(
    struct load_link *link, char command, const char *data, size_t len);

/* Writes what it can: whether all is written. */
bool link_flush(struct load_link *link);

/*
 * Reads what is there. link_packet() then gives one packet after the other, until
 * it returns false. `*ret_data` is valid until the next call.
 */
void link_read(struct load_link *link);
bool link_packet(struct load_link *link, char *ret_command, char **ret_data,
    size_t *ret_len);

/* Takes the milter's answer to the offer. */
void link_negotiated(
    struct load_link *link, const struct load_mta *mta, char *data, size_t len);

#endif
