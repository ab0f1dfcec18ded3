/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks before a message leaves, and the cache of their results. */
#include "preflight/preflight.h"

#include "base/clock.h"
#include "dns/bounded.h"
#include "outlook_cache_priv.h"
#include "preflight/adsp.h"
#include "preflight/sender_id.h"
#include "preflight/spf.h"
#include "preflight/unsubscribe.h"

/* Where DNS did not answer, it is asked again after some seconds only. */
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
preflight_levels_change(
    struct preflight_levels *levels, struct slice words, struct err *err)
{
	const size_t level_count = sizeof(level_names) / sizeof(level_names[0]);
	struct preflight_levels changed = *levels;
	struct slice word;

	while (slice_next_item(&words, " \t,", &word)) {
		size_t equals = slice_find(word, '=');
		size_t check = find_word(
		    slice_sub(word, 0, equals), names, PREFLIGHT_CHECKS);
		size_t level = find_word(
		    slice_from(word, equals + 1), level_names, level_count);

		if (check == PREFLIGHT_CHECKS || level == level_count)
			return err_set(err, ERR_CONFIG,
			    "takes CHECK=off, warn, "
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
	struct dns_client dns; /* with the bounds of one message */
	/* Most of the time, or of the questions, went to other checks. */
	uint64_t late_us;
	unsigned long late_questions;
	struct arena *mem;
	const struct outlook *outlooks; /* of the checks before this one */
};

static struct outlook
preflight_bad(struct slice result, struct slice text)
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
preflight_add_part(struct strbuf *key, struct slice part)
{
	strbuf_addf(key, " %zu:", part.len);
	strbuf_add(key, part);
}

static void
preflight_add_parts(struct strbuf *key, const struct slice *parts, size_t count)
{
	strbuf_addf(key, " %zu", count);
	for (size_t i = 0; i < count; i++)
		preflight_add_part(key, parts[i]);
}

static struct strbuf
key_begin(const struct look *look, const char *what, struct slice domain)
{
	struct strbuf key;

	strbuf_init(&key, look->mem);
	strbuf_add_cstr(&key, what);
	preflight_add_part(&key, domain);
	return key;
}

/* The domain of a sender; HELO stands for the null sender. */
static struct slice
sender_domain(const struct look *look, struct slice sender)
{
	size_t at = slice_find_last(sender, '@');

	if (sender.len == 0)
		return look->facts->helo;
	return at < sender.len ? slice_from(sender, at + 1) : sender;
}

/* A key for messages that ask DNS for the same domains as this one. */
static struct slice
key_of_late(const struct look *look, struct slice key)
{
	struct strbuf late = key_begin(
	    look, "late", sender_domain(look, look->facts->mail_from));

	preflight_add_parts(
	    &late, look->facts->authors, look->facts->author_count);
	strbuf_add(&late, key);
	return strbuf_slice(&late);
}

static bool
recall(const struct look *look, struct slice key, struct outlook *ret_outlook)
{
	return outlook_cache_get(
		   look->world->cache, key, look->mem, ret_outlook) ||
	    outlook_cache_get(look->world->cache, key_of_late(look, key),
		look->mem, ret_outlook);
}

/*
 * For other messages, too. But where another domain of this message left a check
 * no time, other messages do not learn that DNS did not answer it.
 */
static void
remember(const struct look *look, struct slice key, bool late,
    const struct outlook *outlook)
{
	if (outlook->state != OUTLOOK_UNKNOWN)
		outlook_cache_put(look->world->cache, key, outlook,
		    look->world->cache_seconds);
	else
		outlook_cache_put(look->world->cache,
		    late ? key_of_late(look, key) : key, outlook,
		    UNKNOWN_SECONDS);
}

static bool
preflight_is_late(const struct look *look)
{
	return clock_monotonic_us() > look->late_us ||
	    bounded_resolver_asked(look->dns.resolver) > look->late_questions;
}

/* What receivers make of one address that mail leaves from. */
static struct outlook
explain_spf(const struct look *look, const struct spf_request *request,
    enum spf_result result, const struct spf_report *report)
{
	const char *what =
	    request->scope == SPF_MAIL_FROM_V1 ? "SPF" : "Sender ID";
	struct slice word = slice_of(spf_result_name(result));
	struct slice addr = net_addr_text(look->mem, &request->client);
	const char *family = request->client.bits == 32 ? "ip4" : "ip6";
	const char *domain = escape(
	    look->mem, sender_domain(look, request->mail_from), SHOWN_OCTETS);

	switch (result) {
	case SPF_PASS:
		return good(word);
	case SPF_TEMPERROR:
		return unknown(slice_format(look->mem,
		    "%s of %s is not known: "
		    "%s",
		    what, domain, report->fault.text));
	case SPF_PERMERROR:
		return preflight_bad(word,
		    slice_format(look->mem,
			"the SPF record of %s "
			"is broken: %s",
			domain, report->fault.text));
	case SPF_NONE:
		return preflight_bad(word,
		    slice_format(look->mem,
			"%s has no SPF record: "
			"its owner may publish \"v=spf1 %s:%.*s -all\"",
			domain, family, SLICE_ARGS(addr)));
	case SPF_NEUTRAL:
	case SPF_FAIL:
	case SPF_SOFTFAIL:
		break;
	}
	return preflight_bad(word,
	    slice_format(look->mem,
		"%s of %s says %.*s for our "
		"address %.*s: ask its owner to add %s:%.*s",
		what, domain, SLICE_ARGS(word), SLICE_ARGS(addr), family,
		SLICE_ARGS(addr)));
}

/*
 * The result for the addresses that mail leaves from: the first one that is not
 * a pass, or a pass for all. per_sender is set where another sender of the domain
 * may get another result.
 */
static struct outlook
ask_spf(const struct look *look, enum spf_scope scope, struct slice sender,
    bool *per_sender)
{
	const struct preflight_facts *facts = look->facts;
	struct spf_request request = {
		.scope = scope, .helo = facts->helo, .mail_from = sender
	};
	struct outlook outlook = { .state = OUTLOOK_GOOD };
	struct spf_report report;

	/* Without an address nothing would be GOOD. */
	ENSURE(facts->egress_count > 0);
	bounded_resolver_for(look->dns.resolver, sender_domain(look, sender));
	for (size_t i = 0;
	     i < facts->egress_count && outlook.state == OUTLOOK_GOOD; i++) {
		struct dns_client dns = look->dns;
		enum spf_result result;
		struct arena mem;

		/* A record may have answers of a megabyte for each address. */
		arena_init(&mem);
		dns.mem = &mem;
		request.client = facts->egress[i];
		result = spf_foresee(&dns, &request, &report);
		*per_sender = *per_sender || report.per_sender;
		outlook = explain_spf(look, &request, result, &report);
		arena_done(&mem);
	}
	return outlook;
}

static struct outlook
look_at_sender(
    const struct look *look, enum spf_scope scope, struct slice sender)
{
	struct slice domain = sender_domain(look, sender);
	struct strbuf key =
	    key_begin(look, scope == SPF_MAIL_FROM_V1 ? "spf" : "pra", domain);
	struct strbuf of_sender = key_begin(look, "sender", domain);
	struct outlook outlook;
	bool per_sender = false, late = preflight_is_late(look);

	if (look->facts->egress_count == 0)
		return unknown(SLICE("preflight.egress names no address that "
				     "mail leaves from"));
	preflight_add_part(&key, look->facts->helo);
	preflight_add_part(&key, look->facts->egress_text);
	preflight_add_part(&of_sender, sender);
	preflight_add_part(&of_sender, strbuf_slice(&key));
	if (recall(look, strbuf_slice(&key), &outlook) ||
	    recall(look, strbuf_slice(&of_sender), &outlook))
		return outlook;
	outlook = ask_spf(look, scope, sender, &per_sender);
	remember(look,
	    strbuf_slice(per_sender && outlook.state != OUTLOOK_UNKNOWN ?
		    &of_sender :
		    &key),
	    late, &outlook);
	return outlook;
}

static struct outlook
look_at_spf(const struct look *look)
{
	return look_at_sender(look, SPF_MAIL_FROM_V1, look->facts->mail_from);
}

/* The worst result of all author domains, from the cache or from DNS. */
static struct outlook
look_at_authors(const struct look *look, const char *what,
    struct outlook (*ask)(
	const struct look *look, struct slice author, struct slice spf_domain),
    struct slice spf_domain)
{
	const struct preflight_facts *facts = look->facts;
	struct outlook outlook = { .state = OUTLOOK_NOT_ASKED };

	for (size_t i = 0;
	     i < facts->author_count && outlook.state < OUTLOOK_BAD; i++) {
		struct strbuf key = key_begin(look, what, facts->authors[i]);
		bool late = preflight_is_late(look);

		preflight_add_part(&key, spf_domain);
		preflight_add_parts(&key, facts->signers, facts->signer_count);
		if (recall(look, strbuf_slice(&key), &outlook))
			continue;
		bounded_resolver_for(look->dns.resolver, facts->authors[i]);
		outlook = ask(look, facts->authors[i], spf_domain);
		remember(look, strbuf_slice(&key), late, &outlook);
	}
	return outlook;
}

static struct outlook
judge_dmarc(const struct dmarc_world *world, struct slice author,
    const struct passing *passing, struct author_opinion *opinion)
{
	const struct author_judgment *judgment = &opinion->judgment;

	author_policy_find(world, author, &opinion->policy);
	author_policy_judge(
	    world, &opinion->policy, passing, &opinion->judgment);
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
	if (opinion->policy.policy == DMARC_NONE)
		return good(SLICE("fail"));
	return preflight_bad(SLICE("fail"), judgment->text);
}

/* By the walk, with a note where the list concludes something else. */
static struct outlook
ask_dmarc(const struct look *look, struct slice author, struct slice spf_domain)
{
	struct dmarc_world world = { .dns = look->dns,
		.method = look->world->method,
		.suffixes = look->world->suffixes };
	const struct passing passing = { look->facts->signers,
		look->facts->signer_count, spf_domain };
	struct author_opinion one, other;
	struct outlook outlook = judge_dmarc(&world, author, &passing, &one);

	if (!look->world->both_methods)
		return outlook;
	world.method = DMARC_SUFFIX_LIST;
	(void)judge_dmarc(&world, author, &passing, &other);
	if (outlook.state == OUTLOOK_GOOD)
		(void)author_policy_disagree(
		    &one, &other, look->mem, &outlook.text);
	return outlook;
}

/*
 * SPF is asked only where DMARC depends on it; where it is not known then, DMARC
 * is not known either.
 */
static struct outlook
look_at_dmarc(const struct look *look)
{
	const struct slice none = { NULL, 0 };
	struct slice spf_domain = sender_domain(look, look->facts->mail_from);
	struct outlook spf = look->outlooks[PREFLIGHT_SPF];
	struct outlook without = look_at_authors(look, "dmarc", ask_dmarc,
			   spf.state == OUTLOOK_GOOD ? spf_domain : none),
		       with;

	if (without.state != OUTLOOK_BAD || spf.state == OUTLOOK_BAD ||
	    spf.state == OUTLOOK_GOOD)
		return without;
	with = look_at_authors(look, "dmarc", ask_dmarc, spf_domain);
	if (with.state == OUTLOOK_BAD)
		return without;
	if (spf.state == OUTLOOK_NOT_ASKED)
		spf = look_at_spf(look);
	return spf.state == OUTLOOK_GOOD ? with :
	    spf.state == OUTLOOK_UNKNOWN ? unknown(spf.text) :
					   without;
}

static struct outlook
ask_adsp(const struct look *look, struct slice author, struct slice spf_domain)
{
	const struct passing passing = { look->facts->signers,
		look->facts->signer_count, spf_domain };
	struct slice word;
	struct adsp adsp;

	adsp_check(&look->dns, author, &passing, &adsp);
	word = slice_of(adsp_practice_name(adsp.practice));
	if (adsp.practice == ADSP_FAILED)
		return unknown(adsp.text);
	return adsp.broken || adsp.practice == ADSP_NO_DOMAIN ?
	    preflight_bad(word, adsp.text) :
	    good(word);
}

/* SPF does not help there. */
static struct outlook
look_at_adsp(const struct look *look)
{
	return look_at_authors(look, "adsp", ask_adsp, SLICE(""));
}

static struct outlook
look_at_sender_id(const struct look *look)
{
	struct responsible responsible;
	struct err err;

	if (responsible_address(look->facts->fields, look->facts->field_count,
		look->facts->smtputf8, look->mem, &responsible, &err) != 0)
		return preflight_bad(SLICE("permerror"),
		    slice_format(look->mem,
			"no purported responsible address: %s", err.text));
	return look_at_sender(look, SENDER_ID_PRA, responsible.address.text);
}

static struct outlook
look_at_unsubscription(const struct look *look)
{
	const struct unsubscribe_facts facts = {
		.fields = look->facts->fields,
		.field_count = look->facts->field_count,
		.signed_names = look->facts->signed_names,
		.signed_count = look->facts->signed_count,
	};
	struct unsubscribe found;

	unsubscribe_check(&facts, look->mem, &found);
	if (found.bulk == NULL)
		return (struct outlook){ .state = OUTLOOK_NOT_ASKED };
	return found.faults == 0 ? good(SLICE("good")) :
				   preflight_bad(SLICE("missing"), found.text);
}

/* In their order: DMARC reads what SPF concluded. */
static struct outlook (*const looks[PREFLIGHT_CHECKS])(
    const struct look *look) = {
	[PREFLIGHT_SPF] = look_at_spf,
	[PREFLIGHT_DMARC] = look_at_dmarc,
	[PREFLIGHT_ADSP] = look_at_adsp,
	[PREFLIGHT_SENDER_ID] = look_at_sender_id,
	[PREFLIGHT_UNSUBSCRIBE] = look_at_unsubscription,
};

void
preflight_look(const struct preflight_world *world,
    const struct preflight_levels *levels, const struct preflight_facts *facts,
    uint64_t deadline_us, struct arena *mem,
    struct outlook ret_outlooks[PREFLIGHT_CHECKS])
{
	uint64_t now_us = clock_monotonic_us();
	uint64_t half_us =
	    now_us < deadline_us ? (deadline_us - now_us) / 2 : 0;
	const struct look look = { .world = world,
		.facts = facts,
		.dns = { .resolver = bounded_resolver_new(
			     world->resolver, world->questions, world->quota),
		    .deadline_us = deadline_us,
		    .mem = mem },
		.late_us = now_us + half_us,
		.late_questions = world->questions / 2,
		.mem = mem,
		.outlooks = ret_outlooks };

	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++) {
		ret_outlooks[i] =
		    (struct outlook){ .state = OUTLOOK_NOT_ASKED };
		if (levels->of[i] != PREFLIGHT_OFF)
			ret_outlooks[i] = looks[i](&look);
	}
	resolver_unref(look.dns.resolver);
}
