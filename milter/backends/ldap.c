/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type ldap: what their files say. See ldap_table(5) of Postfix. */
#include <pthread.h>

#include "ldap_priv.h"
#include "table/module.h"

/* "size_limit" is not set: it is that of expansion_limit. */
#define SIZE_LIMIT_UNSET "2147483647"

#define TEXT(name, field, standard, minimum)                             \
	{                                                                \
		name, DATABASE_TEXT, offsetof(struct ldap_table, field), \
		    standard, minimum, 0                                 \
	}
#define NUMBER(name, standard, minimum, maximum)                           \
	{                                                                  \
#name, DATABASE_NUMBER, offsetof(struct ldap_table, name), \
		    standard, minimum, maximum                             \
	}
#define YES_NO(name)                                                           \
	{                                                                      \
#name, DATABASE_BOOL, offsetof(struct ldap_table, name), "no", \
		    0, 0                                                       \
	}
#define UNUSED(name)                                 \
	{                                            \
		name, DATABASE_UNUSED, 0, NULL, 0, 0 \
	}

static const struct database_parameter parameters[] = {
	TEXT("server_host", server_host, "localhost", 1),
	NUMBER(server_port, "389", 1, 65535),
	NUMBER(version, "3", 2, 0),
	NUMBER(timeout, "10", 1, 86400),
	TEXT("search_base", search_base, "", 0),
	TEXT("query_filter", query_filter, "(mailacceptinggeneralid=%s)", 0),
	TEXT("result_filter", database.result_filter, NULL, 1),
	TEXT("scope", scope, "sub", 1),
	TEXT("terminal_result_attribute", attributes[LDAP_ATTRIBUTE_TERMINAL],
	    "", 0),
	TEXT("leaf_result_attribute", attributes[LDAP_ATTRIBUTE_LEAF], "", 0),
	TEXT("result_attribute", attributes[LDAP_ATTRIBUTE_RESULT], "maildrop",
	    0),
	TEXT("special_result_attribute", attributes[LDAP_ATTRIBUTE_SPECIAL], "",
	    0),
	TEXT("bind", bind, "yes", 1),
	TEXT("bind_dn", bind_dn, "", 0),
	{ "bind_pw", DATABASE_SECRET, offsetof(struct ldap_table, bind_pw), "",
	    0, 0 },
	NUMBER(recursion_limit, "1000", 1, 0),
	NUMBER(size_limit, SIZE_LIMIT_UNSET, 0, 0),
	NUMBER(dereference, "0", 0, 0),
	YES_NO(chase_referrals),
	TEXT("sasl_mechs", sasl_mechs, "", 0),
	TEXT("sasl_realm", sasl_realm, "", 0),
	TEXT("sasl_authz_id", sasl_authz_id, "", 0),
	NUMBER(sasl_minssf, "0", 0, 4096),
	YES_NO(start_tls),
	YES_NO(tls_require_cert),
	TEXT("tls_ca_cert_file", tls_ca_cert_file, "", 0),
	TEXT("tls_ca_cert_dir", tls_ca_cert_dir, "", 0),
	TEXT("tls_cert", tls_cert, "", 0),
	TEXT("tls_key", tls_key, "", 0),
	TEXT("tls_random_file", tls_random_file, "", 0),
	TEXT("tls_cipher_suite", tls_cipher_suite, "", 0),
	UNUSED("debuglevel"),
	UNUSED("cache"),
	UNUSED("cache_expiry"),
	UNUSED("cache_size"),
};

static const struct database_type type = {
	.parameters = parameters,
	.count = sizeof(parameters) / sizeof(parameters[0]),
	.has_results = true,
};

static const struct server_ops ldap_server = {
	.connect = ldap_link_open,
	.is_quiet = ldap_link_is_quiet,
	.ask = ldap_search,
	.disconnect = ldap_link_close,
};

/* libldap reads its own settings once, and not for two threads at a time. */
static void
library_init(void)
{
	LDAPAPIInfo info = { .ldapai_info_version = LDAP_API_INFO_VERSION };

	if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) != 0)
		return;
	ldap_memvfree((void **)info.ldapai_extensions);
	ldap_memfree(info.ldapai_vendor_name);
}

/* libldap takes C strings. */
static void
end_texts(struct ldap_table *table, struct arena *mem)
{
	for (size_t i = 0; i < type.count; i++) {
		struct slice *text = (struct slice *)(void *)((char *)table +
		    parameters[i].offset);

		if ((parameters[i].kind == DATABASE_TEXT ||
			parameters[i].kind == DATABASE_SECRET) &&
		    database_is_set(*text))
			*text = slice_dup(mem, *text);
	}
}

static void
read_scope(struct ldap_table *table, const struct table_opening *opening)
{
	table->search_scope = LDAP_SCOPE_SUBTREE;
	if (slice_eq_nocase(table->scope, SLICE("one")))
		table->search_scope = LDAP_SCOPE_ONELEVEL;
	else if (slice_eq_nocase(table->scope, SLICE("base")))
		table->search_scope = LDAP_SCOPE_BASE;
	else if (!slice_eq_nocase(table->scope, SLICE("sub")))
		report_warning(opening->report,
		    "%s: scope is sub, one or base: it counts as sub",
		    escape(opening->mem, opening->name, 200));
}

/* Numbers that Postfix takes for their defaults. */
static void
read_numbers(struct ldap_table *table, const struct table_opening *opening)
{
	const char *name = escape(opening->mem, opening->name, 200);

	if (table->size_limit == INT_MAX)
		table->size_limit = table->database.expansion_limit;
	if (table->recursion_limit > LDAP_MAX_RECURSION)
		table->recursion_limit = LDAP_MAX_RECURSION;
	if (table->dereference > LDAP_DEREF_ALWAYS) {
		report_warning(opening->report,
		    "%s: dereference is 0 to 3: it counts as 0", name);
		table->dereference = LDAP_DEREF_NEVER;
	}
	if (table->version > LDAP_VERSION3) {
		report_warning(opening->report,
		    "%s: version is 2 or 3: it counts as 2", name);
		table->version = LDAP_VERSION2;
	}
	if (table->start_tls)
		table->version = LDAP_VERSION3;
}

static int
read_bind(struct ldap_table *table, struct err *err)
{
	static const struct {
		const char *word;
		enum ldap_bind bind;
	} words[] = { { "no", LDAP_BIND_NONE }, { "none", LDAP_BIND_NONE },
		{ "yes", LDAP_BIND_SIMPLE }, { "simple", LDAP_BIND_SIMPLE },
		{ "sasl", LDAP_BIND_SASL } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_eq_nocase(table->bind, slice_of(words[i].word))) {
			table->how_to_bind = words[i].bind;
			return 0;
		}
	}
	return err_set(
	    err, ERR_CONFIG, "bind is yes, no, simple, none or sasl");
}

static int
read_attributes(struct ldap_table *table, struct arena *mem, struct err *err)
{
	for (int kind = 0; kind < LDAP_ATTRIBUTE_KINDS; kind++) {
		struct slice rest = table->attributes[kind], name;

		while (slice_next_item(&rest, " ,\t\r\n", &name)) {
			char *added = slice_cstr(mem, name);

			if (table->result_count == LDAP_MAX_ATTRIBUTES)
				return err_set(err, ERR_CONFIG,
				    "more than %d attributes",
				    (int)LDAP_MAX_ATTRIBUTES);
			table->wanted[table->result_count] = added;
			table->results[table->result_count++] =
			    (struct ldap_attribute){ added,
				    (enum ldap_attribute_kind)kind };
		}
	}
	return 0;
}

/* The templates, and what is asked for so that entries can be judged. */
static int
read_query(struct ldap_table *table, const struct table_opening *opening,
    struct err *err)
{
	static char no_attributes[] = LDAP_NO_ATTRS;
	size_t count = table->result_count;
	bool has_key;

	if (database_add_template(&table->database, "search_base",
		table->search_base, &table->base_has_key, err) != 0 ||
	    database_add_template(&table->database, "query_filter",
		table->query_filter, &has_key, err) != 0)
		return -1;
	if (!has_key && !table->base_has_key)
		report_warning(opening->report,
		    "%s: neither query_filter nor search_base has a part of "
		    "the key: each key finds the same",
		    escape(opening->mem, opening->name, 200));
	table->filter = ldap_filter_read(table->query_filter, opening->mem);
	ldap_filter_attributes(table->filter, table->compared,
	    &table->compared_count, LDAP_MAX_ATTRIBUTES);
	for (size_t i = 0; i < count; i++)
		table->wanted_by_key[i] = table->wanted[i];
	for (size_t i = 0; i < table->compared_count; i++)
		table->wanted_by_key[count++] = table->compared[i];
	if (count == 0)
		table->wanted_by_key[0] = no_attributes;
	if (table->result_count == 0)
		table->wanted[0] = no_attributes;
	return 0;
}

static int
ldap_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ldap_table *table = arena_alloc(opening->mem, sizeof(*table));

	*ret_handle = table;
	if (database_open(opening, &type, &table->database, err) != 0)
		return -1;
	ENSURE(pthread_once(&once, library_init) == 0);
	end_texts(table, opening->mem);
	read_scope(table, opening);
	read_numbers(table, opening);
	if (read_bind(table, err) != 0 ||
	    read_attributes(table, opening->mem, err) != 0 ||
	    read_query(table, opening, err) != 0 ||
	    ldap_hosts_read(table, opening, err) != 0)
		return -1;
	table->database.server = server_new(&ldap_server, table, table->hosts);
	return 0;
}

static const struct table_ops table_ldap = {
	.type = "ldap",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a file of parameters",
	.open = ldap_open,
	.lookup = database_lookup,
	.source = &database_source_ops,
	.close = database_close,
};

TABLE_MODULE(&table_ldap);
