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
			    grant.denied || grant.behalf)
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
    struct slice key, struct arena *mem)
{
	bool whole_domain = key.data[0] == '@';
	struct slice path =
	    whole_domain ? slice_format(mem, "x%.*s", SLICE_ARGS(key)) : key;
	struct address address;
	struct slice how;
	struct err err;

	if (!rights_login_address(path, mem, &address) ||
	    rights_check(rights, submitter, &address,
		&(const struct table_context){ .mem = mem, .err = &err },
		&how) != RIGHT_GRANTED)
		return (struct slice){ NULL, 0 };
	return whole_domain ?
	    slice_format(mem, "*@%.*s", SLICE_ARGS(address.domain)) :
	    address.text;
}

size_t
rights_examples(const struct rights *rights, const struct submitter *submitter,
    struct arena *mem, struct slice ret_texts[RIGHTS_EXAMPLES])
{
	const struct examples *examples =
	    map_get(rights->examples, submitter->login);
	size_t count = 0;
	struct slice text =
	    checked_example(rights, submitter, submitter->login, mem);

	if (text.len != 0)
		ret_texts[count++] = text;
	for (size_t i = 0;
	     examples != NULL && i < examples->count && count < RIGHTS_EXAMPLES;
	     i++) {
		bool known = false;

		text =
		    checked_example(rights, submitter, examples->keys[i], mem);
		for (size_t j = 0; j < count; j++)
			known = known || slice_eq(text, ret_texts[j]);
		if (text.len != 0 && !known)
			ret_texts[count++] = text;
	}
	return count;
}
