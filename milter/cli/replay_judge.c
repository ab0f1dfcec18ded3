/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of a message, judged by other rights. */
#include "cli/become.h"
#include "cli/options.h"
#include "message/header.h"
#include "policy/decide.h"
#include "replay_priv.h"

/* One line, while it is judged. */
struct replay {
	const struct snapshot *snapshot;
	const struct log_record *record;
	struct arena *mem;
	struct submitter submitter;
	struct authors authors;
};

static struct slice
octets_of(const struct replay *replay, enum log_field field)
{
	return log_value_octets(replay->mem, replay->record->fields[field]);
}

/* What a rule on rights, and on who sends, decided. */
static bool
is_judged_here(struct slice reason)
{
	return reason.len == 0 || slice_eq(reason, SLICE("rights")) ||
	    slice_eq(reason, SLICE("unidentified")) ||
	    slice_eq(reason, SLICE("identify")) ||
	    slice_eq(reason, SLICE("table"));
}

/* Sender and Resent- fields, which the line does not hold, decided. */
static bool
names_other_fields(struct slice text)
{
	return slice_has_text_nocase(text, SLICE("(Sender")) ||
	    slice_has_text_nocase(text, SLICE("(Resent-")) ||
	    slice_has_text_nocase(text, SLICE("(Author")) ||
	    slice_has_text_nocase(text, SLICE("but Sender must")) ||
	    slice_has_text_nocase(text, SLICE("but Resent-")) ||
	    slice_has_text_nocase(text, SLICE("but Author must"));
}

/* Why nothing can be said; NULL: it can. */
static const char *
find_gap(const struct log_record *record)
{
	static const enum log_field needed[] = { LOG_LOGIN, LOG_VIA, LOG_CLIENT,
		LOG_MAIL_FROM, LOG_CLAIMED_MAIL_FROM, LOG_FROM,
		LOG_CLAIMED_FROM };
	const struct slice *fields = record->fields;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!log_record_has_all(record, needed[i]))
			return "the line was cut";
	}
	if (fields[LOG_MAIL_FROM].len == 0)
		return "the line has no MAIL FROM";
	if (slice_eq(fields[LOG_VIA], SLICE("bounce")))
		return "the MTA made it";
	if (names_other_fields(fields[LOG_REPLY]) ||
	    names_other_fields(fields[LOG_DETAIL]))
		return "Sender or a Resent field decided, which is not in the "
		       "line";
	return NULL;
}

/*
 * Who sends, as the configuration finds out by the login and the address. What a
 * certificate, a table of logins or the name of a host has proved is taken from
 * the line.
 */
static int
find_submitter(struct replay *replay, const struct table_context *context)
{
	const struct identity *identity = &replay->snapshot->identity;
	struct slice via = replay->record->fields[LOG_VIA];
	struct slice login = octets_of(replay, LOG_LOGIN);
	struct client_facts client = { .said[FACT_MTA_NAME] = { NULL, 0 } };
	bool is_sasl = slice_eq(via, SLICE("sasl"));

	(void)!net_addr_parse(octets_of(replay, LOG_CLIENT), &client.addr);
	if (is_sasl)
		client.said[FACT_AUTH_AUTHEN] = login;
	if ((is_sasl && identity->login_map == NULL) || via.len == 0 ||
	    slice_eq(via, SLICE("network"))) {
		if (identity_find(
			identity, &client, context, &replay->submitter) != 0)
			return -1;
		if (!replay->submitter.waits)
			return 0;
	}
	replay->submitter = (struct submitter){
		.login = login, .via = via, .realm_counts = true
	};
	return 0;
}

/* MAIL FROM as it came, and From as it came. */
static int
add_authors(struct replay *replay, struct err *err)
{
	const struct snapshot *snapshot = replay->snapshot;
	const struct slice *fields = replay->record->fields;
	const struct author_rules rules = {
		.domain = snapshot->config->main.domain,
		.utf8 = true,
		.max_mailboxes = snapshot->config->bounds.mailboxes,
		.max_authors = snapshot->config->bounds.authors,
		.forms = snapshot->author_forms,
	};
	const struct header_limits no_limits = { 0 };
	struct header header;
	struct slice from = octets_of(replay,
	    fields[LOG_CLAIMED_FROM].len != 0 ? LOG_CLAIMED_FROM : LOG_FROM);
	struct slice path = octets_of(replay,
	    fields[LOG_CLAIMED_MAIL_FROM].len != 0 ? LOG_CLAIMED_MAIL_FROM :
						     LOG_MAIL_FROM);

	authors_init(&replay->authors, replay->mem);
	header_init(&header, replay->mem);
	if (authors_add_path(&replay->authors, path, &rules, err) != 0)
		return -1;
	if (from.len == 0)
		return 0;
	return header_add(&header, SLICE("From"),
		   slice_format(replay->mem, " %.*s", SLICE_ARGS(from)),
		   &no_limits, err) != 0 ||
		authors_add_header(&replay->authors, &header, &rules, err) !=
		    0 ?
	    -1 :
	    0;
}

/* "LOGIN may not send as ADDRESS (From)", without what is behind it. */
static struct slice
short_text(const struct verdict *verdict)
{
	size_t end = slice_find(verdict->text, ';');

	return slice_sub(verdict->text, 0, end);
}

static enum replay_group
judge_rights(struct replay *replay, bool was_refused,
    const struct table_context *context, struct slice *ret_why)
{
	const struct log_record *record = replay->record;
	struct rights rights = replay->snapshot->rights;
	struct login_grants grants = { .count = 0 };
	struct rights_levels levels;
	struct verdict verdict;

	if (rights_levels_find(&replay->snapshot->rights, &replay->submitter,
		context, &levels) != 0) {
		*ret_why = slice_dup(replay->mem, slice_of(context->err->text));
		return REPLAY_LATER;
	}
	rights.kept = &grants;
	rights.redirect = levels.redirect;
	verdict = decide_authors(
	    &rights, &replay->submitter, &replay->authors, context);
	*ret_why = short_text(&verdict);
	if (verdict.action == ACTION_TEMPFAIL) {
		*ret_why = verdict.detail;
		return REPLAY_LATER;
	}
	if (verdict.action == ACTION_ACCEPT && was_refused &&
	    record->fields[LOG_FROM].len == 0) {
		*ret_why = SLICE("it was refused before From was read");
		return REPLAY_UNTOLD;
	}
	if (verdict.action == ACTION_ACCEPT)
		return was_refused ? REPLAY_FREED : REPLAY_FINE;
	if (!was_refused && levels.redirect == RA_ACCEPT &&
	    decide_only_from(&replay->authors)) {
		*ret_why = SLICE("it may be redirected (Resent-From), which is "
				 "not in the line");
		return REPLAY_UNTOLD;
	}
	return was_refused ? REPLAY_STILL : REPLAY_HIT;
}

/* Who it was that was refused, for those who are not any more. */
static struct slice
former_text(const struct replay *replay)
{
	const struct slice *fields = replay->record->fields;

	return slice_format(replay->mem, "%.*s: MAIL FROM %.*s, From %.*s",
	    SLICE_ARGS(
		fields[fields[LOG_LOGIN].len != 0 ? LOG_LOGIN : LOG_CLIENT]),
	    SLICE_ARGS(fields[LOG_MAIL_FROM]), SLICE_ARGS(fields[LOG_FROM]));
}

enum replay_group
replay_judge(const struct snapshot *snapshot, const struct log_record *record,
    struct arena *mem, struct slice *ret_why)
{
	struct replay replay = { snapshot, record, mem, { .is_mta = false },
		{ .mem = mem } };
	struct slice reason = record->fields[LOG_REASON];
	bool was_refused = reason.len != 0;
	const char *gap = find_gap(record);
	struct err err;
	const struct table_context context = { .mem = mem, .err = &err };
	enum replay_group group;

	if (gap != NULL) {
		*ret_why = slice_of(gap);
		return REPLAY_UNTOLD;
	}
	if (find_submitter(&replay, &context) != 0) {
		*ret_why = slice_dup(mem, slice_of(err.text));
		return REPLAY_LATER;
	}
	if (replay.submitter.via.len == 0 &&
	    identity_unidentified(&snapshot->identity,
		&(struct client_facts){ .said[FACT_MTA_NAME] = { NULL, 0 } }) !=
		UNIDENTIFIED_PASS) {
		if (snapshot->identity.service_count != 0) {
			*ret_why = SLICE("no login, and the service, which "
					 "decides then, is not in the line");
			return REPLAY_UNTOLD;
		}
		*ret_why = slice_format(mem, "%.*s: nobody proves who sends",
		    SLICE_ARGS(record->fields[LOG_CLIENT]));
		return was_refused ? REPLAY_STILL : REPLAY_HIT;
	}
	if (add_authors(&replay, &err) != 0) {
		*ret_why = slice_format(
		    mem, "an address cannot be read: %s", err.text);
		return REPLAY_UNTOLD;
	}
	group = judge_rights(&replay, was_refused, &context, ret_why);
	if (group == REPLAY_FREED && !is_judged_here(reason)) {
		*ret_why = slice_format(mem,
		    "it was refused for \"%.*s\", which a line cannot show "
		    "again",
		    SLICE_ARGS(reason));
		return REPLAY_UNTOLD;
	}
	if (group == REPLAY_FREED)
		*ret_why = former_text(&replay);
	return group;
}

static void
tell_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	command_say("%s: %s", is_error ? "error" : "warning", text);
}

int
replay_snapshot(
    struct config *config, struct snapshot **ret_snapshot, struct err *err)
{
	const struct report report = { tell_fault, NULL };

	if (become_milter(config, err) != 0) {
		config_free(config);
		return -1;
	}
	return snapshot_new(config, NULL, &report, ret_snapshot, err);
}
