/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on identify.realms. */
#include "base/suggest.h"
#include "config_check_priv.h"

void
config_check_realms(struct reading *r)
{
	static const char *const words[] = { CONFIG_ANY_REALM };
	const struct slice_list *realms = &r->config->identify.realms;

	for (size_t i = 0; i < realms->count; i++) {
		struct slice *realm = &realms->items[i];
		const char *near = suggest(*realm, words, 1);

		if (slice_eq(*realm, slice_of(CONFIG_ANY_REALM)))
			continue;
		if (config_is_host_name(*realm, 2))
			*realm = slice_lower(&r->config->mem, *realm);
		else if (!slice_is_ascii(*realm))
			OPTION_FAULT(r, OPT_identify_realms,
			    "identify.realms: takes "
			    "an internationalised domain in its A-label form "
			    "(xn--...), not \"%s\"",
			    shown(r, *realm));
		else
			OPTION_FAULT(r, OPT_identify_realms,
			    "identify.realms: \"%s\" is not a "
			    "mail domain like example.org%s%s%s",
			    shown(r, *realm),
			    near == NULL ? "" : "; did you mean \"",
			    near == NULL ? "" : near,
			    near == NULL ? "" : "\"?");
	}
}
