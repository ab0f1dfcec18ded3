/* SPDX-License-Identifier: BSD-2-Clause */
/* What rights.logins has for a login: addresses, in the value. */
#include "rights_priv.h"

/* The login, with its realm in U-labels, and without it. */
enum { MAX_LOGIN_KEYS = 3 };

/*
 * The keys under which a login stands. The user alone is a key only in the
 * realm that a login without one is given; with an "@" in it he is somebody else.
 */
static size_t
login_keys(const struct rights *rights, struct slice login, struct arena *mem,
    struct slice ret_keys[MAX_LOGIN_KEYS])
{
	size_t at = slice_find_last(login, '@'), count = 0;
	struct slice user = slice_sub(login, 0, at);
	struct slice realm = slice_from(login, at + 1), unicode;

	ret_keys[count++] = login;
	if (at == login.len)
		return count;
	if (domain_unicode(realm, mem, &unicode))
		ret_keys[count++] = slice_format(
		    mem, "%.*s@%.*s", SLICE_ARGS(user), SLICE_ARGS(unicode));
	if (user.len > 0 && slice_find(login, '@') == at &&
	    slice_eq(realm, rights->keys.local_domain))
		ret_keys[count++] = user;
	return count;
}

/* The grants of a login while they are gathered. */
struct gathering {
	struct login_grant *items;
	size_t count;
	size_t cap;
};

static int
gather_value(struct gathering *all, const struct login_grant *from,
    struct slice value, const struct table_context *context)
{
	struct login_grant grant;
	int more;

	while ((more = grant_next_address(
		    &value, context->mem, &grant, context->err)) > 0) {
		void *items = all->items;

		grant.table = from->table;
		grant.key = from->key;
		arena_reserve_one(
		    context->mem, &items, &all->cap, all->count, sizeof(grant));
		all->items = items;
		all->items[all->count++] = grant;
	}
	return more == 0 ? 0 :
			   err_wrap(context->err, "%.*s, key %s",
			       SLICE_ARGS(table_spec(from->table)),
			       escape(context->mem, from->key, 128));
}

int
rights_of_login(const struct rights *rights, const struct submitter *submitter,
    const struct table_context *context, struct login_grants *ret_grants)
{
	struct slice keys[MAX_LOGIN_KEYS], values[MAX_LOGIN_KEYS];
	struct gathering all = { .count = 0 };
	bool failed = false;
	size_t count;

	if (rights->kept != NULL && rights->kept->known) {
		*ret_grants = *rights->kept;
		return 0;
	}
	count = submitter->login.len == 0 ?
	    0 :
	    login_keys(rights, submitter->login, context->mem, keys);
	for (size_t t = 0; t < rights->login_table_count && count > 0; t++) {
		const struct table *table = rights->login_tables[t];
		bool whole = (table_caps(table) & TABLE_CAP_PATTERNS) != 0;
		const struct table_keys asked = { keys, whole ? 1 : count };

		switch (table_lookup(table, &asked, context, values)) {
		case TABLE_ABSENT:
			continue;
		case TABLE_FAILED:
			failed = true;
			continue;
		case TABLE_FOUND:
			break;
		}
		for (size_t k = 0; k < asked.count; k++) {
			const struct login_grant from = { .table = table,
				.key = keys[k] };

			if (values[k].data != NULL &&
			    gather_value(&all, &from, values[k], context) != 0)
				return -1;
		}
	}
	*ret_grants = (struct login_grants){ all.items, all.count, !failed };
	if (failed)
		return -1;
	if (rights->kept != NULL)
		*rights->kept = *ret_grants;
	return 0;
}
