/* SPDX-License-Identifier: BSD-2-Clause */
/* An address from which somebody has just fetched mail, by POP or IMAP. */
#include "identity_priv.h"

#include "base/clock.h"

/* Clocks of two machines may differ by as much. */
enum { AHEAD_SECONDS = 300, SHOWN_OCTETS = 64 };
/* A time after this one is no time: the year 2286. */
#define LAST_TIME 9999999999UL

/* "LOGIN" or "LOGIN;time=EPOCH". */
struct pop_value {
	struct slice login;
	unsigned long time_s; /* 0: the table does not say */
};

static int
pop_value_read(struct slice value, struct arena *mem,
    struct pop_value *ret_value, struct err *err)
{
	size_t end = slice_find(value, ';');
	struct slice login = slice_trim(slice_sub(value, 0, end));
	struct slice rest = slice_trim(slice_from(value, end));
	unsigned long time_s = 0;

	if (identity_check_login(NULL, login, mem, err) != 0)
		return -1;
	if (rest.len != 0 &&
	    (!slice_starts(rest, SLICE(";time=")) ||
		!slice_number(slice_from(rest, sizeof(";time=") - 1), LAST_TIME,
		    &time_s) ||
		time_s == 0))
		return err_set(err, ERR_CONFIG,
		    "\"%s\" is not LOGIN;time=SECONDS, by seconds since 1970",
		    escape(mem, value, SHOWN_OCTETS));
	*ret_value = (struct pop_value){ login, time_s };
	return 0;
}

/* A row of a file does not go by itself, as one of Redis does. */
static int
pop_need_time(const struct pop_value *row, struct arena *mem, struct err *err)
{
	if (row->time_s != 0)
		return 0;
	return err_set(err, ERR_CONFIG,
	    "\"%s\" has no ;time=SECONDS, and would count for ever",
	    escape(mem, row->login, SHOWN_OCTETS));
}

static int
pop_check_row(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct pop_value row;

	(void)arg;
	return pop_value_read(slice_trim(value), mem, &row, err) != 0 ?
	    -1 :
	    pop_need_time(&row, mem, err);
}

struct pop_limits
pop_limits_from(const struct config *config, struct arena *mem)
{
	const struct slice_list *never = &config->identify.pop_never;
	struct pop_limits limits = {
		.age_s = config->identify.pop_age,
		.never = arena_array(mem, never->count, sizeof(*limits.never)),
	};
	struct err err;

	for (size_t i = 0; i < never->count; i++) {
		if (net_cidr_parse(slice_trim(never->items[i]),
			&limits.never[limits.never_count], &err) == 0)
			limits.never_count++;
	}
	return limits;
}

static void
pop_check(struct identity_faults *faults)
{
	const struct slice_list *names = &faults->config->identify.methods;
	const struct slice_list *never = &faults->config->identify.pop_never;
	struct net_cidr network;
	struct err err;

	for (size_t i = 0; i + 1 < names->count; i++) {
		if (slice_eq(names->items[i], identity_by_pop.name))
			identity_fault(faults, "identify.methods",
			    "pop-before-smtp proves the least: name it last");
	}
	for (size_t i = 0; i < never->count; i++) {
		if (net_cidr_parse(
			slice_trim(never->items[i]), &network, &err) == 0)
			continue;
		err_wrap(&err, "\"%s\"",
		    escape(&faults->mem, never->items[i], SHOWN_OCTETS));
		identity_fault(faults, "identify.pop-never", err.text);
	}
}

/* Whether what is known of the client's address says something of it. */
static bool
may_prove(const struct identity_question *question)
{
	const struct pop_limits *limits = &question->identity->pop;
	const struct client_facts *client = question->client;
	struct arena *mem = question->context->mem;

	/* Whoever logged in to the MTA is nobody else, also without rights. */
	if (client->addr.bits == 0 || client->said[FACT_AUTH_AUTHEN].len != 0 ||
	    client->said[FACT_AUTH_TYPE].len != 0)
		return false;
	for (size_t i = 0; i < limits->never_count; i++) {
		if (!net_cidr_contains(&limits->never[i], &client->addr))
			continue;
		identity_explain(question,
		    slice_format(mem, "%.*s is in identify.pop-never",
			SLICE_ARGS(net_addr_text(mem, &client->addr))));
		return false;
	}
	return true;
}

/* An answer, and whether it is a row of a file, which needs a time. */
struct pop_answer {
	struct slice value;
	bool needs_time;
};

/*
 * What the table says now: a login may be a second old, so that no cache is
 * asked, and a file that was written since is read here.
 */
static enum table_answer
pop_ask(const struct identity_question *question, struct slice key,
    struct pop_answer *ret_answer)
{
	struct table_context context = *question->context;
	const struct table *table = question->table;
	uint64_t state = table_state(table);
	struct table *fresh = NULL;
	struct table_row row;
	enum table_answer answer;

	context.is_fresh = true;
	if (state != TABLE_STATE_NONE && !table_asks_server(table) &&
	    (state == TABLE_STATE_UNSURE || state != table_state_now(table))) {
		if (table_open(table_spec(table),
			&(struct table_options){
			    .world = table_world_of(table) },
			&fresh, context.err) != 0)
			return TABLE_FAILED;
		table = fresh;
	}
	answer = table_lookup_one(table, key, &context, &ret_answer->value);
	ret_answer->needs_time = table_row(table, 0, &row);
	table_close(fresh);
	return answer;
}

/* Whose login it is, if that is young enough. -1: not to be understood. */
static int
pop_judge(const struct identity_question *question,
    const struct pop_answer *answer, struct slice *ret_login)
{
	const struct table_context *context = question->context;
	unsigned long now = (unsigned long)clock_now();
	unsigned long age_s = question->identity->pop.age_s;
	struct pop_value row;

	if (pop_value_read(slice_trim(answer->value), context->mem, &row,
		context->err) != 0 ||
	    (answer->needs_time &&
		pop_need_time(&row, context->mem, context->err) != 0))
		return -1;
	if (row.time_s > now + AHEAD_SECONDS)
		return err_set(context->err, ERR_CONFIG,
		    "time=%lu is yet to come", row.time_s);
	if (row.time_s == 0 || row.time_s + age_s >= now)
		*ret_login = row.login;
	else
		identity_explain(question,
		    slice_format(context->mem,
			"%s fetched mail from there %lu seconds ago, and "
			"identify.pop-age is %lu",
			escape(context->mem, row.login, SHOWN_OCTETS),
			now - row.time_s, age_s));
	return 0;
}

static int
pop_find(const struct identity_question *question, struct slice *ret_login)
{
	const struct table_context *context = question->context;
	struct pop_answer answer;
	struct slice key;

	if (!may_prove(question))
		return 0;
	key = net_addr_text(context->mem, &question->client->addr);
	switch (pop_ask(question, key, &answer)) {
	case TABLE_FOUND:
		break;
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		return -1;
	}
	if (pop_judge(question, &answer, ret_login) != 0)
		return err_wrap(context->err, "%.*s, key %s",
		    SLICE_ARGS(table_spec(question->table)),
		    escape(context->mem, key, SHOWN_OCTETS));
	return 0;
}

const struct identity_method identity_by_pop = {
	.name = { "pop-before-smtp", 15 },
	.find = pop_find,
	.is_typed = true,
	.table_option = "identify.pop-before-smtp",
	.table_offset = offsetof(struct config, identify.pop_before_smtp),
	.check_value = pop_check_row,
	.key_fault = client_address_fault,
	.check = pop_check,
};
