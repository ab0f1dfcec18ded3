/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sends: the methods that prove a login. */
#include "identity/identity.h"

#include <string.h>

#include "base/suggest.h"

static const struct {
	enum fact_stage stage;
	const char *macro;
} facts[FACT_COUNT] = {
#define FACT(name, stage, macro) [FACT_##name] = { FACT_AT_##stage, macro },
#include "identity/client_facts.def"
#undef FACT
};

const char *
fact_macro(enum client_fact fact)
{
	return facts[fact].macro;
}

enum fact_stage
fact_stage(enum client_fact fact)
{
	return facts[fact].stage;
}

void
client_facts_keep(struct client_facts *client, struct arena *mem)
{
	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (client->said[i].data != NULL)
			client->said[i] = slice_dup(mem, client->said[i]);
	}
}

static void
add_realm(struct identity *identity, struct slice realm, struct arena *mem)
{
	struct slice canonical;
	struct err err;

	if (domain_canonical(realm, mem, &canonical, &err) == 0)
		(void)!map_add(identity->realms, canonical, identity);
}

/* Not a list of logins, and not a right with conditions. */
static bool
is_one_login(struct slice login)
{
	for (size_t i = 0; i < login.len; i++) {
		if (char_is_control(login.data[i]) ||
		    strchr(" ,;!", login.data[i]) != NULL)
			return false;
	}
	return login.len != 0;
}

static int
check_login(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	(void)arg;
	if (is_one_login(slice_trim(value)))
		return 0;
	return err_set(
	    err, ERR_CONFIG, "\"%s\" is not one login", escape(mem, value, 64));
}

void
identity_check_values(const struct identity *identity, const struct table *only,
    const struct report *report)
{
	const struct table *const tables[] = { identity->network,
		identity->login_map };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (only == NULL || tables[i] == only)
			table_check_values(
			    tables[i], check_login, NULL, report);
	}
}

struct slice
login_normalise(struct arena *mem, struct slice login, struct slice realm)
{
	struct slice lower = slice_lower(mem, slice_trim(login));
	size_t at = slice_find_last(lower, '@');
	bool has_realm = at < lower.len;
	struct slice domain =
	    has_realm ? slice_from(lower, at + 1) : slice_lower(mem, realm);
	struct slice canonical;
	struct strbuf buf;
	struct err err;

	if (lower.len == 0 || domain.len == 0)
		return lower;
	if (domain_canonical(domain, mem, &canonical, &err) == 0)
		domain = canonical;
	strbuf_init(&buf, mem);
	strbuf_add(&buf, slice_sub(lower, 0, at));
	strbuf_add_char(&buf, '@');
	strbuf_add(&buf, domain);
	return strbuf_slice(&buf);
}

/* A table's login for a key; *ret_login stays as it is when it has none. */
static int
identity_ask_table(const struct table *table, struct slice key,
    const struct table_context *context, struct slice *ret_login)
{
	struct slice login;

	switch (table_lookup_one(table, key, context, &login)) {
	case TABLE_FOUND:
		login = slice_trim(login);
		if (!is_one_login(login))
			return err_set(context->err, ERR_CONFIG,
			    "%.*s, key %s: \"%s\" is not one login",
			    SLICE_ARGS(table_spec(table)),
			    escape(context->mem, key, 128),
			    escape(context->mem, login, 64));
		*ret_login = login;
		return 0;
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		break;
	}
	return -1;
}

/*
 * The login-map's word for a login, which is in its normal form; empty: it has
 * none. A user of the default realm may stand there without it.
 */
static int
map_login(const struct identity *identity, struct slice login,
    const struct table_context *context, struct slice *ret_login)
{
	struct slice domain = identity->domain;
	size_t at = slice_find_last(login, '@');

	if (identity_ask_table(
		identity->login_map, login, context, ret_login) != 0)
		return -1;
	/*
	 * Patterns are asked for whole keys only; and a key with an "@" has a
	 * realm already, of somebody else.
	 */
	if (ret_login->len != 0 || at == login.len || domain.len == 0 ||
	    slice_find(login, '@') != at ||
	    !slice_eq(slice_from(login, at + 1), domain) ||
	    (table_caps(identity->login_map) & TABLE_CAP_PATTERNS) != 0)
		return 0;
	return identity_ask_table(
	    identity->login_map, slice_sub(login, 0, at), context, ret_login);
}

/* The login of SMTP AUTH. */
static int
find_sasl(const struct identity *identity, const struct client_facts *client,
    const struct table_context *context, struct submitter *submitter)
{
	struct slice login = login_normalise(
	    context->mem, client->said[FACT_AUTH_AUTHEN], identity->domain);
	struct slice mapped = { NULL, 0 };
	size_t at;

	if (identity->login_map != NULL && login.len != 0 &&
	    map_login(identity, login, context, &mapped) != 0)
		return -1;
	if (mapped.len != 0)
		login = login_normalise(context->mem, mapped, identity->domain);
	at = slice_find_last(login, '@');
	submitter->login = login;
	/* The realm counts if a table or the configuration names it. */
	submitter->realm_counts = mapped.len != 0 ||
	    (at != login.len &&
		(identity->any_realm ||
		    map_get(identity->realms, slice_from(login, at + 1)) !=
			NULL));
	return 0;
}

/* A host that speaks for a login: a webmail server, sendmail(1) here. */
static int
find_network(const struct identity *identity, const struct client_facts *client,
    const struct table_context *context, struct submitter *submitter)
{
	struct slice login = { NULL, 0 };

	if (client->addr.bits == 0 || identity->network == NULL)
		return 0;
	if (identity_ask_table(identity->network,
		net_addr_text(context->mem, &client->addr), context,
		&login) != 0)
		return -1;
	submitter->login =
	    login_normalise(context->mem, login, identity->domain);
	submitter->realm_counts = true;
	return 0;
}

static const struct identity_method {
	struct slice name;
	/* The login stays empty if the method proves none. */
	int (*find)(const struct identity *identity,
	    const struct client_facts *client,
	    const struct table_context *context, struct submitter *submitter);
} methods[] = {
	{ { "sasl", 4 }, find_sasl },
	{ { "network", 7 }, find_network },
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]), SHOWN_OCTETS = 60 };

/* Where faults of the block go. */
struct identity_faults {
	const struct config *config;
	const struct report *report;
	struct arena mem;
	unsigned int count;
};

static void
identity_fault(
    struct identity_faults *faults, const char *option, const char *text)
{
	faults->count++;
	report_error(faults->report, "%s",
	    config_fault(faults->config, option, text, &faults->mem));
}

unsigned int
identity_check_config(const struct config *config, const struct report *report)
{
	static const char option[] = "identify.methods";
	const struct slice_list *names = &config->identify.methods;
	struct slice network = config->identify.network;
	struct identity_faults faults = { .config = config, .report = report };
	bool sasl = false, by_network = false;
	const char *words[METHODS], *near;

	arena_init(&faults.mem);
	for (size_t m = 0; m < METHODS; m++)
		words[m] = methods[m].name.data;
	if (names->count == 0)
		identity_fault(
		    &faults, option, "takes at least one of sasl, network");
	for (size_t i = 0; i < names->count; i++) {
		struct slice name = names->items[i];
		size_t m = 0;

		while (m < METHODS && !slice_eq(name, methods[m].name))
			m++;
		near = m < METHODS ? words[m] : suggest(name, words, METHODS);
		/* It may be the word that the rules below miss. */
		if (near != NULL) {
			sasl = sasl || strcmp(near, "sasl") == 0;
			by_network = by_network || strcmp(near, "network") == 0;
		}
		if (m < METHODS)
			continue;
		identity_fault(&faults, option,
		    slice_format(&faults.mem,
			"\"%s\" is not a method; there are sasl and "
			"network%s%s%s",
			escape(&faults.mem, name, SHOWN_OCTETS),
			near == NULL ? "" : "; did you mean \"",
			near == NULL ? "" : near, near == NULL ? "" : "\"?")
			.data);
	}
	if (by_network && network.len == 0)
		identity_fault(&faults, option,
		    "the method network needs a table: set identify.network");
	else if (!by_network && network.len > 0)
		identity_fault(&faults, "identify.network",
		    "is not used, because network is not in identify.methods");
	if (!sasl && config->identify.login_map.len > 0)
		identity_fault(&faults, "identify.login-map",
		    "is not used, because sasl is not in identify.methods");
	arena_done(&faults.mem);
	return faults.count;
}

void
identity_init(struct identity *identity, const struct config *config,
    const struct table_set *tables, struct arena *mem)
{
	const struct slice_list *names = &config->identify.methods;
	const struct slice_list *realms = &config->identify.realms;

	*identity = (struct identity){
		.domain = slice_lower(mem, config->main.domain),
		.network = table_set_find(tables, config->identify.network),
		.login_map = table_set_find(tables, config->identify.login_map),
		.methods =
		    arena_array(mem, names->count, sizeof(*identity->methods)),
		.realms = map_new(mem),
	};
	for (size_t i = 0; i < names->count; i++) {
		for (size_t m = 0; m < METHODS; m++) {
			if (slice_eq(names->items[i], methods[m].name))
				identity->methods[identity->method_count++] =
				    &methods[m];
		}
	}
	if (config->main.domain.len != 0)
		add_realm(identity, config->main.domain, mem);
	for (size_t i = 0; i < realms->count; i++) {
		if (slice_eq(realms->items[i], SLICE(CONFIG_ANY_REALM)))
			identity->any_realm = true;
		else
			add_realm(identity, realms->items[i], mem);
	}
}

int
identity_find(const struct identity *identity,
    const struct client_facts *client, const struct table_context *context,
    struct submitter *ret_submitter)
{
	*ret_submitter = (struct submitter){ 0 };
	for (size_t i = 0; i < identity->method_count; i++) {
		const struct identity_method *method = identity->methods[i];
		struct submitter submitter = { 0 };

		if (method->find(identity, client, context, &submitter) != 0) {
			context->err->kind = ERR_TEMP;
			return err_wrap(
			    context->err, "identify by %s", method->name.data);
		}
		if (submitter.login.len == 0)
			continue;
		submitter.via = method->name;
		*ret_submitter = submitter;
		return 0;
	}
	return 0;
}

static const struct slice mta_local = { "mailer-daemon", 13 };

void
submitter_from_mta(const struct config *config, struct slice mta_name,
    struct arena *mem, struct submitter *ret_submitter)
{
	*ret_submitter = (struct submitter){
		.login = login_normalise(mem, mta_local,
		    config->main.domain.len != 0 ? config->main.domain :
						   mta_name),
		.via = SLICE("bounce"),
		.is_mta = true,
		.mta_names = { config->main.domain, config->main.hostname,
		    mta_name },
	};
}

bool
submitter_is_named(
    const struct submitter *submitter, const struct address *address)
{
	if (!submitter->is_mta || !slice_eq_nocase(address->local, mta_local))
		return false;
	for (size_t i = 0; i < MTA_NAMES && address->domain.len > 0; i++) {
		if (slice_eq_nocase(address->domain, submitter->mta_names[i]))
			return true;
	}
	return false;
}
