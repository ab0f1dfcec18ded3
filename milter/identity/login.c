/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins: the form in which they are compared, and tables that give them. */
#include "identity_priv.h"

#include <string.h>

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

int
identity_check_login(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	(void)arg;
	if (is_one_login(slice_trim(value)))
		return 0;
	return err_set(
	    err, ERR_CONFIG, "\"%s\" is not one login", escape(mem, value, 64));
}

struct slice
login_normalise(struct arena *mem, struct slice login, struct slice realm)
{
	struct slice lower = slice_lower(mem, slice_trim(login));
	size_t at = slice_find_last(lower, '@');
	bool has_realm = at < lower.len;
	struct slice user = slice_sub(lower, 0, at);
	struct slice domain =
	    has_realm ? slice_from(lower, at + 1) : slice_lower(mem, realm);
	struct slice canonical;
	struct strbuf buf;
	struct err err;

	if (!slice_is_ascii(user))
		(void)!login_user_form(mem, user, &user);
	if (lower.len == 0 || (domain.len == 0 && !has_realm))
		return user;
	if (domain_canonical(domain, mem, &canonical, &err) == 0)
		domain = canonical;
	strbuf_init(&buf, mem);
	strbuf_add(&buf, user);
	strbuf_add_char(&buf, '@');
	strbuf_add(&buf, domain);
	return strbuf_slice(&buf);
}

bool
login_has_form(struct arena *mem, struct slice login)
{
	struct slice user = slice_sub(login, 0, slice_find_last(login, '@'));
	struct slice form;

	return slice_is_ascii(user) ||
	    (login_user_form(mem, user, &form) && slice_eq(form, user));
}

int
identity_ask_keys(const struct table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_login)
{
	struct slice *values =
	    arena_array(context->mem, keys->count, sizeof(*values));
	struct slice login;
	size_t i = 0;

	switch (table_lookup(table, keys, context, values)) {
	case TABLE_FOUND:
		break;
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		return -1;
	}
	while (i + 1 < keys->count && values[i].data == NULL)
		i++;
	login = slice_trim(values[i]);
	if (!is_one_login(login))
		return err_set(context->err, ERR_CONFIG,
		    "%.*s, key %s: \"%s\" is not one login",
		    SLICE_ARGS(table_spec(table)),
		    escape(context->mem, keys->items[i], 128),
		    escape(context->mem, login, 64));
	*ret_login = login;
	return 0;
}

int
identity_ask_table(const struct table *table, struct slice key,
    const struct table_context *context, struct slice *ret_login)
{
	return identity_ask_keys(
	    table, &(const struct table_keys){ &key, 1 }, context, ret_login);
}

int
identity_map_login(const struct identity *identity, struct slice login,
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
