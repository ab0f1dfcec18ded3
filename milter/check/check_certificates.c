/* SPDX-License-Identifier: BSD-2-Clause */
/* What client certificates need of the MTA, and what it says without a login. */
#include <string.h>

#include "check_postfix_priv.h"
#include "identity/identity.h"

static bool
uses_certificates(const struct config *config)
{
	return identity_uses_method(config, SLICE("client-cert"));
}

struct slice
postfix_port_of(const struct postfix_service *service)
{
	size_t colon = slice_find_last(service->name, ':');

	return service_port(colon == service->name.len ?
		service->name :
		slice_from(service->name, colon + 1));
}

bool
postfix_method_is_asked(const struct postfix_check *p,
    const struct postfix_service *service, struct slice method)
{
	const struct client_facts client = {
		.said[FACT_DAEMON_NAME] =
		    postfix_seen(p, service, "milter_macro_daemon_name", ""),
		.said[FACT_DAEMON_PORT] = postfix_port_of(service),
	};
	struct identity identity;
	bool is_asked = false;
	struct arena mem;

	arena_init(&mem);
	identity_init(&identity, p->c->config, NULL, &mem);
	for (size_t i = 0; i < identity.step_count; i++)
		is_asked = is_asked ||
		    (slice_eq(identity_step_name(&identity.steps[i]), method) &&
			identity_step_is_asked(&identity, i, &client));
	arena_done(&mem);
	return is_asked;
}

bool
refuses_without_login_at(
    const struct config *config, struct slice name, struct slice port)
{
	const struct client_facts client = {
		.said[FACT_DAEMON_NAME] = name,
		.said[FACT_DAEMON_PORT] = port,
	};
	struct identity identity;
	struct arena mem;
	bool refuses;

	arena_init(&mem);
	identity_init(&identity, config, NULL, &mem);
	refuses =
	    identity_unidentified(&identity, &client) == UNIDENTIFIED_REJECT &&
	    !config_is_monitor(config, config->identify.mode);
	arena_done(&mem);
	return refuses;
}

static bool
is_yes(const struct postfix_check *p, const struct postfix_service *service,
    const char *name)
{
	return slice_eq_nocase(
	    postfix_seen(p, service, name, "no"), SLICE("yes"));
}

static bool
is_empty(const struct postfix_check *p, const struct postfix_service *service,
    const char *name)
{
	return postfix_seen(p, service, name, "").len == 0;
}

/* Whether a list of macros has one. */
static bool
has_macro(struct slice list, const char *macro)
{
	struct slice item;

	while (slice_next_item(&list, ", \t", &item)) {
		if (slice_eq(item, slice_of(macro)))
			return true;
	}
	return false;
}

bool
postfix_lacks_macros(const struct postfix_check *p,
    const struct postfix_service *service, const char *option,
    const char *initial, const char *const macros[2])
{
	struct slice list = postfix_seen(p, service, option, initial);
	struct slice protocol =
	    postfix_seen(p, service, "milter_protocol", "6");
	unsigned long version;

	return slice_number(protocol, 99, &version) && version < 6 &&
	    !(has_macro(list, macros[0]) && has_macro(list, macros[1]));
}

static void
check_macros(struct postfix_check *p, const struct postfix_service *service)
{
	static const char *const macros[] = { "{cert_subject}",
		"{cert_issuer}" };

	if (!postfix_lacks_macros(
		p, service, "milter_mail_macros", "{auth_author}", macros))
		return;
	finding_add(p->c->found, FINDING_WARNING,
	    postfix_set_there(p, service, "milter_protocol", "6"),
	    "%s: no certificate will prove a login, because milter_protocol is "
	    "%.*s and milter_mail_macros lacks {cert_subject} or {cert_issuer}",
	    postfix_called(p, service),
	    SLICE_ARGS(postfix_seen(p, service, "milter_protocol", "6")));
}

static bool
has_item(struct slice list, struct slice name)
{
	struct slice item;

	while (postfix_next_item(&list, ",", &item)) {
		if (slice_eq_nocase(item, name))
			return true;
	}
	return false;
}

/* Whether a list may let a client with a certificate relay. */
static bool
may_permit(const struct postfix_check *p, const struct postfix_service *service,
    const char *option, const char *initial)
{
	struct slice classes =
	    postfix_seen(p, service, "smtpd_restriction_classes", "");
	struct slice list = postfix_seen(p, service, option, initial);
	struct slice item;

	while (postfix_next_item(&list, ",", &item)) {
		/* What a table or a class says is not known here. */
		if (slice_starts_nocase(item, SLICE("check_")) ||
		    has_item(classes, item) ||
		    has_item(SLICE("permit, permit_tls_clientcerts, "
				   "permit_tls_all_clientcerts"),
			item))
			return true;
	}
	return false;
}

bool
postfix_asks_certificates(
    const struct postfix_check *p, const struct postfix_service *service)
{
	return is_yes(p, service, "smtpd_tls_ask_ccert") ||
	    is_yes(p, service, "smtpd_tls_req_ccert");
}

static bool
has_tls(const struct postfix_check *p, const struct postfix_service *service)
{
	struct slice level =
	    postfix_seen(p, service, "smtpd_tls_security_level", "");

	return is_yes(p, service, "smtpd_tls_wrappermode") ||
	    (level.len != 0 ? !slice_eq_nocase(level, SLICE("none")) :
			      is_yes(p, service, "smtpd_use_tls") ||
			is_yes(p, service, "smtpd_enforce_tls"));
}

/* Postfix itself refuses what is not for its own domains. */
static void
check_relaying(struct postfix_check *p, const struct postfix_service *service)
{
	if (may_permit(p, service, "smtpd_relay_restrictions",
		"permit_mynetworks, permit_sasl_authenticated, "
		"defer_unauth_destination") ||
	    may_permit(p, service, "smtpd_recipient_restrictions", ""))
		return;
	finding_add(p->c->found, FINDING_WARNING,
	    "permit_tls_all_clientcerts or permit_tls_clientcerts in "
	    "smtpd_relay_restrictions",
	    "%s: Postfix relays nothing for a client that has a certificate "
	    "and no password, because smtpd_relay_restrictions permits none "
	    "(%s)",
	    postfix_called(p, service),
	    postfix_seen_at(p, service, "smtpd_relay_restrictions"));
}

/* Whether clients of a service shall have a login by their certificates. */
static bool
may_have_certificates(
    const struct postfix_check *p, const struct postfix_service *service)
{
	if (!postfix_method_is_asked(p, service, SLICE("client-cert")))
		return false;
	if (postfix_is_submission(service) ||
	    postfix_asks_certificates(p, service))
		return true;
	/* Another port where users log in, but not one for a proxy. */
	return postfix_has_sasl(p, service) && !postfix_is_port_25(service) &&
	    is_empty(p, service, "smtpd_authorized_xclient_hosts") &&
	    is_empty(p, service, "smtpd_upstream_proxy_protocol");
}

void
check_postfix_certificates(
    struct postfix_check *p, const struct postfix_service *service)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);

	if (!may_have_certificates(p, service))
		return;
	if (!has_tls(p, service))
		finding_add(found, FINDING_WARNING,
		    postfix_set(p, service, "smtpd_tls_security_level", "may"),
		    "%s: no certificate will prove a login (client-cert), "
		    "because TLS is off: smtpd_tls_security_level is not set",
		    name);
	if (!postfix_asks_certificates(p, service))
		finding_add(found, FINDING_WARNING,
		    postfix_set(p, service, "smtpd_tls_ask_ccert", "yes"),
		    "%s: no certificate will prove a login (client-cert), "
		    "because smtpd_tls_ask_ccert is no",
		    name);
	if (is_empty(p, service, "smtpd_tls_CAfile") &&
	    is_empty(p, service, "smtpd_tls_CApath"))
		finding_add(found, FINDING_WARNING,
		    postfix_set(p, service, "smtpd_tls_CAfile",
			"/etc/postfix/clients-ca.pem"),
		    "%s: no certificate will prove a login (client-cert), "
		    "because no CA is known: smtpd_tls_CAfile is empty",
		    name);
	if (is_yes(p, service, "tls_append_default_CA"))
		finding_add(found, FINDING_WARNING,
		    postfix_set_there(
			p, service, "tls_append_default_CA", "no"),
		    "%s: public CAs are trusted for clients "
		    "(tls_append_default_CA), and another CA of the same name "
		    "may sign any name",
		    name);
	if (!is_empty(p, service, "smtpd_authorized_xclient_hosts"))
		finding_add(found, FINDING_WARNING,
		    "no row in identify.certificates for the certificate of a "
		    "proxy",
		    "%s: behind a proxy (smtpd_authorized_xclient_hosts) that "
		    "hands over no login, a client has the certificate of the "
		    "proxy",
		    name);
	check_relaying(p, service);
	check_macros(p, service);
}

void
check_sendmail_certificates(
    const struct checked *c, const struct sendmail_tls *tls)
{
	if (identity_uses_method(c->config, SLICE("login-field")))
		finding_add(c->found, FINDING_WARNING,
		    "client-cert in its place, with "
		    "define(`confCERT_FINGERPRINT_ALGORITHM', `sha256') in "
		    "sendmail.mc",
		    "Sendmail: no client will have a login by login-field, which "
		    "is for Postfix; Sendmail tells fingerprints itself");
	if (!uses_certificates(c->config))
		return;
	if (slice_has(tls->options, 'V'))
		finding_add(c->found, FINDING_WARNING,
		    "define(`confTLS_SRV_OPTIONS', `') in sendmail.mc",
		    "Sendmail: no certificate will prove a login (client-cert), "
		    "because V in TLSSrvOptions keeps it from asking for one");
	if (tls->ca_file.len == 0 && tls->ca_path.len == 0)
		finding_add(c->found, FINDING_WARNING,
		    "define(`confCACERT', `/etc/mail/tls/clients-ca.pem') in "
		    "sendmail.mc",
		    "Sendmail: no certificate will prove a login (client-cert), "
		    "because no CA is known: there is neither CACertFile nor "
		    "CACertPath");
}
