/* SPDX-License-Identifier: BSD-2-Clause */
/* Preflight: what receivers will conclude from a message. */
#include "base/clock.h"
#include "message_priv.h"

static const struct slice tag_name = { "X-Submilter-Preflight", 21 };

/* A line of the header stays below what MTAs break (RFC 5322 section 2.1.1). */
enum { TAG_REASON_OCTETS = 500 };

/* Looks a key up in the table; TABLE_FAILED also for a value that is not valid. */
static enum table_answer
read_levels(struct message *message, struct slice key,
    struct preflight_levels *levels, struct err *err)
{
	const struct table *table = message->snapshot->preflight.levels;
	const struct table_context context = message_context(message, err);
	enum table_answer answer;
	struct slice words;

	if (key.len == 0)
		return TABLE_ABSENT;
	answer = table_lookup_one(table, key, &context, &words);
	if (answer == TABLE_FOUND &&
	    preflight_levels_change(levels, words, err) != 0) {
		err_wrap(err, "preflight.levels: key %s",
		    escape(&message->mem, key, 64));
		return TABLE_FAILED;
	}
	return answer;
}

/* By login, or else by the domains of From: the strictest of each counts. */
static int
find_levels(
    struct message *message, struct preflight_levels *levels, struct err *err)
{
	const struct preflight_levels base =
	    preflight_levels_of(message_config(message));
	const struct authors *authors = &message->authors;
	enum table_answer answer;
	bool is_first = true;

	*levels = base;
	if (message->snapshot->preflight.levels == NULL)
		return 0;
	answer = read_levels(message, message->submitter.login, levels, err);
	if (answer != TABLE_ABSENT)
		return answer == TABLE_FOUND ? 0 : -1;
	for (size_t i = 0; i < authors->count; i++) {
		struct preflight_levels of_domain = base;

		if (authors->items[i].role != ROLE_FROM)
			continue;
		if (read_levels(message, authors->items[i].address.domain,
			&of_domain, err) == TABLE_FAILED)
			return -1;
		for (size_t c = 0; c < PREFLIGHT_CHECKS; c++) {
			if (is_first || of_domain.of[c] > levels->of[c])
				levels->of[c] = of_domain.of[c];
		}
		is_first = false;
	}
	return 0;
}

/* Where mail of this MAIL FROM domain will leave from. */
static int
find_egress(struct message *message, struct slice domain,
    struct preflight_facts *facts, struct err *err)
{
	const struct table_context context = message_context(message, err);
	const struct preflight_world *world = &message->snapshot->preflight;
	struct net_addr *list;
	struct slice value, item;
	size_t count = 0;

	facts->egress = world->egress;
	facts->egress_count = world->egress_count;
	if (world->egress_table == NULL || domain.len == 0)
		return 0;
	switch (
	    table_lookup_one(world->egress_table, domain, &context, &value)) {
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		return -1;
	case TABLE_FOUND:
		break;
	}
	facts->egress_text = value;
	list = arena_array(&message->mem, PREFLIGHT_MAX_EGRESS, sizeof(*list));
	while (slice_next_item(&value, ", \t", &item)) {
		if (preflight_add_egress(item, list, &count, err) != 0)
			return err_wrap(err, "preflight.egress-table: key %s",
			    escape(&message->mem, domain, 64));
	}
	/* Without an address SPF could not be checked. */
	if (count == 0)
		return err_set(err, ERR_CONFIG,
		    "preflight.egress-table: key "
		    "%s: no address",
		    escape(&message->mem, domain, 64));
	facts->egress = list;
	facts->egress_count = count;
	return 0;
}

static bool
has_domain(const struct slice *list, size_t count, struct slice domain)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(list[i], domain))
			return true;
	}
	return false;
}

static void
find_domains(struct message *message, struct preflight_facts *facts)
{
	const struct authors *authors = &message->authors;
	struct slice *list = arena_array(&message->mem,
	    authors->count + message->key_count + 1, sizeof(*list));
	struct slice *signers;
	size_t count = 0;

	for (size_t i = 0; i < authors->count; i++) {
		struct slice domain = authors->items[i].address.domain;

		if (authors->items[i].role == ROLE_FROM &&
		    !has_domain(list, count, domain))
			list[count++] = domain;
	}
	facts->authors = list;
	facts->author_count = count;
	signers = list + count;
	count = 0;
	for (size_t i = 0; i < message->key_count; i++) {
		struct slice domain = message->keys[i]->domain;

		if (!has_domain(signers, count, domain))
			signers[count++] = domain;
	}
	facts->signers = signers;
	facts->signer_count = count;
}

/* A header field for the operator's own systems. */
static void
foresee_add_tag(struct message *message, const struct preflight_levels *levels,
    const struct outlook *outlooks)
{
	struct strbuf buf;

	strbuf_init(&buf, &message->mem);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		struct slice text = outlooks[i].text;
		struct slice start = slice_sub(text, 0, TAG_REASON_OCTETS);

		if (levels->of[i] != PREFLIGHT_TAG ||
		    outlooks[i].state == OUTLOOK_NOT_ASKED)
			continue;
		strbuf_addf(&buf, "%s %s=%.*s", buf.len != 0 ? ";\n" : "",
		    preflight_check_name((enum preflight_check)i),
		    SLICE_ARGS(outlooks[i].result));
		if (text.len == 0)
			continue;
		strbuf_add_cstr(&buf, "\n reason=\"");
		for (size_t c = 0; c < start.len; c++)
			strbuf_add_char(
			    &buf, start.data[c] == '"' ? '\'' : start.data[c]);
		strbuf_add_cstr(&buf, start.len < text.len ? "...\"" : "\"");
	}
	if (buf.len != 0)
		edits_add(&message->edits, tag_name, strbuf_slice(&buf));
}

/* A reply is no longer (RFC 5321 section 4.5.3.1.5), with its codes. */
enum { REPLY_OCTETS = 490 };

/* The record of our shortest key of a domain that no key signs for, if any. */
static struct slice
own_key_hint(struct message *message, struct slice domain, size_t room)
{
	struct keystore *store = message->snapshot->keys;
	struct domain_keys *keys =
	    store == NULL ? NULL : keystore_take(store, domain);
	const struct sign_key *key = NULL;
	struct slice name, record, hint = { NULL, 0 };

	for (size_t i = 0; keys != NULL && i < keys->count; i++) {
		if (key == NULL ||
		    keys->keys[i]->algorithm == KEY_ED25519_SHA256)
			key = keys->keys[i];
	}
	for (size_t i = 0; key != NULL && i < message->key_count; i++) {
		if (slice_eq(message->keys[i]->domain, keys->domain))
			key = NULL;
	}
	if (key != NULL) {
		name = key_record_name(key, &message->mem);
		record = key_record(&message->mem, key);
		hint = slice_format(&message->mem,
		    "; its owner may publish %.*s TXT \"%.*s\"",
		    SLICE_ARGS(name), SLICE_ARGS(record));
		if (hint.len > room)
			hint = slice_format(&message->mem,
			    "; its owner may publish the TXT record of %.*s that "
			    "\"submilter keys\" prints",
			    SLICE_ARGS(name));
	}
	domain_keys_release(keys);
	return hint;
}

/* What the owner of the author domain may publish so that DMARC passes. */
static struct slice
dmarc_hint(
    struct message *message, const struct preflight_facts *facts, size_t room)
{
	const struct outlook *spf = &message->outlooks[PREFLIGHT_SPF];
	struct slice path = slice_from(
	    facts->mail_from, slice_find_last(facts->mail_from, '@') + 1);
	struct slice domain, address, hint;

	/* The reply does not say which of several authors it is. */
	if (facts->author_count != 1)
		return (struct slice){ NULL, 0 };
	domain = facts->authors[0];
	hint = own_key_hint(message, domain, room);
	if (hint.len != 0)
		return hint;
	if (!slice_eq(path, domain))
		return slice_format(&message->mem,
		    "; its owner may publish the key that \"submilter genkey "
		    "%.*s\" makes here",
		    SLICE_ARGS(domain));
	if (spf->state == OUTLOOK_BAD && spf->text.len != 0)
		return slice_format(
		    &message->mem, "; %.*s", SLICE_ARGS(spf->text));
	if (facts->egress_count == 0)
		return (struct slice){ NULL, 0 };
	address = net_addr_text(&message->mem, &facts->egress[0]);
	return slice_format(&message->mem,
	    "; its owner may publish %.*s TXT \"v=spf1 %s:%.*s -all\", or add "
	    "that address to the record there",
	    SLICE_ARGS(domain), facts->egress[0].bits == 32 ? "ip4" : "ip6",
	    SLICE_ARGS(address));
}

static const enum reason reasons[PREFLIGHT_CHECKS] = {
	[PREFLIGHT_SPF] = REASON_SPF,
	[PREFLIGHT_DMARC] = REASON_DMARC,
	[PREFLIGHT_ADSP] = REASON_ADSP,
	[PREFLIGHT_SENDER_ID] = REASON_SENDER_ID,
	[PREFLIGHT_UNSUBSCRIBE] = REASON_UNSUBSCRIBE,
};

uint64_t
preflight_deadline(const struct message *message)
{
	return clock_monotonic_us() +
	    (uint64_t)message_config(message)->dns.seconds * 1000000;
}

/* The worst that follows from what is at the level reject; warns of the rest. */
static struct verdict
judge_outlooks(struct message *message, const struct preflight_levels *levels,
    const struct preflight_facts *facts)
{
	struct verdict verdict = verdict_accept();

	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		const struct outlook *outlook = &message->outlooks[i];
		struct slice text = outlook->text;
		struct err err;

		if (outlook->state < OUTLOOK_BAD ||
		    levels->of[i] != PREFLIGHT_REJECT) {
			if (text.len != 0)
				outcome_warn(&message->outcome, text);
			continue;
		}
		if (outlook->state != OUTLOOK_BAD) {
			if (verdict.action != ACTION_ACCEPT)
				continue;
			err_set(&err, ERR_TEMP, "%.*s", SLICE_ARGS(text));
			verdict =
			    verdict_unsure(&message->mem, reasons[i], &err);
			continue;
		}
		if (verdict.action == ACTION_REJECT)
			continue;
		if (i == PREFLIGHT_DMARC && text.len < REPLY_OCTETS) {
			struct slice hint =
			    dmarc_hint(message, facts, REPLY_OCTETS - text.len);

			text = slice_format(&message->mem, "%.*s%.*s",
			    SLICE_ARGS(text), SLICE_ARGS(hint));
		}
		verdict = verdict_refused(reasons[i], text);
	}
	return verdict;
}

struct verdict
step_preflight(struct message *message)
{
	const struct config *config = message_config(message);
	const struct snapshot *snapshot = message->snapshot;
	const struct authors *authors = &message->authors;
	struct preflight_levels levels;
	struct preflight_facts facts = {
		.smtputf8 = message->facts.smtputf8,
		.helo = message->facts.client.said[FACT_MTA_NAME],
	};
	struct slice domain;
	struct err err;

	if (!snapshot->preflight.in_use)
		return verdict_accept();
	if (config->preflight.helo.len != 0)
		facts.helo = config->preflight.helo;
	else if (config->main.hostname.len != 0)
		facts.helo = config->main.hostname;
	facts.helo = slice_lower(&message->mem, facts.helo);
	domain = facts.helo;
	/* The last one is how the MTA reads MAIL FROM, and so sends it on. */
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role != ROLE_MAIL_FROM)
			continue;
		facts.mail_from = authors->items[i].address.text;
		domain = authors->items[i].address.domain;
	}
	find_domains(message, &facts);
	facts.fields = edits_view(&message->edits, &facts.field_count);
	if (message->key_count != 0) {
		facts.signed_names = snapshot->sign_policy.signed_names;
		facts.signed_count = snapshot->sign_policy.signed_count;
	}
	if (find_levels(message, &levels, &err) != 0 ||
	    find_egress(message, domain, &facts, &err) != 0)
		return verdict_unsure(&message->mem, REASON_PREFLIGHT, &err);
	preflight_look(&snapshot->preflight, &levels, &facts,
	    preflight_deadline(message), &message->mem, message->outlooks);
	if (message->has_tags)
		foresee_add_tag(message, &levels, message->outlooks);
	return judge_outlooks(message, &levels, &facts);
}

void
message_drop_tags(const struct message *message, struct edits *edits)
{
	if (message->has_tags)
		(void)edits_delete_all(edits, tag_name);
	login_field_drop(&message->snapshot->identity, edits);
}
