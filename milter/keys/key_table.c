/* SPDX-License-Identifier: BSD-2-Clause */
/* What the name of a key stands for: KeyTable of OpenDKIM. */
#include "keys/key_table.h"

/* The text up to the next colon, which is taken, too; false: there is none. */
static bool
take_field(struct slice *rest, struct slice *ret_field)
{
	size_t colon = slice_find(*rest, ':');

	if (colon == rest->len)
		return false;
	*ret_field = slice_trim(slice_sub(*rest, 0, colon));
	*rest = slice_from(*rest, colon + 1);
	return true;
}

static struct slice
fill_path(struct slice path, struct slice author, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == '%')
			strbuf_add(&buf, author);
		else
			strbuf_add_char(&buf, path.data[i]);
	}
	return strbuf_slice(&buf);
}

/* A fourth field: the algorithm, which the key itself shows, too. */
static int
take_algorithm(struct slice *key, struct err *err)
{
	size_t colon = slice_find_last(*key, ':');
	struct slice name = slice_trim(slice_from(*key, colon + 1));

	if (colon == key->len || slice_has(name, '/') || name.len > 20)
		return 0;
	*key = slice_trim(slice_sub(*key, 0, colon));
	/* One that says rsa-sha1 signs with SHA-256: RFC 8301 section 3.1. */
	return name.len == 0 || slice_eq_nocase(name, SLICE("rsa-sha256")) ||
		slice_eq_nocase(name, SLICE("rsa-sha1")) ||
		slice_eq_nocase(name, SLICE("ed25519-sha256")) ?
	    0 :
	    err_set(err, ERR_CONFIG,
		"the algorithm is not rsa-sha256 or ed25519-sha256");
}

int
key_row_read(struct slice value, struct slice author, struct arena *mem,
    struct key_row *ret_row, struct err *err)
{
	struct slice rest = value;
	struct key_row row = { .is_path = false };

	if (!take_field(&rest, &row.domain) ||
	    !take_field(&rest, &row.selector))
		return err_set(err, ERR_CONFIG, "not DOMAIN:SELECTOR:KEY");
	row.key = slice_trim(rest);
	if (take_algorithm(&row.key, err) != 0)
		return -1;
	row.is_path = slice_starts(row.key, SLICE("/")) ||
	    slice_starts(row.key, SLICE("./")) ||
	    slice_starts(row.key, SLICE("../"));
	row.for_each = slice_eq(row.domain, SLICE("%")) ||
	    (row.is_path && slice_has(row.key, '%'));
	if (row.for_each && author.len == 0) {
		*ret_row = row;
		return 0;
	}
	/* It becomes part of a path. */
	if (row.for_each && !key_domain_is_valid(author))
		return err_set(err, ERR_CONFIG, "the author has no domain");
	if (slice_eq(row.domain, SLICE("%")))
		row.domain = author;
	row.domain = slice_lower(mem, row.domain);
	if (row.is_path)
		row.key = fill_path(row.key, author, mem);
	if (!key_domain_is_valid(row.domain))
		return err_set(
		    err, ERR_CONFIG, "the domain is not one in A-labels");
	if (!key_selector_is_valid(row.selector))
		return err_set(err, ERR_CONFIG, "the selector is not one");
	if (row.is_path && row.key.data[0] != '/')
		return err_set(err, ERR_CONFIG, "the path is not absolute");
	if (row.key.len == 0)
		return err_set(err, ERR_CONFIG, "there is no key");
	*ret_row = row;
	return 0;
}

struct slice
key_place(struct slice name, const struct key_row *row, struct slice author,
    struct arena *mem)
{
	return slice_format(mem, "%.*s %.*s", SLICE_ARGS(name),
	    row->for_each ? (int)author.len : 0,
	    author.data == NULL ? "" : author.data);
}
