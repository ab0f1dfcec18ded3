/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix: which services pass mail to us, and how. */
#include <stdlib.h>
#include <string.h>

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
	return postfix_value(p->postfix, service, name, initial);
}

const char *
postfix_seen_at(const struct postfix_check *p,
    const struct postfix_service *service, const char *name)
{
	return postfix_where(p->postfix, service, name);
}

/* postfix(1) takes no relative directory, and fails without a word. */
static const char *
absolute(struct arena *mem, const char *path)
{
	char *real = realpath(path, NULL);
	const char *whole =
	    real == NULL ? path : slice_cstr(mem, slice_of(real));

	free(real);
	return whole;
}

/* "postconf -X WORD && postfix reload", for the directory that is checked. */
static const char *
change(const struct postfix_check *p, const char *option, const char *word)
{
	struct arena *mem = p->c->found->mem;
	const char *directory = absolute(mem, p->postfix->directory);
	const char *where = strcmp(directory, "/etc/postfix") == 0 ?
	    "" :
	    shell_command(mem, " -c", directory);

	return slice_format(mem, "postconf%s %s && postfix%s reload", where,
	    shell_command(mem, option, word), where)
	    .data;
}

const char *
postfix_set(const struct postfix_check *p,
    const struct postfix_service *service, const char *name, const char *value)
{
	struct arena *mem = p->c->found->mem;

	if (service == NULL)
		return change(
		    p, "-e", slice_format(mem, "%s=%s", name, value).data);
	return change(p, "-P",
	    slice_format(mem, "%.*s/%.*s/%s=%s", SLICE_ARGS(service->name),
		SLICE_ARGS(service->type), name, value)
		.data);
}

const char *
postfix_set_there(const struct postfix_check *p,
    const struct postfix_service *service, const char *name, const char *value)
{
	return postfix_set(p,
	    postfix_is_override(service, name) ? service : NULL, name, value);
}

bool
postfix_has_sasl(
    const struct postfix_check *p, const struct postfix_service *service)
{
	return slice_eq(
	    postfix_seen(p, service, "smtpd_sasl_auth_enable", "no"),
	    SLICE("yes"));
}

const char *
postfix_called(
    const struct postfix_check *p, const struct postfix_service *service)
{
	return slice_format(p->c->found->mem,
	    "Postfix: service \"%s\" (master.cf:%u)",
	    postfix_shown(p, service->name), service->line)
	    .data;
}

void
postfix_check_access(
    struct postfix_check *p, const struct postfix_service *service)
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
	check_socket_access(
	    c, &user, socket_is_below(c, p->queue) ? p->queue.len : 0);
}

bool
refuses_without_login(const struct config *config)
{
	return config->identify.unidentified == UNIDENTIFIED_REJECT &&
	    !config_is_monitor(config, config->identify.mode);
}

bool
refuses_without_sasl(const struct config *config)
{
	return refuses_without_login(config) &&
	    config->identify.methods.count == 1 &&
	    slice_eq(config->identify.methods.items[0], SLICE("sasl"));
}

/*
 * Whether a setting is to be named: one of main.cf once, whatever number of
 * services see it.
 */
static bool
is_news(const struct postfix_service *service, const char *name, bool *named)
{
	bool is_own = postfix_is_override(service, name);
	bool was_named = *named;

	*named = was_named || !is_own;
	return is_own || !was_named;
}

/* How the service speaks to us, and what it does when we do not answer. */
void
postfix_check_options(struct postfix_check *p,
    const struct postfix_service *service, const struct milter_options *options)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);
	struct slice action = options->default_action;
	struct slice protocol = options->protocol;
	const char *list = slice_eq(service->command, SLICE("cleanup")) ?
	    "non_smtpd_milters" :
	    "smtpd_milters";
	/* A milter's own options stand in its list. */
	const char *own = postfix_set_there(p, service, list, p->wanted);
	const char *fix = own;
	enum canon_choice canon = p->c->config->sign.canonicalization;
	bool is_simple =
	    canon == CANON_SIMPLE_RELAXED || canon == CANON_SIMPLE_SIMPLE;
	bool accepts, holds;
	unsigned long version;

	if (action.len == 0) {
		action = postfix_seen(
		    p, service, "milter_default_action", "tempfail");
		fix = postfix_set_there(
		    p, service, "milter_default_action", "tempfail");
	}
	accepts = slice_eq_nocase(action, SLICE("accept"));
	holds = slice_eq_nocase(action, SLICE("quarantine"));
	if ((accepts || holds) &&
	    (options->default_action.len > 0 ||
		is_news(service, "milter_default_action", &p->action_named)))
		finding_add(found, accepts ? FINDING_ERROR : FINDING_WARNING,
		    fix,
		    "%s: while the milter is down mail %s, because "
		    "milter_default_action is %s",
		    name,
		    accepts ? "goes out unchecked and unsigned" :
			      "is taken unchecked and unsigned into the hold "
			      "queue",
		    accepts ? "accept" : "quarantine");
	fix = own;
	if (protocol.len == 0) {
		protocol = postfix_seen(p, service, "milter_protocol", "6");
		fix = postfix_set_there(p, service, "milter_protocol", "6");
	}
	/* Older versions hide leading blanks, which simple signatures cover. */
	if (slice_number(protocol, 99, &version) && version < 6 &&
	    (options->protocol.len > 0 ||
		is_news(service, "milter_protocol", &p->protocol_named)))
		finding_add(found, is_simple ? FINDING_ERROR : FINDING_WARNING,
		    fix,
		    "%s: milter_protocol is %lu, which shows no blanks at the "
		    "start of a field: no header can be signed as simple",
		    name, version);
}

/* A service that passes mail to us. */
static void
check_used(struct postfix_check *p, const struct postfix_service *service,
    const struct milter_path *path)
{
	struct findings *found = p->c->found;
	const struct milter_options *options = &path->options;
	const char *name = postfix_called(p, service);
	const char *where = postfix_seen_at(p, service, path->option);
	/* A proxy in front may hand the login over (XCLIENT). */
	bool has_proxy =
	    postfix_seen(p, service, "smtpd_authorized_xclient_hosts", "").len >
	    0;

	postfix_check_options(p, service, options);
	if (postfix_is_port_25(service) &&
	    refuses_without_login_at(p->c->config,
		postfix_seen(p, service, "milter_macro_daemon_name", ""),
		SLICE("25")))
		finding_add(found, FINDING_ERROR,
		    postfix_set(p, service, path->option, ""),
		    "%s: mail from other servers has no login "
		    "and will be refused with 530 (%s in %s)",
		    name, path->option, where);
	else if (!postfix_is_port_25(service) &&
	    refuses_without_sasl(p->c->config) && !postfix_has_sasl(p, service))
		finding_add(found, has_proxy ? FINDING_WARNING : FINDING_ERROR,
		    postfix_is_submission(service) ?
			postfix_set(
			    p, service, "smtpd_sasl_auth_enable", "yes") :
			postfix_set(p, service, "smtpd_milters", ""),
		    "%s: nobody can log in there, so all of its mail will be "
		    "refused with 530",
		    name);
	check_postfix_certificates(p, service);
	check_postfix_login_field(p, service);
	postfix_check_access(p, service);
	if (postfix_has_sasl(p, service))
		check_postfix_sasl(p->c, p->postfix, service, name);
	finding_add(
	    found, FINDING_OK, NULL, "%s passes mail to the milter", name);
	postfix_check_clients(p, service);
	check_postfix_proxies(p, service);
	if (options->behind.len > 0)
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"smtpd_milters with %s as the last one in %s",
			p->wanted, where)
			.data,
		    "%s: the milter %s comes after ours, and "
		    "may change what was signed (%s in %s)",
		    name, postfix_shown(p, options->behind), path->option,
		    where);
	check_postfix_behind(p, service);
}

/* A service whose mail does not pass us; it matters where users submit. */
static void
check_unused(const struct postfix_check *p,
    const struct postfix_service *service, const struct milter_path *path)
{
	struct findings *found = p->c->found;
	bool submits = postfix_is_submission(service);
	const char *fix = path->fix, *why = path->past;

	if (!submits && !postfix_has_sasl(p, service))
		return;
	if (fix == NULL)
		fix = submits || !postfix_is_port_25(service) ?
		    postfix_set(p, service, "smtpd_milters", p->wanted) :
		    postfix_set(p, service, "smtpd_sasl_auth_enable", "no");
	if (why == NULL)
		why = slice_format(found->mem, "smtpd_milters is \"%s\"",
		    postfix_shown(p, path->milters))
			  .data;
	finding_add(found, FINDING_ERROR, fix,
	    submits ? "%s passes no mail to the milter: %s" :
		      "%s lets users log in, and their mail does not pass the "
		      "milter: %s",
	    postfix_called(p, service), why);
}

static void
check_service(struct postfix_check *p, const struct postfix_service *service)
{
	struct findings *found = p->c->found;
	struct arena *mem = found->mem;
	struct milter_path path = postfix_milter_path(p, service);
	const char *name = postfix_called(p, service);
	const char *fix;

	if (path.relation == NOT_OURS || path.past != NULL) {
		check_unused(p, service, &path);
		return;
	}
	p->was_used = true;
	if (path.relation == OURS) {
		check_used(p, service, &path);
		return;
	}
	fix = postfix_set_there(p, service, path.option, p->wanted);
	if (path.relation == OURS_MISSPELT) {
		finding_add(found, FINDING_ERROR, fix,
		    "%s: Postfix does not understand smtpd_milters \"%s\", and "
		    "will take no mail",
		    name, postfix_shown(p, path.milters));
		return;
	}
	/*
	 * A socket below the queue directory needs another name, any other one
	 * a service without a chroot, as most systems but Debian have it.
	 */
	if (!socket_is_below(p->c, p->queue))
		fix = slice_format(mem,
		    "%s, or listen = \"unix:%.*s/submilter/submilter.sock\" in "
		    "%s and smtpd_milters = unix:submilter/submilter.sock",
		    change(p, "-F",
			slice_format(mem, "%.*s/%.*s/chroot=n",
			    SLICE_ARGS(service->name),
			    SLICE_ARGS(service->type))
			    .data),
		    SLICE_ARGS(p->queue), p->c->config->path.data)
			  .data;
	finding_add(found, FINDING_ERROR, fix,
	    "%s runs in a chroot, where %.*s would be %.*s%.*s", name,
	    SLICE_ARGS(p->c->socket_path), SLICE_ARGS(p->queue),
	    SLICE_ARGS(p->c->socket_path));
}

const char *
postfix_group(const char *directory, struct arena *mem)
{
	struct socket_user user;
	struct postfix postfix;
	struct slice owner;
	struct err err;

	if (postfix_read(directory, mem, &postfix, &err) != 0)
		return NULL;
	owner = postfix_value(&postfix, NULL, "mail_owner", "postfix");
	return socket_user_find(slice_cstr(mem, owner), &user) ?
	    group_name(mem, user.gids[0]) :
	    NULL;
}

void
check_postfix(const struct checked *c, const char *directory)
{
	struct arena *mem = c->found->mem;
	struct postfix_check p = { .c = c };
	struct postfix postfix;
	struct err err;
	size_t missed = c->found->count;

	if (postfix_read(directory, mem, &postfix, &err) != 0) {
		finding_add(c->found,
		    err.kind == ERR_TEMP ? FINDING_LATER : FINDING_ERROR, NULL,
		    "Postfix: %s", err.text);
		return;
	}
	p.postfix = &postfix;
	p.queue = path_clean(mem,
	    postfix_value(
		&postfix, NULL, "queue_directory", "/var/spool/postfix"));
	p.wanted = postfix_wanted_milter(c, p.queue);
	for (size_t i = 0; i < postfix.service_count; i++) {
		const struct postfix_service *service = &postfix.services[i];

		if (slice_eq(service->command, SLICE("smtpd")))
			check_service(&p, service);
	}
	check_postfix_relaying(&p);
	if (!p.was_used && c->found->count == missed)
		finding_add(c->found, FINDING_ERROR,
		    slice_format(mem,
			"a submission service in %s/master.cf with "
			"-o smtpd_milters=%s",
			directory, p.wanted)
			.data,
		    "Postfix: no service in %s/master.cf passes mail to the "
		    "milter",
		    directory);
	check_postfix_local_mail(&p);
	if (p.was_used)
		check_postfix_rewriting(&p);
}
