/* SPDX-License-Identifier: BSD-2-Clause */
/* What receivers will conclude from a message, and what follows from that. */
#include "base/clock.h"
#include "message_priv.h"

static const struct slice tag_name = { "X-Submilter-Preflight", 21 };

/* By login, then by the domain of the first author. */
static int
find_levels(struct message *message, struct preflight_levels *levels,
    struct err *err)
{
	const struct table *table = message->snapshot->preflight.levels;
	const struct author *author = authors_first(&message->authors,
	    ROLE_FROM);
	const struct slice keys[] = { message->submitter.login,
		author == NULL ? (struct slice){ NULL, 0 }
		: author->address.domain };

	*levels = preflight_levels_of(message_config(message));
	for (size_t i = 0; table != NULL &&
	    i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct slice words;

		if (keys[i].len == 0)
			continue;
		switch (table_lookup(table, keys[i], &message->mem, &words,
		    err)) {
		case TABLE_ABSENT:
			continue;
		case TABLE_FOUND:
			if (preflight_levels_change(levels, words, err) == 0)
				return 0;
			return err_wrap(err, "preflight.levels: key %s",
			    escape(&message->mem, keys[i], 64));
		case TABLE_FAILED:
			return -1;
		}
	}
	return 0;
}

/* Where mail of this MAIL FROM domain will leave from. */
static int
find_egress(struct message *message, struct slice domain,
    struct preflight_facts *facts, struct err *err)
{
	const struct preflight_world *world = &message->snapshot->preflight;
	struct net_addr *list;
	struct slice value, item;
	size_t count = 0;

	facts->egress = world->egress;
	facts->egress_count = world->egress_count;
	if (world->egress_table == NULL || domain.len == 0)
		return 0;
	switch (table_lookup(world->egress_table, domain, &message->mem,
	    &value, err)) {
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		return -1;
	case TABLE_FOUND:
		break;
	}
	facts->egress_text = value;
	list = arena_array(&message->mem, PREFLIGHT_MAX_EGRESS,
	    sizeof(*list));
	while (slice_next_item(&value, ", \t", &item)) {
		if (preflight_add_egress(item, list, &count, err) != 0)
			return err_wrap(err, "preflight.egress-table: key %s",
			    escape(&message->mem, domain, 64));
	}
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

static int
gather_facts(struct message *message, struct preflight_facts *facts,
    struct err *err)
{
	const struct config *config = message_config(message);
	const struct author *path = authors_first(&message->authors,
	    ROLE_MAIL_FROM);
	struct slice domain;

	*facts = (struct preflight_facts){
		.smtputf8 = message->facts.smtputf8,
		.helo = config->preflight.helo.len != 0
		    ? config->preflight.helo : config->main.hostname.len != 0
		    ? config->main.hostname : message->facts.mta_hostname,
	};
	facts->helo = slice_lower(&message->mem, facts->helo);
	if (path != NULL)
		facts->mail_from = path->address.text;
	domain = path != NULL ? path->address.domain : facts->helo;
	find_domains(message, facts);
	facts->fields = edits_view(&message->edits, &facts->field_count);
	if (message->key_count != 0) {
		facts->signed_names = message->snapshot->sign_policy.signed_names;
		facts->signed_count = message->snapshot->sign_policy.signed_count;
	}
	return find_egress(message, domain, facts, err);
}

/* A field for one's own systems; nobody else's of that name goes on. */
static void
add_tag(struct message *message, const struct preflight_levels *levels,
    const struct outlook *outlooks)
{
	struct strbuf buf;

	(void)edits_delete_all(&message->edits, tag_name);
	strbuf_init(&buf, &message->mem);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		if (levels->of[i] != PREFLIGHT_TAG ||
		    outlooks[i].state == OUTLOOK_NOT_ASKED)
			continue;
		strbuf_addf(&buf, "%s %s=%.*s", buf.len != 0 ? ";\n" : "",
		    preflight_check_name((enum preflight_check)i),
		    SLICE_ARGS(outlooks[i].result));
		if (outlooks[i].text.len != 0) {
			strbuf_add_cstr(&buf, "\n reason=\"");
			for (size_t k = 0; k < outlooks[i].text.len; k++)
				strbuf_add_char(&buf,
				    outlooks[i].text.data[k] == '"' ? '\''
				    : outlooks[i].text.data[k]);
			strbuf_add_char(&buf, '"');
		}
	}
	if (buf.len != 0)
		edits_add(&message->edits, tag_name, strbuf_slice(&buf));
}

static struct verdict
judge_outlook(struct message *message, enum preflight_check check,
    const struct outlook *outlook)
{
	struct err err;

	if (outlook->state == OUTLOOK_BAD)
		return verdict_refused(preflight_check_name(check),
		    outlook->text);
	err_set(&err, ERR_TEMP, "%.*s", SLICE_ARGS(outlook->text));
	return verdict_unsure(&message->mem, preflight_check_name(check), &err);
}

uint64_t
preflight_deadline(const struct message *message)
{
	return clock_monotonic_us() +
	    (uint64_t)message_config(message)->dns.seconds * 1000000;
}

struct verdict
message_foresee(struct message *message)
{
	const struct config *config = message_config(message);
	const struct preflight_world *world = &message->snapshot->preflight;
	struct verdict verdict = verdict_accept();
	struct preflight_levels levels;
	struct preflight_facts facts;
	struct err err;

	if (!world->in_use)
		return verdict;
	if (find_levels(message, &levels, &err) != 0 ||
	    gather_facts(message, &facts, &err) != 0)
		return verdict_unsure(&message->mem, "preflight", &err);
	preflight_look(world, &levels, &facts, preflight_deadline(message),
	    &message->mem, message->outlooks);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		const struct outlook *outlook = &message->outlooks[i];

		if (outlook->state < OUTLOOK_BAD)
			continue;
		if (levels.of[i] != PREFLIGHT_REJECT)
			message_warn(message, outlook->text);
		else if (verdict.action == ACTION_ACCEPT ||
		    verdict.action == ACTION_TEMPFAIL)
			verdict = judge_outlook(message,
			    (enum preflight_check)i, outlook);
	}
	if (!config_is_monitor(config, config->preflight.mode))
		add_tag(message, &levels, message->outlooks);
	return message_in_mode(message, config->preflight.mode, verdict);
}
