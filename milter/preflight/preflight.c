/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/preflight.h"

#include "base/clock.h"
#include "dns/bounded.h"
#include "outlook_cache_priv.h"
#include "preflight/adsp.h"
#include "preflight/sender_id.h"
#include "preflight/spf.h"
#include "preflight/unsubscribe.h"

/* What DNS did not say is not asked for with every message. */
enum { UNKNOWN_SECONDS = 10, SHOWN_OCTETS = 200 };

static const char *const names[PREFLIGHT_CHECKS] = { "spf", "dmarc", "adsp",
	"sender-id", "unsubscribe" };
static const char *const level_names[] = { "off", "warn", "tag", "reject" };

const char *
preflight_check_name(enum preflight_check check)
{
	return names[check];
}

struct preflight_levels
preflight_levels_of(const struct config *config)
{
	return (struct preflight_levels){ { config->preflight.spf,
		config->preflight.dmarc, config->preflight.adsp,
		config->preflight.sender_id, config->preflight.unsubscribe } };
}

static size_t
find_word(struct slice word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq_nocase(word, slice_of(words[i])))
			return i;
	}
	return count;
}

int
preflight_levels_change(struct preflight_levels *levels, struct slice words,
    struct err *err)
{
	const size_t level_count = sizeof(level_names) / sizeof(level_names[0]);
	struct preflight_levels changed = *levels;
	struct slice word;

	while (slice_next_item(&words, " \t,", &word)) {
		size_t equals = slice_find(word, '=');
		size_t check = find_word(slice_sub(word, 0, equals), names,
		    PREFLIGHT_CHECKS);
		size_t level = find_word(slice_from(word, equals + 1),
		    level_names, level_count);

		if (check == PREFLIGHT_CHECKS || level == level_count)
			return err_set(err, ERR_CONFIG, "wants CHECK=off, warn, "
			    "tag or reject");
		changed.of[check] = (enum preflight_level)level;
	}
	*levels = changed;
	return 0;
}

/* One look: what all checks of a message have in common. */
struct look {
	const struct preflight_world *world;
	const struct preflight_facts *facts;
	struct resolver *resolver;	/* with the bounds of one message */
	uint64_t deadline_us;
	/* Most of the time, or of the questions, went to other checks. */
	uint64_t late_us;
	unsigned long late_questions;
	struct arena *mem;
};

static struct outlook
bad(struct slice result, struct slice text)
{
	return (struct outlook){ OUTLOOK_BAD, result, text };
}

static struct outlook
unknown(struct slice text)
{
	return (struct outlook){ OUTLOOK_UNKNOWN, SLICE("temperror"), text };
}

static struct outlook
good(struct slice result)
{
	return (struct outlook){ OUTLOOK_GOOD, result, { NULL, 0 } };
}

/* A part of a key, with its length: no text of one can pass for two. */
static void
add_part(struct strbuf *key, struct slice part)
{
	strbuf_addf(key, " %zu:", part.len);
	strbuf_add(key, part);
}

static void
add_parts(struct strbuf *key, const struct slice *parts, size_t count)
{
	strbuf_addf(key, " %zu", count);
	for (size_t i = 0; i < count; i++)
		add_part(key, parts[i]);
}

static struct strbuf
key_begin(const struct look *look, const char *what, struct slice domain)
{
	struct strbuf key;

	strbuf_init(&key, look->mem);
	strbuf_add_cstr(&key, what);
	add_part(&key, domain);
	return key;
}

static struct slice
domain_of(struct slice sender)
{
	size_t at = slice_find_last(sender, '@');

	return at < sender.len ? slice_from(sender, at + 1) : sender;
}

/* What else DNS is asked of for messages such as this one. */
static struct slice
key_of_late(const struct look *look, struct slice key)
{
	struct strbuf late = key_begin(look, "late",
	    domain_of(look->facts->mail_from));

	add_parts(&late, look->facts->authors, look->facts->author_count);
	strbuf_add(&late, key);
	return strbuf_slice(&late);
}

static bool
recall(const struct look *look, struct slice key, struct outlook *ret_outlook)
{
	return outlook_cache_get(look->world->cache, key, look->mem,
	    ret_outlook) || outlook_cache_get(look->world->cache,
	    key_of_late(look, key), look->mem, ret_outlook);
}

/*
 * For other messages, too; but that DNS did not answer a check for which
 * another domain had left no time is nothing to hold against this one.
 */
static void
remember(const struct look *look, struct slice key, bool late,
    const struct outlook *outlook)
{
	if (outlook->state != OUTLOOK_UNKNOWN)
		outlook_cache_put(look->world->cache, key, outlook,
		    look->world->cache_seconds);
	else
		outlook_cache_put(look->world->cache, late
		    ? key_of_late(look, key) : key, outlook,
		    UNKNOWN_SECONDS);
}

static bool
is_late(const struct look *look)
{
	return clock_monotonic_us() > look->late_us ||
	    bounded_resolver_asked(look->resolver) > look->late_questions;
}

static struct slice
shown(const struct look *look, struct slice text)
{
	return slice_of(escape(look->mem, text, SHOWN_OCTETS));
}

/* What receivers make of one address that mail leaves from. */
static struct outlook
explain_spf(const struct look *look, enum spf_scope scope,
    enum spf_result result, const struct net_addr *client,
    struct slice domain, const struct spf_report *report)
{
	const char *what = scope == SPF_MAIL_FROM_V1 ? "SPF" : "Sender ID";
	struct slice word = slice_of(spf_result_name(result));
	struct slice addr = net_addr_text(look->mem, client);
	const char *family = client->bits == 32 ? "ip4" : "ip6";

	domain = shown(look, domain);
	switch (result) {
	case SPF_PASS:
		return good(word);
	case SPF_TEMPERROR:
		return unknown(slice_format(look->mem, "%s of %.*s is not known: "
		    "%s", what, SLICE_ARGS(domain), report->fault.text));
	case SPF_PERMERROR:
		return bad(word, slice_format(look->mem, "the SPF record of %.*s "
		    "is broken: %s", SLICE_ARGS(domain), report->fault.text));
	case SPF_NONE:
		return bad(word, slice_format(look->mem, "%.*s has no SPF record: "
		    "its owner may publish \"v=spf1 %s:%.*s -all\"",
		    SLICE_ARGS(domain), family, SLICE_ARGS(addr)));
	case SPF_NEUTRAL:
	case SPF_FAIL:
	case SPF_SOFTFAIL:
		break;
	}
	return bad(word, slice_format(look->mem, "%s of %.*s says %.*s of our "
	    "address %.*s: ask its owner to add %s:%.*s", what,
	    SLICE_ARGS(domain), SLICE_ARGS(word), SLICE_ARGS(addr), family,
	    SLICE_ARGS(addr)));
}

/*
 * What receivers make of the addresses that mail leaves from: of the first one
 * that does not pass, or of all. per_sender is set where another sender of the
 * domain may fare otherwise.
 */
static struct outlook
ask_spf(const struct look *look, enum spf_scope scope, struct slice sender,
    struct slice domain, bool *per_sender)
{
	struct spf_request request = { .scope = scope,
		.helo = look->facts->helo, .mail_from = sender };
	struct outlook outlook = { .state = OUTLOOK_GOOD };
	struct spf_report report;

	/* Of no address at all nothing is good. */
	ENSURE(look->facts->egress_count > 0);
	bounded_resolver_for(look->resolver, domain);
	for (size_t i = 0; i < look->facts->egress_count &&
	    outlook.state == OUTLOOK_GOOD; i++) {
		enum spf_result result;
		struct arena mem;

		/* A record may have answers of a megabyte for each address. */
		arena_init(&mem);
		request.client = look->facts->egress[i];
		result = spf_foresee(look->resolver, &request,
		    look->deadline_us, &mem, &report);
		*per_sender = *per_sender || report.per_sender;
		outlook = explain_spf(look, scope, result, &request.client, domain,
		    &report);
		arena_done(&mem);
	}
	return outlook;
}

static struct outlook
look_at_spf(const struct look *look, enum spf_scope scope, struct slice sender)
{
	bool null_sender = sender.len == 0;
	struct slice domain = null_sender ? look->facts->helo
	    : domain_of(sender);
	struct strbuf key = key_begin(look, scope == SPF_MAIL_FROM_V1 ? "spf"
	    : "pra", domain);
	struct strbuf of_sender = key_begin(look, "sender", domain);
	struct outlook outlook;
	bool per_sender = false, late = is_late(look);

	if (look->facts->egress_count == 0)
		return unknown(SLICE("preflight.egress names no address that "
		    "mail leaves from"));
	add_part(&key, look->facts->helo);
	add_part(&key, look->facts->egress_text);
	add_part(&of_sender, sender);
	add_part(&of_sender, strbuf_slice(&key));
	if (recall(look, strbuf_slice(&key), &outlook) ||
	    recall(look, strbuf_slice(&of_sender), &outlook))
		return outlook;
	outlook = ask_spf(look, scope, sender, domain, &per_sender);
	remember(look, strbuf_slice(per_sender &&
	    outlook.state != OUTLOOK_UNKNOWN ? &of_sender : &key), late,
	    &outlook);
	return outlook;
}

static struct outlook
judge_dmarc(const struct look *look, const struct dmarc_world *world,
    struct slice author, struct slice spf_domain,
    struct author_policy *policy, struct author_judgment *judgment)
{
	const struct passing passing = { look->facts->signers,
		look->facts->signer_count, spf_domain };

	author_policy_find(world, author, look->mem, policy);
	author_policy_judge(world, policy, &passing, look->mem, judgment);
	switch (judgment->verdict) {
	case AUTHOR_PASSES:
		return good(SLICE("pass"));
	case AUTHOR_NOT_ASKED:
		return good(SLICE("none"));
	case AUTHOR_UNKNOWN:
		return unknown(judgment->text);
	case AUTHOR_FAILS:
		break;
	}
	if (policy->policy == DMARC_NONE)
		return good(SLICE("fail"));
	return bad(SLICE("fail"), judgment->text);
}

/* By the walk, and as the list has it where that is another thing. */
static struct outlook
ask_dmarc(const struct look *look, struct slice author,
    struct slice spf_domain)
{
	struct dmarc_world world = { .resolver = look->resolver,
		.method = look->world->method,
		.suffixes = look->world->suffixes,
		.deadline_us = look->deadline_us };
	struct author_policy policy, other;
	struct author_judgment judgment, other_judgment;
	struct outlook outlook = judge_dmarc(look, &world, author, spf_domain,
	    &policy, &judgment);

	if (!look->world->both_methods)
		return outlook;
	world.method = DMARC_SUFFIX_LIST;
	(void)judge_dmarc(look, &world, author, spf_domain, &other,
	    &other_judgment);
	if (outlook.state == OUTLOOK_GOOD)
		(void)author_policy_disagree(&policy, &judgment, &other,
		    &other_judgment, look->mem, &outlook.text);
	return outlook;
}

static struct outlook
look_at_dmarc_of(const struct look *look, struct slice author,
    struct slice spf_domain)
{
	struct strbuf key = key_begin(look, "dmarc", author);
	bool late = is_late(look);
	struct outlook outlook;

	add_part(&key, spf_domain);
	add_parts(&key, look->facts->signers, look->facts->signer_count);
	if (!recall(look, strbuf_slice(&key), &outlook)) {
		bounded_resolver_for(look->resolver, author);
		outlook = ask_dmarc(look, author, spf_domain);
		remember(look, strbuf_slice(&key), late, &outlook);
	}
	return outlook;
}

/* With SPF for that domain, or without; the authors of From as one. */
static struct outlook
look_at_authors(const struct look *look, struct slice spf_domain)
{
	struct outlook outlook = { .state = OUTLOOK_NOT_ASKED };

	/* The worst of all authors is what a receiver goes by. */
	for (size_t i = 0; i < look->facts->author_count &&
	    outlook.state < OUTLOOK_BAD; i++)
		outlook = look_at_dmarc_of(look, look->facts->authors[i],
		    spf_domain);
	return outlook;
}

/*
 * SPF is asked only where DMARC hangs on it, and where it is not known nothing
 * is that does.
 */
static struct outlook
look_at_dmarc(const struct look *look, const struct outlook *known_spf)
{
	const struct slice none = { NULL, 0 };
	struct slice spf_domain = look->facts->mail_from.len == 0
	    ? look->facts->helo : domain_of(look->facts->mail_from);
	struct outlook spf = *known_spf;
	struct outlook without = look_at_authors(look,
	    spf.state == OUTLOOK_GOOD ? spf_domain : none), with;

	if (without.state != OUTLOOK_BAD || spf.state == OUTLOOK_BAD ||
	    spf.state == OUTLOOK_GOOD)
		return without;
	with = look_at_authors(look, spf_domain);
	if (with.state == OUTLOOK_BAD)
		return without;
	if (spf.state == OUTLOOK_NOT_ASKED)
		spf = look_at_spf(look, SPF_MAIL_FROM_V1,
		    look->facts->mail_from);
	return spf.state == OUTLOOK_GOOD ? with
	    : spf.state == OUTLOOK_UNKNOWN ? unknown(spf.text) : without;
}

static struct outlook
look_at_adsp_of(const struct look *look, struct slice author)
{
	struct strbuf key = key_begin(look, "adsp", author);
	bool late = is_late(look);
	struct outlook outlook;
	struct slice word;
	struct adsp adsp;

	add_parts(&key, look->facts->signers, look->facts->signer_count);
	if (recall(look, strbuf_slice(&key), &outlook))
		return outlook;
	bounded_resolver_for(look->resolver, author);
	adsp_check(look->resolver, author, look->facts->signers,
	    look->facts->signer_count, look->deadline_us, look->mem, &adsp);
	word = slice_of(adsp_practice_name(adsp.practice));
	outlook = adsp.practice == ADSP_FAILED ? unknown(adsp.text)
	    : adsp.broken || adsp.practice == ADSP_NO_DOMAIN
	    ? bad(word, adsp.text) : good(word);
	remember(look, strbuf_slice(&key), late, &outlook);
	return outlook;
}

static struct outlook
look_at_adsp(const struct look *look)
{
	struct outlook outlook = { .state = OUTLOOK_NOT_ASKED };

	for (size_t i = 0; i < look->facts->author_count &&
	    outlook.state < OUTLOOK_BAD; i++)
		outlook = look_at_adsp_of(look, look->facts->authors[i]);
	return outlook;
}

static struct outlook
look_at_sender_id(const struct look *look)
{
	struct responsible responsible;
	struct err err;

	if (responsible_address(look->facts->fields, look->facts->field_count,
	    look->facts->smtputf8, look->mem, &responsible, &err) != 0)
		return bad(SLICE("permerror"), slice_format(look->mem,
		    "no purported responsible address: %s", err.text));
	return look_at_spf(look, SENDER_ID_PRA, responsible.address.text);
}

static struct outlook
look_at_unsubscription(const struct look *look)
{
	const struct unsubscribe_facts facts = {
		.signed_names = look->facts->signed_names,
		.signed_count = look->facts->signed_count };
	struct unsubscribe found;

	unsubscribe_check(look->facts->fields, look->facts->field_count,
	    &facts, look->mem, &found);
	if (found.bulk == NULL)
		return (struct outlook){ .state = OUTLOOK_NOT_ASKED };
	return found.faults == 0 ? good(SLICE("good"))
	    : bad(SLICE("missing"), found.text);
}

void
preflight_look(const struct preflight_world *world,
    const struct preflight_levels *levels, const struct preflight_facts *facts,
    uint64_t deadline_us, struct arena *mem,
    struct outlook ret_outlooks[PREFLIGHT_CHECKS])
{
	uint64_t now_us = clock_monotonic_us();
	uint64_t half_us = now_us < deadline_us ? (deadline_us - now_us) / 2 : 0;
	const struct look look = { .world = world, .facts = facts,
		.resolver = bounded_resolver_new(world->resolver,
		    world->questions, world->quota),
		.deadline_us = deadline_us, .late_us = now_us + half_us,
		.late_questions = world->questions / 2, .mem = mem };
	struct outlook spf = { .state = OUTLOOK_NOT_ASKED };

	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		ret_outlooks[i] = (struct outlook){ .state = OUTLOOK_NOT_ASKED };
	if (levels->of[PREFLIGHT_SPF] != PREFLIGHT_OFF)
		ret_outlooks[PREFLIGHT_SPF] = spf =
		    look_at_spf(&look, SPF_MAIL_FROM_V1, facts->mail_from);
	if (levels->of[PREFLIGHT_DMARC] != PREFLIGHT_OFF)
		ret_outlooks[PREFLIGHT_DMARC] = look_at_dmarc(&look, &spf);
	if (levels->of[PREFLIGHT_ADSP] != PREFLIGHT_OFF)
		ret_outlooks[PREFLIGHT_ADSP] = look_at_adsp(&look);
	if (levels->of[PREFLIGHT_SENDER_ID] != PREFLIGHT_OFF)
		ret_outlooks[PREFLIGHT_SENDER_ID] = look_at_sender_id(&look);
	if (levels->of[PREFLIGHT_UNSUBSCRIBE] != PREFLIGHT_OFF)
		ret_outlooks[PREFLIGHT_UNSUBSCRIBE] =
		    look_at_unsubscription(&look);
	resolver_unref(look.resolver);
}
