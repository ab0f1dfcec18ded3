/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the MTA's SMTP AUTH verifies the realm of a login, or passes on what
 * the client typed, and what that means for identify.realms.
 */
#include <unistd.h>

#include "check_sasl_priv.h"

enum { SHOWN_BYTES = 120, MAX_DIRECTORIES = 16 };

/* Where Debian's and other builds of Cyrus SASL look, whatever the program. */
#define SYSTEM_PLACES "/etc/sasl2:/usr/lib/sasl2:/usr/lib64/sasl2"

enum realm {
	REALM_VERIFIED,
	REALM_TYPED, /* it is what the client typed */
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
	struct slice root; /* of a chroot; empty: none */
	const char *name;  /* "smtpd", "Sendmail" */
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
check_sasl_shown(const struct checked *c, struct slice text)
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

/* The next "name: value", of NAME.conf or saslauthd.conf. */
static bool
next_setting(
    struct slice *text, struct slice *ret_name, struct slice *ret_value)
{
	struct slice line;
	size_t colon;

	if (!slice_next_item(text, "\n", &line))
		return false;
	colon = slice_find(line, ':');
	*ret_name = slice_trim(slice_sub(line, 0, colon));
	*ret_value = slice_trim(slice_from(line, colon + 1));
	return true;
}

/* Reads the first NAME.conf there is. */
static bool
find_cyrus(const struct checked *c, const struct places *places,
    struct cyrus *cyrus, struct answer *ret_answer)
{
	struct arena *mem = c->found->mem;
	struct slice text, name, value;
	struct err err;
	size_t i = 0;

	for (; i < places->config_count; i++) {
		cyrus->path = slice_format(mem, "%.*s/%s.conf",
		    SLICE_ARGS(places->config[i]), places->name)
				  .data;
		if (access(cyrus->path, F_OK) == 0)
			break;
	}
	if (i == places->config_count) {
		*ret_answer = (struct answer){ REALM_UNKNOWN,
			slice_format(mem,
			    "there is no %s.conf where Cyrus SASL would look "
			    "for it",
			    places->name)
			    .data };
		return false;
	}
	if (text_file_read(cyrus->path, mem, &text, &err) != 0) {
		*ret_answer = (struct answer){ REALM_UNKNOWN,
			slice_dup(mem, slice_of(err.text)).data };
		return false;
	}
	while (next_setting(&text, &name, &value)) {
		if (slice_eq_nocase(name, SLICE("pwcheck_method")))
			cyrus->pwcheck_method = value;
		else if (slice_eq_nocase(name, SLICE("saslauthd_path")))
			cyrus->saslauthd_path = value;
		else if (slice_eq_nocase(name, SLICE("auxprop_plugin")))
			cyrus->auxprop_plugin = value;
		else if (slice_eq_nocase(name, SLICE("sql_select")))
			cyrus->sql_select = value;
	}
	return true;
}

/* The list that Cyrus SASL has itself, by one of its plugins. */
static struct answer
judge_auxprop(const struct checked *c, const struct cyrus *cyrus)
{
	struct arena *mem = c->found->mem;
	struct slice plugin = cyrus->auxprop_plugin;
	bool has_realm = slice_has_text_nocase(cyrus->sql_select, SLICE("%r"));

	if (plugin.len == 0 || slice_eq_nocase(plugin, SLICE("sasldb")))
		return (struct answer){ REALM_VERIFIED,
			slice_format(mem,
			    "sasldb has users with their realm (%s)",
			    cyrus->path)
			    .data };
	if (slice_eq_nocase(plugin, SLICE("sql")))
		return (
		    struct answer){ has_realm ? REALM_VERIFIED : REALM_TYPED,
			slice_format(mem, "sql_select in %s has %s %%r",
			    cyrus->path, has_realm ? "a" : "no")
			    .data };
	return (struct answer){ REALM_UNKNOWN,
		slice_format(mem, "auxprop_plugin is %s (%s)",
		    check_sasl_shown(c, plugin), cyrus->path)
		    .data };
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
	struct slice filter = SLICE("uid=%u"), text, name, value;
	enum realm realm = REALM_TYPED;
	struct err err;

	if (text_file_read(path, mem, &text, &err) != 0)
		return (struct answer){ REALM_UNKNOWN,
			slice_dup(mem, slice_of(err.text)).data };
	while (next_setting(&text, &name, &value)) {
		if (slice_eq_nocase(name, SLICE("ldap_filter")))
			filter = value;
	}
	for (size_t i = 0; i + 1 < filter.len; i++) {
		char letter = filter.data[i + 1];

		if (filter.data[i] == '%' &&
		    (slice_has(SLICE("rRdD"), letter) ||
			(s->whole_login && letter == 'u')))
			realm = REALM_VERIFIED;
	}
	return (struct answer){ realm,
		slice_format(mem, "saslauthd looks for \"%s\" (%s) %s -r",
		    check_sasl_shown(c, filter), path,
		    s->whole_login ? "with" : "without")
		    .data };
}

static struct answer
judge_saslauthd(const struct checked *c, const struct places *places,
    const struct cyrus *cyrus)
{
	struct arena *mem = c->found->mem;
	struct slice path = cyrus->saslauthd_path.len > 0 ?
	    cyrus->saslauthd_path :
	    SLICE("/var/run/saslauthd/mux");
	struct slice outside = slice_sub(path, 0, slice_find_last(path, '/'));
	struct slice items[2] = { outside, outside };
	const struct slice_list directories = { .items = items, .count = 2 };
	struct saslauthd s;
	enum realm realm = REALM_TYPED;

	if (places->root.len > 0)
		items[0] = slice_format(mem, "%.*s/%.*s",
		    SLICE_ARGS(places->root), SLICE_ARGS(outside));
	if (!saslauthd_find(c->saslauthd, &directories, mem, &s))
		return (struct answer){ REALM_UNKNOWN,
			slice_format(mem,
			    "no saslauthd was found that serves %s (%s)",
			    check_sasl_shown(c, path), cyrus->path)
			    .data };
	if (slice_eq(s.mechanism, SLICE("ldap")))
		return judge_ldap(c, &s);
	if (s.whole_login || slice_eq(s.mechanism, SLICE("sasldb")))
		realm = REALM_VERIFIED;
	else if (s.mechanism.len == 0 ||
	    slice_eq(s.mechanism, SLICE("kerberos5")))
		realm = REALM_UNKNOWN;
	return (struct answer){ realm,
		slice_format(mem, "saslauthd -a %s %s -r (%s)",
		    check_sasl_shown(c, s.mechanism),
		    s.whole_login ? "with" : "without",
		    check_sasl_shown(c, s.source))
		    .data };
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
				    check_sasl_shown(c, method), cyrus.path)
				    .data };
		if (all.why == NULL || answer.realm == REALM_TYPED ||
		    (all.realm == REALM_VERIFIED &&
			answer.realm == REALM_UNKNOWN))
			all = answer;
	}
	if (all.why == NULL)
		all = (struct answer){ REALM_UNKNOWN,
			slice_format(
			    mem, "pwcheck_method is empty (%s)", cyrus.path)
			    .data };
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
			    "to somebody",
			    mark, mark);
	}
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
		uses_sasl = uses_sasl ||
		    slice_eq(config->identify.methods.items[i], SLICE("sasl"));
	if (!uses_sasl || !config->rights.own_address ||
	    config->identify.login_map.len > 0 || count_realms(config) > 0)
		return;
	finding_add(c->found, FINDING_WARNING,
	    "domain = \"example.org\", or identify { realms = ... }",
	    "rights.own-address: no login owns an address by itself, because "
	    "neither domain nor identify.realms names a realm: %s",
	    config->rights.tables.count > 0 ?
		"each needs a row in rights.tables" :
		config->rights.logins.count > 0 ?
		"each needs a row in rights.logins" :
		"all mail is refused, for rights.tables is not set either");
}

static void
check_sasl_report(
    const struct checked *c, const char *name, struct answer answer)
{
	struct findings *found = c->found;
	size_t realms =
	    c->config->rights.own_address ? count_realms(c->config) : 0;

	if (answer.realm == REALM_VERIFIED)
		finding_add(found, FINDING_OK, NULL,
		    "%s: SMTP AUTH verifies the realm of a login: %s", name,
		    answer.why);
	else if (answer.realm == REALM_UNKNOWN)
		finding_add(found, realms > 1 ? FINDING_WARNING : FINDING_OK,
		    realms > 1 ? "find out; if it looks at the user alone, set "
				 "domain alone, without identify { realms }" :
				 NULL,
		    "%s: whether SMTP AUTH verifies the realm of a login is not "
		    "known: %s",
		    name, answer.why);
	else if (realms <= 1)
		finding_add(found, FINDING_OK, NULL,
		    "%s: SMTP AUTH looks at the user alone: %s. The realm of a "
		    "login is what the client typed, and %s",
		    name, answer.why,
		    realms == 0 ? "none counts here" : "only one counts here");
	else
		finding_add(found, FINDING_ERROR,
		    "domain alone, without identify { realms }; or have SMTP "
		    "AUTH compare user and realm, for saslauthd with -r",
		    "%s: SMTP AUTH looks at the user alone: %s. The realm of a "
		    "login is what the client typed, so that alice may use the "
		    "address of every other alice in %s",
		    name, answer.why,
		    realms == SIZE_MAX ? "any domain" :
					 "the realms that are named here");
}

void
check_postfix_sasl(const struct checked *c, const struct postfix *postfix,
    const struct postfix_service *service, const char *name)
{
	struct arena *mem = c->found->mem;
	const struct config *config = c->config;
	struct slice type =
	    postfix_value(postfix, service, "smtpd_sasl_type", "cyrus");
	struct slice path =
	    postfix_value(postfix, service, "smtpd_sasl_path", "smtpd");
	struct slice realm =
	    postfix_value(postfix, service, "smtpd_sasl_local_domain", "");
	struct places places = { .name = slice_cstr(mem, path) };
	struct answer answer = { REALM_VERIFIED,
		"it is Dovecot's, unless a passdb there looks up the user "
		"alone (%n) and leaves the name as it was typed" };
	bool is_ours = slice_eq_nocase(realm, config->main.domain);

	if (slice_eq(type, SLICE("cyrus"))) {
		/* Debian's build looks there, whatever the option says. */
		add_places(
		    &places, slice_format(mem, "%s/sasl", postfix->directory));
		add_places(&places,
		    postfix_value(
			postfix, service, "cyrus_sasl_config_path", ""));
		add_places(&places, SLICE(SYSTEM_PLACES));
		if (service->chroot)
			places.root = postfix_value(postfix, NULL,
			    "queue_directory", "/var/spool/postfix");
		answer = judge_cyrus(c, &places);
	} else if (!slice_eq(type, SLICE("dovecot"))) {
		answer = (struct answer){ REALM_UNKNOWN,
			slice_format(mem, "smtpd_sasl_type is %s",
			    check_sasl_shown(c, type))
			    .data };
	}
	check_sasl_report(c, name, answer);
	for (size_t i = 0; i < config->identify.realms.count; i++) {
		struct slice item = config->identify.realms.items[i];

		is_ours = is_ours || slice_eq_nocase(item, realm) ||
		    slice_eq(item, SLICE(CONFIG_ANY_REALM));
	}
	if (slice_eq(type, SLICE("cyrus")) && realm.len > 0 &&
	    config->rights.own_address && !is_ours)
		finding_add(c->found, FINDING_WARNING,
		    slice_format(mem,
			"domain = \"%s\", or the same in identify.realms",
			check_sasl_shown(c, realm))
			.data,
		    "%s: a login without a realm gets @%s "
		    "(smtpd_sasl_local_domain), which is not a realm here, and "
		    "owns no address",
		    name, check_sasl_shown(c, realm));
}

void
check_sendmail_sasl(const struct checked *c, struct slice text)
{
	/* Sendmail sets its environment itself. */
	struct slice name = SLICE("ESASL_CONF_PATH="), set = SLICE(""), line;
	struct places places = { .name = "Sendmail" };

	while (slice_next_item(&text, "\n", &line)) {
		if (slice_starts(line, name))
			set = slice_trim(slice_from(line, name.len));
	}
	add_places(&places, set);
	add_places(&places, SLICE("/etc/mail/sasl"));
	add_places(&places, SLICE(SYSTEM_PLACES));
	check_sasl_report(c, "Sendmail", judge_cyrus(c, &places));
}
