/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a login may use an address. */
#include <string.h>

#include "rights_priv.h"

bool
rights_login_address(
    struct slice login, struct arena *mem, struct address *ret_address)
{
	struct mailbox mailbox;
	unsigned int constructs = 0;
	struct err err;
	bool is_null;

	return reverse_path_parse(
		   login, mem, &is_null, &mailbox, &constructs, &err) == 0 &&
	    !is_null && mailbox.domain.len != 0 &&
	    address_canonical(&mailbox, (struct slice){ NULL, 0 }, true, mem,
		ret_address, NULL, &err) == 0;
}

/* How an address relates to the login's own address. */
enum likeness {
	OTHER,
	SAME,
	EXTENDED, /* the same with an extension */
};

/* Where extensions end that an address may have: "a+b-c" has two. */
enum { MAX_MARKS = 8 };

static bool
rights_is_mark(const struct rights *rights, char c)
{
	return c != '\0' && strchr(rights->keys.recipient_delimiter, c) != NULL;
}

/* One question: may this submitter use this address? */
struct question {
	const struct rights *rights;
	const struct submitter *submitter;
	const struct address *address;
	const struct table_context *context;
};

/*
 * Compares the address with the submitter's own one, *ret_own. EXTENDED: its
 * local part is the own one with an extension. With several delimiters
 * jean-luc+x is an address of jean-luc and of jean.
 */
static enum likeness
rights_compare(const struct question *question, struct address *ret_own)
{
	const struct rights *rights = question->rights;
	struct slice login = question->submitter->login;
	struct slice local = question->address->local;
	struct address own;
	size_t marks = 0;

	/* The realm that was judged is what stands behind the last "@". */
	if (!rights->own_address ||
	    !rights_login_address(login, question->context->mem, &own) ||
	    !slice_eq(own.domain, question->address->domain) ||
	    !slice_eq(
		own.domain, slice_from(login, slice_find_last(login, '@') + 1)))
		return OTHER;
	*ret_own = own;
	if (slice_eq(own.local, local))
		return SAME;
	if (local.len <= own.local.len || !slice_starts(local, own.local) ||
	    !rights_is_mark(rights, local.data[own.local.len]) ||
	    address_base_length(local, rights->keys.recipient_delimiter) ==
		local.len)
		return OTHER;
	/* Each is looked up, and no real address has that many. */
	for (size_t i = own.local.len; i < local.len; i++)
		marks += rights_is_mark(rights, local.data[i]);
	return marks <= MAX_MARKS ? EXTENDED : OTHER;
}

/* The result of all values for one login. */
struct finding {
	const struct address_value *denied_by;
	enum right right; /* GRANTED, BEHALF or NONE */
	const struct address_value *by;
	bool any;	   /* a grant for anybody was seen ... */
	unsigned int rung; /* ... on this rung: the search ends */
};

/* Reads the whole value, so that a row with a fault is seen for any login. */
static int
rights_read_value(const struct question *question,
    const struct address_value *value, struct finding *finding)
{
	struct arena *mem = question->context->mem;
	struct slice rest = value->value, word;

	while (slice_next_item(&rest, ", \t\r\n", &word)) {
		struct grant grant;
		enum right right;
		bool is_asked;

		if (grant_parse(word, mem, &grant, question->context->err) != 0)
			return err_wrap(question->context->err, "%.*s, key %s",
			    SLICE_ARGS(table_spec(value->table)),
			    escape(mem, value->key, 128));
		is_asked = slice_eq(login_normalise(mem, grant.login,
					question->rights->keys.local_domain),
		    question->submitter->login);
		if (grant.denied) {
			if (!grant.expired && is_asked)
				finding->denied_by = value;
			continue;
		}
		/* A row nearer to the address has granted already. */
		if (grant.expired ||
		    (finding->any && finding->rung != value->rung))
			continue;
		finding->any = true;
		finding->rung = value->rung;
		right = grant.behalf ? RIGHT_BEHALF : RIGHT_GRANTED;
		if (!is_asked || right >= finding->right)
			continue;
		finding->right = right;
		finding->by = value;
	}
	return 0;
}

/*
 * Whether a value speaks of an address with an extension. A pattern may match
 * any address, as "static:admin" does; it speaks of this one only if it has
 * another answer for the own address, or for one with another extension.
 */
static int
speaks_of_longer(const struct question *question, const struct address *own,
    const struct address_value *value, bool *ret_speaks)
{
	const struct slice others[] = { own->local,
		slice_format(question->context->mem, "%.*s%cnobody-has-this",
		    SLICE_ARGS(own->local),
		    question->address->local.data[own->local.len]) };

	*ret_speaks = true;
	if ((table_caps(value->table) & TABLE_CAP_PATTERNS) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct address_values found = { .count = 0 };

		if (address_lookup(
			&(const struct address_tables){
			    &value->table, 1, &question->rights->keys },
			&(const struct address){
			    .local = others[i], .domain = own->domain },
			question->context, &found) == TABLE_FAILED)
			return -1;
		if (found.count == 0 ||
		    !slice_eq(found.items[0].value, value->value))
			return 0;
	}
	*ret_speaks = false;
	return 0;
}

/*
 * The value that gives the address, which has extensions, to somebody, or what
 * is left of it when the last extension is taken off, and so on: who has
 * jean-luc@ has jean-luc+x@ as well, and jean has neither. values: those of the
 * whole address. *ret_given stays NULL where the tables give it to nobody.
 */
static int
find_longer(const struct question *question, const struct address *own,
    struct address_values values, const struct address_value **ret_given)
{
	const struct rights *rights = question->rights;
	const struct address_tables tables = { rights->tables,
		rights->table_count, &rights->keys };
	struct slice local = question->address->local;

	for (size_t len = local.len; len > own->local.len; len--) {
		if (len != local.len) {
			if (!rights_is_mark(rights, local.data[len]))
				continue;
			values = (struct address_values){ .count = 0 };
			if (address_lookup(&tables,
				&(const struct address){
				    .local = slice_sub(local, 0, len),
				    .domain = own->domain },
				question->context, &values) == TABLE_FAILED)
				return -1;
		}
		for (size_t i = 0; i < values.count; i++) {
			const struct address_value *value = &values.items[i];
			bool speaks;

			if (!value->full_local ||
			    !grant_to_somebody(
				value->value, question->context->mem))
				continue;
			if (speaks_of_longer(question, own, value, &speaks) !=
			    0)
				return -1;
			if (!speaks)
				continue;
			*ret_given = value;
			return 0;
		}
	}
	return 0;
}

static struct slice
row_name(
    const char *before, const struct address_value *value, struct arena *mem)
{
	return slice_format(mem, "%s%.*s, key %s", before,
	    SLICE_ARGS(table_spec(value->table)), escape(mem, value->key, 128));
}

/*
 * Why an address that looks like the login's own one is not; empty: it does not
 * look so.
 */
static struct slice
realm_fault(const struct question *question, enum likeness likeness)
{
	struct slice login = question->submitter->login;
	size_t at = slice_find_last(login, '@');

	if (likeness != OTHER && !question->submitter->realm_counts)
		return slice_format(question->context->mem,
		    "no own address: neither domain nor "
		    "identify.realms names the realm %s of the login",
		    escape(question->context->mem, slice_from(login, at + 1),
			128));
	if (question->rights->own_address && at == login.len &&
	    slice_eq(login, question->address->local))
		return SLICE("no own address: the login has no realm, and "
			     "domain is not set");
	return SLICE("");
}

enum right
rights_check(const struct rights *rights, const struct submitter *submitter,
    const struct address *address, const struct table_context *context,
    struct slice *ret_how)
{
	const struct question question = { rights, submitter, address,
		context };
	struct arena *mem = context->mem;
	struct address_values found = { 0 };
	struct finding finding = { .right = RIGHT_NONE };
	const struct address_value *given = NULL;
	enum likeness likeness;
	struct address own;

	if (address_lookup(&(struct address_tables){ rights->tables,
			       rights->table_count, &rights->keys },
		address, context, &found) == TABLE_FAILED)
		return RIGHT_UNKNOWN;
	for (size_t i = 0; i < found.count; i++) {
		if (rights_read_value(&question, &found.items[i], &finding) !=
		    0)
			return RIGHT_UNKNOWN;
	}
	if (finding.denied_by != NULL) {
		*ret_how = row_name("denied by ", finding.denied_by, mem);
		return RIGHT_NONE;
	}
	if (submitter_is_named(submitter, address)) {
		*ret_how = SLICE("the mail server's own name");
		return RIGHT_GRANTED;
	}
	likeness = rights_compare(&question, &own);
	if (likeness == EXTENDED &&
	    find_longer(&question, &own, found, &given) != 0)
		return RIGHT_UNKNOWN;
	if (likeness != OTHER && given == NULL && submitter->realm_counts) {
		*ret_how = RIGHTS_OWN_ADDRESS;
		return RIGHT_GRANTED;
	}
	if (finding.right != RIGHT_NONE)
		*ret_how = row_name("", finding.by, mem);
	else if (given != NULL)
		*ret_how = row_name("an extension of the own address, given "
				    "to others by ",
		    given, mem);
	else
		*ret_how = realm_fault(&question, likeness);
	return finding.right;
}
