/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys under which an address is looked up, and what tables have for them.
 */
#include "table/address_keys.h"

#include <string.h>

#include "table_priv.h"

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
	/* A list's own addresses have a hyphen that is not a delimiter. */
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

struct address_key {
	struct slice text;
	unsigned int rung; /* from 0, in order */
	unsigned int form; /* from 0: of the rung, in order */
	bool whole;	   /* asked of tables with TABLE_CAP_PATTERNS, too */
	bool full_local;   /* it has all of the local part, with extension */
};

/* The keys of one address. */
struct ladder {
	struct arena *mem;
	const struct address_keys *how;
	struct address_key keys[MAX_RUNGS * MAX_FORMS];
	size_t count;
	unsigned int rung;
	struct slice local;	 /* all of it */
	struct slice domains[2]; /* A-labels, and U-labels if they differ */
	size_t domain_count;
};

/* All forms of one rung; local empty: "@domain". */
static void
add_rung(struct ladder *ladder, struct slice local, bool with_domain)
{
	bool plain = local.len == 0 || local_part_is_dot_atom(local);
	size_t domains = with_domain ? ladder->domain_count : 1;

	ENSURE(ladder->rung < MAX_RUNGS);
	for (size_t i = 0; i < (plain ? domains : 2 * domains); i++) {
		bool quoted = i < domains;
		struct strbuf buf;

		/* Without quotes it would look like another that needs them. */
		if (!quoted &&
		    (slice_has(local, '"') || slice_has(local, '\\')))
			break;
		strbuf_init(&buf, ladder->mem);
		if (quoted && local.len > 0)
			local_part_append(&buf, local);
		else
			strbuf_add(&buf, local);
		if (with_domain) {
			strbuf_add_char(&buf, '@');
			strbuf_add(
			    &buf, ladder->domains[quoted ? i : i - domains]);
		}
		ladder->keys[ladder->count++] = (struct address_key){
			.text = strbuf_slice(&buf),
			.rung = ladder->rung,
			.form = (unsigned int)i,
			.whole = quoted && ladder->rung == 0,
			.full_local =
			    local.len != 0 && local.len == ladder->local.len,
		};
	}
	ladder->rung++;
}

/*
 * Lengths of a local part with and without its extension, and of what is left
 * when one of several extensions after the other is taken off, the longest
 * first. Those are left out where there are more than anybody has. Their number.
 */
static size_t
local_lengths(struct slice local, const char *delimiter,
    size_t ret_lengths[MAX_MIDDLE + 2])
{
	size_t base = address_base_length(local, delimiter);
	size_t middle[MAX_MIDDLE], middles = 0, count = 0;

	ret_lengths[count++] = local.len;
	if (base == local.len)
		return count;
	for (size_t i = base + 1; i < local.len && middles < MAX_MIDDLE; i++) {
		if (local.data[i] != '\0' &&
		    strchr(delimiter, local.data[i]) != NULL)
			middle[middles++] = i;
	}
	while (middles > 0)
		ret_lengths[count++] = middle[--middles];
	ret_lengths[count++] = base;
	return count;
}

static void
add_local_rungs(struct ladder *ladder, bool with_domain)
{
	struct slice local = ladder->local;
	size_t lengths[MAX_MIDDLE + 2];
	size_t count =
	    local_lengths(local, ladder->how->recipient_delimiter, lengths);

	for (size_t i = 0; i < count; i++)
		add_rung(ladder, slice_sub(local, 0, lengths[i]), with_domain);
}

static bool
is_local_domain(const struct address_keys *how, struct slice domain)
{
	return how->local_domain.len != 0 &&
	    slice_eq(domain, how->local_domain);
}

/* Fills a ladder; the keys behind its count are left as they are. */
static void
ladder_make(struct ladder *ladder, const struct address_keys *how,
    const struct address *address, struct arena *mem)
{
	ladder->mem = mem;
	ladder->how = how;
	ladder->count = 0;
	ladder->rung = 0;
	ladder->local = address->local;
	ladder->domains[0] = address->domain;
	ladder->domain_count = 1;
	if (domain_unicode(address->domain, mem, &ladder->domains[1]))
		ladder->domain_count++;
	add_local_rungs(ladder, true);
	if (is_local_domain(how, address->domain))
		add_local_rungs(ladder, false);
	add_rung(ladder, (struct slice){ NULL, 0 }, true);
}

/*
 * What a table has for each key: data NULL where it has nothing, or where an
 * earlier key of the rung decides. Most addresses have one form only, so that
 * the table is asked once.
 */
static enum table_answer
ask_table(const struct table *table, const struct ladder *ladder,
    const struct table_context *context, struct slice *ret_answers)
{
	bool patterns = (table_caps(table) & TABLE_CAP_PATTERNS) != 0;
	bool has_value[MAX_RUNGS] = { false };
	enum table_answer all = TABLE_ABSENT;
	struct slice asked[MAX_RUNGS], values[MAX_RUNGS];
	size_t places[MAX_RUNGS];

	for (unsigned int form = 0; form < MAX_FORMS; form++) {
		struct table_keys keys = { asked, 0 };

		for (size_t i = 0; i < ladder->count; i++) {
			const struct address_key *key = &ladder->keys[i];

			if (key->form != form || has_value[key->rung] ||
			    (patterns && !key->whole))
				continue;
			places[keys.count] = i;
			asked[keys.count++] = key->text;
		}
		if (keys.count == 0)
			continue;
		switch (table_lookup(table, &keys, context, values)) {
		case TABLE_FOUND:
			all = TABLE_FOUND;
			break;
		case TABLE_ABSENT:
			continue;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
		for (size_t k = 0; k < keys.count; k++) {
			ret_answers[places[k]] = values[k];
			has_value[ladder->keys[places[k]].rung] =
			    values[k].data != NULL;
		}
	}
	return all;
}

/*
 * Asks all tables, those that ask no server first: one that hangs may take all
 * the time there is. Whether one of them failed.
 */
static bool
ask_tables(const struct address_tables *tables, const struct ladder *ladder,
    const struct table_context *context, struct slice *ret_answers)
{
	struct table_context inner = *context;
	bool has_failed = false;
	struct err later = { .kind = ERR_NONE };

	for (unsigned int turn = 0; turn < 2; turn++) {
		for (size_t t = 0; t < tables->count; t++) {
			struct slice *answers = ret_answers + t * ladder->count;

			if (table_asks_server(tables->items[t]) != (turn == 1))
				continue;
			inner.err = has_failed ? &later : context->err;
			if (ask_table(tables->items[t], ladder, &inner,
				answers) != TABLE_FAILED)
				continue;
			has_failed = true;
			/* What one form of the address has found. */
			memset(answers, 0, ladder->count * sizeof(*answers));
		}
	}
	return has_failed;
}

enum table_answer
address_lookup(const struct address_tables *tables,
    const struct address *address, const struct table_context *context,
    struct address_values *ret_values)
{
	struct arena *mem = context->mem;
	struct address_values found = { .count = 0 };
	struct ladder ladder;
	struct slice *answers; /* of each table, one for each key */
	size_t begin, end;
	bool has_failed;

	if (tables->count == 0)
		return TABLE_ABSENT;
	ladder_make(&ladder, tables->how, address, mem);
	answers =
	    arena_array(mem, tables->count * ladder.count, sizeof(*answers));
	has_failed = ask_tables(tables, &ladder, context, answers);
	found.items =
	    arena_array(mem, tables->count * MAX_RUNGS, sizeof(*found.items));
	for (begin = 0; begin < ladder.count; begin = end) {
		const struct address_key *keys = ladder.keys;

		for (end = begin;
		     end < ladder.count && keys[end].rung == keys[begin].rung;)
			end++;
		/* The first key of the rung that each table has. */
		for (size_t t = 0; t < tables->count; t++) {
			const struct slice *has = answers + t * ladder.count;
			size_t i = begin;

			while (i < end && has[i].data == NULL)
				i++;
			if (i < end)
				found.items[found.count++] =
				    (struct address_value){ keys[i].rung,
					    keys[i].text, has[i],
					    keys[i].full_local,
					    tables->items[t] };
		}
	}
	if (found.count == 0 && !has_failed)
		return TABLE_ABSENT;
	*ret_values = found;
	return has_failed ? TABLE_FAILED : TABLE_FOUND;
}

/* Whether two local parts are one key, whatever the case of their letters. */
static bool
is_same_local(struct slice a, struct slice b)
{
	struct arena mem;
	bool is_same;

	if (slice_is_ascii(a) || slice_is_ascii(b) || !slice_is_utf8(a) ||
	    !slice_is_utf8(b))
		return slice_eq_nocase(a, b);
	arena_init(&mem);
	is_same = slice_eq(table_fold(&mem, a), table_fold(&mem, b));
	arena_done(&mem);
	return is_same;
}

bool
address_row_counts(const struct address_keys *how,
    const struct address *address, const struct address *row,
    unsigned int *ret_rung)
{
	size_t lengths[MAX_MIDDLE + 2], count;

	/* Logins have thousands of rows: most of them are passed over here. */
	if (!slice_eq(address->domain, row->domain) ||
	    (slice_is_ascii(row->local) &&
		!slice_starts_nocase(address->local, row->local)))
		return false;
	count =
	    local_lengths(address->local, how->recipient_delimiter, lengths);
	if (row->local.len == 0) {
		*ret_rung = (unsigned int)count *
		    (is_local_domain(how, address->domain) ? 2 : 1);
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_same_local(
			slice_sub(address->local, 0, lengths[i]), row->local))
			continue;
		*ret_rung = (unsigned int)i;
		return true;
	}
	return false;
}
