/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix: which services pass mail to us, and how. */
#include "check_postfix_priv.h"

enum { SHOWN_BYTES = 120 };

const char *
postfix_shown(const struct postfix_check *p, struct slice text)
{
	return escape(p->c->found->mem, text, SHOWN_BYTES);
}

struct slice
postfix_seen(const struct postfix_check *p,
    const struct postfix_service *service, const char *name,
    const char *initial)
{
	return postfix_value(p->postfix, service, name, initial,
	    p->c->found->mem);
}

const char *
postfix_seen_at(const struct postfix_check *p,
    const struct postfix_service *service, const char *name)
{
	return postfix_where(p->postfix, service, name, p->c->found->mem);
}

static bool
is_port(const struct postfix_service *service, const char *const *names)
{
	struct slice port = slice_from(service->name,
	    slice_find_last(service->name, ':') + 1);

	if (!slice_has(service->name, ':'))
		port = service->name;
	for (; *names != NULL; names++) {
		if (slice_eq(port, slice_of(*names)))
			return true;
	}
	return false;
}

bool
postfix_is_submission(const struct postfix_service *service)
{
	static const char *const ports[] = { "submission", "submissions",
		"smtps", "587", "465", NULL };

	return is_port(service, ports);
}

/* Where mail from other servers arrives; "pass" is what postscreen feeds. */
bool
postfix_is_port_25(const struct postfix_service *service)
{
	static const char *const ports[] = { "smtp", "25", NULL };

	return is_port(service, ports) ||
	    slice_eq(service->type, SLICE("pass"));
}

bool
postfix_has_sasl(const struct postfix_check *p,
    const struct postfix_service *service)
{
	return slice_eq(postfix_seen(p, service, "smtpd_sasl_auth_enable",
	    "no"), SLICE("yes"));
}

const char *
postfix_called(const struct postfix_check *p,
    const struct postfix_service *service)
{
	return slice_format(p->c->found->mem,
	    "Postfix: service \"%s\" (master.cf:%u)",
	    postfix_shown(p, service->name), service->line).data;
}

void
postfix_check_access(struct postfix_check *p,
    const struct postfix_service *service)
{
	const struct checked *c = p->c;
	struct slice owner = postfix_seen(p, NULL, "mail_owner", "postfix");
	const char *name = slice_cstr(c->found->mem, owner);
	struct socket_user user;

	if (c->socket_path.len == 0 || p->access_checked[service->chroot])
		return;
	p->access_checked[service->chroot] = true;
	if (!socket_user_find(name, &user)) {
		finding_add(c->found, FINDING_ERROR, NULL,
		    "Postfix: there is no user \"%s\" (mail_owner)",
		    postfix_shown(p, owner));
		return;
	}
	/* Postfix's programs begin in the queue directory. */
	check_socket_access(c, &user,
	    socket_is_below(c, p->queue) ? p->queue.len : 0);
}

static bool
uses_only_sasl(const struct config *config)
{
	return config->identify.methods.count == 1 &&
	    slice_eq(config->identify.methods.items[0], SLICE("sasl"));
}

bool
refuses_without_sasl(const struct config *config)
{
	return config->identify.unidentified == UNIDENTIFIED_REJECT &&
	    !config_is_monitor(config, config->identify.mode) &&
	    uses_only_sasl(config);
}

/* How the service speaks to us, and what it does when we do not answer. */
void
postfix_check_options(struct postfix_check *p,
    const struct postfix_service *service,
    const struct milter_options *options)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);
	struct slice action = options->default_action;
	struct slice protocol = options->protocol;
	enum canon_choice canon = p->c->config->sign.canonicalization;
	unsigned long version;

	if (action.len == 0)
		action = postfix_seen(p, service, "milter_default_action",
		    "tempfail");
	if (protocol.len == 0)
		protocol = postfix_seen(p, service, "milter_protocol", "6");
	if (slice_eq_nocase(action, SLICE("accept")))
		finding_add(found, FINDING_ERROR,
		    "milter_default_action = tempfail",
		    "%s: while the milter is down mail goes out unchecked and "
		    "unsigned, because milter_default_action is accept", name);
	else if (slice_eq_nocase(action, SLICE("quarantine")))
		finding_add(found, FINDING_WARNING,
		    "milter_default_action = tempfail",
		    "%s: while the milter is down mail is taken unchecked and "
		    "unsigned into the hold queue, because "
		    "milter_default_action is quarantine", name);
	/* Older ones hide leading blanks, which simple signatures hold. */
	if (slice_number(protocol, 99, &version) && version < 6)
		finding_add(found, canon == CANON_SIMPLE_RELAXED ||
		    canon == CANON_SIMPLE_SIMPLE ? FINDING_ERROR :
		    FINDING_WARNING, "milter_protocol = 6",
		    "%s: milter_protocol is %lu, which shows no blanks at the "
		    "start of a field: no header can be signed as simple",
		    name, version);
}

/* Mail without a login that the service takes, and we refuse. */
static void
check_logins(const struct postfix_check *p,
    const struct postfix_service *service, const char *option)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);
	/* A proxy in front may hand the login over (XCLIENT). */
	bool has_proxy = postfix_seen(p, service,
	    "smtpd_authorized_xclient_hosts", "").len > 0;

	if (!refuses_without_sasl(p->c->config))
		return;
	if (postfix_is_port_25(service))
		finding_add(found, FINDING_ERROR, slice_format(found->mem,
		    "-o smtpd_milters= here, and -o smtpd_milters=%s for the "
		    "submission services alone", p->wanted).data,
		    "%s: mail from other servers has no login and will be "
		    "refused with 530 (%s in %s)", name, option,
		    postfix_seen_at(p, service, option));
	else if (!postfix_has_sasl(p, service))
		finding_add(found, has_proxy ? FINDING_WARNING : FINDING_ERROR,
		    postfix_is_submission(service) ?
		    "-o smtpd_sasl_auth_enable=yes" : "-o smtpd_milters=",
		    "%s: nobody can log in there, so all of its mail will be "
		    "refused with 530", name);
}

/* A service that passes mail to us. */
static void
check_used(struct postfix_check *p, const struct postfix_service *service,
    const struct milter_path *path)
{
	struct findings *found = p->c->found;
	const struct milter_options *options = &path->options;
	const char *name = postfix_called(p, service);

	p->was_used = true;
	postfix_check_options(p, service, options);
	check_logins(p, service, path->option);
	postfix_check_access(p, service);
	if (postfix_has_sasl(p, service))
		check_postfix_sasl(p->c, p->postfix, service, p->directory,
		    name);
	finding_add(found, FINDING_OK, NULL, "%s passes mail to the milter",
	    name);
	postfix_check_clients(p, service);
	if (options->behind.len > 0)
		finding_add(found, FINDING_WARNING, slice_format(found->mem,
		    "-o smtpd_milters=..., with %s as the last one",
		    p->wanted).data, "%s: the milter %s comes after ours, and "
		    "may change what was signed (%s in %s)", name,
		    postfix_shown(p, options->behind), path->option,
		    postfix_seen_at(p, service, path->option));
	check_postfix_behind(p, service);
}

/* A service whose mail does not pass us; it matters where users submit. */
static void
check_unused(const struct postfix_check *p,
    const struct postfix_service *service, const struct milter_path *path)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);
	const char *fix = path->fix;

	if (fix == NULL)
		fix = slice_format(found->mem, postfix_is_submission(service) ?
		    "-o smtpd_milters=%s" : "-o smtpd_sasl_auth_enable=no, or "
		    "-o smtpd_milters=%s", p->wanted).data;
	if (postfix_is_submission(service) && path->past == NULL)
		finding_add(found, FINDING_ERROR, fix, "%s passes no mail to "
		    "the milter: smtpd_milters is \"%s\"", name,
		    postfix_shown(p, path->milters));
	else if (postfix_is_submission(service))
		finding_add(found, FINDING_ERROR, fix, "%s passes no mail to "
		    "the milter: %s", name, path->past);
	else if (postfix_has_sasl(p, service) && path->past == NULL)
		finding_add(found, FINDING_ERROR, fix, "%s lets users log in, "
		    "and their mail does not pass the milter: smtpd_milters is "
		    "\"%s\"", name, postfix_shown(p, path->milters));
	else if (postfix_has_sasl(p, service))
		finding_add(found, FINDING_ERROR, fix, "%s lets users log in, "
		    "and their mail does not pass the milter: %s", name,
		    path->past);
}

static void
check_service(struct postfix_check *p, const struct postfix_service *service)
{
	struct findings *found = p->c->found;
	struct milter_path path = postfix_milter_path(p, service);
	const char *name = postfix_called(p, service);

	if (path.relation == NOT_OURS || path.past != NULL) {
		check_unused(p, service, &path);
		return;
	}
	p->was_used = true;
	switch (path.relation) {
	case OURS:
		check_used(p, service, &path);
		return;
	case OURS_BUT_CHROOT:
		finding_add(found, FINDING_ERROR,
		    slice_format(found->mem, "listen = \"unix:%.*s/submilter/"
			"submilter.sock\" and smtpd_milters = "
			"unix:submilter/submilter.sock",
			SLICE_ARGS(p->queue)).data,
		    "%s runs in a chroot, where %.*s would be %.*s%.*s", name,
		    SLICE_ARGS(p->c->socket_path), SLICE_ARGS(p->queue),
		    SLICE_ARGS(p->c->socket_path));
		return;
	case OURS_MISSPELT:
		finding_add(found, FINDING_ERROR, slice_format(found->mem,
		    "smtpd_milters = %s", p->wanted).data, "%s: Postfix does "
		    "not understand smtpd_milters \"%s\", and will take no "
		    "mail", name, postfix_shown(p, path.milters));
		return;
	case NOT_OURS:
		break;
	}
}

void
check_postfix(const struct checked *c, const char *directory)
{
	struct arena *mem = c->found->mem;
	struct postfix_check p = { .c = c, .directory = directory };
	struct postfix postfix;
	struct err err;
	size_t missed = c->found->count;

	if (postfix_read(directory, mem, &postfix, &err) != 0) {
		finding_add(c->found, err.kind == ERR_TEMP ? FINDING_LATER :
		    FINDING_ERROR, NULL, "Postfix: %s", err.text);
		return;
	}
	p.postfix = &postfix;
	p.queue = path_clean(mem, postfix_value(&postfix, NULL,
	    "queue_directory", "/var/spool/postfix", mem));
	p.wanted = postfix_wanted_milter(c, p.queue);
	for (size_t i = 0; i < postfix.service_count; i++) {
		const struct postfix_service *service = &postfix.services[i];

		if (slice_eq(service->command, SLICE("smtpd")))
			check_service(&p, service);
	}
	if (!p.was_used && c->found->count == missed)
		finding_add(c->found, FINDING_ERROR, slice_format(mem,
		    "a submission service in master.cf with "
		    "-o smtpd_milters=%s", p.wanted).data,
		    "Postfix: no service in %s/master.cf passes mail to the "
		    "milter", directory);
	check_postfix_local_mail(&p);
	if (p.was_used)
		check_postfix_rewriting(&p);
}
