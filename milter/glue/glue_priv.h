/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_GLUE_PRIV_H
#define SUBMILTER_GLUE_PRIV_H

#include <libmilter/mfapi.h>

#include "pipeline/pipeline.h"

/* What both sides of a connection agreed on: SMFIF_* and SMFIP_*. */
struct terms {
	unsigned long actions;
	unsigned long steps;
};

/*
 * The most that an MTA's offer allows. -1: this configuration needs something
 * that it lacks; the log says what. Other things that are missing are logged
 * once each. Thread-safe.
 */
MUST_USE int terms_agree(const struct config *config, unsigned long actions,
    unsigned long steps, struct terms *ret_terms);
/*
 * What an MTA of version 6 has agreed to, where it is not known any more what
 * was asked of it: it may wait for no reply to MAIL, and none to the body.
 */
struct terms terms_full(void);
/* Whether any connection has been served with less so far. */
bool terms_were_cut(void);

/*
 * One connection. Callbacks of a connection never overlap but
 * may each run on another thread, so all of it hangs on smfi_setpriv().
 */
struct session {
	struct terms terms;
	bool connected;		    /* the fields below count */
	struct client_facts client; /* what is said at connect, in mem */
	struct arena mem;	    /* as long as the connection */
	struct message *message;    /* NULL between messages */
	unsigned long number;	    /* see accounting_session() */
	uint64_t octets;	    /* of the message so far, as they came */
};

/*
 * The macros that each stage is asked for. Nothing has to be configured in the
 * MTA for them.
 */
MUST_USE bool macros_request(SMFICTX *ctx);
/* Fills what the MTA's macros say at a stage. Slices point into libmilter. */
void macros_read(
    SMFICTX *ctx, enum fact_stage stage, struct client_facts *client);
struct slice macro_get(SMFICTX *ctx, const char *name);

/*
 * Every packet is checked before libmilter sees it: one that libmilter would read
 * beyond ends the session, with a line in the log, and not the process. This is
 * whether packets come this way; known from the first one on.
 */
bool guard_works(void);
/*
 * In a callback, where they come this way: whether the packet at hand is the end
 * of a message, which may have the last piece of the body with it.
 */
bool guard_at_end(void);
/* Whether any has been read before libmilter asked for it: see packet_ahead.c. */
bool packets_come_ahead(void);
/* Looks up libmilter's own functions. Before libmilter has threads. */
void ahead_start(void);

/* A larger packet ends the connection. */
enum { MAX_PACKET_BYTES = 1024 * 1024 };

/*
 * Gives the MTA the body as it goes on, if that is another one, and every
 * change of the header, signatures last. The MTA itself puts a blank behind the
 * colon where steps lack SMFIP_HDR_LEADSPC. -1 (ERR_TEMP) when it does not take
 * a change, or the body cannot be read: the message must then not go on.
 */
MUST_USE int message_apply(SMFICTX *ctx, const struct message *message,
    unsigned long steps, struct err *err);

/* Has the MTA keep the message back, and say why; -1 if it does not. */
MUST_USE int hold_message(
    SMFICTX *ctx, const struct verdict *verdict, struct err *err);

/* The SMTP reply of a verdict, and what the callback returns. */
sfsistat verdict_reply(SMFICTX *ctx, const struct verdict *verdict);

#endif
