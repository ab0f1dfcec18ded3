/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that a login may use, as a reply names them. */
#include "rights_priv.h"

/* Keys of rows that grant something to one login, as many as replies show. */
struct examples {
	struct slice keys[RIGHTS_EXAMPLES];
	size_t count;
};

void
rights_gather_examples(
    struct rights *rights, const struct table *table, struct arena *mem)
{
	struct table_row row;
	struct slice word;
	struct err err;

	for (size_t i = 0; table_row(table, i, &row); i++) {
		if (!slice_has(row.key, '@'))
			continue;
		while (slice_next_item(&row.value, ", \t\r\n", &word)) {
			struct examples *examples;
			struct grant grant;
			struct slice login;

			if (grant_parse(word, mem, &grant, &err) != 0 ||
			    grant.of.denied || grant.of.behalf)
				continue;
			login = login_normalise(
			    mem, grant.login, rights->keys.local_domain);
			examples = map_get(rights->examples, login);
			if (examples == NULL) {
				examples = arena_alloc(mem, sizeof(*examples));
				(void)!map_add(
				    rights->examples, login, examples);
			}
			if (examples->count < RIGHTS_EXAMPLES)
				examples->keys[examples->count++] = row.key;
		}
	}
}

/* A key of a row as an address that is granted now; an empty slice if not. */
static struct slice
checked_example(const struct rights *rights, const struct submitter *submitter,
    struct slice key, const struct table_context *context)
{
	bool whole_domain = key.data[0] == '@';
	struct arena *mem = context->mem;
	struct slice path =
	    whole_domain ? slice_format(mem, "x%.*s", SLICE_ARGS(key)) : key;
	struct address address;
	struct slice how;

	if (!rights_login_address(path, mem, &address) ||
	    rights_check(rights, submitter, &address, context, &how) !=
		RIGHT_GRANTED)
		return (struct slice){ NULL, 0 };
	return whole_domain ?
	    slice_format(mem, "*@%.*s", SLICE_ARGS(address.domain)) :
	    address.text;
}

/* The first of the login's own rows that grant something. */
static size_t
own_row_keys(const struct rights *rights, const struct submitter *submitter,
    const struct table_context *context, struct slice keys[RIGHTS_EXAMPLES])
{
	struct login_grants grants;
	size_t count = 0;

	if (rights_of_login(rights, submitter, context, &grants) != 0)
		return 0;
	for (size_t i = 0; i < grants.count && count < RIGHTS_EXAMPLES; i++) {
		const struct row_grant *grant = &grants.items[i].grant;

		struct slice text = grants.items[i].address.text;

		/* The own address is named already. */
		if (!grant->denied && !grant->behalf && !grant->expired &&
		    !slice_eq(text, submitter->login))
			keys[count++] = text;
	}
	return count;
}

size_t
rights_examples(const struct rights *rights, const struct submitter *submitter,
    const struct table_context *context,
    struct slice ret_texts[RIGHTS_EXAMPLES])
{
	const struct examples *rows =
	    map_get(rights->examples, submitter->login);
	struct slice keys[1 + 2 * RIGHTS_EXAMPLES], own[RIGHTS_EXAMPLES];
	size_t own_count = own_row_keys(rights, submitter, context, own);
	size_t key_count = 0, count = 0;

	if (submitter->login.len != 0)
		keys[key_count++] = submitter->login;
	for (size_t i = 0; i < RIGHTS_EXAMPLES; i++) {
		if (rows != NULL && i < rows->count)
			keys[key_count++] = rows->keys[i];
		if (i < own_count)
			keys[key_count++] = own[i];
	}
	for (size_t i = 0; i < key_count && count < RIGHTS_EXAMPLES; i++) {
		struct slice text =
		    checked_example(rights, submitter, keys[i], context);
		bool known = text.len == 0;

		for (size_t j = 0; j < count; j++)
			known = known || slice_eq(text, ret_texts[j]);
		if (!known)
			ret_texts[count++] = text;
	}
	return count;
}
