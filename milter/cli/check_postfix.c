/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "check_sasl_priv.h"

enum { SHOWN_BYTES = 120 };

struct postfix_check {
	const struct checked *c;
	const struct postfix *postfix;
	struct slice queue;	/* queue_directory */
	const char *wanted;	/* what smtpd_milters should say */
	const char *directory;	/* of main.cf */
	bool was_used;
	bool access_checked[2];	/* without and with a chroot */
};

/* How an item of smtpd_milters relates to our socket. */
enum relation {
	NOT_OURS,
	OURS,
	OURS_BUT_CHROOT,	/* would be, if the service were not in a chroot */
	OURS_MISSPELT,		/* in words that only Sendmail understands */
};

static const char *
shown(const struct postfix_check *p, struct slice text)
{
	return escape(p->c->found->mem, text, SHOWN_BYTES);
}

/* Whether our socket lies below the queue directory. */
static bool
is_below(const struct checked *c, struct slice queue)
{
	return slice_starts(c->socket_path, queue) &&
	    slice_starts(slice_from(c->socket_path, queue.len), SLICE("/"));
}

/* A Postfix without a word on our socket would say this. */
static const char *
wanted_milter(const struct checked *c, struct slice queue)
{
	struct arena *mem = c->found->mem;
	struct slice listen = c->config->main.listen;
	size_t colon = slice_find(listen, ':'), at = slice_find(listen, '@');
	struct slice host = slice_from(listen, at + 1);
	struct slice port = slice_sub(listen, colon + 1, at - colon - 1);
	bool bare6 = slice_has(host, ':') && host.data[0] != '[';

	if (c->socket_path.len == 0)
		return slice_format(mem, "inet:%s%.*s%s:%.*s",
		    bare6 ? "[" : "", SLICE_ARGS(host), bare6 ? "]" : "",
		    SLICE_ARGS(port)).data;
	if (is_below(c, queue))
		return slice_format(mem, "unix:%.*s",
		    SLICE_ARGS(slice_from(c->socket_path, queue.len + 1))).data;
	return slice_format(mem, "unix:%.*s",
	    SLICE_ARGS(c->socket_path)).data;
}

static enum relation
relate_unix(const struct postfix_check *p, struct slice path, bool chroot)
{
	struct arena *mem = p->c->found->mem;
	bool absolute = slice_starts(path, SLICE("/"));
	struct slice inside = path_clean(mem, slice_format(mem, "%.*s/%.*s",
	    SLICE_ARGS(p->queue), SLICE_ARGS(path)));

	if (slice_eq(absolute && !chroot ? path_clean(mem, path) : inside,
	    p->c->socket_path))
		return OURS;
	if (absolute && slice_eq(path_clean(mem, path), p->c->socket_path))
		return OURS_BUT_CHROOT;
	return NOT_OURS;
}

/*
 * "inet:HOST:PORT", also for IPv6. With Sendmail's "inet:PORT@HOST" Postfix's
 * smtpd does not even start, and with "inet6:" it answers 451 to all mail.
 */
static enum relation
relate_inet(const struct postfix_check *p, struct slice kind,
    struct slice rest)
{
	size_t at = slice_find(rest, '@'), colon = slice_find_last(rest, ':');
	struct slice host = slice_sub(rest, 0, colon);
	struct slice port = slice_from(rest, colon + 1);

	if (at < rest.len) {
		host = slice_from(rest, at + 1);
		port = slice_sub(rest, 0, at);
	}
	if (!socket_is_inet(p->c->config, host, port))
		return NOT_OURS;
	return at < rest.len || !slice_eq(kind, SLICE("inet")) ?
	    OURS_MISSPELT : OURS;
}

static enum relation
relate(const struct postfix_check *p, struct slice spec, bool chroot)
{
	size_t colon = slice_find(spec, ':');
	struct slice kind = slice_sub(spec, 0, colon);
	struct slice rest = slice_from(spec, colon + 1);

	if (slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local")))
		return relate_unix(p, rest, chroot);
	if (slice_eq(kind, SLICE("inet")) || slice_eq(kind, SLICE("inet6")))
		return relate_inet(p, kind, rest);
	return NOT_OURS;
}

/* What an item of smtpd_milters says beside its address; empty: nothing. */
struct milter_options {
	struct slice default_action;
	struct slice protocol;
};

/*
 * Our item in a list of milters: "SPEC" or "{ SPEC, name=value, ... }", with
 * the options of its own.
 */
static enum relation
find_milter(const struct postfix_check *p, struct slice list, bool chroot,
    struct milter_options *options)
{
	enum relation best = NOT_OURS;
	struct slice item;

	while (postfix_next_item(&list, ",", &item)) {
		struct slice part, rest = item;
		enum relation relation;

		if (!postfix_next_item(&rest, ",", &part))
			continue;
		relation = relate(p, part, chroot);
		if (relation != NOT_OURS)
			best = relation;
		if (relation != OURS)
			continue;
		while (postfix_next_item(&rest, ",", &part)) {
			size_t equals = slice_find(part, '=');
			struct slice name = slice_trim(slice_sub(part, 0,
			    equals));
			struct slice value = slice_trim(slice_from(part,
			    equals + 1));

			if (slice_eq(name, SLICE("default_action")))
				options->default_action = value;
			else if (slice_eq(name, SLICE("protocol")))
				options->protocol = value;
		}
		return OURS;
	}
	return best;
}

static struct slice
value_of(const struct postfix_check *p, const struct postfix_service *service,
    const char *name, const char *initial)
{
	return postfix_value(p->postfix, service, name, initial,
	    p->c->found->mem);
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

static bool
is_submission(const struct postfix_service *service)
{
	static const char *const ports[] = { "submission", "submissions",
		"smtps", "587", "465", NULL };

	return is_port(service, ports);
}

/* Where mail from other servers arrives; "pass" is what postscreen feeds. */
static bool
is_port_25(const struct postfix_service *service)
{
	static const char *const ports[] = { "smtp", "25", NULL };

	return is_port(service, ports) ||
	    slice_eq(service->type, SLICE("pass"));
}

static const char *
called(const struct postfix_check *p, const struct postfix_service *service)
{
	return slice_format(p->c->found->mem,
	    "Postfix: service \"%s\" (master.cf:%u)",
	    shown(p, service->name), service->line).data;
}

static void
check_access(struct postfix_check *p, const struct postfix_service *service)
{
	const struct checked *c = p->c;
	struct slice owner = value_of(p, NULL, "mail_owner", "postfix");
	const char *name = slice_cstr(c->found->mem, owner);
	struct socket_user user;

	if (c->socket_path.len == 0 || p->access_checked[service->chroot])
		return;
	p->access_checked[service->chroot] = true;
	if (!socket_user_find(name, &user)) {
		finding_add(c->found, FINDING_ERROR, NULL,
		    "Postfix: there is no user \"%s\" (mail_owner)",
		    shown(p, owner));
		return;
	}
	/* Postfix's programs begin in the queue directory. */
	check_socket_access(c, &user,
	    is_below(c, p->queue) ? p->queue.len : 0);
}

static bool
uses_only_sasl(const struct config *config)
{
	return config->identify.methods.count == 1 &&
	    slice_eq(config->identify.methods.items[0], SLICE("sasl"));
}

static bool
refuses_unidentified(const struct config *config)
{
	return config->identify.unidentified == UNIDENTIFIED_REJECT &&
	    !config_is_monitor(config, config->identify.mode);
}

/* How the service speaks to us, and what it does when we do not answer. */
static void
check_options(struct postfix_check *p, const struct postfix_service *service,
    const struct milter_options *options)
{
	struct findings *found = p->c->found;
	const char *name = called(p, service);
	struct slice action = options->default_action;
	struct slice protocol = options->protocol;
	enum canon_choice canon = p->c->config->sign.canonicalization;
	unsigned long version;

	if (action.len == 0)
		action = value_of(p, service, "milter_default_action",
		    "tempfail");
	if (protocol.len == 0)
		protocol = value_of(p, service, "milter_protocol", "6");
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

/* A service that passes mail to us. */
static void
check_used(struct postfix_check *p, const struct postfix_service *service,
    const struct milter_options *options, bool has_sasl)
{
	struct findings *found = p->c->found;
	const char *name = called(p, service);

	p->was_used = true;
	check_options(p, service, options);
	if (is_port_25(service) && refuses_unidentified(p->c->config) &&
	    uses_only_sasl(p->c->config))
		finding_add(found, FINDING_WARNING,
		    "set smtpd_milters for the submission services alone, "
		    "with -o in master.cf",
		    "%s: mail from other servers has no login and will be "
		    "refused", name);
	else if (!has_sasl && refuses_unidentified(p->c->config) &&
	    uses_only_sasl(p->c->config))
		finding_add(found, FINDING_WARNING,
		    "-o smtpd_sasl_auth_enable=yes",
		    "%s: nobody can log in there, so all of its mail will be "
		    "refused", name);
	check_access(p, service);
	if (has_sasl)
		check_postfix_sasl(p->c, p->postfix, service, p->directory,
		    name);
	finding_add(found, FINDING_OK, NULL, "%s passes mail to the milter",
	    name);
}

static void
check_service(struct postfix_check *p, const struct postfix_service *service)
{
	struct findings *found = p->c->found;
	struct slice milters = value_of(p, service, "smtpd_milters", "");
	struct milter_options options = { .protocol = { NULL, 0 } };
	bool has_sasl = slice_eq(value_of(p, service, "smtpd_sasl_auth_enable",
	    "no"), SLICE("yes"));
	const char *name = called(p, service);

	switch (find_milter(p, milters, service->chroot, &options)) {
	case OURS:
		check_used(p, service, &options, has_sasl);
		return;
	case OURS_BUT_CHROOT:
		p->was_used = true;
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
		p->was_used = true;
		finding_add(found, FINDING_ERROR, slice_format(found->mem,
		    "smtpd_milters = %s", p->wanted).data, "%s: Postfix does "
		    "not understand smtpd_milters \"%s\", and will take no mail",
		    name, shown(p, milters));
		return;
	case NOT_OURS:
		break;
	}
	if (is_submission(service))
		finding_add(found, FINDING_ERROR, slice_format(found->mem,
		    "-o smtpd_milters=%s", p->wanted).data,
		    "%s passes no mail to the milter: smtpd_milters is \"%s\"",
		    name, shown(p, milters));
	else if (has_sasl)
		finding_add(found, FINDING_WARNING, slice_format(found->mem,
		    "-o smtpd_sasl_auth_enable=no, or -o smtpd_milters=%s",
		    p->wanted).data, "%s lets users log in, and their mail "
		    "does not pass the milter: smtpd_milters is \"%s\"", name,
		    shown(p, milters));
}

/* sendmail(1) and the like, which cleanup(8) hands to non_smtpd_milters. */
static void
check_local_mail(struct postfix_check *p,
    const struct postfix_service *cleanup)
{
	struct findings *found = p->c->found;
	struct slice milters = value_of(p, cleanup, "non_smtpd_milters", "");
	struct milter_options options = { .protocol = { NULL, 0 } };

	switch (find_milter(p, milters, cleanup->chroot, &options)) {
	case OURS_BUT_CHROOT:
		finding_add(found, FINDING_ERROR, NULL,
		    "%s runs in a chroot, where %.*s would be %.*s%.*s",
		    called(p, cleanup), SLICE_ARGS(p->c->socket_path),
		    SLICE_ARGS(p->queue), SLICE_ARGS(p->c->socket_path));
		return;
	case OURS_MISSPELT:
		finding_add(found, FINDING_ERROR, slice_format(found->mem,
		    "non_smtpd_milters = %s", p->wanted).data, "Postfix does "
		    "not understand non_smtpd_milters \"%s\"",
		    shown(p, milters));
		return;
	case OURS:
		break;
	case NOT_OURS:
		return;
	}
	check_options(p, cleanup, &options);
	check_access(p, cleanup);
	if (refuses_unidentified(p->c->config) &&
	    uses_only_sasl(p->c->config))
		finding_add(found, FINDING_WARNING,
		    "identify { methods = {sasl, network} } and a line for "
		    "127.0.0.1 in identify.network",
		    "Postfix: mail of local programs has no login and will be "
		    "refused, because it passes the milter "
		    "(non_smtpd_milters)");
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
	p.wanted = wanted_milter(c, p.queue);
	for (size_t i = 0; i < postfix.service_count; i++) {
		const struct postfix_service *service = &postfix.services[i];

		if (slice_eq(service->command, SLICE("smtpd")))
			check_service(&p, service);
		else if (slice_eq(service->command, SLICE("cleanup")))
			check_local_mail(&p, service);
	}
	if (!p.was_used && c->found->count == missed)
		finding_add(c->found, FINDING_ERROR, slice_format(mem,
		    "a submission service in master.cf with "
		    "-o smtpd_milters=%s", p.wanted).data,
		    "Postfix: no service in %s/master.cf passes mail to the "
		    "milter", directory);
	if (p.was_used)
		check_postfix_rewriting(c, &postfix);
	if (p.was_used && postfix_value(&postfix, NULL, "smtpd_milter_maps",
	    "", mem).len > 0)
		finding_add(c->found, FINDING_WARNING, NULL,
		    "Postfix: smtpd_milter_maps may turn the milter off for "
		    "some clients");
}
