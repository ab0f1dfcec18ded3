/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages over many connections, each at its own step of the protocol. */
#include "load_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { VERSION = 6, ALL_ACTIONS = 0x1ff, ALL_FLAGS = 0x1fffff, RCPTS = 2 };

/* The MTA's side of each step; SMFIP_* that leave out it, or its reply. */
static const struct {
	char command;
	uint32_t left_out, no_reply;
	int stage;	     /* of its macros, or -1 */
	int with_everything; /* that of Postfix, if there is none */
} steps[] = {
	[STEP_CONNECT] = { 'C', 0x1, 0x1000, 0, 0 },
	[STEP_HELO] = { 'H', 0x2, 0x2000, 1, 1 },
	[STEP_MAIL] = { 'M', 0x4, 0x4000, 2, 2 },
	[STEP_RCPT] = { 'R', 0x8, 0x8000, 3, 3 },
	[STEP_DATA] = { 'T', 0x200, 0x10000, 4, 4 },
	[STEP_FIELD] = { 'L', 0x20, 0x80, -1, 6 },
	[STEP_END_OF_HEADER] = { 'N', 0x40, 0x40000, 6, 6 },
	[STEP_BODY] = { 'B', 0x10, 0x80000, -1, 5 },
	[STEP_END] = { 'E', 0, 0, 5, 5 },
};
static const uint32_t lead_space = 0x100000;

/* One run; there is one in a process. */
static struct {
	const struct load_options *options;
	struct load_result *result;
	struct load_body body;
	struct load_link *links;
	int epoll;
	unsigned ready, busy;
	unsigned long begun; /* messages */
	double start, end;
	bool running;
} run;

static void run_advance(struct load_link *link);

static void
add_macros(struct load_link *link, enum load_step step)
{
	const struct load_mta *mta = run.options->mta;
	int stage = mta->macros_with_everything ? steps[step].with_everything :
						  steps[step].stage;
	char data[2048];

	if (stage < 0)
		return;
	data[0] = steps[step].command;
	link_add(link, 'D', data,
	    1 +
		load_macros_write(data + 1, sizeof(data) - 1, mta,
		    link->lists[stage], run.options->shape->sender,
		    &link->author));
}

/* The body, once it is known which macros go with it. */
static void
make_body(struct load_link *link)
{
	bool with_macros = run.options->mta->macros_with_everything;

	if (run.body.data != NULL)
		return;
	/* All messages have the queue id of the first here: none looks at it. */
	link->author = load_author_of(0, run.options->domains);
	link->out_len = 0;
	if (with_macros)
		add_macros(link, STEP_BODY);
	run.body = load_body_new(
	    run.options->shape, with_macros ? link->out : NULL, link->out_len);
	link->out_len = 0;
}

static void
link_open(struct load_link *link)
{
	uint32_t offer[] = { htonl(VERSION), htonl(ALL_ACTIONS),
		htonl(ALL_FLAGS) };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = link };

	link->fd = link_connect(run.options->address);
	if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, link->fd, &event) != 0)
		load_fail("epoll_ctl: %s", strerror(errno));
	link->step = STEP_NEGOTIATE;
	link->awaits = true;
	link->connected = false;
	link->sent = 0;
	link->in_len = 0;
	link_add(link, 'O', (const char *)offer, sizeof(offer));
	(void)link_flush(link);
}

static bool
more_to_send(void)
{
	if (run.options->messages > 0)
		return run.begun < run.options->messages;
	return load_now() < run.start + run.options->seconds;
}

/* Begins a message, on a new connection where the old one had its number. */
static void
next_message(struct load_link *link)
{
	link->step = STEP_READY;
	if (!more_to_send()) {
		run.busy--;
		return;
	}
	if (run.options->each > 0 && link->sent == run.options->each) {
		link_add(link, 'Q', "", 0);
		(void)link_flush(link);
		(void)close(link->fd);
		link_open(link);
		return;
	}
	link->sent++;
	link->author = load_author_of(run.begun++, run.options->domains);
	link->at = 0;
	link->signatures = 0;
	link->began = load_now();
	link->step = link->connected ? STEP_MAIL : STEP_CONNECT;
	run_advance(link);
}

static void
conclude(struct load_link *link, bool refused, const char *reply)
{
	const struct load_shape *shape = run.options->shape;
	double now = load_now();

	if (refused != shape->refused)
		load_fail("a message of shape %s is %s: %s", shape->name,
		    refused ? "refused" : "accepted", reply);
	if (!refused && link->signatures < run.options->signatures)
		load_fail("a message with %u signatures", link->signatures);
	if (link->step == STEP_END)
		load_times_add(&run.result->end, (now - link->ended) * 1e3);
	else
		link_add(link, 'A', "", 0);
	load_times_add(&run.result->whole, (now - link->began) * 1e3);
	if (refused)
		run.result->refused++;
	else
		run.result->accepted++;
	run.result->signatures += link->signatures;
	run.end = now;
	next_message(link);
}

static void
count_edit(struct load_link *link, char command, const char *data, size_t len)
{
	enum load_edit edit = command == 'i' ? EDIT_INSERT :
	    command == 'h'		     ? EDIT_ADD :
	    command == 'm'		     ? EDIT_CHANGE :
	    command == 'b'		     ? EDIT_BODY :
					       EDIT_OTHER;
	size_t index = command == 'i' ? sizeof(uint32_t) : 0;

	if (link->step != STEP_END)
		load_fail("a change before the end of the message");
	run.result->edits[edit]++;
	if ((edit == EDIT_INSERT || edit == EDIT_ADD) && index < len &&
	    strcasecmp(data + index, "DKIM-Signature") == 0)
		link->signatures++;
}

/* The step behind a step that was sent, and answered if it is. */
static void
step_done(struct load_link *link)
{
	size_t count = link->step == STEP_RCPT ? RCPTS :
	    link->step == STEP_BODY	       ? run.body.pieces :
						 1;

	if (link->step == STEP_FIELD) {
		if (run.options->shape->fields[++link->at] != NULL)
			return;
	} else if (++link->at < count) {
		return;
	}
	link->at = 0;
	link->step++;
	link->connected = true;
}

static void
take_terms(struct load_link *link, char *data, size_t len)
{
	link_negotiated(link, run.options->mta, data, len);
	make_body(link);
	link->step = STEP_READY;
	run.ready++;
	if (run.running)
		next_message(link);
}

/* A reply that ends a step. */
static void
take_reply(struct load_link *link, char command, char *data, size_t len)
{
	bool at_end = link->step == STEP_END;

	link->awaits = false;
	run.result->replies += link->step > STEP_READY;
	if (link->step == STEP_NEGOTIATE && command == 'O') {
		take_terms(link, data, len);
	} else if (command == 'r' || (command == 'y' && data[0] == '5')) {
		conclude(link, true, data);
	} else if (command == 'a' || (command == 'c' && at_end)) {
		conclude(link, false, "accept");
	} else if (command == 's' && link->step == STEP_BODY) {
		link->at = 0;
		link->step = STEP_END;
		run_advance(link);
	} else if (command == 'c') {
		step_done(link);
		run_advance(link);
	} else {
		load_fail("the reply %c%s at step %d", command, data,
		    (int)link->step);
	}
}

static void
take_packet(struct load_link *link, char command, char *data, size_t len)
{
	if (!link->awaits)
		load_fail("the reply %c, for which nobody asked", command);
	if (command == 'p')
		return;
	if (command != '\0' && strchr("himbe+2-q", command) != NULL)
		count_edit(link, command, data, len);
	else
		take_reply(link, command, data, len);
}

/* A field: the MTA takes one blank off, if the milter is not to have it. */
static size_t
field_data(struct load_link *link, char *out, size_t size)
{
	const char *field = run.options->shape->fields[link->at];
	size_t len = load_expand(out, size, field, &link->author);
	size_t name = strcspn(out, ":");

	out[name] = '\0';
	if ((link->flags & lead_space) != 0)
		return len + 1;
	memmove(out + name + 1, out + name + 2, len - name - 1);
	return len;
}

/* What goes with the command of a step, but for the body. */
static size_t
step_data(struct load_link *link, char *out, size_t size)
{
	static const char client[] = "client.far.example\0"
				     "4\x9c\x40"
				     "192.0.2.7";
	static const char *const rcpts[RCPTS] = { "<bob@far.example>",
		"<carol@far.example>" };
	const char *text;

	switch (link->step) {
	case STEP_CONNECT:
		memcpy(out, client, sizeof(client));
		return sizeof(client);
	case STEP_HELO:
		text = "client.far.example";
		break;
	case STEP_MAIL:
		text = run.options->shape->sender;
		break;
	case STEP_RCPT:
		text = rcpts[link->at];
		break;
	case STEP_FIELD:
		return field_data(link, out, size);
	case STEP_NEGOTIATE:
	case STEP_READY:
	case STEP_DATA:
	case STEP_END_OF_HEADER:
	case STEP_BODY:
	case STEP_END:
	default:
		return 0;
	}
	return load_expand(out, size, text, &link->author) + 1;
}

static void
send_step(struct load_link *link)
{
	char data[2048];

	if (link->step == STEP_END)
		link->ended = load_now();
	if (link->step == STEP_BODY) {
		size_t start = link->at == 0 ? 0 : run.body.ends[link->at - 1];

		link->tail = run.body.data + start;
		link->tail_len = run.body.ends[link->at] - start;
		return;
	}
	add_macros(link, link->step);
	link_add(link, steps[link->step].command, data,
	    step_data(link, data, sizeof(data)));
}

/* Sends until a reply has to come, or the socket is full. */
static void
run_advance(struct load_link *link)
{
	while (!link->awaits && link->step > STEP_READY) {
		enum load_step step = link->step;

		if ((link->flags & steps[step].left_out) != 0) {
			link->at = 0;
			link->step++;
			continue;
		}
		send_step(link);
		if ((link->flags & steps[step].no_reply) == 0) {
			link->awaits = true;
			(void)link_flush(link);
			return;
		}
		step_done(link);
		if (link->tail != NULL && !link_flush(link))
			return;
	}
	(void)link_flush(link);
}

static void
on_event(struct load_link *link, uint32_t events)
{
	char command, *data;
	size_t len, had;
	int fd = link->fd;

	if ((events & EPOLLOUT) != 0 && link_flush(link))
		run_advance(link);
	if ((events & (EPOLLIN | EPOLLHUP)) == 0)
		return;
	do {
		had = link->in_len;
		link_read(link);
		if (link->in_len == had)
			return;
		while (link_packet(link, &command, &data, &len))
			take_packet(link, command, data, len);
	} while (link->fd == fd);
}

static void
turn(void)
{
	enum { EVENTS = 64, TIMEOUT_MS = 60000 };
	struct epoll_event events[EVENTS];
	int count = epoll_wait(run.epoll, events, EVENTS, TIMEOUT_MS);

	if (count == 0)
		load_fail("the milter is silent for %d s", TIMEOUT_MS / 1000);
	for (int i = 0; i < count; i++)
		on_event(events[i].data.ptr, events[i].events);
}

void
load_run(const struct load_options *options, struct load_result *result)
{
	run.options = options;
	run.result = result;
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.links = calloc(options->connections, sizeof(*run.links));
	if (run.epoll < 0 || run.links == NULL)
		load_fail("no memory");
	for (unsigned i = 0; i < options->connections; i++)
		link_open(&run.links[i]);
	while (run.ready < options->connections)
		turn();
	run.running = true;
	run.busy = options->connections;
	run.start = run.end = load_now();
	for (unsigned i = 0; i < options->connections; i++)
		next_message(&run.links[i]);
	while (run.busy > 0)
		turn();
	result->seconds = run.end - run.start;
	for (unsigned i = 0; i < options->connections; i++) {
		link_add(&run.links[i], 'Q', "", 0);
		(void)link_flush(&run.links[i]);
		(void)close(run.links[i].fd);
	}
	load_body_free(&run.body);
	(void)close(run.epoll);
	free(run.links);
}
