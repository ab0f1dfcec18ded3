/* SPDX-License-Identifier: BSD-2-Clause */
/* What receivers will conclude from a message, and what follows from that. */
#include "base/clock.h"
#include "message_priv.h"

static const struct slice tag_name = { "X-Submilter-Preflight", 21 };

/* A line of the header stays below what MTAs break (RFC 5322 section 2.1.1). */
enum { TAG_REASON_OCTETS = 500 };

/* What the table says of a key; TABLE_FAILED: nothing that can be used. */
static enum table_answer
read_levels(struct message *message, struct slice key,
    struct preflight_levels *levels, struct err *err)
{
	const struct table *table = message->snapshot->preflight.levels;
	enum table_answer answer;
	struct slice words;

	if (key.len == 0)
		return TABLE_ABSENT;
	answer = table_lookup(table, key, &message->mem, &words, err);
	if (answer == TABLE_FOUND &&
	    preflight_levels_change(levels, words, err) != 0) {
		err_wrap(err, "preflight.levels: key %s",
		    escape(&message->mem, key, 64));
		return TABLE_FAILED;
	}
	return answer;
}

static void
take_stricter(struct preflight_levels *levels,
    const struct preflight_levels *other)
{
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		if (other->of[i] > levels->of[i])
			levels->of[i] = other->of[i];
	}
}

/* By login, or else by the domains of From, of which the strictest counts. */
static int
find_levels(struct message *message, struct preflight_levels *levels,
    struct err *err)
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
		if (is_first)
			*levels = of_domain;
		take_stricter(levels, &of_domain);
		is_first = false;
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
	/* Of no address SPF would have nothing to say. */
	if (count == 0)
		return err_set(err, ERR_CONFIG, "preflight.egress-table: key "
		    "%s: no address", escape(&message->mem, domain, 64));
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

/* MAIL FROM as the MTA reads it, and so sends it on; NULL: the null sender. */
static const struct author *
find_path(const struct authors *authors)
{
	const struct author *path = NULL;

	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role == ROLE_MAIL_FROM)
			path = &authors->items[i];
	}
	return path;
}

static int
gather_facts(struct message *message, struct preflight_facts *facts,
    struct err *err)
{
	const struct config *config = message_config(message);
	const struct author *path = find_path(&message->authors);
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

static void
add_reason(struct strbuf *buf, struct slice text)
{
	struct slice start = slice_sub(text, 0, TAG_REASON_OCTETS);

	strbuf_add_cstr(buf, "\n reason=\"");
	for (size_t i = 0; i < start.len; i++)
		strbuf_add_char(buf, start.data[i] == '"' ? '\''
		    : start.data[i]);
	strbuf_add_cstr(buf, start.len < text.len ? "...\"" : "\"");
}

/* A field for one's own systems. */
static void
add_tag(struct message *message, const struct preflight_levels *levels,
    const struct outlook *outlooks)
{
	struct strbuf buf;

	strbuf_init(&buf, &message->mem);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		if (levels->of[i] != PREFLIGHT_TAG ||
		    outlooks[i].state == OUTLOOK_NOT_ASKED)
			continue;
		strbuf_addf(&buf, "%s %s=%.*s", buf.len != 0 ? ";\n" : "",
		    preflight_check_name((enum preflight_check)i),
		    SLICE_ARGS(outlooks[i].result));
		if (outlooks[i].text.len != 0)
			add_reason(&buf, outlooks[i].text);
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

/* The worst that follows from what is at the level reject; warns of the rest. */
static struct verdict
judge_outlooks(struct message *message, const struct preflight_levels *levels)
{
	struct verdict verdict = verdict_accept();

	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		const struct outlook *outlook = &message->outlooks[i];

		if (outlook->state < OUTLOOK_BAD ||
		    levels->of[i] != PREFLIGHT_REJECT) {
			if (outlook->text.len != 0)
				message_warn(message, outlook->text);
		} else if (verdict.action == ACTION_ACCEPT ||
		    (verdict.action == ACTION_TEMPFAIL &&
		    outlook->state == OUTLOOK_BAD))
			verdict = judge_outlook(message,
			    (enum preflight_check)i, outlook);
	}
	return verdict;
}

static bool
is_monitor(const struct message *message)
{
	const struct config *config = message_config(message);

	return config_is_monitor(config, config->preflight.mode);
}

static struct verdict
foresee(struct message *message)
{
	struct preflight_levels levels;
	struct preflight_facts facts;
	struct err err;

	if (find_levels(message, &levels, &err) != 0 ||
	    gather_facts(message, &facts, &err) != 0)
		return verdict_unsure(&message->mem, "preflight", &err);
	preflight_look(&message->snapshot->preflight, &levels, &facts,
	    preflight_deadline(message), &message->mem, message->outlooks);
	if (!is_monitor(message))
		add_tag(message, &levels, message->outlooks);
	return judge_outlooks(message, &levels);
}

void
message_drop_tags(const struct message *message, struct edits *edits)
{
	if (message->snapshot->preflight.in_use && !is_monitor(message))
		(void)edits_delete_all(edits, tag_name);
}

struct verdict
message_foresee(struct message *message)
{
	struct verdict verdict;

	if (!message->snapshot->preflight.in_use)
		return verdict_accept();
	verdict = foresee(message);
	if (!is_monitor(message))
		return verdict;
	/* The author may; so it is signed as it would be without preflight. */
	message->foreseen = verdict;
	return verdict_accept();
}
