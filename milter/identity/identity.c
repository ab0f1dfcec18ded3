/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity/identity.h"

#include <string.h>

#include "message/address.h"

static void
add_realm(struct identity *identity, struct slice realm, struct arena *mem)
{
	struct slice canonical;
	struct err err;

	if (domain_canonical(realm, mem, &canonical, &err) == 0)
		(void)!map_add(identity->realms, canonical, identity);
}

static void
gather_realms(struct identity *identity, struct arena *mem)
{
	const struct config *config = identity->config;
	const struct slice_list *realms = &config->identify.realms;

	identity->realms = map_new(mem);
	if (config->main.domain.len != 0)
		add_realm(identity, config->main.domain, mem);
	for (size_t i = 0; i < realms->count; i++) {
		if (slice_eq(realms->items[i], SLICE(CONFIG_ANY_REALM)))
			identity->any_realm = true;
		else
			add_realm(identity, realms->items[i], mem);
	}
}

/* None is one that is not configured. */
static int
open_table(struct slice spec, table_report *report, void *arg,
    struct table **ret_table, struct err *err)
{
	if (spec.len == 0)
		return 0;
	return table_open_reported(spec, report, arg, ret_table, err);
}

int
identity_open(struct identity *identity, const struct config *config,
    table_report *report, void *arg, struct arena *mem, struct err *err)
{
	int network, login_map;

	*identity = (struct identity){ .config = config };
	gather_realms(identity, mem);
	/* Both are tried: the faults of both are reported. */
	network = open_table(config->identify.network, report, arg,
	    &identity->network, err);
	login_map = open_table(config->identify.login_map, report, arg,
	    &identity->login_map, err);
	return network != 0 || login_map != 0 ? -1 : 0;
}

void
identity_close(struct identity *identity)
{
	table_close(identity->network);
	table_close(identity->login_map);
	identity->network = identity->login_map = NULL;
}

struct slice
login_normalise(struct arena *mem, struct slice login, struct slice realm)
{
	struct slice lower = slice_lower(mem, slice_trim(login));
	size_t at = slice_find_last(lower, '@');
	bool has_realm = at < lower.len;
	struct slice domain = has_realm ? slice_from(lower, at + 1)
	    : slice_lower(mem, realm);
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

/* What a list of logins, or a right with conditions, would be made of. */
static bool
is_one_login(struct slice login)
{
	for (size_t i = 0; i < login.len; i++) {
		if (char_is_control(login.data[i]) ||
		    strchr(" ,;!", login.data[i]) != NULL)
			return false;
	}
	return true;
}

/* A table's login for a key; *ret_login stays as it is when it has none. */
static int
ask_table(const struct table *table, struct slice key, struct arena *mem,
    struct slice *ret_login, struct err *err)
{
	struct slice login;

	switch (table_lookup(table, key, mem, &login, err)) {
	case TABLE_FOUND:
		login = slice_trim(login);
		if (login.len == 0 || !is_one_login(login))
			return err_set(err, ERR_CONFIG,
			    "%.*s, key %s: \"%s\" is not one login",
			    SLICE_ARGS(table_spec(table)),
			    escape(mem, key, 128), escape(mem, login, 64));
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
    struct arena *mem, struct slice *ret_login, struct err *err)
{
	struct slice domain = slice_lower(mem, identity->config->main.domain);
	size_t at = slice_find_last(login, '@');

	if (ask_table(identity->login_map, login, mem, ret_login, err) != 0)
		return -1;
	/* Patterns are asked for whole keys only. */
	if (ret_login->len != 0 || at == login.len || domain.len == 0 ||
	    !slice_eq(slice_from(login, at + 1), domain) ||
	    (table_caps(identity->login_map) & TABLE_CAP_PATTERNS) != 0)
		return 0;
	return ask_table(identity->login_map, slice_sub(login, 0, at), mem,
	    ret_login, err);
}

/* The login of SMTP AUTH. */
static int
find_sasl(const struct identity *identity, const struct client_facts *client,
    struct arena *mem, struct slice *ret_login, bool *ret_by_table,
    struct err *err)
{
	struct slice login = login_normalise(mem, client->auth_authen,
	    identity->config->main.domain);
	struct slice mapped = { NULL, 0 };

	if (identity->login_map != NULL && login.len != 0 &&
	    map_login(identity, login, mem, &mapped, err) != 0)
		return -1;
	*ret_by_table = mapped.len != 0;
	*ret_login = mapped.len != 0 ? mapped : login;
	return 0;
}

/* A host that speaks for a login: a webmail server, sendmail(1) here. */
static int
find_network(const struct identity *identity,
    const struct client_facts *client, struct arena *mem,
    struct slice *ret_login, bool *ret_by_table, struct err *err)
{
	*ret_login = (struct slice){ NULL, 0 };
	*ret_by_table = true;
	if (client->addr.bits == 0 || identity->network == NULL)
		return 0;
	return ask_table(identity->network, net_addr_text(mem, &client->addr),
	    mem, ret_login, err);
}

static const struct method {
	struct slice name;
	int (*find)(const struct identity *identity,
	    const struct client_facts *client, struct arena *mem,
	    struct slice *ret_login, bool *ret_by_table, struct err *err);
} methods[] = {
	{ { "sasl", 4 }, find_sasl },
	{ { "network", 7 }, find_network },
};

/* Whether the configuration names the realm of a login in its normal form. */
static bool
names_realm(const struct identity *identity, struct slice login)
{
	size_t at = slice_find_last(login, '@');

	return at != login.len && (identity->any_realm ||
	    map_get(identity->realms, slice_from(login, at + 1)) != NULL);
}

int
identity_find(const struct identity *identity,
    const struct client_facts *client, struct arena *mem,
    struct submitter *ret_submitter, struct err *err)
{
	const struct slice_list *wanted = &identity->config->identify.methods;

	*ret_submitter = (struct submitter){ 0 };
	for (size_t i = 0; i < wanted->count; i++) {
		for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]);
		    m++) {
			struct slice login;
			bool by_table;

			if (!slice_eq(wanted->items[i], methods[m].name))
				continue;
			if (methods[m].find(identity, client, mem, &login,
			    &by_table, err) != 0) {
				err->kind = ERR_TEMP;
				return err_wrap(err, "identify by %s",
				    methods[m].name.data);
			}
			login = login_normalise(mem, login,
			    identity->config->main.domain);
			if (login.len == 0)
				continue;
			ret_submitter->login = login;
			ret_submitter->via = methods[m].name;
			ret_submitter->realm_counts = by_table ||
			    names_realm(identity, login);
			return 0;
		}
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
		    config->main.domain.len != 0 ? config->main.domain
		    : mta_name),
		.via = SLICE("bounce"),
		.is_mta = true,
		.mta_name = mta_name,
	};
}

bool
submitter_is_named(const struct submitter *submitter,
    const struct config *config, struct slice local, struct slice domain)
{
	return submitter->is_mta && slice_eq_nocase(local, mta_local) &&
	    domain.len > 0 && (slice_eq_nocase(domain, config->main.domain) ||
		slice_eq_nocase(domain, config->main.hostname) ||
		slice_eq_nocase(domain, submitter->mta_name));
}
