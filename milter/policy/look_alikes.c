/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains by what people see of them. */
#include "look_alikes_priv.h"

#include "message/address.h"
#include "message/display.h"

struct slice
look_alike(struct slice text, struct arena *mem)
{
	return display_skeleton(display_fold(text, mem), mem);
}

void
look_alikes_add(struct map *map, struct slice domain)
{
	CLEANUP(arena_done) struct arena scratch;
	/* The text alone: there may be very many. */
	void *kept = (void *)(uintptr_t)domain.data;
	struct slice unicode;

	arena_init(&scratch);
	(void)!map_add(map, look_alike(domain, &scratch), kept);
	if (domain_unicode(domain, &scratch, &unicode) &&
	    !slice_eq(unicode, domain))
		(void)!map_add(map, look_alike(unicode, &scratch), kept);
}

bool
look_alikes_find(
    const struct map *map, struct slice skeleton, struct slice *ret_domain)
{
	const char *domain = map_get(map, skeleton);

	if (domain == NULL)
		return false;
	*ret_domain = slice_of(domain);
	return true;
}
