/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of the milter protocol, between libmilter and the kernel. Functions of
 * libmilter that ours come before are declared here, since mfapi.h has none of
 * them. They are as in 8.17.
 */
#ifndef SUBMILTER_GLUE_PACKET_PRIV_H
#define SUBMILTER_GLUE_PACKET_PRIV_H

#include "glue_priv.h"

#include <stddef.h>
#include <sys/time.h>

/*
 * The next packet of a session: its data, which the caller frees, or NULL if it
 * has none. NULL and a command below ' ' mean that the session is over. Waits up
 * to *timeout for each piece of it.
 */
typedef char *read_packet_fn(int fd, struct timeval *timeout, char *command,
    size_t *ret_len, char *name);
extern read_packet_fn mi_rd_cmd;

/*
 * Sends one packet: a reply, or a change of a message. MI_FAILURE if the MTA is
 * gone, or takes nothing for *timeout.
 */
typedef int send_packet_fn(
    int fd, struct timeval *timeout, int command, char *data, size_t len);
extern send_packet_fn mi_wr_cmd;

/*
 * Serves a session on this thread until all that its MTA sent is answered (1),
 * or the session is over.
 */
typedef int engine_fn(SMFICTX *ctx);
extern engine_fn mi_engine;

/* serve(ctx), for which this thread reads ahead until it returns. */
int ahead_run(engine_fn *serve, SMFICTX *ctx);
/* What libmilter's mi_rd_cmd() does; reads ahead where that is safe. */
read_packet_fn ahead_read;
/*
 * Whether something happens on the connection for which poll() has these events,
 * be it an error or the end, within *timeout.
 */
MUST_USE bool packet_wait(int fd, short events, const struct timeval *timeout);

enum {
	HEAD_OCTETS = 5, /* the length of the rest in four, and the command */
	HELD_OCTETS = 4096
};

/* Whole packets that go to the MTA with the next reply. */
struct held_packets {
	size_t len;
	char data[HELD_OCTETS];
};

/*
 * Those of the session that this thread serves on `fd`; NULL if it is none of
 * which packets are read ahead.
 */
struct held_packets *ahead_held(int fd);

#endif
