/* SPDX-License-Identifier: BSD-2-Clause */
#include "pipeline/pipeline.h"

#include <stdlib.h>

#include "base/clock.h"
#include "message_priv.h"

struct message *
message_new(struct snapshot *snapshot, const struct mail_facts *facts)
{
	struct message *message = calloc(1, sizeof(*message));

	ENSURE(message != NULL);
	arena_init(&message->mem);
	message->snapshot = snapshot_ref(snapshot);
	message->facts = *facts;
	message->facts.client.auth_authen =
	    slice_dup(&message->mem, facts->client.auth_authen);
	message->facts.path = slice_dup(&message->mem, facts->path);
	message->facts.mail_addr = slice_dup(&message->mem, facts->mail_addr);
	message->facts.mta_hostname =
	    slice_dup(&message->mem, facts->mta_hostname);
	header_init(&message->header, &message->mem);
	authors_init(&message->authors, &message->mem);
	return message;
}

void
message_free(struct message *message)
{
	if (message == NULL)
		return;
	if (message->signer != NULL)
		message->snapshot->engine->free(message->signer);
	snapshot_unref(message->snapshot);
	arena_done(&message->mem);
	free(message);
}

static const struct config *
config_of(const struct message *message)
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
	const struct config *config = config_of(message);
	bool complete = !in_header || (config->repair.qualify &&
	    !config_is_monitor(config, config->repair.mode));

	return (struct author_rules){
		.domain = complete ? config->main.domain
		    : (struct slice){ NULL, 0 },
		.utf8 = message->facts.smtputf8,
		.max_mailboxes = config->limits.mailboxes,
		.max_authors = config->limits.authors,
		.forms = message->snapshot->author_forms,
	};
}

/* Tables may take as long as a message may; 0 would be no limit. */
static uint64_t
deadline(const struct message *message)
{
	uint64_t allowed_us =
	    (uint64_t)config_of(message)->limits.seconds * 1000000;

	return clock_monotonic_us() + (message->busy_us < allowed_us
	    ? allowed_us - message->busy_us : 1);
}

/*
 * What a section decides under "monitor": the message goes on, and the log
 * says what would have been.
 */
static struct verdict
in_mode(struct message *message, enum section_mode mode,
    struct verdict verdict)
{
	if (verdict.action == ACTION_ACCEPT ||
	    !config_is_monitor(config_of(message), mode))
		return verdict;
	if (message->would.action == ACTION_ACCEPT)
		message->would = verdict;
	return verdict_accept();
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
	const struct config *config = config_of(message);

	if (verdict->action != ACTION_REJECT ||
	    !slice_eq(slice_of(verdict->reason), SLICE("rights")) ||
	    config->rights.mismatch != MISMATCH_HOLD ||
	    config_is_monitor(config, config->rights.mode))
		return false;
	message->held = *verdict;
	message->held.action = ACTION_HOLD;
	return true;
}

static struct verdict
judge_mail(struct message *message)
{
	const struct config *config = config_of(message);
	const struct snapshot *snapshot = message->snapshot;
	struct verdict verdict;
	struct err err;

	if (identity_find(&snapshot->identity, &message->facts.client,
	    &message->mem, &message->submitter, &err) != 0)
		return in_mode(message, config->identify.mode,
		    verdict_unsure(&message->mem, "identify", &err));
	if (message->submitter.via.len == 0) {
		message->unchecked = true;
		if (config->identify.unidentified == UNIDENTIFIED_PASS)
			return verdict_accept();
		return in_mode(message, config->identify.mode,
		    verdict_unidentified());
	}
	verdict = judge_paths(message);
	if (verdict.action == ACTION_ACCEPT)
		verdict = decide_authors(&snapshot->rights,
		    &message->submitter, &message->authors, 0,
		    deadline(message), &message->mem);
	if (hold_instead(message, &verdict))
		return verdict_accept();
	return in_mode(message, config->rights.mode, verdict);
}

/* Time is only counted while we work, not while the client types. */
#define TIMED(message, expression) do { \
	uint64_t started_us = clock_monotonic_us(); \
	expression; \
	(message)->busy_us += clock_monotonic_us() - started_us; \
} while (0)

struct verdict
pipeline_mail(struct message *message)
{
	struct verdict verdict;

	TIMED(message, verdict = judge_mail(message));
	return verdict;
}

void
message_add_header(struct message *message, struct slice name,
    struct slice value)
{
	if (message->header_fault.kind != ERR_NONE)
		return;
	if (header_add(&message->header, name, value,
	    &message->snapshot->limits, &message->header_fault) != 0)
		ENSURE(message->header_fault.kind != ERR_NONE);
}

/*
 * The address that the submitter may use for certain: MAIL FROM, which is
 * judged already, or for the null sender the login's own.
 */
static struct slice
own_address(struct message *message)
{
	const struct author *path = authors_first(&message->authors,
	    ROLE_MAIL_FROM);
	struct address address;
	struct slice how;
	struct err err;

	if (path != NULL && message->would.action == ACTION_ACCEPT)
		return path->address.text;
	if (rights_login_address(message->submitter.login, &message->mem,
	    &address) && rights_check(&message->snapshot->rights,
	    message->submitter.login, &address, &message->mem, &how,
	    &err) == RIGHT_GRANTED)
		return address.text;
	return (struct slice){ NULL, 0 };
}

/* Whether From alone is wrong and may be made right. */
static bool
can_rewrite(const struct message *message, const struct verdict *verdict)
{
	const struct config *config = config_of(message);

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
    const struct header *header)
{
	struct author_rules rules = author_rules(message, true);
	size_t paths = authors->count;
	struct err err;

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

/* What a name shows, and what is done about it. */
static struct verdict
judge_name(struct message *message, struct authors *authors, size_t first,
    struct slice value)
{
	const struct config *config = config_of(message);
	struct author *author = &authors->items[first];
	struct name_finding finding;
	struct err err;

	switch (names_check(&message->snapshot->names,
	    &message->snapshot->rights, message->submitter.login, authors,
	    first, value, &message->mem, &finding, &err)) {
	case NAME_FINE:
		return verdict_accept();
	case NAME_UNKNOWN:
		return verdict_unsure(&message->mem, "table", &err);
	case NAME_SHOWS:
		break;
	}
	if (finding.choice == NAME_NEUTRALISE &&
	    !config_is_monitor(config, config->repair.mode)) {
		author->hide_name = true;
		return verdict_accept();
	}
	if (finding.choice == NAME_LOG) {
		message->warning = slice_format(&message->mem,
		    "the name in %s shows %s", author_role_name(author->role),
		    escape(&message->mem, finding.what, 120));
		return verdict_accept();
	}
	return refuse_name(message, author, finding.what);
}

/* Names stand in each author field; the first author of a field stands for it. */
static struct verdict
judge_names(struct message *message, struct authors *authors,
    const struct header *header)
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
			    header->fields[author->field].value);
	}
	return verdict;
}

static struct verdict
judge_received(struct message *message)
{
	const struct config *config = config_of(message);
	struct verdict verdict;

	if (message->header_fault.kind != ERR_NONE)
		return in_mode(message, config->rights.mode,
		    verdict_bad_message(&message->mem,
			&message->header_fault));
	if (message->held.action == ACTION_HOLD)
		return verdict_accept();
	verdict = judge_authors(message, &message->authors, &message->header);
	if (hold_instead(message, &verdict))
		return verdict_accept();
	if (can_rewrite(message, &verdict)) {
		message->rewrite_from = true;
		message->refusal = verdict;
		return verdict_accept();
	}
	verdict = in_mode(message, config->rights.mode, verdict);
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT)
		return verdict;
	return in_mode(message, config->names.mode,
	    judge_names(message, &message->authors, &message->header));
}

/* RFC 5322 section 3.6.2: whether somebody else than From sends. */
static bool
needs_sender(const struct authors *authors)
{
	bool behalf = false, foreign = false;

	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role != ROLE_FROM)
			continue;
		behalf = behalf || authors->items[i].behalf;
		foreign = foreign || authors->items[i].foreign;
	}
	return !foreign && (behalf || authors_count(authors, ROLE_FROM) > 1);
}

static struct verdict
repair(struct message *message)
{
	const struct config *config = config_of(message);
	struct repair_facts facts = {
		.hostname = config->main.hostname.len != 0
		    ? config->main.hostname : message->facts.mta_hostname,
		.now = clock_now(),
		.authors = &message->authors,
		.needs_sender = needs_sender(&message->authors),
		.rewrite_from = message->rewrite_from,
		.own_domains = message->snapshot->own_domains,
	};
	struct verdict verdict = verdict_accept();
	struct edits edits;
	unsigned int repairs = 0;
	struct err err;

	if (facts.hostname.len == 0)
		facts.hostname = SLICE("localhost");
	facts.own_address = own_address(message);
	edits_init(&edits, &message->mem, &message->header);
	if (repair_header(config, &facts, &edits, &repairs, &err) != 0)
		verdict = verdict_bad_message(&message->mem, &err);
	message->repairs = repairs;
	message->repairs_done =
	    !config_is_monitor(config, config->repair.mode);
	if (message->repairs_done)
		message->edits = edits;
	return in_mode(message, config->repair.mode, verdict);
}

/* Repairs after which the authors are others, or written in another way. */
enum { AUTHOR_REPAIRS = REPAIRED_FROM | REPAIRED_SENDER | REPAIRED_ADDRESSES |
	REPAIRED_DUPLICATES | REPAIRED_AUTHORS | REPAIRED_NAMES |
	REPAIRED_MISMATCH | REPAIRED_REMOVED | REPAIRED_LINES };

/*
 * What was written here is judged like what was received: it has one reading,
 * and all authors in it are the submitter's.
 */
static struct verdict
judge_result(struct message *message)
{
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
	verdict = judge_authors(message, &authors, &header);
	if (verdict.action == ACTION_ACCEPT)
		verdict = judge_names(message, &authors, &header);
	if (verdict.action != ACTION_ACCEPT && message->rewrite_from) {
		message->repairs = 0;
		return verdict.action == ACTION_REJECT ? message->refusal
		    : verdict;
	}
	if (verdict.action == ACTION_REJECT)
		verdict.detail = SLICE("as it would be after repair");
	if (verdict.action == ACTION_ACCEPT)
		message->authors = authors;
	return verdict;
}

/*
 * Whose domains sign: those of From; but never for authors that redirected mail
 * has of others: then those of Resent-From.
 */
static enum author_role
signing_role(const struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].foreign)
			return ROLE_RESENT_FROM;
	}
	return ROLE_FROM;
}

/*
 * Keys of every domain of an author who signs, each domain once: the first key
 * of each, then the second of each, until there are max.
 */
static size_t
find_keys(struct message *message, const struct sign_key **keys, size_t max)
{
	const struct authors *authors = &message->authors;
	enum author_role role = signing_role(authors);
	const struct domain_keys **domains = arena_array(&message->mem,
	    authors->count + 1, sizeof(const struct domain_keys *));
	size_t domain_count = 0, count = 0, longest = 0;

	for (size_t i = 0; message->snapshot->keys != NULL &&
	    i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		const struct domain_keys *found = author->role != role ? NULL
		    : keystore_find(message->snapshot->keys,
			author->address.domain);

		for (size_t j = 0; j < domain_count; j++) {
			if (domains[j] == found)
				found = NULL;
		}
		if (found == NULL)
			continue;
		domains[domain_count++] = found;
		longest = found->count > longest ? found->count : longest;
	}
	for (size_t k = 0; k < longest; k++) {
		for (size_t d = 0; d < domain_count; d++) {
			if (k >= domains[d]->count)
				continue;
			if (count < max)
				keys[count++] = domains[d]->keys[k];
			else
				message->warning = SLICE("more keys than "
				    "signatures: some did not sign");
		}
	}
	return count;
}

static struct verdict
begin_signing(struct message *message)
{
	const struct config *config = config_of(message);
	const struct snapshot *snapshot = message->snapshot;
	const struct sign_key *keys[MAX_SIGNATURES];
	const struct field *fields;
	size_t field_count;
	struct err err;

	/* Without From, which only monitor mode lets pass, nothing signs. */
	if (authors_count(&message->authors, ROLE_FROM) == 0)
		return verdict_accept();
	message->key_count = find_keys(message, keys, MAX_SIGNATURES);
	if (message->key_count == 0) {
		if (config->sign.unsigned_policy == UNSIGNED_REJECT)
			return verdict_refused("unsigned",
			    SLICE("This service has no key to sign mail of "
			    "that author domain"));
		return verdict_accept();
	}
	message->signatures = arena_array(&message->mem, message->key_count,
	    sizeof(*message->signatures));
	fields = edits_view(&message->edits, &field_count);
	if (snapshot->engine->begin(&snapshot->sign_policy, keys,
	    message->key_count, clock_now(), &message->signer, &err) != 0 ||
	    snapshot->engine->header(message->signer, fields, field_count,
		&err) != 0)
		return verdict_unsure(&message->mem, "sign", &err);
	return verdict_accept();
}

static struct verdict
judge_header(struct message *message)
{
	const struct config *config = config_of(message);
	struct verdict verdict;

	edits_init(&message->edits, &message->mem, &message->header);
	message->has_edits = true;
	if (message->unchecked)
		return verdict_accept();
	verdict = judge_received(message);
	/*
	 * What would have been refused is never repaired in the name of
	 * somebody, and never signed; nor is what is held.
	 */
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT ||
	    message->held.action == ACTION_HOLD)
		return verdict;
	if (message->rewrite_from)
		message->claimed_from = authors_text(&message->authors,
		    ROLE_FROM, &message->mem);
	verdict = repair(message);
	if (verdict.action == ACTION_ACCEPT &&
	    message->would.action == ACTION_ACCEPT)
		verdict = judge_result(message);
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT)
		return verdict;
	if (config_is_monitor(config, config->sign.mode))
		return verdict;
	return begin_signing(message);
}

struct verdict
pipeline_header(struct message *message)
{
	struct verdict verdict;

	TIMED(message, verdict = judge_header(message));
	return verdict;
}

bool
message_wants_body(const struct message *message)
{
	return message->signer != NULL;
}

bool
message_has_edits(const struct message *message)
{
	return message->signer != NULL ||
	    message->held.action == ACTION_HOLD ||
	    (message->has_edits && message->edits.changes != 0);
}

void
pipeline_body(struct message *message, struct slice chunk)
{
	if (message->signer == NULL || message->body_fault.kind != ERR_NONE)
		return;
	TIMED(message,
	    if (message->snapshot->engine->body(message->signer, chunk,
		&message->body_fault) != 0)
		    ENSURE(message->body_fault.kind != ERR_NONE));
}

static struct verdict
finish(struct message *message)
{
	const struct snapshot *snapshot = message->snapshot;
	struct err err;

	if (message->held.action == ACTION_HOLD)
		return message->held;
	if (message->signer == NULL)
		return verdict_accept();
	if (message->body_fault.kind != ERR_NONE)
		return verdict_unsure(&message->mem, "sign",
		    &message->body_fault);
	if (snapshot->engine->finish(message->signer, &message->mem,
	    message->signatures, &err) != 0)
		return verdict_unsure(&message->mem, "sign", &err);
	for (size_t i = 0; i < message->key_count; i++)
		edits_add_on_top(&message->edits, SLICE("DKIM-Signature"),
		    message->signatures[i].value);
	message->is_signed = true;
	return verdict_accept();
}

struct verdict
pipeline_end(struct message *message)
{
	struct verdict verdict;

	TIMED(message, verdict = finish(message));
	return verdict;
}

const struct edits *
message_edits(const struct message *message)
{
	return message->has_edits ? &message->edits : NULL;
}

struct arena *
message_arena(struct message *message)
{
	return &message->mem;
}

const struct submitter *
message_submitter(const struct message *message)
{
	return &message->submitter;
}

const struct snapshot *
message_snapshot(const struct message *message)
{
	return message->snapshot;
}

const struct authors *
message_authors(const struct message *message)
{
	return &message->authors;
}
