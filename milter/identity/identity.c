/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity/identity.h"

#include <string.h>

#include "message/address.h"

int
identity_open(struct identity *identity, const struct config *config,
    table_report *report, void *arg, struct err *err)
{
	*identity = (struct identity){ .config = config };
	if (config->identify.network.len == 0)
		return 0;
	return table_open_reported(config->identify.network, report, arg,
	    &identity->network, err);
}

void
identity_close(struct identity *identity)
{
	table_close(identity->network);
	identity->network = NULL;
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

/* The login of SMTP AUTH. */
static int
find_sasl(const struct identity *identity, const struct client_facts *client,
    struct arena *mem, struct slice *ret_login, struct err *err)
{
	(void)identity;
	(void)mem;
	(void)err;
	*ret_login = client->auth_authen;
	return 0;
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

/* A host that speaks for a login: a webmail server, sendmail(1) here. */
static int
find_network(const struct identity *identity,
    const struct client_facts *client, struct arena *mem,
    struct slice *ret_login, struct err *err)
{
	struct slice key, login;

	*ret_login = (struct slice){ NULL, 0 };
	if (client->addr.bits == 0 || identity->network == NULL)
		return 0;
	key = net_addr_text(mem, &client->addr);
	switch (table_lookup(identity->network, key, mem, &login, err)) {
	case TABLE_FOUND:
		login = slice_trim(login);
		if (!is_one_login(login))
			return err_set(err, ERR_CONFIG,
			    "%.*s, key %.*s: \"%s\" is not one login",
			    SLICE_ARGS(table_spec(identity->network)),
			    SLICE_ARGS(key), escape(mem, login, 64));
		*ret_login = login;
		return 0;
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		break;
	}
	return -1;
}

static const struct method {
	struct slice name;
	int (*find)(const struct identity *identity,
	    const struct client_facts *client, struct arena *mem,
	    struct slice *ret_login, struct err *err);
} methods[] = {
	{ { "sasl", 4 }, find_sasl },
	{ { "network", 7 }, find_network },
};

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

			if (!slice_eq(wanted->items[i], methods[m].name))
				continue;
			if (methods[m].find(identity, client, mem, &login,
			    err) != 0) {
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
			return 0;
		}
	}
	return 0;
}
