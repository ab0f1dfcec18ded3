/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "message_priv.h"

const struct config *
message_config(const struct message *message)
{
	return message->snapshot->config;
}

/*
 * The MTA completes a reverse-path itself. In the header an address is judged
 * as completed only if it is going to be completed.
 */
static struct author_rules
author_rules(const struct message *message, bool in_header)
{
	const struct config *config = message_config(message);
	bool complete = !in_header || (config->repair.qualify &&
	    !config_is_monitor(config, config->repair.mode));

	return (struct author_rules){
		.domain = complete ? config->main.domain
		    : (struct slice){ NULL, 0 },
		.utf8 = message->facts.smtputf8,
		.max_mailboxes = config->limits.mailboxes,
		.max_authors = config->limits.authors,
		.max_name_bytes = config->limits.name_bytes,
		.redirect = config->rights.redirect == RA_ACCEPT,
		.forms = message->snapshot->author_forms,
	};
}

/* Tables may take as long as a message may; 0 would be no limit. */
static uint64_t
deadline(const struct message *message)
{
	uint64_t allowed_us =
	    (uint64_t)message_config(message)->limits.seconds * 1000000;

	return clock_monotonic_us() + (message->busy_us < allowed_us
	    ? allowed_us - message->busy_us : 1);
}

/*
 * What a section decides under "monitor": the message goes on, and the log
 * says what would have been.
 */
struct verdict
message_in_mode(struct message *message, enum section_mode mode,
    struct verdict verdict)
{
	if (verdict.action == ACTION_ACCEPT ||
	    !config_is_monitor(message_config(message), mode))
		return verdict;
	if (message->would.action == ACTION_ACCEPT)
		message->would = verdict;
	return verdict_accept();
}

void
message_warn(struct message *message, struct slice warning)
{
	for (size_t i = 0; i < message->warning_count; i++) {
		if (slice_eq(message->warnings[i], warning))
			return;
	}
	if (message->warning_count < MAX_WARNINGS)
		message->warnings[message->warning_count++] = warning;
	else
		message->warnings_left_out++;
}

void
message_warn_broken(struct message *message, uint64_t body_from)
{
	struct slice domains = cover_broken(&message->cover, &message->edits,
	    body_from);

	if (domains.len > 0)
		message_warn(message, slice_format(&message->mem,
		    "the DKIM signature of %.*s breaks: what it covers could "
		    "not stay as it was", SLICE_ARGS(domains)));
}

/*
 * The MTA may have read another address than the client typed: a comment, a
 * route, a rewriting table. Then both are authors. Sendmail names a local
 * user without the domain; that is the same address.
 */
static struct verdict
judge_paths(struct message *message)
{
	struct author_rules rules = author_rules(message, false);
	const struct mail_facts *facts = &message->facts;
	struct authors *authors = &message->authors;
	struct err err;

	if (authors_add_path(authors, facts->path, &rules, &err) != 0)
		return verdict_bad_path(&message->mem, &err);
	message->typed_paths = authors->count;
	if (facts->has_mail_addr) {
		struct mailbox mailbox;
		unsigned int constructs;
		bool is_null = false;

		if (facts->mail_is_local && authors->count == 1 &&
		    reverse_path_parse(facts->mail_addr, &message->mem,
			&is_null, &mailbox, &constructs, &err) == 0 &&
		    !is_null &&
		    mailbox.domain.len == 0 && slice_eq_nocase(mailbox.local,
			authors->items[0].address.local))
			return verdict_accept();
		if (authors_add_path(authors, facts->mail_addr, &rules,
		    &err) != 0)
			return verdict_bad_path(&message->mem, &err);
		/* One of them null, the other not: two readings. */
		if ((authors->count == 0) != (message->typed_paths == 0) ||
		    (message->typed_paths == 1 && authors->count == 1)) {
			err_set(&err, ERR_DATA,
			    "the mail server reads it as another address");
			return verdict_bad_path(&message->mem, &err);
		}
		if (authors->count == 2 && slice_eq(
		    authors->items[0].address.text,
		    authors->items[1].address.text))
			authors->count = 1;
	}
	return verdict_accept();
}

/*
 * Whether what was refused for want of a right, not of syntax, goes to the
 * postmaster instead.
 */
static bool
hold_instead(struct message *message, const struct verdict *verdict)
{
	const struct config *config = message_config(message);

	if (verdict->action != ACTION_REJECT ||
	    !slice_eq(slice_of(verdict->reason), SLICE("rights")) ||
	    config->rights.mismatch != MISMATCH_HOLD ||
	    config_is_monitor(config, config->rights.mode))
		return false;
	message->held = *verdict;
	message->held.action = ACTION_HOLD;
	return true;
}

/*
 * What the MTA itself made, as far as can be told: Postfix hands it over like
 * mail of local programs, with the null sender and from 127.0.0.1.
 */
static bool
is_bounce(const struct message *message)
{
	struct slice path = slice_trim(message->facts.path);

	return (path.len == 0 || slice_eq(path, SLICE("<>"))) &&
	    message->facts.client.auth_authen.len == 0 &&
	    net_addr_is_loopback(&message->facts.client.addr);
}

struct verdict
message_judge_mail(struct message *message)
{
	const struct config *config = message_config(message);
	const struct snapshot *snapshot = message->snapshot;
	struct verdict verdict;
	struct err err;

	if (identity_find(&snapshot->identity, &message->facts.client,
	    &message->mem, &message->submitter, &err) != 0)
		return message_in_mode(message, config->identify.mode,
		    verdict_unsure(&message->mem, "identify", &err));
	if (message->submitter.via.len == 0 &&
	    config->identify.bounces == BOUNCES_SIGN && is_bounce(message))
		submitter_from_mta(config, message->facts.mta_hostname,
		    &message->mem, &message->submitter);
	if (message->submitter.via.len == 0) {
		message->unchecked = true;
		if (config->identify.unidentified == UNIDENTIFIED_PASS)
			return verdict_accept();
		return message_in_mode(message, config->identify.mode,
		    verdict_unidentified());
	}
	verdict = judge_paths(message);
	if (verdict.action == ACTION_ACCEPT)
		verdict = decide_authors(&snapshot->rights,
		    &message->submitter, &message->authors, 0,
		    deadline(message), &message->mem);
	if (hold_instead(message, &verdict))
		return verdict_accept();
	return message_in_mode(message, config->rights.mode, verdict);
}

/* Whether From alone is wrong and may be made right. */
static bool
can_rewrite(const struct message *message, const struct verdict *verdict)
{
	const struct config *config = message_config(message);

	return verdict->action == ACTION_REJECT &&
	    config->rights.mismatch == MISMATCH_REWRITE_FROM &&
	    !config_is_monitor(config, config->rights.mode) &&
	    !config_is_monitor(config, config->repair.mode) &&
	    decide_only_from(&message->authors);
}

/*
 * Every author of a header is read, and the submitter's right to each is
 * looked up. What was added to *authors before is not judged again.
 */
static struct verdict
judge_authors(struct message *message, struct authors *authors,
    const struct header *header, bool is_result)
{
	struct author_rules rules = author_rules(message, true);
	size_t paths = authors->count;
	struct err err;

	/* What was written here needs no repair any more. */
	if (is_result) {
		rules.forms.refused |= rules.forms.repaired;
		rules.forms.odd_fields = false;
		rules.forms.misleading_fields = false;
		rules.forms.empty_from = false;
		/* Encoded it is longer, and was counted as it came. */
		rules.max_name_bytes = 0;
	}
	if (authors_add_header(authors, header, &rules, &err) != 0)
		return verdict_bad_message(&message->mem, &err);
	return decide_authors(&message->snapshot->rights, &message->submitter,
	    authors, paths, deadline(message), &message->mem);
}

static struct verdict
refuse_name(struct message *message, const struct author *author,
    struct slice what)
{
	struct strbuf text;

	strbuf_init(&text, &message->mem);
	strbuf_add_cstr(&text, "The name beside ");
	escape_append(&text, author->address.text, 120);
	strbuf_addf(&text, " (%s) shows ", author_role_name(author->role));
	escape_append(&text, what, 120);
	strbuf_add_cstr(&text, ", which is not yours");
	return verdict_refused("name", strbuf_slice(&text));
}

/* In what was written here the names are those that it came with. */
static void
warn_of_name(struct message *message, const struct author *author,
    struct slice what, bool is_result)
{
	if (is_result)
		return;
	if (message->name_warnings++ >= MAX_NAME_WARNINGS) {
		message->warnings_left_out++;
		return;
	}
	message_warn(message, slice_format(&message->mem,
	    "the name in %s shows %s", author_role_name(author->role),
	    escape(&message->mem, what, 120)));
}

/* What a name shows, and what is done about it. */
static struct verdict
judge_name(struct message *message, struct authors *authors, size_t first,
    struct slice value, bool is_result)
{
	const struct config *config = message_config(message);
	struct author *author = &authors->items[first];
	struct name_finding finding;
	struct err err;

	switch (names_check(&message->snapshot->names,
	    &message->snapshot->rights, &message->submitter, authors,
	    first, value, &message->mem, &finding, &err)) {
	case NAME_FINE:
		return verdict_accept();
	case NAME_UNKNOWN:
		return verdict_unsure(&message->mem, "table", &err);
	case NAME_SHOWS:
		break;
	}
	/* In what was written here nothing can be hidden any more. */
	if (finding.choice == NAME_NEUTRALISE && !is_result &&
	    !config_is_monitor(config, config->names.mode) &&
	    !config_is_monitor(config, config->repair.mode)) {
		author->hide_name = true;
		return verdict_accept();
	}
	if (finding.choice == NAME_LOG) {
		warn_of_name(message, author, finding.what, is_result);
		return verdict_accept();
	}
	return refuse_name(message, author, finding.what);
}

/* Names stand in each author field; the first author of a field stands for it. */
static struct verdict
judge_names(struct message *message, struct authors *authors,
    const struct header *header, bool is_result)
{
	struct verdict verdict = verdict_accept();

	for (size_t i = 0; i < authors->count &&
	    verdict.action == ACTION_ACCEPT; i++) {
		const struct author *author = &authors->items[i];
		bool seen = author->role == ROLE_MAIL_FROM;

		for (size_t j = 0; j < i && !seen; j++)
			seen = authors->items[j].role != ROLE_MAIL_FROM &&
			    authors->items[j].field == author->field;
		if (!seen)
			verdict = judge_name(message, authors, i,
			    header->fields[author->field].value,
			    is_result);
	}
	return verdict;
}

struct verdict
message_judge_header(struct message *message)
{
	const struct config *config = message_config(message);
	struct verdict verdict;

	if (message->header_fault.kind != ERR_NONE)
		return message_in_mode(message, config->rights.mode,
		    verdict_bad_message(&message->mem,
			&message->header_fault));
	if (message->held.action == ACTION_HOLD)
		return verdict_accept();
	verdict = judge_authors(message, &message->authors, &message->header,
	    false);
	if (hold_instead(message, &verdict))
		return verdict_accept();
	if (can_rewrite(message, &verdict)) {
		message->rewrite_from = true;
		message->refusal = verdict;
		return verdict_accept();
	}
	verdict = message_in_mode(message, config->rights.mode, verdict);
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT)
		return verdict;
	return message_in_mode(message, config->names.mode,
	    judge_names(message, &message->authors, &message->header,
		false));
}

/* Repairs after which the authors are others, or written in another way. */
enum { AUTHOR_REPAIRS = REPAIRED_FROM | REPAIRED_SENDER | REPAIRED_ADDRESSES |
	REPAIRED_DUPLICATES | REPAIRED_AUTHORS | REPAIRED_NAMES |
	REPAIRED_MISMATCH | REPAIRED_REMOVED | REPAIRED_LINES |
	REPAIRED_FORM };

/*
 * What was written here is judged like what was received: it has one reading,
 * and all authors in it are the submitter's.
 */
struct verdict
message_judge_result(struct message *message)
{
	const struct config *config = message_config(message);
	const struct header_limits no_limits = { 0 };
	const struct field *fields;
	struct authors authors;
	struct header header;
	struct verdict verdict;
	size_t count;
	struct err err;

	if (!message->repairs_done ||
	    (message->repairs & AUTHOR_REPAIRS) == 0)
		return verdict_accept();
	fields = edits_view(&message->edits, &count);
	header_init(&header, &message->mem);
	authors_init(&authors, &message->mem);
	for (size_t i = 0; i < message->authors.count &&
	    message->authors.items[i].role == ROLE_MAIL_FROM; i++)
		authors_keep(&authors, &message->authors.items[i]);
	for (size_t i = 0; i < count; i++) {
		if (header_add(&header, fields[i].name, fields[i].value,
		    &no_limits, &err) != 0)
			return verdict_unsure(&message->mem, "repair", &err);
	}
	verdict = judge_authors(message, &authors, &header, true);
	if (verdict.action == ACTION_ACCEPT && (message->rewrite_from ||
	    !config_is_monitor(config, config->names.mode)))
		verdict = judge_names(message, &authors, &header, true);
	if (verdict.action != ACTION_ACCEPT && message->rewrite_from) {
		message->repairs = 0;
		return verdict.action == ACTION_REJECT ? message->refusal
		    : verdict;
	}
	if (verdict.action == ACTION_REJECT)
		verdict.detail = slice_format(&message->mem,
		    "as it would be after repair%s%.*s",
		    verdict.detail.len == 0 ? "" : "; ",
		    SLICE_ARGS(verdict.detail));
	if (verdict.action == ACTION_ACCEPT)
		message->authors = authors;
	return verdict;
}
