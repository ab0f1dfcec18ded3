/* SPDX-License-Identifier: BSD-2-Clause */
/* The row of a login, in tables of what differs from login to login. */
#include "policy/login_row.h"

#include "table/address_keys.h"

enum { SHOWN_OCTETS = 64 };

enum table_answer
login_row_find(struct table *table, const struct submitter *submitter,
    struct slice local_domain, const struct table_context *context,
    struct login_row *ret_row)
{
	/* Anne-marie is not a part of anne, whatever begins an extension. */
	struct address_keys how = { .recipient_delimiter = "",
		.local_domain = local_domain };
	struct slice login = submitter->login;
	struct address_value row = { .key = login };
	struct address_values found = { .count = 0 };
	size_t at = slice_find_last(login, '@');
	enum table_answer answer;
	const char *key;

	/* Bob@team.example@corp.example is not bob@team.example. */
	if (slice_find(login, '@') != at)
		how.local_domain = (struct slice){ NULL, 0 };
	/* Nobody chooses his row with a realm that he types. */
	if (!submitter->realm_counts || at == login.len)
		answer = table_lookup_one(table, login, context, &row.value);
	else
		answer =
		    address_lookup(&(struct address_tables){ &table, 1, &how },
			&(struct address){ .local = slice_sub(login, 0, at),
			    .domain = slice_from(login, at + 1) },
			context, &found);
	if (answer != TABLE_FOUND)
		return answer;
	if (found.count > 0)
		row = found.items[0];
	key = escape(context->mem, row.key, SHOWN_OCTETS);
	*ret_row = (struct login_row){ .value = row.value,
		.key = key,
		.where = slice_format(context->mem, "%.*s, key %s",
		    SLICE_ARGS(table_spec(table)), key) };
	return TABLE_FOUND;
}
