/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of rights, and what is wrong with their rows. */
#include "policy/levels.h"
#include "rights_priv.h"

void
rights_init(struct rights *rights, const struct config *config,
    struct table **tables, size_t table_count, struct arena *mem)
{
	*rights = (struct rights){
		.tables = tables,
		.table_count = table_count,
		.defaults = rights_levels_of(config),
		.redirect = config->rights.redirect,
		.keys = { .recipient_delimiter =
			      slice_cstr(mem, config->rights.extension),
		    .local_domain = slice_lower(mem, config->main.domain) },
		.own_address = config->rights.own_address,
		.all_tables = config->rights.all_tables,
		.behalf_mail_from = config->rights.behalf_mail_from,
		.adds_sender =
		    config->repair.sender && config_counts_repairs(config),
		.help_url = slice_dup(mem, config->rights.help_url),
	};
	rights->index = rights_index_new(rights, mem);
}

/* Whether rights_check() can read a value. */
static int
check_value(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct slice word;
	struct grant grant;

	(void)arg;
	while (slice_next_item(&value, ", \t\r\n", &word)) {
		if (grant_parse(word, mem, &grant, err) != 0)
			return -1;
	}
	return 0;
}

/* The same for what rights_of_login() reads. */
static int
check_login_value(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct login_grant grant;
	int more;

	(void)arg;
	while ((more = grant_next_address(&value, mem, &grant, err)) > 0)
		;
	return more;
}

/* What is wrong with the key of a login; NULL: nothing. */
static const char *
login_key_fault(const void *arg, struct slice key, struct arena *mem)
{
	const struct rights *rights = arg;
	size_t at = slice_find_last(key, '@');
	struct slice realm = slice_from(key, at + 1), canonical;
	struct err err;

	if (at == 0)
		return "is not looked up: a key is one login, not all of a "
		       "domain";
	if (at == key.len)
		return NULL;
	if (realm.len > 1 && realm.data[realm.len - 1] == '.')
		return "is not looked up: logins have no dot at their end";
	if (domain_canonical(realm, mem, &canonical, &err) != 0)
		return slice_format(mem, "is not looked up: %s", err.text).data;
	if (rights->realms != NULL &&
	    map_get(rights->realms, canonical) == NULL)
		return "is of a realm that neither domain nor identify.realms "
		       "names: it may be what anybody typed at login";
	return NULL;
}

/* Why no address is looked up by a key; NULL: addresses are. */
static const char *
key_fault(const void *arg, struct slice key, struct arena *mem)
{
	const struct rights *rights = arg;
	struct slice own = rights->keys.local_domain;
	size_t at = slice_find_last(key, '@');
	struct slice domain = slice_from(key, at + 1), canonical;
	struct err err;

	if (at == key.len && slice_eq_nocase(key, own))
		return slice_format(mem,
		    "is looked up as a user of %.*s: write "
		    "@%.*s for the whole domain",
		    SLICE_ARGS(own), SLICE_ARGS(own))
		    .data;
	if (at == key.len && own.len == 0)
		return "is not looked up while domain is not set: write "
		       "USER@DOMAIN";
	if (at == key.len)
		return NULL;
	if (domain.len > 1 && domain.data[domain.len - 1] == '.')
		return "is not looked up: addresses have no dot at their end";
	return domain_canonical(domain, mem, &canonical, &err) == 0 ?
	    NULL :
	    slice_format(mem, "is not looked up: %s", err.text).data;
}

void
rights_check_values(const struct rights *rights, const struct table *only,
    const struct report *report)
{
	if (only == NULL || rights->levels == only)
		table_check_values(
		    rights->levels, rights_levels_value, NULL, report);
	for (size_t t = 0; t < rights->table_count; t++) {
		const struct table *table = rights->tables[t];

		if (only != NULL && table != only)
			continue;
		table_check_values(table, check_value, NULL, report);
		table_check_row_keys(table, key_fault, rights, report);
	}
	for (size_t t = 0; t < rights->login_table_count; t++) {
		const struct table *table = rights->login_tables[t];

		if (only != NULL && table != only)
			continue;
		table_check_values(table, check_login_value, NULL, report);
		table_check_row_keys(table, login_key_fault, rights, report);
	}
}

/* Those that could be opened. */
static struct table **
find_tables(const struct table_set *set, const struct slice_list *specs,
    struct arena *mem, size_t *ret_count)
{
	struct table **tables = arena_array(mem, specs->count, sizeof(*tables));
	size_t count = 0;

	for (size_t i = 0; i < specs->count; i++) {
		tables[count] = table_set_find(set, specs->items[i]);
		count += tables[count] != NULL;
	}
	*ret_count = count;
	return tables;
}

/* The realms that the configuration names, where clients alone choose theirs. */
static struct map *
find_realms(const struct config *config, struct arena *mem)
{
	const struct slice_list *realms = &config->identify.realms;
	struct map *map = map_new(mem);
	struct slice canonical;
	struct err err;

	if (!identity_realms_are_typed(config))
		return NULL;
	if (domain_canonical(config->main.domain, mem, &canonical, &err) == 0)
		(void)!map_add(map, canonical, map);
	for (size_t i = 0; i < realms->count; i++) {
		if (slice_eq(realms->items[i], SLICE(CONFIG_ANY_REALM)))
			return NULL;
		if (domain_canonical(realms->items[i], mem, &canonical, &err) ==
		    0)
			(void)!map_add(map, canonical, map);
	}
	return map;
}

void
rights_from_set(struct rights *rights, const struct config *config,
    const struct table_set *set, struct arena *mem)
{
	size_t count;
	struct table **tables =
	    find_tables(set, &config->rights.tables, mem, &count);

	rights_init(rights, config, tables, count, mem);
	rights->login_tables = find_tables(
	    set, &config->rights.logins, mem, &rights->login_table_count);
	rights->levels = table_set_find(set, config->rights.levels);
	rights->realms = find_realms(config, mem);
}
