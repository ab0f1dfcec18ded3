/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the submitter may use every author address of the header. */
#include "message_priv.h"

/*
 * The MTA completes a reverse-path itself. In the header an address is judged
 * as completed only if it is going to be completed, or would be.
 */
struct author_rules
message_author_rules(const struct message *message, bool in_header)
{
	const struct config *config = message_config(message);
	bool complete = !in_header ||
	    (config->repair.qualify && config_counts_repairs(config));

	return (struct author_rules){
		.domain =
		    complete ? config->main.domain : (struct slice){ NULL, 0 },
		.utf8 = message->facts.smtputf8,
		.max_mailboxes = config->bounds.mailboxes,
		.max_authors = config->bounds.authors,
		.max_name_bytes = config->bounds.name_bytes,
		.redirect = message->levels.redirect == RA_ACCEPT,
		.forms = message->snapshot->author_forms,
	};
}

/* The rights block as it is for this submitter. */
struct rights
message_rights(struct message *message)
{
	struct rights rights = message->snapshot->rights;

	rights.kept = &message->login_grants;
	rights.redirect = message->levels.redirect;
	return rights;
}

/*
 * "root@localhost" is judged with the domain that goes out: Sendmail writes its
 * own name in MAIL FROM, and repairs write it in the header before Sendmail does.
 */
int
message_rename_authors(struct message *message, size_t from,
    struct authors *authors, struct err *err)
{
	const struct config *config = message_config(message);
	const struct repair_facts facts = message_mta_facts(message);
	bool utf8 = message->facts.smtputf8 ||
	    message->snapshot->author_forms.utf8_address;

	for (size_t i = from; i < authors->count; i++) {
		struct author *author = &authors->items[i];
		const struct mailbox mailbox = { .local = author->address.local,
			.domain = facts.mta_name };

		if (!repair_is_own_domain(
			config, &facts, author->address.domain))
			continue;
		if (address_canonical(&mailbox, SLICE(""), utf8, &message->mem,
			&author->address, NULL, err) != 0)
			return -1;
		author->renamed = true;
	}
	return 0;
}

/*
 * Every author of a header is read, and the submitter's right to each is
 * looked up. Authors that were added before are not judged again.
 */
struct verdict
message_judge_authors(struct message *message, const struct judged *judged)
{
	struct authors *authors = judged->authors;
	struct author_rules rules = message_author_rules(message, true);
	const struct rights rights = message_rights(message);
	const struct config *config = message_config(message);
	size_t paths = authors->count;
	bool renames = !judged->is_result && config_counts_repairs(config);
	struct err err;
	const struct table_context context = message_context(message, &err);

	/* A header that was written here needs no repair any more. */
	if (judged->is_result) {
		rules.forms.refused |= rules.forms.repaired;
		rules.forms.odd_fields = false;
		rules.forms.misleading_fields = false;
		rules.forms.empty_from = false;
		/* An encoded name is longer; it was counted as it came. */
		rules.max_name_bytes = 0;
	}
	if (authors_add_header(authors, judged->header, &rules, &err) != 0 ||
	    (renames &&
		message_rename_authors(message, paths, authors, &err) != 0))
		return verdict_bad_message(&message->mem, &err);
	authors->decided = paths;
	return decide_authors(&rights, &message->submitter, authors, &context);
}

struct verdict
step_bounds(struct message *message)
{
	return message->header_fault.kind == ERR_NONE ?
	    verdict_accept() :
	    verdict_bad_message(&message->mem, &message->header_fault);
}

struct verdict
step_authors(struct message *message)
{
	const struct judged judged = { &message->authors, &message->header,
		false };

	return message->header_fault.kind == ERR_NONE ?
	    message_judge_authors(message, &judged) :
	    verdict_accept();
}

/* Repairs after which the authors are others, or written in another way. */
enum {
	AUTHOR_REPAIRS = REPAIRED_FROM | REPAIRED_SENDER | REPAIRED_ADDRESSES |
	    REPAIRED_DUPLICATES | REPAIRED_AUTHORS | REPAIRED_NAMES |
	    REPAIRED_MISMATCH | REPAIRED_REMOVED | REPAIRED_LINES |
	    REPAIRED_FORM
};

/*
 * The header as written here is judged like the one that came: it has one
 * reading, and all authors in it are the submitter's.
 */
struct verdict
step_result(struct message *message)
{
	const struct config *config = message_config(message);
	const struct header_limits no_limits = { 0 };
	const struct field *fields;
	struct authors authors;
	struct header header;
	const struct judged judged = { &authors, &header, true };
	struct verdict verdict;
	size_t count;
	struct err err;
	bool changed = (message->repairs & AUTHOR_REPAIRS) != 0;

	/* Or an author was judged by a name that is yet to be written. */
	for (size_t i = 0; i < message->authors.count && !changed; i++)
		changed = message->authors.items[i].renamed &&
		    message->authors.items[i].role != ROLE_MAIL_FROM;
	if (!changed ||
	    (!message->repairs_done && !config_only_watches(config)))
		return outcome_is_remedied(&message->outcome) ?
		    message->outcome.verdict :
		    verdict_accept();
	fields = edits_view(&message->edits, &count);
	header_init(&header, &message->mem);
	authors_init(&authors, &message->mem);
	for (size_t i = 0; i < message->authors.count &&
	     message->authors.items[i].role == ROLE_MAIL_FROM;
	     i++)
		authors_keep(&authors, &message->authors.items[i]);
	for (size_t i = 0; i < count; i++) {
		if (header_add(&header, fields[i].name, fields[i].value,
			&no_limits, &err) != 0)
			return verdict_unsure(
			    &message->mem, REASON_REPAIR, &err);
	}
	verdict = message_judge_authors(message, &judged);
	if (verdict.action == ACTION_ACCEPT &&
	    (outcome_is_remedied(&message->outcome) ||
		message_may_change(message, config->names.mode)))
		verdict = message_judge_names(message, &judged);
	if (verdict.action == ACTION_ACCEPT) {
		message->authors = authors;
		outcome_settle(&message->outcome);
	} else if (outcome_is_remedied(&message->outcome)) {
		message->repairs = 0;
	} else if (verdict.action == ACTION_REJECT) {
		verdict.detail = slice_format(&message->mem,
		    "as it would be after repair%s%.*s",
		    verdict.detail.len == 0 ? "" : "; ",
		    SLICE_ARGS(verdict.detail));
	}
	return verdict;
}
