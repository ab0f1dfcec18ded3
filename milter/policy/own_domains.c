/* SPDX-License-Identifier: BSD-2-Clause */
/* Which domains are ours. */
#include "policy/own_domains.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/pace.h"
#include "look_alikes_priv.h"
#include "message/address.h"

void
own_domains_init(
    struct own_domains *own, const struct config *config, struct arena *mem)
{
	*own = (struct own_domains){ .mem = mem, .names = map_new(mem) };
	own_domains_add(own, config->main.domain);
}

void
own_domains_expect(struct own_domains *own, size_t count)
{
	if (own->before == NULL)
		map_expect(own->names, map_count(own->names) + count);
}

/* Whether the next name is that of before, too. */
static bool
is_next_of_before(const struct own_domains *own, struct slice name)
{
	return own->same < map_count(own->before->names) &&
	    slice_eq(own_domains_at(own->before, own->same), name);
}

/* From now on the names are our own: those that were added are not lost. */
static void
part_from_before(struct own_domains *own)
{
	const struct own_domains *before = own->before;
	const struct map *more = own->names;
	struct slice name;

	own->before = NULL;
	own->names = map_new(own->mem);
	map_expect(own->names, map_count(before->names) + map_count(more));
	for (size_t i = 0; i < own->same; i++) {
		pace();
		ENSURE(
		    map_add(own->names, own_domains_at(before, i), own->names));
	}
	for (size_t i = 0; i < map_count(more); i++) {
		(void)map_entry(more, i, &name);
		ENSURE(map_add(own->names, name, own->names));
	}
}

static void
add_name(struct own_domains *own, struct slice name)
{
	size_t index, count;

	if (own->before != NULL) {
		if (is_next_of_before(own, name)) {
			own->same++;
			return;
		}
		count = map_count(own->before->names);
		index = map_index(own->before->names, name);
		if (index < own->same)
			return;
		/* Many more are better off in one table with the others. */
		if (index != count || map_count(own->names) >= count / 8)
			part_from_before(own);
	}
	(void)!map_add(own->names, name, own->names);
}

void
own_domains_add(struct own_domains *own, struct slice domain)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice canonical;
	struct err err;

	arena_init(&mem);
	/* What is canonical stays as it is. */
	if (own->before != NULL && is_next_of_before(own, domain))
		own->same++;
	else if (domain_canonical(domain, &mem, &canonical, &err) == 0)
		add_name(own, canonical);
}

void
own_domains_add_looks(struct own_domains *own)
{
	if (own->looks == NULL)
		own->looks = map_new(own->mem);
	map_expect(own->looks, map_count(own->names));
	for (size_t i = own_domains_count(own->base);
	     i < own_domains_count(own); i++) {
		pace();
		look_alikes_add(own->looks, own_domains_at(own, i));
	}
}

size_t
own_domains_count(const struct own_domains *own)
{
	return own == NULL || own->names == NULL ?
	    0 :
	    own_domains_count(own->base) + map_count(own->names);
}

struct slice
own_domains_at(const struct own_domains *own, size_t index)
{
	size_t of_base = own_domains_count(own->base);
	struct slice name;

	if (index < of_base)
		return own_domains_at(own->base, index);
	(void)map_entry(own->names, index - of_base, &name);
	return name;
}

bool
own_domains_has(const struct own_domains *own, struct slice domain)
{
	return own_domains_count(own) != 0 &&
	    (own_domains_has(own->base, domain) ||
		map_index(own->names, domain) != map_count(own->names));
}

bool
own_domains_cover(
    const struct own_domains *own, struct slice domain, struct arena *mem)
{
	struct slice rest = slice_lower(mem, domain);

	if (rest.len > 253)
		return false;
	while (rest.len > 0) {
		/* Nobody's domain begins with a dot. */
		if (rest.data[0] != '.' && own_domains_has(own, rest))
			return true;
		rest = slice_from(rest, slice_find(rest, '.') + 1);
	}
	return false;
}

bool
own_domains_look_like(
    const struct own_domains *own, struct slice word, struct slice *ret_domain)
{
	return own != NULL &&
	    (own_domains_look_like(own->base, word, ret_domain) ||
		(own->looks != NULL &&
		    look_alikes_find(own->looks, word, ret_domain)));
}

/* The set that has most names of another one. */
static struct own_set *
base_of(struct own_set *set)
{
	return set == NULL || set->base == NULL ? set : set->base;
}

struct own_set *
own_set_begin(const struct config *config, struct own_set *before)
{
	const struct own_set *base = base_of(before);
	struct own_set *set = calloc(1, sizeof(*set));

	ENSURE(set != NULL);
	set->users = 1;
	arena_init_large(&set->mem);
	set->domains = (struct own_domains){ .mem = &set->mem,
		.names = map_new(&set->mem),
		.before = base == NULL ? NULL : &base->domains };
	own_domains_add(&set->domains, config->main.domain);
	return set;
}

struct own_set *
own_set_finish(struct own_set *set, struct own_set *before, bool looks)
{
	struct own_domains *own = &set->domains;
	struct own_set *base = base_of(before);
	bool shared = own->before != NULL &&
	    own->same == own_domains_count(own->before) &&
	    (own->before->looks != NULL || !looks);

	if (shared)
		base->users++;
	if (shared && map_count(own->names) == 0) {
		own_set_unref(set);
		return base;
	}
	if (shared) {
		set->base = base;
		own->base = own->before;
		own->before = NULL;
	} else if (own->before != NULL) {
		part_from_before(own);
	}
	if (looks)
		own_domains_add_looks(own);
	return set;
}

void
own_set_unref(struct own_set *set)
{
	if (set == NULL || --set->users != 0)
		return;
	own_set_unref(set->base);
	arena_done(&set->mem);
	free(set);
}
