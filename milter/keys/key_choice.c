/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys sign for the authors of a message. */
#include "keys/key_choice.h"

enum author_role
key_choice_role(const struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].foreign)
			return ROLE_RESENT_FROM;
	}
	return ROLE_FROM;
}

const struct domain_keys *
key_choice_find(const struct keystore *store, struct slice domain,
    const struct key_parents *parents, struct arena *mem)
{
	const struct domain_keys *found;
	size_t least = 0;

	if (store == NULL)
		return NULL;
	found = keystore_find_name(store, domain, mem);
	if (found == NULL && parents != NULL && parents->top != NULL)
		least = parents->top(parents->arg, domain).len;
	while (found == NULL && parents != NULL) {
		domain = slice_from(domain, slice_find(domain, '.') + 1);
		if (!slice_has(domain, '.') || domain.len < least)
			break;
		found = keystore_find_name(store, domain, mem);
	}
	return found;
}

/* Domains that may be aligned have the same two labels at their end. */
static struct slice
two_labels(struct slice domain)
{
	size_t dots = 0;

	for (size_t i = domain.len; i > 0; i--) {
		if (domain.data[i - 1] == '.' && ++dots == 2)
			return slice_from(domain, i);
	}
	return domain;
}

bool
key_choice_speaks_for_foreign(
    const struct authors *authors, struct slice domain)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].foreign &&
		    slice_eq(two_labels(domain),
			two_labels(authors->items[i].address.domain)))
			return true;
	}
	return false;
}

/* The first reason counts; the domain is a canonical one. */
static void
note_why(struct arena *mem, const char *why, struct slice domain,
    struct slice *ret_why)
{
	if (ret_why->len == 0)
		*ret_why = slice_format(mem, "%s%.*s", why, SLICE_ARGS(domain));
}

/* What is found for authors, while it is put together. */
struct finding_domains {
	const struct key_choice_rules *rules;
	const struct authors *authors;
	struct arena *mem;
	struct key_choice_domains found;
	size_t cap;
};

/* Each name with an identity once; not one that would vouch for a foreigner. */
static void
add_domain(struct finding_domains *f, const struct domain_keys *keys,
    struct slice identity)
{
	struct key_choice_domains *found = &f->found;
	size_t i = 0;

	while (i < found->count &&
	    !(slice_eq(found->items[i]->name, keys->name) &&
		slice_eq(found->identities[i], identity)))
		i++;
	if (i < found->count)
		return;
	if (key_choice_speaks_for_foreign(f->authors, keys->domain)) {
		note_why(f->mem, "a foreign author shares the domain of ",
		    keys->domain, &found->why);
		return;
	}
	ENSURE(found->count < f->cap);
	found->identities[found->count] = identity;
	found->items[found->count++] = keys;
}

/* A key of a table by its name: what is known of it, or its names alone. */
static int
add_wish(struct finding_domains *f, const struct key_wish *wish,
    const struct address *author, const struct table_context *context)
{
	const struct table *table = f->rules->tables.keys;
	struct domain_keys *names = arena_alloc(f->mem, sizeof(*names));
	struct key_row row = { .for_each = true };
	const struct domain_keys *known;
	struct slice value;
	struct err ignored;

	switch (table_lookup_one(table, wish->name, context, &value)) {
	case TABLE_FAILED:
		return -1;
	case TABLE_FOUND:
		/* A bad row is found again when its key is read, and told. */
		if (key_row_read(
			value, author->domain, f->mem, &row, &ignored) != 0)
			row.domain = (struct slice){ NULL, 0 };
		break;
	case TABLE_ABSENT:
		break;
	}
	names->name = key_place(wish->name, &row, author->domain, f->mem);
	names->domain = row.domain.len == 0 ? author->domain : row.domain;
	known = keystore_find_name(f->rules->store, names->name, f->mem);
	add_domain(f, known != NULL ? known : names,
	    key_identity(wish->identity, names->domain));
	return 0;
}

/* False: no row of the tables is for this author. */
static bool
add_by_tables(struct finding_domains *f, const struct address *author)
{
	const struct key_choice_rules *rules = f->rules;
	struct key_wish wishes[KEY_MAX_WISHES];
	struct key_choice_domains *found = &f->found;
	struct err err;
	struct table_context context = {
		.mem = f->mem, .err = &err, .deadline_us = rules->deadline_us
	};
	enum table_answer answer;
	size_t count = 0;

	if (rules->tables.signing == NULL)
		return false;
	answer =
	    key_wishes_find(&rules->tables, author, &context, wishes, &count);
	for (size_t i = 0; answer == TABLE_FOUND && i < count; i++) {
		if (add_wish(f, &wishes[i], author, &context) != 0)
			answer = TABLE_FAILED;
	}
	if (answer == TABLE_FAILED && found->fault.kind == ERR_NONE)
		err_set(&found->fault, ERR_TEMP, "sign.signing-table: %s",
		    err.text);
	return answer != TABLE_ABSENT;
}

void
key_choice_domains(const struct key_choice_rules *rules,
    const struct authors *authors, struct arena *mem,
    struct key_choice_domains *ret_domains)
{
	enum author_role role = key_choice_role(authors);
	struct finding_domains f = { .rules = rules,
		.authors = authors,
		.mem = mem,
		.cap = rules->tables.signing == NULL ?
		    authors->count + 1 :
		    authors->count * KEY_MAX_WISHES + 1,
		.found = { .fault = { .kind = ERR_NONE } } };

	f.found.items = arena_array(mem, f.cap, sizeof(f.found.items[0]));
	f.found.identities =
	    arena_array(mem, f.cap, sizeof(f.found.identities[0]));
	for (size_t i = 0; rules->store != NULL && i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		const struct domain_keys *keys;

		if (author->role != role || add_by_tables(&f, &author->address))
			continue;
		keys = key_choice_find(
		    rules->store, author->address.domain, rules->parents, mem);
		if (keys == NULL)
			note_why(mem, "no key of ", author->address.domain,
			    &f.found.why);
		else
			add_domain(&f, keys, (struct slice){ NULL, 0 });
	}
	*ret_domains = f.found;
}

size_t
key_choice_take(const struct key_choice_domains *domains,
    const struct sign_key **keys, size_t max, bool *ret_left_out)
{
	size_t taken = 0, longest = 0;

	*ret_left_out = false;
	for (size_t d = 0; d < domains->count; d++) {
		if (domains->items[d]->count > longest)
			longest = domains->items[d]->count;
	}
	for (size_t k = 0; k < longest; k++) {
		for (size_t d = 0; d < domains->count; d++) {
			if (k >= domains->items[d]->count)
				continue;
			if (taken < max)
				keys[taken++] = domains->items[d]->keys[k];
			else
				*ret_left_out = true;
		}
	}
	return taken;
}

struct choosing {
	const struct key_choice_rules *rules;
	struct arena *mem;
	struct key_choice *choice;
	size_t warning_cap;
};

static void
warn(struct choosing *c, struct slice text)
{
	void *array = c->choice->warnings;

	arena_reserve_one(c->mem, &array, &c->warning_cap,
	    c->choice->warning_count, sizeof(c->choice->warnings[0]));
	c->choice->warnings = array;
	c->choice->warnings[c->choice->warning_count++] = text;
}

static void
warn_of_key(struct choosing *c, const struct sign_key *key, enum key_role role)
{
	warn(c,
	    slice_format(c->mem, "key %.*s._domainkey.%.*s: %s",
		SLICE_ARGS(key->selector), SLICE_ARGS(key->domain),
		key_role_text(role)));
}

static const struct domain_keys *
only_signing(struct choosing *c, const struct domain_keys *domain,
    const enum key_role *roles)
{
	struct domain_keys *usable = arena_alloc(c->mem, sizeof(*usable));
	const struct sign_key **keys = arena_array(
	    c->mem, domain->count + 1, sizeof(const struct sign_key *));

	for (size_t i = 0; i < domain->count; i++) {
		if (roles[i] == KEY_ROLE_SIGNING)
			keys[usable->count++] = domain->keys[i];
	}
	usable->domain = domain->domain;
	usable->keys = keys;
	/* None signs: each key has its reason, and unsure is not "no". */
	for (size_t i = 0; usable->count == 0 && i < domain->count; i++) {
		if (roles[i] == KEY_ROLE_UNKNOWN)
			key_history_want(c->rules->history, domain->name);
		if (roles[i] == KEY_ROLE_UNKNOWN &&
		    c->choice->fault.kind == ERR_NONE)
			err_set(&c->choice->fault, ERR_TEMP,
			    "key %.*s._domainkey.%.*s: %s",
			    SLICE_ARGS(domain->keys[i]->selector),
			    SLICE_ARGS(domain->domain),
			    key_role_text(roles[i]));
		else
			warn_of_key(c, domain->keys[i], roles[i]);
	}
	return usable;
}

/* The keys of a domain that may sign now, by what DNS showed of them. */
static const struct domain_keys *
usable_keys(struct choosing *c, const struct domain_keys *domain)
{
	const struct key_choice_rules *rules = c->rules;
	enum key_role roles[MAX_KEYS_OF_DOMAIN];

	/* All keys of it cannot be read, or may not be used; or some. */
	if (domain->fault.len != 0 && domain->count == 0 &&
	    (rules->broken_later || domain->unsure))
		err_set(&c->choice->fault, ERR_TEMP, "%s", domain->fault.data);
	else if (domain->fault.len != 0 &&
	    (domain->count == 0 || !domain->told))
		warn(c, slice_dup(c->mem, domain->fault));
	if (rules->history == NULL || domain->count == 0)
		return domain;
	key_roles_decide(rules->history, domain, &rules->roles, roles);
	if (rules->by_dns)
		return only_signing(c, domain, roles);
	for (size_t i = 0; i < domain->count; i++) {
		if (!key_role_is_published(roles[i]))
			warn_of_key(c, domain->keys[i], roles[i]);
	}
	return domain;
}

/*
 * A store without keys: nobody knows which domains would sign. Foreign authors
 * are not ours in any case.
 */
static bool
lacks_all_keys(
    const struct key_choice_rules *rules, const struct authors *authors)
{
	enum author_role role = key_choice_role(authors);

	if (rules->store == NULL || keystore_grows(rules->store) ||
	    !keystore_is_empty(rules->store))
		return false;
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role == role &&
		    !authors->items[i].foreign)
			return true;
	}
	return false;
}

/* The same keys with i=, for this message. */
static const struct domain_keys *
with_identity(
    const struct domain_keys *domain, struct slice identity, struct arena *mem)
{
	struct domain_keys *copy = arena_alloc(mem, sizeof(*copy));
	const struct sign_key **keys = arena_array(
	    mem, domain->count + 1, sizeof(const struct sign_key *));

	if (identity.len == 0)
		return domain;
	for (size_t i = 0; i < domain->count; i++) {
		struct sign_key *key = arena_alloc(mem, sizeof(*key));

		*key = *domain->keys[i];
		key->identity = identity;
		keys[i] = key;
	}
	*copy = *domain;
	copy->keys = keys;
	return copy;
}

void
key_choice_make(const struct key_choice_rules *rules,
    const struct authors *authors, struct arena *mem,
    struct key_choice *ret_choice)
{
	struct choosing choosing = {
		.rules = rules, .mem = mem, .choice = ret_choice
	};
	struct key_choice choice = { .fault = { .kind = ERR_NONE } };
	struct key_choice_domains domains;
	bool left_out;

	key_choice_domains(rules, authors, mem, &domains);
	choice.why = domains.why;
	choice.fault = domains.fault;
	choice.keys =
	    arena_array(mem, rules->max + 1, sizeof(const struct sign_key *));
	choice.held =
	    arena_array(mem, domains.count + 1, sizeof(choice.held[0]));
	*ret_choice = choice;
	for (size_t i = 0; i < domains.count; i++) {
		struct domain_keys *held =
		    keystore_take(rules->store, domains.items[i]->name);

		ret_choice->held[ret_choice->held_count++] = held;
		domains.items[i] = with_identity(
		    usable_keys(&choosing, held), domains.identities[i], mem);
		if (domains.items[i]->count == 0)
			note_why(mem, "no key may sign of ", held->domain,
			    &ret_choice->why);
	}
	ret_choice->count =
	    key_choice_take(&domains, ret_choice->keys, rules->max, &left_out);
	if (left_out)
		warn(&choosing,
		    SLICE("more keys than signatures: some did not sign"));
	if (rules->broken_later && lacks_all_keys(rules, authors))
		err_set(&ret_choice->fault, ERR_TEMP, "there is no key in %s",
		    escape(mem, rules->directory, 256));
}

void
key_choice_done(struct key_choice *choice)
{
	for (size_t i = 0; i < choice->held_count; i++)
		domain_keys_release(choice->held[i]);
	choice->held_count = 0;
}
