/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on identify.realms and identify.login-map. */
#include "base/suggest.h"
#include "config_check_priv.h"

static void
check_realm(struct reading *r, struct slice *realm)
{
	static const char *const words[] = { CONFIG_ANY_REALM };
	const char *near;

	if (slice_eq(*realm, slice_of(CONFIG_ANY_REALM)))
		return;
	if (!slice_is_ascii(*realm)) {
		OPTION_FAULT(r, OPT_identify_realms, "identify.realms: wants "
		    "an internationalised domain in its A-label form "
		    "(xn--...), not \"%s\"", shown(r, *realm));
		return;
	}
	if (config_is_host_name(*realm, 2)) {
		*realm = slice_lower(&r->config->mem, *realm);
		return;
	}
	near = suggest(*realm, words, 1);
	OPTION_FAULT(r, OPT_identify_realms, "identify.realms: \"%s\" is no "
	    "mail domain like example.org%s%s%s", shown(r, *realm),
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

void
config_check_realms(struct reading *r)
{
	const struct slice_list *realms = &r->config->identify.realms;

	if (is_bad(r, OPT_identify_realms))
		return;
	for (size_t i = 0; i < realms->count; i++)
		check_realm(r, &realms->items[i]);
}

static bool
uses_sasl(const struct config *config)
{
	const struct slice_list *methods = &config->identify.methods;

	for (size_t i = 0; i < methods->count; i++) {
		if (slice_eq(methods->items[i], SLICE("sasl")))
			return true;
	}
	return false;
}

void
config_check_login_map(struct reading *r)
{
	struct slice table = r->config->identify.login_map;

	if (is_bad(r, OPT_identify_login_map) || table.len == 0)
		return;
	if (!config_is_table_spec(table))
		OPTION_FAULT(r, OPT_identify_login_map, "identify.login-map: "
		    "wants TYPE:NAME like texthash:/etc/submilter/logins, not "
		    "\"%s\"", shown(r, table));
	else if (slice_starts(table, SLICE("cidr:")))
		OPTION_FAULT(r, OPT_identify_login_map, "identify.login-map: "
		    "\"%s\" has networks, and logins are asked for",
		    shown(r, table));
	else if (!is_bad(r, OPT_identify_methods) && !uses_sasl(r->config))
		OPTION_FAULT(r, OPT_identify_login_map, "identify.login-map: "
		    "is not used, because sasl is not in identify.methods");
}
