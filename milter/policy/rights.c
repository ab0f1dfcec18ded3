/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a login may use an address. */
#include <inttypes.h>
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

	/*
	 * The realm that was judged is what stands behind the last "@". A user
	 * with quotes in his name is another one than he without.
	 */
	if (!rights->own_address || slice_has(login, '"') ||
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

/* Where a grant or a denial stands. */
struct place {
	struct slice table;
	struct slice key;
	const struct address *address; /* in the row of a login; else NULL */
};

/* The result of all values for one login. */
struct finding {
	bool denied;
	struct place denied_by;
	enum right right; /* GRANTED, BEHALF or NONE */
	struct place by;
	bool any;	   /* a grant for anybody was seen ... */
	unsigned int rung; /* ... on this rung, and none on a nearer one */
};

static struct place
place_of_value(const struct address_value *value)
{
	return (struct place){ table_spec(value->table), value->key, NULL };
}

/* A grant or denial for the address; is_asked: it is for this login. */
static void
rights_weigh(struct finding *finding, const struct row_grant *grant,
    unsigned int rung, bool is_asked, struct place place)
{
	enum right right = grant->behalf ? RIGHT_BEHALF : RIGHT_GRANTED;

	if (grant->expired)
		return;
	if (grant->denied) {
		if (is_asked)
			finding->denied_by = place;
		finding->denied = finding->denied || is_asked;
		return;
	}
	/* A row nearer to the address has granted already. */
	if (finding->any && finding->rung < rung)
		return;
	if (!finding->any || rung < finding->rung)
		finding->right = RIGHT_NONE;
	finding->any = true;
	finding->rung = rung;
	if (!is_asked || right >= finding->right)
		return;
	finding->right = right;
	finding->by = place;
}

/* Reads the whole value, so that a row with a fault is seen for any login. */
static int
rights_read_value(const struct question *question,
    const struct address_value *value, struct finding *finding)
{
	struct arena *mem = question->context->mem;
	struct slice rest = value->value, word;

	while (slice_next_item(&rest, ", \t\r\n", &word)) {
		struct grant grant;

		if (grant_parse(word, mem, &grant, question->context->err) != 0)
			return err_wrap(question->context->err, "%.*s, key %s",
			    SLICE_ARGS(table_spec(value->table)),
			    escape(mem, value->key, 128));
		rights_weigh(finding, &grant.of, value->rung,
		    slice_eq(login_normalise(mem, grant.login,
				 question->rights->keys.local_domain),
			question->submitter->login),
		    place_of_value(value));
	}
	return 0;
}

/* What the rows of the login say of the address. */
static void
rights_read_login(const struct question *question,
    const struct login_grants *grants, struct finding *finding)
{
	for (size_t i = 0; i < grants->count; i++) {
		const struct login_grant *grant = &grants->items[i];
		unsigned int rung;

		if (address_row_counts(&question->rights->keys,
			question->address, &grant->address, &rung))
			rights_weigh(finding, &grant->grant, rung, true,
			    (struct place){ table_spec(grant->table),
				grant->key, &grant->address });
	}
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

/* Who may have an address with an extension, beside its own login. */
struct given {
	bool is_given;
	struct place by;
};

/* Whether one of the values of an address gives it to somebody. */
static int
find_giving_value(const struct question *question, const struct address *own,
    const struct address_values *values, struct given *given)
{
	for (size_t i = 0; i < values->count && !given->is_given; i++) {
		const struct address_value *value = &values->items[i];

		if (!value->full_local ||
		    !grant_to_somebody(value->value, question->context->mem))
			continue;
		if (speaks_of_longer(question, own, value, &given->is_given) !=
		    0)
			return -1;
		given->by = place_of_value(value);
	}
	return 0;
}

/*
 * Who is given the address, which has extensions, or what is left of it when
 * the last extension is taken off, and so on: who has jean-luc@ has jean-luc+x@
 * as well, and jean has neither. values: those of the whole address.
 */
static int
find_longer(const struct question *question, const struct address *own,
    struct address_values values, struct given *given)
{
	const struct rights *rights = question->rights;
	const struct address_tables tables = { rights->tables,
		rights->table_count, &rights->keys };
	struct slice local = question->address->local;

	for (size_t len = local.len; len > own->local.len && !given->is_given;
	     len--) {
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
		if (find_giving_value(question, own, &values, given) != 0)
			return -1;
	}
	return 0;
}

static struct slice
row_name(const char *before, const struct place *place, struct arena *mem)
{
	const struct address *address = place->address;

	return slice_format(mem, "%s%.*s, key %s%s%s", before,
	    SLICE_ARGS(place->table), escape(mem, place->key, 128),
	    address == NULL ? "" : ": ",
	    address == NULL ? "" : escape(mem, address->text, 128));
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

	if (likeness != OTHER && question->submitter->is_odd)
		return SLICE("no own address: the login has characters that "
			     "are not allowed in a user's name (RFC 8265)");
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

/*
 * What the rows for the address, and those of the login, say. *ret_is_silent: a
 * table could not answer, the context's err says why. -1: a row cannot be read.
 */
static int
rights_find(const struct question *question, struct address_values *found,
    struct finding *finding, bool *ret_is_silent)
{
	const struct rights *rights = question->rights;
	struct login_grants of_login = { .count = 0 };
	bool is_silent =
	    address_lookup(&(struct address_tables){ rights->tables,
			       rights->table_count, &rights->keys },
		question->address, question->context, found) == TABLE_FAILED;

	if (rights_of_login(rights, question->submitter, question->context,
		&of_login) != 0) {
		if (question->context->err->kind != ERR_TEMP)
			return -1;
		is_silent = true;
	}
	for (size_t i = 0; i < found->count; i++) {
		if (rights_read_value(question, &found->items[i], finding) != 0)
			return -1;
	}
	rights_read_login(question, &of_login, finding);
	*ret_is_silent = is_silent;
	return 0;
}

/* By the answers of all tables, none of which denies the right. */
static enum right
rights_conclude(const struct question *question,
    const struct address_values *found, const struct finding *finding,
    struct slice *ret_how)
{
	const struct submitter *submitter = question->submitter;
	struct arena *mem = question->context->mem;
	enum likeness likeness;
	struct given given = { .is_given = false };
	struct address own;

	if (submitter_is_named(submitter, question->address)) {
		*ret_how = SLICE("the mail server's own name");
		return RIGHT_GRANTED;
	}
	likeness = rights_compare(question, &own);
	if (likeness == EXTENDED &&
	    find_longer(question, &own, *found, &given) != 0)
		return RIGHT_UNKNOWN;
	/* A row of the login for the longer address says how it may use that. */
	if (likeness != OTHER && !given.is_given && submitter->realm_counts &&
	    (finding->by.address == NULL ||
		finding->by.address->local.len <= own.local.len)) {
		*ret_how = RIGHTS_OWN_ADDRESS;
		return RIGHT_GRANTED;
	}
	if (finding->right != RIGHT_NONE)
		*ret_how = row_name("", &finding->by, mem);
	else if (given.is_given)
		*ret_how = row_name("an extension of the own address, given "
				    "to others by ",
		    &given.by, mem);
	else
		*ret_how = realm_fault(question, likeness);
	return finding->right;
}

enum right
rights_check(const struct rights *rights, const struct submitter *submitter,
    const struct address *address, const struct table_context *context,
    struct slice *ret_how)
{
	const struct question question = { rights, submitter, address,
		context };
	struct address_values found = { .count = 0 };
	struct finding finding = { .right = RIGHT_NONE };
	bool is_silent;
	enum right right;

	if (rights_find(&question, &found, &finding, &is_silent) != 0)
		return RIGHT_UNKNOWN;
	if (finding.denied) {
		*ret_how =
		    row_name("denied by ", &finding.denied_by, context->mem);
		return RIGHT_NONE;
	}
	if (is_silent) {
		/* A row of the silent table could be no nearer than this one. */
		if (rights->all_tables || finding.right != RIGHT_GRANTED ||
		    finding.rung != 0)
			return RIGHT_UNKNOWN;
		*ret_how = row_name("", &finding.by, context->mem);
		return RIGHT_GRANTED;
	}
	right = rights_conclude(&question, &found, &finding, ret_how);
	if (right == RIGHT_NONE && context->notes != NULL &&
	    context->notes->stale_count != 0) {
		err_set(context->err, ERR_TEMP,
		    "table %s cannot answer, and what it said %" PRIu64
		    " s ago gives no right",
		    escape(context->mem, context->notes->stale[0].spec, 200),
		    context->notes->stale[0].age_s);
		return RIGHT_UNKNOWN;
	}
	return right;
}
