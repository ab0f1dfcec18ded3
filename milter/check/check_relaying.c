/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who comes without SMTP AUTH has to be let in by the MTA, too, which knows nothing
 * of logins that we give: whether it relays for hosts that are known by their
 * names, and for those that have fetched mail by POP; and whether it does so for
 * strangers, whom then nobody but the milter keeps out.
 */
#include "check_postfix_priv.h"
#include "identity/identity.h"

/* Restrictions by which a client may get in that has not logged in. */
static const char *const by_table[] = { "check_client_access", "permit", NULL };
static const char *const by_name[] = { "check_client_access",
	"check_reverse_client_hostname_access", "permit_mynetworks", "permit",
	NULL };
static const char *const refusals[] = { "reject", "defer",
	"reject_unauth_destination", "defer_unauth_destination", NULL };

static const struct way {
	const char *method;
	const char *who;
	const char *const *words;
} ways[] = {
	{ "host", "a host that is known by its name (host)", by_name },
	{ "pop-before-smtp", "who has fetched mail (pop-before-smtp)",
	    by_table },
};

/* The lists that each have to let a client in, as Postfix has them. */
static const struct list {
	const char *name;
	const char *initial;
} lists[] = {
	{ "smtpd_client_restrictions", "" },
	{ "smtpd_helo_restrictions", "" },
	{ "smtpd_sender_restrictions", "" },
	{ "smtpd_relay_restrictions",
	    "permit_mynetworks, permit_sasl_authenticated, "
	    "defer_unauth_destination" },
	{ "smtpd_recipient_restrictions", "" },
};

enum { LISTS = sizeof(lists) / sizeof(lists[0]), RELAY_LIST = 3 };

static bool
is_one_of(struct slice item, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (slice_eq_nocase(item, slice_of(*words)))
			return true;
	}
	return false;
}

/* Whether a list has one of the words, and none before it that refuses all. */
static bool
lets_in(struct slice list, const char *const *words)
{
	struct slice item;

	while (postfix_next_item(&list, ", \t\r\n", &item)) {
		if (is_one_of(item, words))
			return true;
		if (is_one_of(item, refusals))
			return false;
	}
	return true;
}

/* The list that keeps them out of a service; NULL: none does. */
static const struct list *
keeps_out(const struct postfix_check *p, const struct postfix_service *service,
    const struct way *way)
{
	for (size_t i = 0; i < LISTS; i++) {
		if (!lets_in(postfix_seen(
				 p, service, lists[i].name, lists[i].initial),
			way->words))
			return &lists[i];
	}
	return NULL;
}

/* Whether Postfix relays for anybody there, by a word that all have. */
static bool
lets_all_in(
    const struct postfix_check *p, const struct postfix_service *service)
{
	struct slice list = postfix_seen(
	    p, service, lists[RELAY_LIST].name, lists[RELAY_LIST].initial);
	bool is_table = false;
	struct slice item;

	while (postfix_next_item(&list, ", \t\r\n", &item)) {
		if (is_one_of(item, refusals))
			return false;
		if (slice_eq_nocase(item, SLICE("permit")) ||
		    (is_table &&
			(slice_eq_nocase(item, SLICE("static:permit")) ||
			    slice_eq_nocase(item, SLICE("static:OK")))))
			return true;
		is_table = slice_eq_nocase(item, SLICE("check_client_access"));
	}
	return false;
}

/* Where mail passes the milter, and is not that of other servers. */
static bool
has_milter(const struct postfix_check *p, const struct postfix_service *service)
{
	struct milter_path path;

	if (!slice_eq(service->command, SLICE("smtpd")))
		return false;
	path = postfix_milter_path(p, service);
	return path.relation == OURS && path.past == NULL;
}

static bool
is_used(const struct postfix_check *p, const struct postfix_service *service)
{
	return !postfix_is_port_25(service) && has_milter(p, service);
}

static void
check_way(const struct postfix_check *p, const struct way *way)
{
	const struct postfix_service *first = NULL;
	const struct list *wall = NULL;

	for (size_t i = 0; i < p->postfix->service_count; i++) {
		const struct postfix_service *service =
		    &p->postfix->services[i];

		if (!is_used(p, service) ||
		    !postfix_method_is_asked(p, service, slice_of(way->method)))
			continue;
		wall = keeps_out(p, service, way);
		if (wall == NULL)
			return;
		if (first == NULL)
			first = service;
	}
	if (first == NULL)
		return;
	wall = keeps_out(p, first, way);
	finding_add(p->c->found, FINDING_WARNING,
	    slice_format(p->c->found->mem,
		"a service of its own in %s/master.cf, as in %s of submilter(8)",
		p->postfix->directory,
		way->words == by_table ? "POP BEFORE SMTP" : "HOSTS")
		.data,
	    "%s: %s is refused by Postfix, there and at each other "
	    "service with the milter: %s has nothing for them (%s)",
	    postfix_called(p, first), way->who, wall->name,
	    postfix_seen_at(p, first, wall->name));
}

/* An open relay: the MTA relays for anybody, and so does the milter. */
static void
check_strangers(
    const struct postfix_check *p, const struct postfix_service *service)
{
	struct slice name =
	    postfix_seen(p, service, "milter_macro_daemon_name", "");

	if (!lets_all_in(p, service) ||
	    refuses_without_login_at(
		p->c->config, name, postfix_port_of(service)))
		return;
	finding_add(p->c->found, FINDING_ERROR,
	    postfix_set(p, service, lists[RELAY_LIST].name,
		"permit_sasl_authenticated,reject"),
	    "%s is an open relay: %s in %s lets anybody relay, and mail without "
	    "a login passes the milter (identify.unidentified, mode)",
	    postfix_called(p, service), lists[RELAY_LIST].name,
	    postfix_seen_at(p, service, lists[RELAY_LIST].name));
}

static void
check_name_macros(
    const struct postfix_check *p, const struct postfix_service *service)
{
	static const char *const macros[] = { "{client_name}",
		"{client_resolve}" };

	if (!postfix_lacks_macros(p, service, "milter_connect_macros",
		"j {daemon_name} {daemon_addr} v _", macros))
		return;
	finding_add(p->c->found, FINDING_WARNING,
	    postfix_set_there(p, service, "milter_protocol", "6"),
	    "%s: no name of a client will prove a login (host), because "
	    "milter_protocol is %.*s and milter_connect_macros lacks "
	    "{client_name} or {client_resolve}",
	    postfix_called(p, service),
	    SLICE_ARGS(postfix_seen(p, service, "milter_protocol", "6")));
}

static void
check_names(
    const struct postfix_check *p, const struct postfix_service *service)
{
	check_name_macros(p, service);
	if (!slice_eq_nocase(
		postfix_seen(p, service, "smtpd_peername_lookup", "yes"),
		SLICE("no")))
		return;
	finding_add(p->c->found, FINDING_WARNING,
	    postfix_set_there(p, service, "smtpd_peername_lookup", "yes"),
	    "%s: no name of a client will prove a login (host), because "
	    "smtpd_peername_lookup is no (%s)",
	    postfix_called(p, service),
	    postfix_seen_at(p, service, "smtpd_peername_lookup"));
}

/* Whether the milter may be told another port than that of the service. */
static bool
tells_other_port(
    const struct postfix_check *p, const struct postfix_service *service)
{
	return postfix_seen(p, service, "smtpd_upstream_proxy_protocol", "")
		   .len != 0 ||
	    postfix_seen(p, service, "smtpd_authorized_xclient_hosts", "")
		.len != 0;
}

/* A method that identify.methods-at binds to services that are not there. */
static void
check_bound_method(const struct postfix_check *p, struct slice method)
{
	bool is_any_used = false;

	for (size_t i = 0; i < p->postfix->service_count; i++) {
		const struct postfix_service *service =
		    &p->postfix->services[i];

		if (!has_milter(p, service))
			continue;
		if (tells_other_port(p, service) ||
		    postfix_method_is_asked(p, service, method))
			return;
		is_any_used = true;
	}
	if (is_any_used)
		finding_add(p->c->found, FINDING_WARNING,
		    "the port of a service that has the milter in "
		    "identify.methods-at, or its milter_macro_daemon_name",
		    "Postfix: nobody is asked for %.*s: no service with the "
		    "milter has a port or a name that identify.methods-at "
		    "binds it to",
		    SLICE_ARGS(method));
}

void
check_postfix_relaying(const struct postfix_check *p)
{
	const struct config *config = p->c->config;
	bool has_hosts = identity_uses_method(config, SLICE("host"));

	for (size_t i = 0; i < p->postfix->service_count; i++) {
		const struct postfix_service *service =
		    &p->postfix->services[i];

		if (!is_used(p, service))
			continue;
		check_strangers(p, service);
		if (has_hosts)
			check_names(p, service);
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (identity_uses_method(config, slice_of(ways[i].method)))
			check_way(p, &ways[i]);
	}
	for (size_t i = 0; i < config->identify.methods.count; i++)
		check_bound_method(p, config->identify.methods.items[i]);
}

void
check_sendmail_relaying(const struct checked *c, struct slice text)
{
	bool denies = false, has_access = false, has_rules = false;
	bool is_local = false;
	struct slice line;

	if (!identity_uses_method(c->config, SLICE("pop-before-smtp")))
		return;
	while (slice_next_item(&text, "\n", &line)) {
		if (slice_starts(line, SLICE("Kaccess")))
			has_access = true;
		if (slice_starts(line, SLICE("S")))
			is_local =
			    slice_starts(line, SLICE("SLocal_check_rcpt"));
		else if (is_local && slice_starts(line, SLICE("R")))
			has_rules = true;
		if (slice_starts(line, SLICE("SRelay_ok")))
			denies = true;
	}
	if (!denies || has_access || has_rules)
		return;
	finding_add(c->found, FINDING_WARNING,
	    "a ruleset Local_check_rcpt in sendmail.mc, as in POP BEFORE SMTP of "
	    "submilter(8)",
	    "Sendmail: %s is refused by Sendmail itself: it relays for those "
	    "who log in, and has neither an access map nor a ruleset "
	    "Local_check_rcpt",
	    ways[1].who);
}
