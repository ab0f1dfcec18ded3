/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sendmail: mail of local programs. sendmail(1) is a client of the MTA, and
 * submit.cf says at which port. What the MTA itself makes passes no filter.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "check_sendmail_priv.h"
#include "daemon/socket_directory.h"
#include "identity/identity.h"

enum { SHOWN_OCTETS = 80 };

/* What submit.cf says. */
struct submission {
	const char *file;
	struct slice host; /* {MTAHost} */
	struct slice port; /* of the mailer relay */
	unsigned int line;
	bool logs_in;
};

static struct submission
read_submission(const char *file, struct slice text, struct arena *mem)
{
	struct submission found = { .file = file, .port = SLICE("smtp") };
	struct line_reader reader = { .rest = text, .mem = mem };
	const struct slice host = SLICE("D{MTAHost}");

	while (sendmail_next_line(&reader)) {
		struct slice line = reader.text, call, word;

		if (slice_starts(line, host)) {
			found.host = slice_trim(slice_from(line, host.len));
		} else if (slice_starts(line, SLICE("Mrelay,")) &&
		    sendmail_find_field(slice_from(line, 1), 'A', &call)) {
			found.line = reader.line;
			/* TCP $h PORT */
			for (size_t i = 0; slice_next_item(&call, " \t", &word);
			     i++) {
				if (i == 2)
					found.port = word;
			}
		} else if (slice_starts(line, SLICE("Kauthinfo")) ||
		    slice_starts(line, SLICE("O DefaultAuthInfo"))) {
			found.logs_in = true;
		}
	}
	return found;
}

bool
sendmail_is_this_host(struct slice host)
{
	static const char *const names[] = { "[127.0.0.1]", "[localhost]",
		"localhost", "127.0.0.1", "::1", "IPv6:::1", "[IPv6:::1]",
		"[IPv6:0:0:0:0:0:0:0:1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase(host, slice_of(names[i])))
			return true;
	}
	return false;
}

static const struct port *
find_port(
    const struct submission *submission, const struct port *ports, size_t count)
{
	bool wants_inet6 =
	    slice_find(submission->host, ':') < submission->host.len;

	for (size_t i = 0; i < count; i++) {
		if (slice_eq(service_port(ports[i].number),
			service_port(submission->port)) &&
		    ports[i].is_inet6 == wants_inet6)
			return &ports[i];
	}
	return NULL;
}

static void
check_submission(const struct checked *c, const struct submission *submission,
    const struct port *port, const char *ours)
{
	struct findings *found = c->found;
	const char *where = slice_format(found->mem, "port %s (%s:%u)",
	    escape(found->mem, submission->port, SHOWN_OCTETS),
	    submission->file, submission->line)
				.data;

	if (submission->host.len > 0 &&
	    !sendmail_is_this_host(submission->host))
		finding_add(found, FINDING_WARNING, NULL,
		    "Sendmail: sendmail(1) hands mail of local programs to "
		    "%s (%s): it passes no milter of this host",
		    escape(found->mem, submission->host, SHOWN_OCTETS),
		    submission->file);
	else if (port == NULL)
		finding_add(found, FINDING_WARNING,
		    "a DAEMON_OPTIONS for 127.0.0.1 with that port",
		    "Sendmail: sendmail(1) hands mail of local programs to "
		    "%s, where no DAEMON_OPTIONS listens: it stays in the "
		    "queue",
		    where);
	else if (port->wants_login && !submission->logs_in)
		finding_add(found, FINDING_WARNING,
		    "define(`RELAY_MAILER_ARGS', `TCP $h PORT') in submit.mc, "
		    "with a port without M=a",
		    "Sendmail: mail of local programs will be refused at "
		    "%s, because M=a requires a login there",
		    where);
	else if (!port->passes)
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"DAEMON_OPTIONS(`Name=Local, Port=2587, "
			"Addr=127.0.0.1, InputFilters=%s')dnl in "
			"sendmail.mc, define(`RELAY_MAILER_ARGS', `TCP $h "
			"2587')dnl in submit.mc, and a login for 127.0.0.1 in "
			"identify.network",
			ours)
			.data,
		    "Sendmail: mail of local programs (sendmail(1), cron) "
		    "does not pass the milter at %s, and leaves unchecked and "
		    "unsigned",
		    where);
	else if (!submission->logs_in && refuses_without_sasl(c->config) &&
	    refuses_without_login_at(
		c->config, port->name, service_port(port->number)))
		finding_add(found, FINDING_WARNING,
		    "identify { methods = {sasl, network} } and a line for "
		    "127.0.0.1 in identify.network",
		    "Sendmail: mail of local programs has no login and will "
		    "be refused, because it passes the milter at %s",
		    where);
	else
		finding_add(found, FINDING_OK, NULL,
		    "Sendmail: mail of local programs passes the milter at %s",
		    where);
}

void
check_sendmail_local_mail(const struct checked *c, const char *file,
    const struct port *ports, size_t count, const char *ours)
{
	struct findings *found = c->found;
	struct arena *mem = found->mem;
	const char *path = slice_format(
	    mem, "%.*s/submit.cf", SLICE_ARGS(path_directory(slice_of(file))))
			       .data;
	struct submission submission;
	struct slice text;
	struct err err;

	finding_add(found, FINDING_OK, NULL,
	    "Sendmail: it gives its own bounces and warnings to no milter: "
	    "they leave unsigned");
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		finding_add(found, FINDING_WARNING,
		    "FEATURE(`msp', `[127.0.0.1]') in submit.mc, and submit.cf "
		    "made of it",
		    "Sendmail: there is no %s: mail of local programs "
		    "(sendmail(1), cron) passes no milter, and leaves "
		    "unchecked and unsigned",
		    path);
		return;
	}
	if (text_file_read(path, mem, &text, &err) != 0) {
		finding_add(found,
		    err.kind == ERR_TEMP ? FINDING_LATER : FINDING_WARNING,
		    NULL, "Sendmail: %s", err.text);
		return;
	}
	submission = read_submission(path, text, mem);
	check_submission(
	    c, &submission, find_port(&submission, ports, count), ours);
}
