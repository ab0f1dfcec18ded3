/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RADIUS over DTLS (RFC 7360). Its datagrams get lost, so requests are sent
 * again, as without DTLS; and a server that was started anew does not know our
 * association any more and cannot say so. Where an association of earlier
 * look-ups is silent, the same request goes over a new one as well, while the
 * old one is still listened to: the server may only be slow.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "radius_association.h"

enum {
	/*
	 * An association that nobody used for so long is closed (RFC 7360
	 * section 5.2): the NAT of a path may have forgotten it, and the server
	 * may, too.
	 */
	DTLS_IDLE_SECONDS = 60,
	/* Old replies that are passed over before a new request. */
	DTLS_MOST_STALE = 64,
};

struct radius_dtls {
	const struct radius_way *way;
	char *name; /* of the server, in its certificate */
	struct host_addresses addresses;
	size_t at; /* the address that is spoken to */
	struct association current;
	struct association next; /* that takes its place if it answers first */
	bool is_known;		 /* current has answered an earlier look-up */
	uint64_t used_us;	 /* when it did so last */
};

/* What is asked, until when, and where the answer goes. */
struct question {
	const struct radius_packet *request;
	const struct table_context *context;
};

/* With the address that is spoken to. -1: *association is closed. */
static int
open_association(const struct radius_dtls *dtls, uint64_t deadline_us,
    struct association *association, struct err *err)
{
	const struct association_peer peer = { &dtls->way->tls,
		slice_of(dtls->name),
		(const struct sockaddr *)&dtls->addresses.items[dtls->at],
		dtls->addresses.lengths[dtls->at] };

	return association_open(&peer, deadline_us, association, err);
}

/* The addresses of the server in turn. The last one has the time that is left. */
static int
open_any(struct radius_dtls *dtls, uint64_t deadline_us, struct err *err)
{
	for (; dtls->at < dtls->addresses.count; dtls->at++) {
		uint64_t now = clock_monotonic_us();
		uint64_t until = deadline_us <= now ? deadline_us :
						      now +
			(deadline_us - now) /
			    (dtls->addresses.count - dtls->at);

		if (open_association(dtls, until, &dtls->current, err) == 0)
			return 0;
	}
	return -1;
}

int
radius_dtls_open(const struct radius_way *way, const struct server_host *host,
    uint64_t deadline_us, struct radius_dtls **ret_dtls, struct err *err)
{
	struct radius_dtls *dtls = calloc(1, sizeof(*dtls));

	ENSURE(dtls != NULL);
	dtls->way = way;
	dtls->current.fd = dtls->next.fd = -1;
	dtls->name = strndup(host->name.data, host->name.len);
	ENSURE(dtls->name != NULL);
	if (host_resolve(host, deadline_us, &dtls->addresses, err) != 0 ||
	    open_any(dtls, deadline_us, err) != 0) {
		radius_dtls_close(dtls);
		return -1;
	}
	dtls->used_us = clock_monotonic_us();
	*ret_dtls = dtls;
	return 0;
}

void
radius_dtls_close(struct radius_dtls *dtls)
{
	association_close(&dtls->current);
	association_close(&dtls->next);
	free(dtls->name);
	free(dtls);
}

bool
radius_dtls_is_quiet(struct radius_dtls *dtls)
{
	char data[RADIUS_MAX_BYTES];
	struct err unheard;
	size_t len;

	if (clock_monotonic_us() - dtls->used_us >
	    DTLS_IDLE_SECONDS * 1000000ULL)
		return false;
	/* A reply to each copy of the last request may have come. */
	for (int i = 0; i < DTLS_MOST_STALE; i++) {
		int status = association_read(
		    &dtls->current, data, sizeof(data), &len, &unheard);

		if (status <= 0)
			return status == 0;
	}
	return false;
}

static void
send_question(struct association *association, const struct question *question)
{
	const struct radius_packet *request = question->request;
	const struct slice text = { (const char *)request->data, request->len };

	if (association->fd >= 0 &&
	    association_send(association, text, question->context->err) != 0)
		association_close(association);
}

/*
 * Takes what has come over an association. 1: *ret_reply is the reply; 0: there
 * is none yet; -1 (ERR_TEMP): the association failed, and is closed.
 */
static int
take_reply(const struct radius_dtls *dtls, struct association *association,
    const struct question *question, struct slice *ret_reply)
{
	const struct table_context *context = question->context;
	char data[RADIUS_MAX_BYTES];
	int status = association->fd < 0 ? 0 : 1;
	size_t len;

	while (status > 0 && clock_monotonic_us() < context->deadline_us) {
		struct slice reply = { data, 0 };

		status = association_read(
		    association, data, sizeof(data), &len, context->err);
		if (status <= 0)
			break;
		reply.len = len;
		reply = radius_without_padding(reply);
		if (radius_check_reply(
			question->request, reply, dtls->way, context->err) != 0)
			continue;
		*ret_reply = slice_dup(context->mem, reply);
		return 1;
	}
	if (status < 0)
		association_close(association);
	return status < 0 ? -1 : 0;
}

/* Whether there may be something to read, or somebody has failed, until then. */
static bool
wait_for_both(const struct radius_dtls *dtls, uint64_t until_us)
{
	uint64_t now = clock_monotonic_us();
	/* poll() passes over a descriptor below 0. */
	struct pollfd fds[] = { { .fd = dtls->current.fd, .events = POLLIN },
		{ .fd = dtls->next.fd, .events = POLLIN } };

	return now < until_us &&
	    poll(fds, 2, (int)((until_us - now) / 1000 + 1)) != 0;
}

/* The reply came over the next one. */
static void
change_association(struct radius_dtls *dtls)
{
	association_close(&dtls->current);
	dtls->current = dtls->next;
	dtls->next = (struct association){ .fd = -1 };
}

/* Waits until then. As take_reply(); -1: no association is left. */
static int
receive(struct radius_dtls *dtls, const struct question *question,
    uint64_t until_us, struct slice *ret_reply)
{
	do {
		if (take_reply(dtls, &dtls->current, question, ret_reply) > 0)
			return 1;
		if (take_reply(dtls, &dtls->next, question, ret_reply) > 0) {
			change_association(dtls);
			return 1;
		}
		if (dtls->current.fd < 0 && dtls->next.fd < 0)
			return -1;
	} while (wait_for_both(dtls, until_us));
	return 0;
}

/* How long the request waits before it is sent again. */
static uint64_t
first_wait_us(const struct radius_dtls *dtls, uint64_t left_us)
{
	uint64_t wait_us = RADIUS_FIRST_WAIT_MS * 1000ULL;

	/* A new association needs some of the time. */
	return dtls->is_known && left_us / 2 < wait_us ? left_us / 2 : wait_us;
}

static int
ask(struct radius_dtls *dtls, const struct question *question,
    struct slice *ret_reply)
{
	const struct table_context *context = question->context;
	uint64_t now = clock_monotonic_us(), until_us = context->deadline_us;
	uint64_t wait_us =
	    now < until_us ? first_wait_us(dtls, until_us - now) : 0;
	bool may_be_forgotten = dtls->is_known;
	int status = 0;

	for (; status == 0 && now < until_us; now = clock_monotonic_us()) {
		send_question(&dtls->current, question);
		send_question(&dtls->next, question);
		status = receive(dtls, question,
		    now + wait_us < until_us ? now + wait_us : until_us,
		    ret_reply);
		now = clock_monotonic_us();
		if (status == 0 && may_be_forgotten && now < until_us)
			(void)open_association(dtls, now + (until_us - now) / 2,
			    &dtls->next, context->err);
		may_be_forgotten = false;
		wait_us *= 2;
	}
	return status > 0 ? 0 : -1;
}

int
radius_dtls_ask(struct radius_dtls *dtls, const struct radius_packet *request,
    const struct table_context *context, struct slice *ret_reply)
{
	int status;

	err_set(context->err, ERR_TEMP, "%s", RADIUS_NO_ANSWER);
	status = ask(dtls, &(struct question){ request, context }, ret_reply);
	association_close(&dtls->next);
	if (status != 0)
		return -1;
	dtls->is_known = true;
	dtls->used_us = clock_monotonic_us();
	return 0;
}
