/* SPDX-License-Identifier: BSD-2-Clause */
/* The hosts that server_host names. */
#include "ldap_priv.h"
#include "table/backend.h"

/* Where Debian's slapd listens for ldapi:/// without a path. */
static const char default_socket[] = "/var/run/slapd/ldapi";

/*
 * The servers of an URL without a host, as libldap's tools find them: those of the
 * domain that the name in it has, ldap:///dc=example,dc=org, or else the name
 * that is searched. 1: it has none.
 */
static int
add_domain(struct ldap_table *table, const char *dn, struct server_host *host,
    struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	char *domain = NULL;
	int status = 1;

	arena_init(&mem);
	if ((dn == NULL || *dn == '\0') && !slice_has(table->search_base, '%'))
		dn = slice_cstr(&mem, table->search_base);
	if (dn != NULL && ldap_dn2domain(dn, &domain) == 0 && domain != NULL &&
	    domain[0] != '\0') {
		host->kind = HOST_SRV;
		host->name = slice_format(
		    &mem, "_%.*s._tcp.%s", SLICE_ARGS(host->scheme), domain);
		status = hosts_add(table->hosts, host, err);
	}
	ldap_memfree(domain);
	return status;
}

/* What libldap has read of an URL. */
static int
add_url(struct ldap_table *table, const LDAPURLDesc *url,
    struct server_host *host, struct err *err)
{
	struct slice name =
	    slice_of(url->lud_host == NULL ? "" : url->lud_host);
	bool is_ldaps = slice_eq_nocase(host->scheme, SLICE("ldaps"));
	int status;

	if (slice_eq_nocase(host->scheme, SLICE("ldapi"))) {
		host->kind = HOST_UNIX;
		host->name = name.len == 0 ? slice_of(default_socket) : name;
		return hosts_add(table->hosts, host, err);
	}
	host->port = url->lud_port > 0 ? (unsigned int)url->lud_port :
	    is_ldaps		       ? LDAPS_PORT :
					 LDAP_PORT;
	if (name.len == 0) {
		status = add_domain(table, url->lud_dn, host, err);
		if (status <= 0)
			return status;
		name = SLICE("localhost");
	}
	if (name.len > 2 && name.data[0] == '[')
		name = slice_sub(name, 1, name.len - 2);
	host->kind = HOST_INET;
	host->name = name;
	return hosts_add(table->hosts, host, err);
}

static int
add_word(struct ldap_table *table, struct slice word,
    const struct table_opening *opening, struct err *err)
{
	struct arena *mem = opening->mem;
	const char *text = slice_cstr(mem, word);
	struct server_host host = { .text = word };
	LDAPURLDesc *url = NULL;
	int status;

	if (!ldap_is_ldap_url(text)) {
		if (host_read(word, table->server_port, &host, err) != 0)
			return -1;
		host.scheme = SLICE("ldap");
		return hosts_add(table->hosts, &host, err);
	}
	/* Postfix goes on with the others, too. */
	if (ldap_url_parse(text, &url) != LDAP_URL_SUCCESS) {
		report_warning(opening->report,
		    "%s: server_host: %s is no URL, and is left out",
		    escape(mem, opening->name, 200), escape(mem, word, 200));
		return 0;
	}
	host.scheme = slice_lower(mem, slice_of(url->lud_scheme));
	if (!slice_eq(host.scheme, SLICE("ldap")))
		table->version = LDAP_VERSION3;
	status = add_url(table, url, &host, err);
	ldap_free_urldesc(url);
	return status;
}

/* The next server; commas of a domain's name, ",dc=", are no end of an URL. */
static bool
next_word(struct slice *rest, struct slice *ret_word)
{
	static const char separators[] = " ,\t\r\n";
	struct slice word, part;

	if (!slice_next_item(rest, separators, &word))
		return false;
	while (slice_starts_nocase(word, SLICE("ldap")) &&
	    slice_starts_nocase(*rest, SLICE(",dc=")) &&
	    slice_next_item(rest, separators, &part))
		word.len = (size_t)(part.data - word.data) + part.len;
	*ret_word = word;
	return true;
}

int
ldap_hosts_read(struct ldap_table *table, const struct table_opening *opening,
    struct err *err)
{
	struct slice rest = table->server_host, word;

	table->hosts = hosts_new(opening, HOSTS_IN_ORDER);
	while (next_word(&rest, &word)) {
		if (add_word(table, word, opening, err) != 0)
			return err_wrap(err, "server_host");
	}
	if (hosts_count(table->hosts) == 0)
		return err_set(err, ERR_CONFIG, "server_host names no server");
	return 0;
}
