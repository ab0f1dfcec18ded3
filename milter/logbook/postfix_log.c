/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in the log of a Postfix. */
#include "logbook/postfix_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 8192, QID_OCTETS = 32, CLIENT_OCTETS = 64, LOGIN_OCTETS = 256 };

/* A message that smtpd took, until the queue manager has it. */
struct slot {
	char qid[QID_OCTETS]; /* empty: none */
	char client[CLIENT_OCTETS];
	char login[LOGIN_OCTETS];
};

struct postfix_log {
	postfix_log_visit *visit;
	void *arg;
	struct slot slots[SLOTS];
};

struct postfix_log *
postfix_log_new(postfix_log_visit *visit, void *arg)
{
	struct postfix_log *log = calloc(1, sizeof(*log));

	ENSURE(log != NULL);
	log->visit = visit;
	log->arg = arg;
	return log;
}

void
postfix_log_free(struct postfix_log *log)
{
	free(log);
}

/* A collision costs the older message. */
static struct slot *
slot_of(struct postfix_log *log, struct slice qid)
{
	unsigned long hash = 5381;

	for (size_t i = 0; i < qid.len; i++)
		hash = hash * 33 ^ (unsigned char)qid.data[i];
	return &log->slots[hash % SLOTS];
}

/* False where it does not fit, so that nothing is taken for something else. */
static bool
keep(char *room, size_t size, struct slice text)
{
	if (text.len >= size || slice_has(text, '\0'))
		return false;
	(void)snprintf(room, size, "%.*s", SLICE_ARGS(text));
	return true;
}

/* "postfix/submission/smtpd[123]: TEXT": its name, and what is behind it. */
static bool
take_program(struct slice *rest, struct slice *ret_name)
{
	static const struct slice postfix = { "postfix", 7 };
	struct slice line = *rest;

	for (size_t i = 0; i + postfix.len < line.len; i++) {
		struct slice text = slice_from(line, i);
		size_t open, close;

		if ((i > 0 && line.data[i - 1] != ' ') ||
		    !slice_starts(text, postfix))
			continue;
		open = slice_find(text, '[');
		close = slice_find(text, ']');
		if (close < open || slice_find(text, ' ') < close ||
		    !slice_starts(slice_from(text, close), SLICE("]: ")))
			return false;
		*ret_name = slice_sub(text, 0, open);
		*rest = slice_from(text, close + 3);
		return true;
	}
	return false;
}

/* "4Wq1Dz0b1cz9s: TEXT" */
static bool
take_qid(struct slice *rest, struct slice *ret_qid)
{
	size_t end = slice_find(*rest, ':');

	if (end == 0 || end >= QID_OCTETS ||
	    !slice_starts(slice_from(*rest, end), SLICE(": ")))
		return false;
	for (size_t i = 0; i < end; i++) {
		if (!char_is_alpha(rest->data[i]) &&
		    !char_is_digit(rest->data[i]))
			return false;
	}
	*ret_qid = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end + 2);
	return true;
}

/* The value behind "name=", of items with ", " between them. */
static bool
find_item(struct slice rest, struct slice name, struct slice *ret_value)
{
	while (rest.len > 0) {
		struct slice item = slice_sub(rest, 0, slice_find(rest, ','));

		rest = slice_from(rest, item.len + 1);
		item = slice_trim(item);
		if (slice_starts(item, name)) {
			*ret_value = slice_from(item, name.len);
			return true;
		}
	}
	return false;
}

/* "client=NAME[ADDRESS], sasl_method=PLAIN, sasl_username=LOGIN" */
static void
take_client(struct postfix_log *log, struct slice program, struct slice qid,
    struct slice text)
{
	struct slice client, login = { NULL, 0 };
	struct slot *slot = slot_of(log, qid);
	size_t open;
	bool submits = slice_has_text_nocase(program, SLICE("/submission")) ||
	    slice_has_text_nocase(program, SLICE("/smtps/"));

	if (!find_item(text, SLICE("client="), &client))
		return;
	slot->qid[0] = '\0';
	if (!find_item(text, SLICE("sasl_username="), &login) && !submits)
		return;
	open = slice_find(client, '[');
	client = slice_from(client, open + 1);
	client = slice_sub(client, 0, slice_find(client, ']'));
	if (keep(slot->client, sizeof(slot->client), client) &&
	    keep(slot->login, sizeof(slot->login), login))
		(void)keep(slot->qid, sizeof(slot->qid), qid);
}

/* "from=<alice@example.org>, size=..." */
static void
take_sender(struct postfix_log *log, struct slice qid, struct slice text)
{
	struct slot *slot = slot_of(log, qid);
	struct log_record record = { .time = 0 };
	struct slice from = slice_from(text, 6);
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (!slice_eq(slice_of(slot->qid), qid))
		return;
	from = slice_sub(from, 0, slice_find_last(from, '>'));
	if (from.len == 0)
		from = SLICE("<>");
	record.fields[LOG_QID] = slice_of(slot->qid);
	record.fields[LOG_CLIENT] =
	    slice_of(escape(&mem, slice_of(slot->client), CLIENT_OCTETS));
	record.fields[LOG_LOGIN] =
	    slice_of(escape(&mem, slice_of(slot->login), LOGIN_OCTETS));
	if (slot->login[0] != '\0')
		record.fields[LOG_VIA] = SLICE("sasl");
	record.fields[LOG_MAIL_FROM] = slice_of(escape(&mem, from, 1000));
	log->visit(log->arg, &record);
	slot->qid[0] = '\0';
}

void
postfix_log_line(struct postfix_log *log, struct slice line)
{
	struct slice program, qid;

	if (!take_program(&line, &program) || !take_qid(&line, &qid))
		return;
	if (slice_ends_nocase(program, SLICE("/smtpd")) &&
	    slice_starts(line, SLICE("client=")))
		take_client(log, program, qid, line);
	else if (slice_ends_nocase(program, SLICE("/qmgr")) &&
	    slice_starts(line, SLICE("from=<")))
		take_sender(log, qid, line);
}
