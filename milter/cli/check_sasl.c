/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the MTA's SMTP AUTH verifies the realm of a login, or passes on what
 * the client typed, and what that means for identify.realms.
 */
#include <unistd.h>

#include "check_sasl_priv.h"

enum { SHOWN_BYTES = 120, MAX_DIRECTORIES = 16 };

enum realm {
	REALM_VERIFIED,
	REALM_TYPED,		/* it is what the client typed */
	REALM_UNKNOWN,
};

/* What SMTP AUTH does with the realm, and by which setting. */
struct answer {
	enum realm realm;
	const char *why;
};

/* Where Cyrus SASL looks for NAME.conf, and where its saslauthd may be. */
struct places {
	struct slice config[MAX_DIRECTORIES];
	size_t config_count;
	struct slice root;	/* of a chroot; empty: none */
	const char *name;	/* "smtpd", "Sendmail" */
};

/* What NAME.conf says. */
struct cyrus {
	const char *path;
	struct slice pwcheck_method;
	struct slice saslauthd_path;
	struct slice auxprop_plugin;
	struct slice sql_select;
};

static const char *
shown(const struct checked *c, struct slice text)
{
	return escape(c->found->mem, text, SHOWN_BYTES);
}

static void
add_places(struct places *places, struct slice list)
{
	struct slice directory;

	while (slice_next_item(&list, ":", &directory)) {
		if (places->config_count < MAX_DIRECTORIES)
			places->config[places->config_count++] = directory;
	}
}

static void
read_cyrus(struct slice text, struct cyrus *cyrus)
{
	struct slice line;

	while (slice_next_item(&text, "\n", &line)) {
		size_t colon = slice_find(line, ':');
		struct slice name = slice_trim(slice_sub(line, 0, colon));
		struct slice value = slice_trim(slice_from(line, colon + 1));

		if (name.len == 0 || name.data[0] == '#')
			continue;
		if (slice_eq_nocase(name, SLICE("pwcheck_method")))
			cyrus->pwcheck_method = value;
		else if (slice_eq_nocase(name, SLICE("saslauthd_path")))
			cyrus->saslauthd_path = value;
		else if (slice_eq_nocase(name, SLICE("auxprop_plugin")))
			cyrus->auxprop_plugin = value;
		else if (slice_eq_nocase(name, SLICE("sql_select")))
			cyrus->sql_select = value;
	}
}

/* The first NAME.conf there is. */
static bool
find_cyrus(const struct checked *c, const struct places *places,
    struct cyrus *cyrus, struct answer *ret_answer)
{
	struct arena *mem = c->found->mem;
	struct slice text;
	struct err err;

	*ret_answer = (struct answer){ REALM_UNKNOWN, slice_format(mem,
	    "there is no %s.conf where Cyrus SASL would look for it",
	    places->name).data };
	for (size_t i = 0; i < places->config_count; i++) {
		cyrus->path = slice_format(mem, "%.*s/%s.conf",
		    SLICE_ARGS(places->config[i]), places->name).data;
		if (access(cyrus->path, F_OK) != 0)
			continue;
		if (text_file_read(cyrus->path, mem, &text, &err) != 0) {
			ret_answer->why = slice_dup(mem,
			    slice_of(err.text)).data;
			return false;
		}
		read_cyrus(text, cyrus);
		return true;
	}
	return false;
}

/* The list that Cyrus SASL has itself, by one of its plugins. */
static struct answer
judge_auxprop(const struct checked *c, const struct cyrus *cyrus)
{
	struct arena *mem = c->found->mem;
	struct slice plugin = cyrus->auxprop_plugin;

	if (plugin.len == 0 || slice_eq_nocase(plugin, SLICE("sasldb")))
		return (struct answer){ REALM_VERIFIED, slice_format(mem,
		    "sasldb has users with their realm (%s)",
		    cyrus->path).data };
	if (slice_eq_nocase(plugin, SLICE("sql")))
		return (struct answer){ slice_has_text_nocase(cyrus->sql_select,
		    SLICE("%r")) ? REALM_VERIFIED : REALM_TYPED,
		    slice_format(mem, "sql_select in %s has %s %%r",
			cyrus->path, slice_has_text_nocase(cyrus->sql_select,
			    SLICE("%r")) ? "a" : "no").data };
	return (struct answer){ REALM_UNKNOWN, slice_format(mem,
	    "auxprop_plugin is %s (%s)", shown(c, plugin), cyrus->path).data };
}

/* Whether a filter has "%" and that letter. */
static bool
has_token(struct slice filter, char letter)
{
	for (size_t i = 0; i + 1 < filter.len; i++) {
		if (filter.data[i] == '%' && filter.data[i + 1] == letter)
			return true;
	}
	return false;
}

/*
 * saslauthd.conf: %r, %R, %d and %D stand for the realm, %u for the user as it
 * was handed over, %U for what stands before the "@" of that.
 */
static struct answer
judge_ldap(const struct checked *c, const struct saslauthd *s)
{
	struct arena *mem = c->found->mem;
	const char *path = s->option.len > 0 ? slice_cstr(mem, s->option) :
	    "/etc/saslauthd.conf";
	struct slice filter = SLICE("uid=%u"), text, line;
	bool verified;
	struct err err;

	if (text_file_read(path, mem, &text, &err) != 0)
		return (struct answer){ REALM_UNKNOWN,
		    slice_dup(mem, slice_of(err.text)).data };
	while (slice_next_item(&text, "\n", &line)) {
		size_t colon = slice_find(line, ':');

		if (slice_eq_nocase(slice_trim(slice_sub(line, 0, colon)),
		    SLICE("ldap_filter")))
			filter = slice_trim(slice_from(line, colon + 1));
	}
	verified = has_token(filter, 'r') || has_token(filter, 'R') ||
	    has_token(filter, 'd') || has_token(filter, 'D') ||
	    (s->whole_login && has_token(filter, 'u'));
	return (struct answer){ verified ? REALM_VERIFIED : REALM_TYPED,
	    slice_format(mem, "saslauthd looks for \"%s\" (%s) %s -r",
		shown(c, filter), path, s->whole_login ? "with" : "without")
		.data };
}

static struct answer
judge_saslauthd(const struct checked *c, const struct places *places,
    const struct cyrus *cyrus)
{
	struct arena *mem = c->found->mem;
	struct slice path = cyrus->saslauthd_path.len > 0 ?
	    cyrus->saslauthd_path : SLICE("/var/run/saslauthd/mux");
	struct slice outside = slice_sub(path, 0, slice_find_last(path, '/'));
	struct slice directories[2] = { outside, outside };
	struct saslauthd s;
	enum realm realm = REALM_TYPED;

	if (places->root.len > 0)
		directories[0] = slice_format(mem, "%.*s/%.*s",
		    SLICE_ARGS(places->root), SLICE_ARGS(outside));
	if (!saslauthd_find(c->saslauthd, directories, 2, mem, &s))
		return (struct answer){ REALM_UNKNOWN, slice_format(mem,
		    "no saslauthd was found that serves %s (%s)",
		    shown(c, path), cyrus->path).data };
	if (slice_eq(s.mechanism, SLICE("ldap")))
		return judge_ldap(c, &s);
	if (s.whole_login || slice_eq(s.mechanism, SLICE("sasldb")))
		realm = REALM_VERIFIED;
	else if (s.mechanism.len == 0 ||
	    slice_eq(s.mechanism, SLICE("kerberos5")))
		realm = REALM_UNKNOWN;
	return (struct answer){ realm, slice_format(mem,
	    "saslauthd -a %s %s -r (%s)", shown(c, s.mechanism),
	    s.whole_login ? "with" : "without", shown(c, s.source)).data };
}

/* Several methods are tried in turn: the least of them counts. */
static struct answer
judge_cyrus(const struct checked *c, const struct places *places)
{
	struct arena *mem = c->found->mem;
	struct cyrus cyrus = { .pwcheck_method = SLICE("auxprop") };
	struct answer answer, all = { REALM_VERIFIED, NULL };
	struct slice rest, method;

	if (!find_cyrus(c, places, &cyrus, &answer))
		return answer;
	rest = cyrus.pwcheck_method;
	while (slice_next_item(&rest, " \t", &method)) {
		if (slice_eq_nocase(method, SLICE("auxprop")))
			answer = judge_auxprop(c, &cyrus);
		else if (slice_eq_nocase(method, SLICE("saslauthd")))
			answer = judge_saslauthd(c, places, &cyrus);
		else
			answer = (struct answer){ REALM_UNKNOWN,
			    slice_format(mem, "pwcheck_method is %s (%s)",
				shown(c, method), cyrus.path).data };
		if (all.why == NULL || answer.realm == REALM_TYPED ||
		    (all.realm == REALM_VERIFIED &&
		    answer.realm == REALM_UNKNOWN))
			all = answer;
	}
	if (all.why == NULL)
		all = (struct answer){ REALM_UNKNOWN, slice_format(mem,
		    "pwcheck_method is empty (%s)", cyrus.path).data };
	return all;
}

void
check_extension(const struct checked *c)
{
	struct slice extension = c->config->rights.extension;

	for (size_t i = 0; i < extension.len; i++) {
		char mark = extension.data[i];

		if (slice_has(SLICE("-._"), mark))
			finding_add(c->found, FINDING_WARNING,
			    "rights { extension = \"+\" }, or a row in "
			    "rights.tables for every address with it",
			    "rights.extension: \"%c\" stands in ordinary names: "
			    "anne@ may use anne%cmarie@ unless a row gives that "
			    "to somebody", mark, mark);
	}
}

static bool
is_realm(const struct config *config, struct slice realm)
{
	if (slice_eq_nocase(realm, config->main.domain))
		return true;
	for (size_t i = 0; i < config->identify.realms.count; i++) {
		struct slice item = config->identify.realms.items[i];

		if (slice_eq_nocase(item, realm) ||
		    slice_eq(item, SLICE(CONFIG_ANY_REALM)))
			return true;
	}
	return false;
}

/* How many realms the configuration names; any one is more than all of them. */
static size_t
count_realms(const struct config *config)
{
	size_t count = config->main.domain.len > 0;

	for (size_t i = 0; i < config->identify.realms.count; i++) {
		struct slice item = config->identify.realms.items[i];

		if (slice_eq(item, SLICE(CONFIG_ANY_REALM)))
			return SIZE_MAX;
		count += !slice_eq(item, config->main.domain);
	}
	return count;
}

void
check_realms(const struct checked *c)
{
	const struct config *config = c->config;
	bool uses_sasl = false;

	for (size_t i = 0; i < config->identify.methods.count; i++)
		uses_sasl = uses_sasl || slice_eq(
		    config->identify.methods.items[i], SLICE("sasl"));
	if (!uses_sasl || !config->rights.own_address ||
	    config->identify.login_map.len > 0 || count_realms(config) > 0)
		return;
	finding_add(c->found, FINDING_WARNING,
	    "domain = \"example.org\", or identify { realms = ... }",
	    "rights.own-address: no login owns an address by itself, because "
	    "neither domain nor identify.realms names a realm: %s",
	    config->rights.tables.count > 0 ?
	    "each needs a row in rights.tables" :
	    "all mail is refused, for rights.tables is not set either");
}

static void
report_typed(const struct checked *c, const char *name, const char *why,
    size_t realms)
{
	if (realms <= 1)
		finding_add(c->found, FINDING_OK, NULL, "%s: SMTP AUTH looks at "
		    "the user alone: %s. The realm of a login is what the "
		    "client typed, and %s", name, why, realms == 0 ?
		    "none counts here" : "only one counts here");
	else
		finding_add(c->found, FINDING_ERROR,
		    "domain alone, without identify { realms }; or have SMTP "
		    "AUTH compare user and realm, for saslauthd with -r",
		    "%s: SMTP AUTH looks at the user alone: %s. The realm of a "
		    "login is what the client typed, so that alice may use the "
		    "address of every other alice in %s", name, why,
		    realms == SIZE_MAX ? "any domain" :
		    "the realms that are named here");
}

static void
report(const struct checked *c, const char *name, struct answer answer)
{
	size_t realms = c->config->rights.own_address ?
	    count_realms(c->config) : 0;

	switch (answer.realm) {
	case REALM_VERIFIED:
		finding_add(c->found, FINDING_OK, NULL, "%s: SMTP AUTH verifies "
		    "the realm of a login: %s", name, answer.why);
		break;
	case REALM_TYPED:
		report_typed(c, name, answer.why, realms);
		break;
	case REALM_UNKNOWN:
		finding_add(c->found, realms > 1 ? FINDING_WARNING : FINDING_OK,
		    realms > 1 ? "find out; if it looks at the user alone, set "
		    "domain alone, without identify { realms }" : NULL,
		    "%s: whether SMTP AUTH verifies the realm of a login is not "
		    "known: %s", name, answer.why);
		break;
	}
}

/* Where Debian's and other builds of Cyrus SASL look, whatever the program. */
static void
add_system_places(struct places *places)
{
	add_places(places,
	    SLICE("/etc/sasl2:/usr/lib/sasl2:/usr/lib64/sasl2"));
}

void
check_postfix_sasl(const struct checked *c, const struct postfix *postfix,
    const struct postfix_service *service, const char *directory,
    const char *name)
{
	struct arena *mem = c->found->mem;
	struct slice type = postfix_value(postfix, service, "smtpd_sasl_type",
	    "cyrus", mem);
	struct slice path = postfix_value(postfix, service, "smtpd_sasl_path",
	    "smtpd", mem);
	struct slice realm = postfix_value(postfix, service,
	    "smtpd_sasl_local_domain", "", mem);
	struct places places = { .name = slice_cstr(mem, path) };

	if (slice_eq(type, SLICE("dovecot"))) {
		report(c, name, (struct answer){ REALM_VERIFIED, "it is "
		    "Dovecot's, unless a passdb there looks up the user alone "
		    "(%n) and leaves the name as it was typed" });
		return;
	}
	if (!slice_eq(type, SLICE("cyrus"))) {
		report(c, name, (struct answer){ REALM_UNKNOWN,
		    slice_format(mem, "smtpd_sasl_type is %s",
			shown(c, type)).data });
		return;
	}
	/* Debian's build looks there, whatever cyrus_sasl_config_path says. */
	add_places(&places, slice_format(mem, "%s/sasl", directory));
	add_places(&places, postfix_value(postfix, service,
	    "cyrus_sasl_config_path", "", mem));
	add_system_places(&places);
	if (service->chroot)
		places.root = postfix_value(postfix, NULL, "queue_directory",
		    "/var/spool/postfix", mem);
	report(c, name, judge_cyrus(c, &places));
	if (realm.len > 0 && c->config->rights.own_address &&
	    !is_realm(c->config, realm))
		finding_add(c->found, FINDING_WARNING,
		    slice_format(mem, "domain = \"%s\", or the same in "
			"identify.realms", shown(c, realm)).data,
		    "%s: a login without a realm gets @%s "
		    "(smtpd_sasl_local_domain), which is no realm here, and "
		    "owns no address", name, shown(c, realm));
}

/* "ESASL_CONF_PATH=...": Sendmail sets its environment itself. */
static struct slice
sendmail_places(struct slice text)
{
	struct slice name = SLICE("ESASL_CONF_PATH="), found = { NULL, 0 }, line;

	while (slice_next_item(&text, "\n", &line)) {
		if (slice_starts(line, name))
			found = slice_trim(slice_from(line, name.len));
	}
	return found;
}

void
check_sendmail_sasl(const struct checked *c, struct slice text)
{
	struct places places = { .name = "Sendmail" };

	add_places(&places, sendmail_places(text));
	add_places(&places, SLICE("/etc/mail/sasl"));
	add_system_places(&places);
	report(c, "Sendmail", judge_cyrus(c, &places));
}
