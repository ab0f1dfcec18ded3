/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys sign for an address: SigningTable of OpenDKIM. */
#include "keys/key_table.h"

/* A name with more labels than that is only looked up with so many. */
enum { MAX_PARENTS = 32, MAX_LADDER = 4 + 2 * MAX_PARENTS };

/* "%" becomes the domain of the author. */
static struct slice
fill_in(struct slice text, struct slice domain, struct arena *mem)
{
	struct strbuf buf;

	if (!slice_has(text, '%'))
		return slice_dup(mem, text);
	strbuf_init(&buf, mem);
	while (text.len > 0) {
		size_t end = slice_find(text, '%');

		strbuf_add(&buf, slice_sub(text, 0, end));
		if (end < text.len)
			strbuf_add(&buf, domain);
		text = slice_from(text, end + 1);
	}
	return strbuf_slice(&buf);
}

/* "NAME" or "NAME:SIGNER". */
static struct key_wish
read_wish(struct slice value, struct slice domain, struct arena *mem)
{
	size_t colon = slice_find(value, ':');
	struct slice signer = slice_trim(slice_from(value, colon + 1));

	signer = slice_sub(signer, 0, slice_find(signer, ':'));
	return (struct key_wish){ .name = slice_dup(mem,
				      slice_trim(slice_sub(value, 0, colon))),
		.identity = fill_in(slice_trim(signer), domain, mem) };
}

/* The keys of opendkim.conf(5) for a table without patterns, in their order. */
static size_t
ladder(const struct address *address, struct arena *mem,
    struct slice keys[MAX_LADDER])
{
	struct slice local =
	    slice_sub(address->text, 0, slice_find_last(address->text, '@'));
	struct slice parents[MAX_PARENTS], rest = address->domain;
	size_t count = 0, parent_count = 0;

	while (parent_count < MAX_PARENTS && slice_has(rest, '.')) {
		rest = slice_from(rest, slice_find(rest, '.'));
		parents[parent_count++] = rest;
		rest = slice_from(rest, 1);
	}
	keys[count++] = address->text;
	keys[count++] = address->domain;
	for (size_t i = 0; i < parent_count; i++)
		keys[count++] = slice_format(mem, "%.*s@%.*s",
		    SLICE_ARGS(local), SLICE_ARGS(parents[i]));
	for (size_t i = 0; i < parent_count; i++)
		keys[count++] = parents[i];
	keys[count++] = slice_format(mem, "%.*s@*", SLICE_ARGS(local));
	keys[count++] = SLICE("*");
	return count;
}

static enum table_answer
ask_patterns(const struct key_tables *tables, const struct address *address,
    const struct table_context *context, struct slice values[MAX_LADDER],
    size_t *ret_count)
{
	return table_lookup_all(tables->signing, address->text, context, values,
	    tables->multiple ? KEY_MAX_WISHES : 1, ret_count);
}

static enum table_answer
ask_ladder(const struct key_tables *tables, const struct address *address,
    const struct table_context *context, struct slice values[MAX_LADDER],
    size_t *ret_count)
{
	struct slice keys[MAX_LADDER];
	size_t count = ladder(address, context->mem, keys);
	enum table_answer answer = table_lookup(tables->signing,
	    &(struct table_keys){ keys, count }, context, values);

	*ret_count = answer == TABLE_FOUND ? count : 0;
	return answer;
}

enum table_answer
key_wishes_find(const struct key_tables *tables, const struct address *address,
    const struct table_context *context,
    struct key_wish ret_wishes[KEY_MAX_WISHES], size_t *ret_count)
{
	bool has_patterns =
	    (table_caps(tables->signing) & TABLE_CAP_PATTERNS) != 0;
	struct slice values[MAX_LADDER] = { { NULL, 0 } };
	size_t count = 0, found = 0;
	size_t max = tables->multiple ? KEY_MAX_WISHES : 1;
	enum table_answer answer = (has_patterns ? ask_patterns : ask_ladder)(
	    tables, address, context, values, &count);

	if (answer != TABLE_FOUND)
		return answer;
	for (size_t i = 0; i < count && found < max; i++) {
		if (values[i].data != NULL)
			ret_wishes[found++] =
			    read_wish(values[i], address->domain, context->mem);
	}
	*ret_count = found;
	return TABLE_FOUND;
}

struct slice
key_identity(struct slice identity, struct slice domain)
{
	size_t at = slice_find_last(identity, '@');
	struct slice of = slice_from(identity, at + 1);
	struct slice none = { NULL, 0 };

	/* RFC 6376 section 2.11, and what would end a tag or a line. */
	for (size_t i = 0; i < identity.len; i++) {
		char c = identity.data[i];

		if (c <= ' ' || c > '~' || c == ';' || c == '=')
			return none;
	}
	if (at == identity.len || !slice_ends_nocase(of, domain))
		return none;
	return of.len == domain.len || of.data[of.len - domain.len - 1] == '.' ?
	    identity :
	    none;
}
