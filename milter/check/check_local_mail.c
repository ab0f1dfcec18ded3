/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail that Postfix does not get by SMTP: that of sendmail(1), and what it
 * makes itself, like bounces. It passes non_smtpd_milters.
 */
#include "check_postfix_priv.h"

/* "bounce" and "notify" are mail of Postfix's own. */
static bool
check_local_mail_has_word(struct slice list, struct slice word)
{
	struct slice item;

	while (postfix_next_item(&list, ",", &item)) {
		if (slice_eq_nocase(item, word))
			return true;
	}
	return false;
}

/*
 * Bounces and notices reach non_smtpd_milters as <> or double-bounce from
 * 127.0.0.1, without a login. A bounce that is refused is lost: what it should return stays in the queue, and is
 * bounced again and again (measured with Postfix 3.7).
 */
static void
check_bounces(
    const struct postfix_check *p, const struct postfix_service *bounce)
{
	struct findings *found = p->c->found;
	const struct config *config = p->c->config;
	const char *option = "internal_mail_filter_classes";
	const char *where = postfix_seen_at(p, bounce, option);
	struct slice classes = postfix_seen(p, bounce, option, "");
	struct slice origin = postfix_seen(p, bounce, "myorigin", "DOMAIN");
	struct slice host = postfix_seen(p, bounce, "myhostname", "");
	/* identify.bounces knows the name that they come from as ours. */
	bool is_ours = slice_eq_nocase(origin, config->main.domain) ||
	    slice_eq_nocase(origin, config->main.hostname) ||
	    slice_eq_nocase(origin, host);

	if (!check_local_mail_has_word(classes, SLICE("bounce")) &&
	    config->identify.bounces == BOUNCES_SIGN && is_ours &&
	    config_has_keys(config))
		finding_add(found, FINDING_WARNING,
		    postfix_set_there(p, bounce, option, "bounce, notify"),
		    "Postfix: its bounces and notices do not pass the milter, "
		    "and leave unsigned (%s in %s)",
		    option, where);
	if (!check_local_mail_has_word(classes, SLICE("bounce")) ||
	    (is_ours && config->identify.bounces == BOUNCES_SIGN))
		return;
	if (config->identify.bounces == BOUNCES_REJECT &&
	    refuses_without_sasl(config))
		finding_add(found, FINDING_ERROR,
		    postfix_set_there(p, bounce, option, ""),
		    "Postfix: bounces have no login and will be refused with "
		    "530; each is lost, and the message that it returns stays "
		    "in the queue (%s = %s in %s)",
		    option, postfix_shown(p, classes), where);
	else if (config->identify.bounces == BOUNCES_REJECT &&
	    config->identify.unidentified == UNIDENTIFIED_PASS &&
	    config->identify.network.len == 0)
		finding_add(found, FINDING_WARNING,
		    "identify { methods = {sasl, network} } and a line for "
		    "127.0.0.1 in identify.network, or bounces = sign there",
		    "Postfix: bounces pass the milter without a login, "
		    "unchecked and unsigned (%s in %s)",
		    option, where);
	else
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"mailer-daemon@%s LOGIN in rights.tables, with the login "
			"mailer-daemon, or that of 127.0.0.1 in identify.network",
			postfix_shown(p, origin))
			.data,
		    "Postfix: bounces pass the milter as <> from 127.0.0.1 (%s "
		    "in %s); one that it refuses is lost, and the message that "
		    "it returns stays in the queue",
		    option, where);
}

/* Whether mail of local programs passes us there, if nothing else hinders. */
static bool
check_cleanup(struct postfix_check *p, const struct postfix_service *cleanup)
{
	struct findings *found = p->c->found;
	struct slice milters =
	    postfix_seen(p, cleanup, "non_smtpd_milters", "");
	struct milter_options options = { .protocol = { NULL, 0 } };

	switch (postfix_find_milter(p, milters, cleanup->chroot, &options)) {
	case OURS_BUT_CHROOT:
		finding_add(found, FINDING_ERROR,
		    !socket_is_below(p->c, p->queue) ?
			NULL :
			postfix_set_there(
			    p, cleanup, "non_smtpd_milters", p->wanted),
		    "%s runs in a chroot, where %.*s would be %.*s%.*s",
		    postfix_called(p, cleanup), SLICE_ARGS(p->c->socket_path),
		    SLICE_ARGS(p->queue), SLICE_ARGS(p->c->socket_path));
		return true;
	case OURS_MISSPELT:
		finding_add(found, FINDING_ERROR,
		    postfix_set_there(
			p, cleanup, "non_smtpd_milters", p->wanted),
		    "Postfix does not "
		    "understand non_smtpd_milters \"%s\"",
		    postfix_shown(p, milters));
		return true;
	case OURS:
		break;
	case NOT_OURS:
		return false;
	}
	postfix_check_options(p, cleanup, &options);
	postfix_check_access(p, cleanup);
	if (refuses_without_sasl(p->c->config))
		finding_add(found, FINDING_WARNING,
		    "identify { methods = {sasl, network} } and a line for "
		    "127.0.0.1 in identify.network",
		    "Postfix: mail of local programs has no login and will be "
		    "refused, because it passes the milter "
		    "(non_smtpd_milters)");
	if (options.behind.len > 0)
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"non_smtpd_milters = ..., with %s as the last one",
			p->wanted)
			.data,
		    "Postfix: the milter %s comes after ours, "
		    "and may change what was signed (non_smtpd_milters in %s)",
		    postfix_shown(p, options.behind),
		    postfix_seen_at(p, cleanup, "non_smtpd_milters"));
	return true;
}

void
check_postfix_local_mail(struct postfix_check *p)
{
	static const char option[] = "receive_override_options";
	struct findings *found = p->c->found;
	bool passes = false;

	for (size_t i = 0; i < p->postfix->service_count; i++) {
		const struct postfix_service *service =
		    &p->postfix->services[i];

		if (slice_eq(service->command, SLICE("cleanup")))
			passes = check_cleanup(p, service) || passes;
	}
	for (size_t i = 0; passes && i < p->postfix->service_count; i++) {
		const struct postfix_service *service =
		    &p->postfix->services[i];
		struct slice receive = postfix_seen(p, service, option, "");

		if (slice_eq(service->name, SLICE("bounce")))
			check_bounces(p, service);
		/* pickup(8) takes what sendmail(1) leaves. */
		if (slice_eq(service->command, SLICE("pickup")) &&
		    check_local_mail_has_word(receive, SLICE("no_milters")))
			finding_add(found, FINDING_ERROR,
			    postfix_set(p, service, option, ""),
			    "%s: mail of local programs does not pass the "
			    "milter that non_smtpd_milters names: "
			    "receive_override_options in %s has no_milters",
			    postfix_called(p, service),
			    postfix_seen_at(p, service, option));
	}
	if (!passes && p->was_used)
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"%s, and a login for 127.0.0.1 in identify.network",
			postfix_set(p, NULL, "non_smtpd_milters", p->wanted))
			.data,
		    "Postfix: mail of local programs (sendmail(1), cron) does "
		    "not pass the milter, and leaves unchecked and unsigned");
}
