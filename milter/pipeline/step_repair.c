/* SPDX-License-Identifier: BSD-2-Clause */
/* The header as it goes on, or as it would. */
#include "base/clock.h"
#include "message_priv.h"

/*
 * An address that the submitter may certainly use: MAIL FROM, which is judged
 * already; where that is the null sender or an owner's, the login's own. -1: a
 * table could not answer.
 */
static int
own_address(struct message *message, struct slice *ret_text, struct err *err)
{
	const struct author *path =
	    authors_first(&message->authors, ROLE_MAIL_FROM);
	const struct rights rights = message_rights(message);
	const struct table_context context = message_context(message, err);
	struct address address;
	struct slice how;

	if (path != NULL && !path->behalf) {
		*ret_text = path->address.text;
		return 0;
	}
	if (!rights_login_address(
		message->submitter.login, &message->mem, &address))
		return 0;
	switch (rights_check(
	    &rights, &message->submitter, &address, &context, &how)) {
	case RIGHT_GRANTED:
		*ret_text = address.text;
		return 0;
	case RIGHT_UNKNOWN:
		return -1;
	case RIGHT_BEHALF:
	case RIGHT_NONE:
	case RIGHT_UNJUDGED:
		break;
	}
	return 0;
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

/* Whether the own address will stand in the header. */
static bool
needs_own_address(const struct repair_facts *facts)
{
	return facts->rewrite_from ||
	    authors_count(facts->authors, ROLE_FROM) == 0 ||
	    (facts->needs_sender &&
		authors_count(facts->authors, ROLE_SENDER) == 0);
}

void
message_warn_broken(struct message *message, uint64_t body_from)
{
	struct slice domains =
	    cover_broken(&message->cover, &message->edits, body_from);

	if (domains.len > 0)
		outcome_warn(&message->outcome,
		    slice_format(&message->mem,
			"the DKIM signature of %.*s breaks: what it covers could "
			"not stay as it was",
			SLICE_ARGS(domains)));
}

/* The header as it would go on. */
static struct verdict
repair(struct message *message, struct edits *edits)
{
	const struct config *config = message_config(message);
	struct repair_facts facts = message_mta_facts(message);
	struct verdict verdict = verdict_accept();
	unsigned int repairs = 0;
	struct err err, unsure;

	message->received =
	    arena_alloc(&message->mem, sizeof(*message->received));
	*message->received = message->authors;
	if (outcome_is_remedied(&message->outcome) &&
	    !config_only_watches(config))
		message->claimed_from =
		    authors_text(&message->authors, ROLE_FROM, &message->mem);
	facts.hostname = config->main.hostname.len != 0 ?
	    config->main.hostname :
	    message->facts.client.said[FACT_MTA_NAME];
	if (facts.hostname.len == 0)
		facts.hostname = SLICE("localhost");
	facts.now = clock_now();
	facts.authors = &message->authors;
	facts.smtputf8 = message->facts.smtputf8;
	facts.needs_sender = needs_sender(&message->authors);
	facts.rewrite_from = outcome_is_remedied(&message->outcome);
	facts.is_redirected = message_is_passed_on(message);
	facts.own_domains = &message->snapshot->own->domains;
	if (needs_own_address(&facts) &&
	    own_address(message, &facts.own_address, &unsure) != 0)
		facts.own_address_unsure = &unsure;
	edits_init(edits, &message->mem, &message->header);
	message_drop_tags(message, edits);
	cover_find(&facts, edits, &message->cover);
	facts.cover = &message->cover;
	if (repair_header(config, &facts, edits, &repairs, &err) != 0)
		verdict = err.kind == ERR_TEMP ?
		    verdict_unsure(&message->mem, REASON_TABLE, &err) :
		    verdict_bad_message(&message->mem, &err);
	message->repairs = repairs;
	return verdict;
}

struct verdict
step_repair(struct message *message)
{
	struct edits edits;
	struct verdict verdict = repair(message, &edits);

	message->repairs_done = true;
	message->edits = edits;
	message_warn_broken(message, UINT64_MAX);
	return verdict;
}

/* The result is judged where nothing goes on as it is written here. */
struct verdict
step_repair_watched(struct message *message)
{
	struct edits edits;
	struct verdict verdict = repair(message, &edits);

	if (config_only_watches(message_config(message)))
		message->edits = edits;
	return verdict;
}

/* No edits, except that tags of ours are dropped from every message. */
void
message_begin_edits(struct message *message)
{
	edits_init(&message->edits, &message->mem, &message->header);
	message_drop_tags(message, &message->edits);
}

/* In monitor mode of all blocks, it goes on as it came. */
struct verdict
step_as_it_came(struct message *message)
{
	if (!config_only_watches(message_config(message)))
		return verdict_accept();
	if (message->received != NULL)
		message->authors = *message->received;
	message_begin_edits(message);
	return verdict_accept();
}

/*
 * It goes to the postmaster as it came, without the fields that only we write
 * and those whose names mislead.
 */
struct verdict
step_hold(struct message *message)
{
	if (!outcome_is_held(&message->outcome))
		return verdict_accept();
	message_begin_edits(message);
	if (repair_misleading(&message->edits)) {
		message->repairs = REPAIRED_REMOVED;
		message->repairs_done = true;
	}
	return verdict_accept();
}
