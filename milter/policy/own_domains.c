/* SPDX-License-Identifier: BSD-2-Clause */
/* Which domains are ours. */
#include "policy/own_domains.h"

#include "base/map.h"
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
	map_expect(own->names, map_count(own->names) + count);
}

void
own_domains_add(struct own_domains *own, struct slice domain)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice canonical;
	struct err err;

	arena_init(&mem);
	if (domain_canonical(domain, &mem, &canonical, &err) == 0)
		(void)!map_add(own->names, canonical, own->names);
}

size_t
own_domains_count(const struct own_domains *own)
{
	return own == NULL || own->names == NULL ? 0 : map_count(own->names);
}

struct slice
own_domains_at(const struct own_domains *own, size_t index)
{
	struct slice name;

	(void)map_entry(own->names, index, &name);
	return name;
}

bool
own_domains_has(const struct own_domains *own, struct slice domain)
{
	return own_domains_count(own) != 0 &&
	    map_get(own->names, domain) != NULL;
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
