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
	message->facts.mta_version =
	    slice_dup(&message->mem, facts->mta_version);
	message->facts.mta_hostname =
	    slice_dup(&message->mem, facts->mta_hostname);
	message->facts.mta_domain =
	    slice_dup(&message->mem, facts->mta_domain);
	message->facts.mta_address =
	    slice_dup(&message->mem, facts->mta_address);
	header_init(&message->header, &message->mem);
	authors_init(&message->authors, &message->mem);
	body_init(&message->body, slice_cstr(&message->mem,
	    snapshot->config->main.spool), snapshot->config->limits.body_memory);
	return message;
}

void
message_free(struct message *message)
{
	if (message == NULL)
		return;
	if (message->signer != NULL)
		message->snapshot->engine->free(message->signer);
	body_done(&message->body);
	snapshot_unref(message->snapshot);
	arena_done(&message->mem);
	free(message);
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

	TIMED(message, verdict = message_judge_mail(message));
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
 * judged already, or for the null sender, and that of an owner, the login's own.
 */
static struct slice
own_address(struct message *message)
{
	const struct author *path = authors_first(&message->authors,
	    ROLE_MAIL_FROM);
	struct address address;
	struct slice how;
	struct err err;

	if (path != NULL && !path->behalf &&
	    message->would.action == ACTION_ACCEPT)
		return path->address.text;
	if (rights_login_address(message->submitter.login, &message->mem,
	    &address) && rights_check(&message->snapshot->rights,
	    &message->submitter, &address, &message->mem, &how,
	    &err) == RIGHT_GRANTED)
		return address.text;
	return (struct slice){ NULL, 0 };
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

enum mta_choice
message_mta(const struct message *message)
{
	enum mta_choice mta = message_config(message)->main.mta;
	struct slice version = message->facts.mta_version;

	if (mta != MTA_AUTO || version.len == 0)
		return mta;
	return slice_starts(version, SLICE("Postfix")) ? MTA_POSTFIX
	    : MTA_SENDMAIL;
}

static struct verdict
repair(struct message *message)
{
	const struct config *config = message_config(message);
	struct repair_facts facts = {
		.hostname = config->main.hostname.len != 0
		    ? config->main.hostname : message->facts.mta_hostname,
		.now = clock_now(),
		.authors = &message->authors,
		.mta = message_mta(message),
		.mta_name = message->facts.mta_hostname,
		.mta_domain = message->facts.mta_domain,
		.mta_address = message->facts.mta_address,
		.smtputf8 = message->facts.smtputf8,
		.needs_sender = needs_sender(&message->authors),
		.rewrite_from = message->rewrite_from,
		.own_domains = message->snapshot->own_domains,
	};
	struct verdict verdict = verdict_accept();
	struct edits edits;
	unsigned int repairs = 0;
	struct err err;

	if (facts.mta_name.len == 0)
		facts.mta_name = config->main.hostname;
	if (facts.hostname.len == 0)
		facts.hostname = SLICE("localhost");
	facts.own_address = own_address(message);
	edits_init(&edits, &message->mem, &message->header);
	message_drop_tags(message, &edits);
	cover_find(&facts, &edits, &message->cover);
	facts.cover = &message->cover;
	if (repair_header(config, &facts, &edits, &repairs, &err) != 0)
		verdict = verdict_bad_message(&message->mem, &err);
	message->repairs = repairs;
	message->repairs_done =
	    !config_is_monitor(config, config->repair.mode);
	if (message->repairs_done) {
		message->edits = edits;
		message_warn_broken(message, UINT64_MAX);
	}
	return message_in_mode(message, config->repair.mode, verdict);
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

/* The last two labels of a domain: what may be aligned with it lies below. */
static struct slice
two_labels(struct slice domain)
{
	size_t dots = 0;

	for (size_t i = domain.len; i > 0; i--) {
		if (domain.data[i - 1] == '.' && ++dots == 2)
			return slice_from(domain, i);
	}
	return domain;
}

/* Whether a signature of that domain would speak for a foreign author, too. */
static bool
speaks_for_foreign(const struct authors *authors, struct slice domain)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].foreign && slice_eq(two_labels(domain),
		    two_labels(authors->items[i].address.domain)))
			return true;
	}
	return false;
}

/*
 * The keys of a domain, or by option those of the nearest domain above it that
 * has some: relaxed alignment of RFC 9989 section 4.4 covers it.
 */
static const struct domain_keys *
keys_for(const struct message *message, struct slice domain)
{
	const struct keystore *store = message->snapshot->keys;
	const struct domain_keys *found = keystore_find(store, domain);

	while (found == NULL && message_config(message)->sign.parent_domain) {
		domain = slice_from(domain, slice_find(domain, '.') + 1);
		if (!slice_has(domain, '.'))
			break;
		found = keystore_find(store, domain);
	}
	return found;
}

/* The first reason counts; the domain is a canonical one. */
static void
note_unsigned(struct message *message, const char *why, struct slice domain)
{
	if (message->unsigned_why.len == 0)
		message->unsigned_why = slice_format(&message->mem, "%s%.*s",
		    why, SLICE_ARGS(domain));
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
	bool unused = false;

	for (size_t i = 0; message->snapshot->keys != NULL &&
	    i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		const struct domain_keys *found;

		if (author->role != role)
			continue;
		found = keys_for(message, author->address.domain);
		if (found == NULL)
			note_unsigned(message, "no key of ",
			    author->address.domain);
		for (size_t j = 0; j < domain_count; j++) {
			if (found != NULL && slice_eq(domains[j]->domain,
			    found->domain))
				found = NULL;
		}
		if (found == NULL)
			continue;
		/* Aligned as in RFC 9989: it would vouch for From. */
		if (speaks_for_foreign(authors, found->domain)) {
			note_unsigned(message, "a foreign author shares the "
			    "domain of ", found->domain);
			continue;
		}
		found = message_usable_keys(message, found);
		if (found->count == 0)
			note_unsigned(message, "no key may sign of ",
			    found->domain);
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
				unused = true;
		}
	}
	if (unused)
		message_warn(message,
		    SLICE("more keys than signatures: some did not sign"));
	return count;
}

/*
 * An empty directory: nobody knows which domains would sign. Foreign authors
 * are none of ours in any case.
 */
static void
miss_all_keys(struct message *message)
{
	const struct config *config = message_config(message);
	const struct authors *authors = &message->authors;
	enum author_role role = signing_role(authors);
	bool is_ours = false;

	for (size_t i = 0; i < authors->count; i++)
		is_ours = is_ours || (authors->items[i].role == role &&
		    !authors->items[i].foreign);
	if (is_ours && message->snapshot->keys != NULL &&
	    keystore_domain_count(message->snapshot->keys) == 0 &&
	    config->sign.broken_keys == BROKEN_KEYS_LATER)
		err_set(&message->key_fault, ERR_TEMP, "there is no key in %s",
		    escape(&message->mem, config->main.keys, 256));
}

/* With which keys it will be signed, if at all. */
static struct verdict
choose_keys(struct message *message)
{
	const struct config *config = message_config(message);

	if (message->snapshot->keys != NULL &&
	    config_is_monitor(config, config->sign.mode))
		message->unsigned_why = SLICE("the block sign is in monitor "
		    "mode");
	/* Without From, which only monitor mode lets pass, nothing signs. */
	if (authors_count(&message->authors, ROLE_FROM) == 0 ||
	    config_is_monitor(config, config->sign.mode))
		return verdict_accept();
	message->keys = arena_array(&message->mem, MAX_SIGNATURES,
	    sizeof(const struct sign_key *));
	message->key_count = find_keys(message, message->keys, MAX_SIGNATURES);
	miss_all_keys(message);
	if (message->key_fault.kind != ERR_NONE)
		return verdict_unsure(&message->mem, "dkim-key",
		    &message->key_fault);
	/* A bounce that is refused keeps the original in the queue for ever. */
	if (message->key_count == 0 && !message->submitter.is_mta &&
	    config->sign.unsigned_policy == UNSIGNED_REJECT)
		return verdict_refused("unsigned", SLICE("This service has no "
		    "key to sign mail of that author domain"));
	return verdict_accept();
}

static struct verdict
judge_header(struct message *message)
{
	struct verdict verdict;

	edits_init(&message->edits, &message->mem, &message->header);
	message->has_edits = true;
	message_drop_tags(message, &message->edits);
	if (message->unchecked)
		return verdict_accept();
	verdict = message_judge_header(message);
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
	/* What From was refused for is nearer than why it cannot be another. */
	if (verdict.action == ACTION_REJECT && message->rewrite_from)
		return message->refusal;
	if (verdict.action == ACTION_ACCEPT &&
	    message->would.action == ACTION_ACCEPT)
		verdict = message_judge_result(message);
	if (verdict.action == ACTION_ACCEPT &&
	    message->would.action == ACTION_ACCEPT)
		verdict = choose_keys(message);
	if (verdict.action == ACTION_ACCEPT &&
	    message->would.action == ACTION_ACCEPT)
		verdict = message_foresee(message);
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT)
		return verdict;
	return message_begin_signing(message);
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
	return message->signer != NULL &&
	    message->body_fault.kind == ERR_NONE;
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
	    if (message_take_body(message, chunk, &message->body_fault) != 0)
		    ENSURE(message->body_fault.kind != ERR_NONE));
	/* However long the client takes to end: a full disk is not kept full. */
	if (message->body_fault.kind != ERR_NONE)
		body_done(&message->body);
}

static struct verdict
finish(struct message *message)
{
	if (message->held.action == ACTION_HOLD) {
		/*
		 * It goes as it came, but for what only we may say, and what
		 * the postmaster would not see for what it is.
		 */
		edits_init(&message->edits, &message->mem, &message->header);
		message_drop_tags(message, &message->edits);
		if (repair_misleading(&message->edits)) {
			message->repairs = REPAIRED_REMOVED;
			message->repairs_done = true;
		}
		return message->held;
	}
	return message->signer == NULL ? verdict_accept()
	    : message_sign(message);
}

struct verdict
pipeline_end(struct message *message)
{
	struct verdict verdict;

	TIMED(message, verdict = finish(message));
	return verdict;
}

bool
message_changes_body(const struct message *message)
{
	/* Of an empty body only the label can change. */
	return message->is_signed && message->body_plan.changes_body &&
	    message->body.size > 0;
}

int
message_write_body(const struct message *message, encode_sink *sink, void *arg,
    struct err *err)
{
	ENSURE(message_changes_body(message));
	return body_plan_write(&message->body_plan, &message->body, UINT64_MAX,
	    sink, arg, err);
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
