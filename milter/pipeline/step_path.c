/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the submitter may use the reverse-path, and which one goes on. */
#include "message_priv.h"

/*
 * The MTA that speaks to us counts here, not the one that `mta` names: a Postfix
 * before a Sendmail sends the path on as it is.
 */
static int
rename_paths(struct message *message, size_t from, struct err *err)
{
	return mta_traits(message_mta_at_hand(message))->writes_own_name ?
	    message_rename_authors(message, from, &message->authors, err) :
	    0;
}

/*
 * The MTA may have read another address than the client typed: a comment, a
 * route, a rewriting table. Then both are authors. Sendmail names a local
 * user without the domain; that is the same address.
 */
static struct verdict
judge_paths(struct message *message)
{
	struct author_rules rules = message_author_rules(message, false);
	const struct mail_facts *facts = &message->facts;
	const struct slice read_path = facts->client.said[FACT_MAIL_ADDR];
	struct authors *authors = &message->authors;
	size_t typed;
	struct err err;

	if (authors_add_path(authors, facts->path, &rules, &err) != 0 ||
	    rename_paths(message, 0, &err) != 0)
		return verdict_bad_path(&message->mem, &err);
	typed = authors->count;
	if (read_path.data != NULL) {
		struct mailbox mailbox;
		unsigned int constructs;
		bool is_null = false;

		if (slice_eq(
			facts->client.said[FACT_MAIL_MAILER], SLICE("local")) &&
		    authors->count == 1 &&
		    reverse_path_parse(read_path, &message->mem, &is_null,
			&mailbox, &constructs, &err) == 0 &&
		    !is_null && mailbox.domain.len == 0 &&
		    slice_eq_nocase(
			mailbox.local, authors->items[0].address.local))
			return verdict_accept();
		if (authors_add_path(authors, read_path, &rules, &err) != 0 ||
		    rename_paths(message, typed, &err) != 0)
			return verdict_bad_path(&message->mem, &err);
		/* One of them null, the other not: two readings. */
		if ((authors->count == 0) != (typed == 0) ||
		    (typed == 1 && authors->count == 1)) {
			err_set(&err, ERR_DATA,
			    "the mail server reads it as another address");
			return verdict_bad_path(&message->mem, &err);
		}
		if (authors->count == 2 &&
		    slice_eq(authors->items[0].address.text,
			authors->items[1].address.text))
			authors->count = 1;
	}
	return verdict_accept();
}

/*
 * The login's own address in the place of a foreign reverse-path: from here on
 * it is an author of the message, and the foreign one is not. If the login has
 * none that it may use, the refusal stands.
 */
static struct verdict
replace_path(struct message *message, struct verdict refused)
{
	struct author_rules rules = message_author_rules(message, false);
	const struct rights rights = message_rights(message);
	struct verdict verdict;
	struct authors authors;
	struct address own;
	struct err err;
	const struct table_context context = message_context(message, &err);

	authors_init(&authors, &message->mem);
	if (!rights_login_address(
		message->submitter.login, &message->mem, &own) ||
	    authors_add_path(&authors, own.text, &rules, &err) != 0)
		return refused;
	verdict =
	    decide_authors(&rights, &message->submitter, &authors, &context);
	if (verdict.action == ACTION_REJECT)
		return refused;
	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	if (authors.count != 1 || authors.items[0].behalf)
		return refused;
	message->authors = authors;
	message->envelope = (struct envelope_edits){ .changes_sender = true,
		.sender = authors.items[0].address.text };
	return verdict;
}

struct verdict
step_path(struct message *message)
{
	struct verdict verdict;
	struct rights rights;
	struct err err;
	const struct table_context context = message_context(message, &err);

	if (rights_levels_find(&message->snapshot->rights, &message->submitter,
		&context, &message->levels) != 0)
		return verdict_unsure(&message->mem, REASON_TABLE, &err);
	rights = message_rights(message);
	verdict = judge_paths(message);
	if (verdict.action == ACTION_ACCEPT)
		verdict = decide_authors(
		    &rights, &message->submitter, &message->authors, &context);
	if (verdict_lacks_right(&verdict) && message_may_rewrite(message) &&
	    !config_only_watches(message_config(message)) &&
	    message_config(message)->rights.rewrite_mail_from)
		verdict = replace_path(message, verdict);
	return verdict;
}

struct verdict
step_path_late(struct message *message)
{
	return message->waited ? step_path(message) : verdict_accept();
}
