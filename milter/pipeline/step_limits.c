/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the login has sent as much as it may. */
#include <string.h>

#include "base/clock.h"
#include "message_priv.h"

enum { SHOWN_OCTETS = 128 };

/* "5 minutes": a time that rounds up, in the largest unit that says enough. */
static const char *
time_text(struct arena *mem, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
		{ 1, "second" } };
	size_t u = 0;
	uint64_t count;

	while (u < 3 && seconds < 2 * units[u].seconds &&
	    seconds != units[u].seconds)
		u++;
	count = (seconds + units[u].seconds - 1) / units[u].seconds;
	return slice_format(mem, "%llu %s%s", (unsigned long long)count,
	    units[u].name, count == 1 ? "" : "s")
	    .data;
}

/* "60 messages" */
static const char *
limit_text(struct arena *mem, enum limit_kind kind, unsigned long count)
{
	const char *name = limit_kind_name(kind);

	/* One has no "s" at its end. */
	return slice_format(
	    mem, "%lu %.*s", count, (int)strlen(name) - (count == 1), name)
	    .data;
}

static struct slice
limits_reply(const struct message *message, enum limit_kind kind,
    unsigned long amount, const struct limit_excess *excess, struct arena *mem)
{
	const char *login = escape(mem, message->submitter.login, SHOWN_OCTETS);
	const char *limit = limit_text(mem, kind, excess->rate.count);
	const char *time = time_text(mem, excess->rate.seconds);

	if (excess->wait_s == 0)
		return slice_format(mem,
		    "%s may send to at most %s in %s, and this message has "
		    "%lu: send it in several parts",
		    login, limit, time, amount);
	return slice_format(mem,
	    kind == LIMIT_MESSAGES ?
		"%s may send at most %s in %s; please try again in %s" :
		"%s may send to at most %s in %s; please try again in %s",
	    login, limit, time, time_text(mem, excess->wait_s));
}

static struct verdict
refuse(struct message *message, enum limit_kind kind, unsigned long amount,
    const struct limit_excess *excess)
{
	struct arena *mem = &message->mem;
	struct slice row = message->limits.row;
	bool never = excess->wait_s == 0;

	return (struct verdict){ never ? ACTION_REJECT : ACTION_TEMPFAIL,
		never ? "550" : "450", never ? "5.5.3" : "4.7.1",
		limits_reply(message, kind, amount, excess, mem), REASON_LIMITS,
		slice_format(mem, "%lu sent%s%.*s", excess->used,
		    row.len > 0 ? ", " : "", SLICE_ARGS(row)) };
}

static struct verdict
take(struct message *message, enum limit_kind kind, unsigned long amount,
    bool over)
{
	struct limit_excess excess;

	if (message->limits.of[kind].count == 0 || amount == 0 ||
	    message->claim.amount[kind] != 0)
		return verdict_accept();
	message->claim.login = message->submitter.login;
	return limit_counts_take(message->snapshot->limit_counts,
		   &message->limits, kind, amount, (uint64_t)clock_steady(),
		   over, &message->claim, &excess) ?
	    verdict_accept() :
	    refuse(message, kind, amount, &excess);
}

/* Whose limits cannot be told may have sent too much. */
static struct verdict
find_limits(struct message *message)
{
	const struct snapshot *snapshot = message->snapshot;
	struct err err;
	const struct table_context context = message_context(message, &err);

	if (!message->has_limits &&
	    limits_find(snapshot->config, snapshot->limits_table,
		&message->submitter, &context, &message->limits) != 0)
		return verdict_unsure(&message->mem, REASON_TABLE, &err);
	message->has_limits = true;
	return verdict_accept();
}

/* What a mail server makes, and what its users send, differ in the header. */
static bool
may_be_of_mta(const struct submitter *submitter)
{
	bool may = submitter->is_mta;

	for (size_t i = 0; i < MTA_NAMES; i++)
		may = may || submitter->mta_names[i].len != 0;
	return may;
}

static struct verdict
limit_message(struct message *message, bool over)
{
	struct verdict verdict = verdict_accept();

	if (message->waited || may_be_of_mta(&message->submitter))
		return verdict;
	verdict = find_limits(message);
	return verdict.action == ACTION_ACCEPT ?
	    take(message, LIMIT_MESSAGES, 1, over) :
	    verdict;
}

static struct verdict
limit_all(struct message *message, bool over)
{
	struct verdict verdict, of_recipients;

	if (message_is_of_mta(message))
		return verdict_accept();
	verdict = find_limits(message);
	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	verdict = take(message, LIMIT_MESSAGES, 1, over);
	if (verdict.action != ACTION_ACCEPT && !over)
		return verdict;
	of_recipients = take(message, LIMIT_RECIPIENTS, message->rcpts, over);
	return verdict.action != ACTION_ACCEPT ? verdict : of_recipients;
}

struct verdict
step_limits(struct message *message)
{
	return limit_message(message, false);
}

struct verdict
step_limits_watched(struct message *message)
{
	return limit_message(message, true);
}

struct verdict
step_limits_late(struct message *message)
{
	return limit_all(message, false);
}

struct verdict
step_limits_late_watched(struct message *message)
{
	return limit_all(message, true);
}
