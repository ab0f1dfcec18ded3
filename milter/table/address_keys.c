/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/address_keys.h"

#include <string.h>

#include "message/address.h"

/* MAX_MIDDLE: what "a+b+c" has between itself and its base: "a+b". */
enum { MAX_MIDDLE = 7, MAX_RUNGS = 5 + 2 * MAX_MIDDLE, MAX_FORMS = 4 };

size_t
address_base_length(struct slice local, const char *recipient_delimiter)
{
	static const char *const whole[] = { "mailer-daemon", "double-bounce",
		"postmaster" };
	const size_t request = sizeof("-request") - 1;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (slice_eq_nocase(local, slice_of(whole[i])))
			return local.len;
	}
	/* A list's own addresses have a hyphen that is no delimiter. */
	if (strchr(recipient_delimiter, '-') != NULL &&
	    (slice_starts_nocase(local, SLICE("owner-")) ||
	    (local.len > request &&
	    slice_ends_nocase(local, SLICE("-request")))))
		return local.len;
	for (size_t i = 0; i < local.len; i++) {
		if (local.data[i] != '\0' &&
		    strchr(recipient_delimiter, local.data[i]) != NULL)
			return i == 0 ? local.len : i;
	}
	return local.len;
}

/* Keys while they are gathered. */
struct ladder {
	struct arena *mem;
	struct address_key *keys;
	size_t count;
	unsigned int rung;
	struct slice local;		/* all of it */
	struct slice domains[2];	/* A-labels, and U-labels if they differ */
	size_t domain_count;
};

static void
add_key(struct ladder *ladder, struct slice text, bool whole, bool full_local)
{
	ENSURE(ladder->count < (size_t)MAX_RUNGS * MAX_FORMS);
	ladder->keys[ladder->count++] =
	    (struct address_key){ text, ladder->rung, whole, full_local };
}

/*
 * The text of one key. Without quotes a local part such as "a b" (with its
 * quotes) would look like another that needs them, so it has no such form.
 */
static bool
make_text(struct ladder *ladder, struct slice local, bool quoted,
    const struct slice *domain, struct slice *ret_text)
{
	struct strbuf buf;

	strbuf_init(&buf, ladder->mem);
	if (quoted)
		local_part_append(&buf, local);
	else if (slice_has(local, '"') || slice_has(local, '\\'))
		return false;
	else
		strbuf_add(&buf, local);
	if (domain != NULL) {
		strbuf_add_char(&buf, '@');
		strbuf_add(&buf, *domain);
	}
	*ret_text = strbuf_slice(&buf);
	return true;
}

/* All forms of one rung; local empty: "@domain". */
static void
add_rung(struct ladder *ladder, struct slice local, bool with_domain,
    bool whole)
{
	bool plain = local.len == 0 || local_part_is_dot_atom(local);
	size_t domains = with_domain ? ladder->domain_count : 1;
	struct slice text;

	for (int quoted = 1; quoted >= (plain ? 1 : 0); quoted--) {
		for (size_t i = 0; i < domains; i++) {
			/* "@domain" has nothing to quote. */
			if (make_text(ladder, local, quoted != 0 &&
			    local.len > 0, with_domain ? &ladder->domains[i] :
			    NULL, &text))
				add_key(ladder, text, whole && quoted != 0,
				    local.len != 0 &&
				    local.len == ladder->local.len);
		}
	}
	ladder->rung++;
}

/*
 * The rungs of a local part with and without its extension, and of what is left
 * when one of several extensions after the other is taken off. Of more than
 * anybody has, the longest are left out.
 */
static void
add_local_rungs(struct ladder *ladder, const char *delimiter, size_t base,
    bool with_domain)
{
	struct slice local = ladder->local;
	size_t middle[MAX_MIDDLE], count = 0;

	add_rung(ladder, local, with_domain, with_domain);
	if (base == local.len)
		return;
	for (size_t i = base + 1; i < local.len && count < MAX_MIDDLE; i++) {
		if (local.data[i] != '\0' &&
		    strchr(delimiter, local.data[i]) != NULL)
			middle[count++] = i;
	}
	while (count > 0)
		add_rung(ladder, slice_sub(local, 0, middle[--count]),
		    with_domain, false);
	add_rung(ladder, slice_sub(local, 0, base), with_domain, false);
}

void
address_keys_make(const struct address_keys *how, struct slice local,
    struct slice domain, struct arena *mem, struct address_key **ret_keys,
    size_t *ret_count)
{
	size_t base = address_base_length(local, how->recipient_delimiter);
	struct ladder ladder = { .mem = mem, .local = local };

	ladder.keys = arena_array(mem, (size_t)MAX_RUNGS * MAX_FORMS,
	    sizeof(*ladder.keys));
	ladder.domains[ladder.domain_count++] = domain;
	if (domain_unicode(domain, mem, &ladder.domains[1]))
		ladder.domain_count++;
	add_local_rungs(&ladder, how->recipient_delimiter, base, true);
	if (how->local_domain.len != 0 && slice_eq(domain, how->local_domain))
		add_local_rungs(&ladder, how->recipient_delimiter, base,
		    false);
	add_rung(&ladder, (struct slice){ NULL, 0 }, true, false);
	*ret_keys = ladder.keys;
	*ret_count = ladder.count;
}

/* Asks one table for keys[0 .. count - 1] of a rung, until it has one. */
static enum table_answer
ask_rung(const struct table *table, const struct address_key *keys,
    size_t count, struct arena *mem, size_t *ret_key, struct slice *ret_value,
    struct err *err)
{
	bool patterns = (table_caps(table) & TABLE_CAP_PATTERNS) != 0;

	for (size_t i = 0; i < count; i++) {
		enum table_answer answer;

		if (patterns && !keys[i].whole)
			continue;
		answer = table_lookup(table, keys[i].text, mem, ret_value, err);
		if (answer == TABLE_ABSENT)
			continue;
		*ret_key = i;
		return answer;
	}
	return TABLE_ABSENT;
}

enum table_answer
address_lookup(struct table *const *tables, size_t table_count,
    const struct address_keys *how, struct slice local, struct slice domain,
    struct arena *mem, struct address_values *ret_values, struct err *err)
{
	struct address_values found = { .count = 0 };
	struct address_key *keys;
	size_t count, begin, end;

	if (table_count == 0)
		return TABLE_ABSENT;
	address_keys_make(how, local, domain, mem, &keys, &count);
	found.items = arena_array(mem, table_count * MAX_RUNGS,
	    sizeof(*found.items));
	for (begin = 0; begin < count; begin = end) {
		for (end = begin; end < count &&
		    keys[end].rung == keys[begin].rung;)
			end++;
		for (size_t t = 0; t < table_count; t++) {
			struct slice value;
			size_t key = 0;

			switch (ask_rung(tables[t], &keys[begin], end - begin,
			    mem, &key, &value, err)) {
			case TABLE_FOUND:
				found.items[found.count++] =
				    (struct address_value){ keys[begin].rung,
				    keys[begin + key].text, value,
				    keys[begin + key].full_local, tables[t] };
				break;
			case TABLE_ABSENT:
				break;
			case TABLE_FAILED:
				return TABLE_FAILED;
			}
		}
	}
	if (found.count == 0)
		return TABLE_ABSENT;
	*ret_values = found;
	return TABLE_FOUND;
}
