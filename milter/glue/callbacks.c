/* SPDX-License-Identifier: BSD-2-Clause */
/* What libmilter calls for a connection and its messages. */
#include "glue/callbacks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "glue/accounting.h"
#include "glue/tally.h"
#include "glue_priv.h"

/* Where messages take their snapshot from; set once, before libmilter runs. */
static struct snapshot_slot *current;
/* One line of the log is enough. */
static atomic_bool told_of_guard, told_of_reading;

static struct session *
session_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

static void
end_message(struct session *session)
{
	message_free(session->message);
	session->message = NULL;
}

/* The record of a message that goes on, or is kept back. */
static void
account_for(const struct session *session, const struct verdict *verdict,
    struct slice qid)
{
	struct arena *mem = message_arena(session->message);

	if (!accounting_is_on() ||
	    (verdict->action != ACTION_ACCEPT &&
		verdict->action != ACTION_HOLD))
		return;
	accounting_add(
	    &(struct table_record){
		.login = message_submitter(session->message)->login,
		.client = net_addr_text(mem, &session->client.addr),
		.message = qid,
		.octets = session->octets,
		.recipients = message_recipients(session->message),
		.when = clock_now(),
	    },
	    session->number);
}

/* Tells the log and the MTA what becomes of the message, and lets it go. */
static sfsistat
callbacks_conclude(
    SMFICTX *ctx, struct session *session, const struct verdict *verdict)
{
	struct slice qid = macro_get(ctx, "i");
	struct slice line = pipeline_log_line(session->message, qid, verdict);
	sfsistat status = verdict_reply(ctx, verdict);

	/* A login at its limit is no fault of ours. */
	log_write_line(verdict->action == ACTION_TEMPFAIL &&
		    verdict->reason != REASON_LIMITS ?
		LOG_LEVEL_WARNING :
		LOG_LEVEL_INFO,
	    line);
	message_settle(session->message, verdict);
	tally_add(verdict, qid);
	message_count(session->message, verdict);
	account_for(session, verdict, qid);
	end_message(session);
	return status;
}

/* The largest piece that an MTA sends of a body (MILTER_CHUNK_SIZE). */
enum { FULL_CHUNK_OCTETS = 65535 };

static sfsistat
on_close(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);

	if (session == NULL)
		return SMFIS_CONTINUE;
	end_message(session);
	metric_add(METRIC_CONNECTIONS, 0, -1);
	arena_done(&session->mem);
	free(session);
	(void)smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

static struct session *
session_new(SMFICTX *ctx, struct terms terms)
{
	struct session *session = calloc(1, sizeof(*session));

	ENSURE(session != NULL);
	session->terms = terms;
	session->number = accounting_session();
	arena_init(&session->mem);
	metric_add(METRIC_CONNECTIONS, 0, 1);
	ENSURE(smfi_setpriv(ctx, session) == MI_SUCCESS);
	return session;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long unused0, unsigned long unused1, unsigned long *ret_actions,
    unsigned long *ret_steps, unsigned long *ret_unused0,
    unsigned long *ret_unused1)
{
	struct snapshot *snapshot = snapshot_acquire(current);
	struct terms terms;
	int status = terms_agree(snapshot->config, actions, steps, &terms);

	(void)unused0;
	(void)unused1;
	snapshot_unref(snapshot);
	if (!guard_works() && !atomic_exchange(&told_of_guard, true))
		log_write(LOG_LEVEL_WARNING,
		    "this libmilter does not let its packets be "
		    "checked: any client that can connect can end the process");
	if (!packets_come_ahead() && !atomic_exchange(&told_of_reading, true))
		log_write(LOG_LEVEL_INFO,
		    "this libmilter reads its packets itself, one by one: a "
		    "message takes more system calls");
	if (status != 0)
		return SMFIS_REJECT;
	if ((terms.actions & SMFIF_SETSYMLIST) != 0 && !macros_request(ctx)) {
		log_write(LOG_LEVEL_ERROR, "libmilter takes no list of macros");
		return SMFIS_REJECT;
	}
	(void)on_close(ctx);
	(void)session_new(ctx, terms);
	metric_add(METRIC_CONNECTED, 0, 1);
	*ret_actions = terms.actions;
	*ret_steps = terms.steps;
	*ret_unused0 = 0;
	*ret_unused1 = 0;
	return SMFIS_CONTINUE;
}

/* An event of a message that no MAIL began is never accepted. */
static sfsistat
out_of_order(void)
{
	log_write(LOG_LEVEL_ERROR, "the MTA sent events out of order");
	return SMFIS_TEMPFAIL;
}

static sfsistat
on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *hostaddr)
{
	struct session *session = session_of(ctx);
	struct terms terms;

	(void)hostname;
	/*
	 * Another client over the same connection: the terms of the connection
	 * hold, but they went with the session of the client before.
	 */
	if (session == NULL && terms_were_cut()) {
		(void)out_of_order();
		return SMFIS_NOREPLY;
	}
	terms = session != NULL ? session->terms : terms_full();
	(void)on_close(ctx);
	session = session_new(ctx, terms);
	session->connected = true;
	if (!net_addr_from_sockaddr(hostaddr, &session->client.addr))
		session->client.addr.bits = 0;
	macros_read(ctx, FACT_AT_CONNECT, &session->client);
	client_facts_keep(&session->client, &session->mem);
	return SMFIS_NOREPLY;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);
	struct mail_facts facts = { .path = slice_of(argv[0]) };
	struct snapshot *snapshot;
	struct verdict verdict;

	if (session == NULL || !session->connected)
		return out_of_order();
	end_message(session);
	session->octets = 0;
	facts.client = session->client;
	macros_read(ctx, FACT_AT_MAIL, &facts.client);
	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
		if (slice_eq_nocase(slice_of(argv[i]), SLICE("SMTPUTF8")))
			facts.smtputf8 = true;
	}
	snapshot = snapshot_acquire(current);
	session->message = message_new(snapshot, &facts);
	snapshot_unref(snapshot);
	verdict = pipeline_mail(session->message);
	/*
	 * Nobody waits for a reply: the configuration refused nothing here when
	 * the MTA connected. The end of the header comes to the same verdict.
	 */
	if ((session->terms.steps & SMFIP_NR_MAIL) != 0)
		return SMFIS_NOREPLY;
	if (verdict.action != ACTION_ACCEPT)
		return callbacks_conclude(ctx, session, &verdict);
	return SMFIS_CONTINUE;
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);

	if (session != NULL && session->message != NULL)
		pipeline_rcpt(session->message, slice_of(argv[0]));
	return SMFIS_NOREPLY;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = session_of(ctx);
	struct arena mem;
	struct strbuf whole;

	if (session == NULL || session->message == NULL)
		return SMFIS_NOREPLY;
	/* A colon, and CR LF. */
	session->octets += strlen(name) + strlen(value) + 3;
	if ((session->terms.steps & SMFIP_HDR_LEADSPC) != 0) {
		message_add_header(
		    session->message, slice_of(name), slice_of(value));
		return SMFIS_NOREPLY;
	}
	/* The MTA took the blank behind the colon off. */
	arena_init(&mem);
	strbuf_init(&whole, &mem);
	strbuf_add_char(&whole, ' ');
	strbuf_add_cstr(&whole, value);
	message_add_header(
	    session->message, slice_of(name), strbuf_slice(&whole));
	arena_done(&mem);
	return SMFIS_NOREPLY;
}

static sfsistat
on_end_of_header(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);
	struct verdict verdict;

	if (session == NULL || session->message == NULL)
		return out_of_order();
	verdict = pipeline_header(session->message);
	if (verdict.action != ACTION_ACCEPT)
		return callbacks_conclude(ctx, session, &verdict);
	/* Nothing will be changed or signed: the body need not come here. */
	if (!message_has_edits(session->message) && !accounting_is_on()) {
		(void)callbacks_conclude(ctx, session, &verdict);
		return SMFIS_ACCEPT;
	}
	return SMFIS_CONTINUE;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
	struct session *session = session_of(ctx);

	if (session == NULL || session->message == NULL)
		return SMFIS_CONTINUE;
	session->octets += len;
	pipeline_body(
	    session->message, (struct slice){ (const char *)chunk, len });
	/*
	 * An MTA may send the last piece along with the end of the message;
	 * libmilter then calls this function first, and the one for the end
	 * only after "continue".
	 */
	if ((session->terms.steps & SMFIP_NR_BODY) != 0)
		return guard_at_end() ? SMFIS_CONTINUE : SMFIS_NOREPLY;
	/*
	 * Nothing will be signed: the rest need not come here. This is said of
	 * a full piece only, which is hardly the last.
	 */
	if (len >= FULL_CHUNK_OCTETS && !accounting_is_on() &&
	    (session->terms.steps & SMFIP_SKIP) != 0 &&
	    !message_needs_body(session->message))
		return SMFIS_SKIP;
	return SMFIS_CONTINUE;
}

static sfsistat
on_end_of_message(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);
	struct verdict verdict;
	struct err err;

	/* libmilter lets the end come without an end of the header. */
	if (session == NULL || session->message == NULL ||
	    message_edits(session->message) == NULL)
		return out_of_order();
	verdict = pipeline_end(session->message);
	if (((verdict.action == ACTION_ACCEPT ||
		 verdict.action == ACTION_HOLD) &&
		message_apply(
		    ctx, session->message, session->terms.steps, &err) != 0) ||
	    (verdict.action == ACTION_HOLD &&
		hold_message(ctx, &verdict, &err) != 0))
		verdict = verdict_unsure(
		    message_arena(session->message), REASON_APPLY, &err);
	return callbacks_conclude(ctx, session, &verdict);
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);

	if (session != NULL)
		end_message(session);
	return SMFIS_CONTINUE;
}

int
callbacks_register(struct snapshot_slot *slot, struct err *err)
{
	static char name[] = "submilter";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = terms_full().actions,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end_of_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	current = slot;
	ahead_start();
	/*
	 * A header that is too large is refused before, with a reply that says
	 * why.
	 */
	(void)smfi_setmaxdatasize(MAX_PACKET_BYTES);
	if (smfi_register(description) != MI_SUCCESS)
		return err_set(
		    err, ERR_CONFIG, "libmilter refuses to register");
	return 0;
}
