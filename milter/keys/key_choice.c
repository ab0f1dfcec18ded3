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
key_choice_find(const struct keystore *store, struct slice domain, bool parents)
{
	const struct domain_keys *found;

	if (store == NULL)
		return NULL;
	found = keystore_find(store, domain);
	while (found == NULL && parents) {
		domain = slice_from(domain, slice_find(domain, '.') + 1);
		if (!slice_has(domain, '.'))
			break;
		found = keystore_find(store, domain);
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

void
key_choice_domains(const struct key_choice_rules *rules,
    const struct authors *authors, struct arena *mem,
    struct key_choice_domains *ret_domains)
{
	enum author_role role = key_choice_role(authors);
	struct key_choice_domains found = { .items = arena_array(mem,
						authors->count + 1,
						sizeof(found.items[0])) };

	for (size_t i = 0; rules->store != NULL && i < authors->count; i++) {
		struct slice domain = authors->items[i].address.domain;
		const struct domain_keys *keys;
		size_t d = 0;

		if (authors->items[i].role != role)
			continue;
		keys = key_choice_find(rules->store, domain, rules->parents);
		if (keys == NULL) {
			note_why(mem, "no key of ", domain, &found.why);
			continue;
		}
		while (d < found.count &&
		    !slice_eq(found.items[d]->domain, keys->domain))
			d++;
		if (d < found.count)
			continue;
		if (key_choice_speaks_for_foreign(authors, keys->domain))
			note_why(mem, "a foreign author shares the domain of ",
			    keys->domain, &found.why);
		else
			found.items[found.count++] = keys;
	}
	*ret_domains = found;
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
			key_history_want(c->rules->history, domain->domain);
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
	if (domain->fault.len != 0 && domain->count == 0 && rules->broken_later)
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

	if (rules->store == NULL || !keystore_is_empty(rules->store))
		return false;
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role == role &&
		    !authors->items[i].foreign)
			return true;
	}
	return false;
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
	choice.keys =
	    arena_array(mem, rules->max + 1, sizeof(const struct sign_key *));
	choice.held =
	    arena_array(mem, domains.count + 1, sizeof(choice.held[0]));
	*ret_choice = choice;
	for (size_t i = 0; i < domains.count; i++) {
		struct domain_keys *held =
		    keystore_take(rules->store, domains.items[i]->domain);

		ret_choice->held[ret_choice->held_count++] = held;
		domains.items[i] = usable_keys(&choosing, held);
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
