/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of SigningTable that no signature, or no aligned one, can come from. */
#include <stdio.h>

#include "keys/key_table.h"

/* Rows that are named one by one; others are counted. */
enum { MAX_NAMED = 20 };

struct checking {
	const struct key_tables *tables;
	const struct report *report;
	struct arena *mem; /* of one row */
	size_t faults;
	size_t unaligned;
	char first[256]; /* of the unaligned ones */
};

static void
row_fault(struct checking *c, const struct table_row *row, const char *text)
{
	if (c->faults++ < MAX_NAMED)
		report_warning(c->report, "%s: sign.signing-table: %s",
		    table_place(row, c->mem), text);
}

/*
 * The domain of the authors that a row is for, or that they are below; empty:
 * they may be of any.
 */
static struct slice
authors_of(struct slice key)
{
	size_t at = slice_find_last(key, '@');
	struct slice domain = at == key.len ? key : slice_from(key, at + 1);
	size_t star = slice_find_last(domain, '*');

	if (star < domain.len)
		domain = slice_from(domain, star + 1);
	return slice_starts(domain, SLICE(".")) ? slice_from(domain, 1) :
						  domain;
}

/* One below the other, or the same. */
static bool
is_related(struct slice a, struct slice b)
{
	struct slice shorter = a.len < b.len ? a : b;
	struct slice longer = a.len < b.len ? b : a;

	return slice_ends_nocase(longer, shorter) &&
	    (longer.len == shorter.len ||
		longer.data[longer.len - shorter.len - 1] == '.');
}

static void
check_alignment(
    struct checking *c, const struct table_row *row, struct slice domain)
{
	struct slice authors = authors_of(row->key);
	size_t dot = slice_find(authors, '.');

	/* "*.com" may be anybody. */
	if (dot == authors.len || is_related(authors, domain))
		return;
	if (c->unaligned++ == 0)
		(void)snprintf(c->first, sizeof(c->first), "%s (d=%s)",
		    table_place(row, c->mem), escape(c->mem, domain, 100));
}

static void
check_row(struct checking *c, const struct table_row *row)
{
	struct slice name =
	    slice_trim(slice_sub(row->value, 0, slice_find(row->value, ':')));
	struct slice signer =
	    slice_trim(slice_from(row->value, slice_find(row->value, ':') + 1));
	struct slice none = { NULL, 0 }, value;
	struct key_row key;
	struct err err;
	const struct table_context context = { .mem = c->mem, .err = &err };

	if (name.len == 0) {
		row_fault(c, row, "names no key");
		return;
	}
	if (signer.len != 0 && !slice_has(signer, '@'))
		row_fault(c, row, "the signer has no \"@\", so i= is left out");
	if (table_asks_server(c->tables->keys))
		return;
	switch (table_lookup_one(c->tables->keys, name, &context, &value)) {
	case TABLE_FOUND:
		if (key_row_read(value, none, c->mem, &key, &err) == 0 &&
		    !slice_eq(key.domain, SLICE("%")))
			check_alignment(c, row, key.domain);
		break;
	case TABLE_ABSENT:
		row_fault(c, row,
		    slice_format(c->mem,
			"sign.key-table has no key \"%s\": sign.broken-keys "
			"says what becomes of mail that this row is for",
			escape(c->mem, name, 60))
			.data);
		break;
	case TABLE_FAILED:
		break;
	}
}

void
key_tables_check(const struct key_tables *tables, const struct report *report)
{
	struct checking c = { .tables = tables, .report = report };
	struct table_row row;
	struct arena mem;

	c.mem = &mem;
	for (size_t i = 0; tables->signing != NULL && report_is_read(report) &&
	     table_row(tables->signing, i, &row);
	     i++) {
		arena_init(&mem);
		check_row(&c, &row);
		arena_done(&mem);
	}
	if (c.faults > MAX_NAMED)
		report_warning(report,
		    "sign.signing-table: %zu more rows have faults",
		    c.faults - MAX_NAMED);
	if (c.unaligned > 0)
		report_warning(report,
		    "sign.signing-table: %zu row%s in the name of another "
		    "domain, which no DMARC aligns with the author's: %s%s",
		    c.unaligned, c.unaligned == 1 ? " signs" : "s sign",
		    c.first, c.unaligned == 1 ? "" : " is the first");
}
