/* SPDX-License-Identifier: BSD-2-Clause */
/* Sendmail: which ports pass mail to us, and how. */
#include <string.h>
#include <sys/stat.h>

#include "check_sendmail_priv.h"
#include "daemon/socket_directory.h"

enum { SHOWN_BYTES = 120, WANTED_WAIT_SECONDS = 30 };

/* O DaemonPortOptions: one port. */
struct daemon_line {
	struct slice options;
	unsigned int line;
};

/* What sendmail.cf says of filters. */
struct sendmail {
	struct slice name; /* of the filter at our socket; empty: none */
	unsigned int line;
	struct slice flags;	    /* F= */
	struct slice times;	    /* T= */
	struct slice input_filters; /* O InputMailFilters */
	struct daemon_line *daemons;
	size_t daemon_count;
	size_t daemon_cap;
	bool trusts_auth; /* who logs in may relay */
	struct sendmail_tls tls;
};

/* Names of filters are the same in any case. */
static bool
check_sendmail_has_word(struct slice list, struct slice word)
{
	struct slice item;

	while (slice_next_item(&list, ",; \t", &item)) {
		if (slice_eq_nocase(item, word))
			return true;
	}
	return false;
}

static bool
is_ours(const struct checked *c, struct slice spec)
{
	size_t colon = slice_find(spec, ':');
	struct slice kind = slice_sub(spec, 0, colon);
	struct slice rest = slice_from(spec, colon + 1);
	size_t at = slice_find(rest, '@');

	if (slice_eq(kind, SLICE("inet")) || slice_eq(kind, SLICE("inet6")))
		return socket_is_inet(c->config, slice_from(rest, at + 1),
		    slice_sub(rest, 0, at));
	if (slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local")))
		return slice_eq(
		    path_clean(c->found->mem, rest), c->socket_path);
	/* Without a kind it is a path. */
	return colon == spec.len &&
	    slice_eq(path_clean(c->found->mem, spec), c->socket_path);
}

static void
read_filters(
    const struct checked *c, struct slice file, struct sendmail *sendmail)
{
	struct line_reader reader = { .rest = file, .mem = c->found->mem };

	while (sendmail_next_line(&reader)) {
		struct slice text = reader.text, value;
		struct slice fields = slice_from(text, 1);
		void *daemons = sendmail->daemons;

		check_sendmail_line(c, text);
		if (sendmail_is_option(
			text, SLICE("InputMailFilters"), &value)) {
			sendmail->input_filters = value;
		} else if (sendmail_is_option(
			       text, SLICE("DaemonPortOptions"), &value)) {
			arena_reserve_one(reader.mem, &daemons,
			    &sendmail->daemon_cap, sendmail->daemon_count,
			    sizeof(sendmail->daemons[0]));
			sendmail->daemons = daemons;
			sendmail->daemons[sendmail->daemon_count++] =
			    (struct daemon_line){ value, reader.line };
		} else if (sendmail_is_option(
			       text, SLICE("TLSSrvOptions"), &value)) {
			sendmail->tls.options = value;
		} else if (sendmail_is_option(
			       text, SLICE("CACertFile"), &value)) {
			sendmail->tls.ca_file = value;
		} else if (sendmail_is_option(
			       text, SLICE("CACertPath"), &value)) {
			sendmail->tls.ca_path = value;
		} else if (slice_starts(text, SLICE("C{TrustAuthMech}"))) {
			sendmail->trusts_auth = true;
		}
		if (text.data[0] != 'X' ||
		    !sendmail_find_field(fields, 'S', &value) ||
		    !is_ours(c, value))
			continue;
		sendmail->name =
		    slice_trim(slice_sub(fields, 0, slice_find(fields, ',')));
		sendmail->line = reader.line;
		(void)!sendmail_find_field(fields, 'F', &sendmail->flags);
		(void)!sendmail_find_field(fields, 'T', &sendmail->times);
	}
}

/* Seconds of "R:30s" among T='s items; -1: there is none. */
static long
wait_seconds(struct slice times)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	struct slice item;

	while (slice_next_item(&times, "; \t", &item)) {
		unsigned long number;
		long factor = 1;

		if (!slice_starts(item, SLICE("R:")))
			continue;
		item = slice_from(item, 2);
		for (size_t i = 0; i < 5 && item.len > 0; i++) {
			if (item.data[item.len - 1] == units[i].unit) {
				factor = units[i].seconds;
				item.len--;
				break;
			}
		}
		if (!slice_number(item, 1000000, &number))
			return -1;
		return (long)number * factor;
	}
	return -1;
}

static bool
check_sendmail_is_one_of(struct slice text, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (slice_eq_nocase(text, slice_of(*names)))
			return true;
	}
	return false;
}

static struct port
read_port(const struct checked *c, const struct sendmail *sendmail, size_t i)
{
	static const char *const submission[] = { "587", "465", "submission",
		"submissions", "smtps", NULL };
	static const char *const incoming[] = { "25", "smtp", NULL };
	struct slice options = sendmail->daemons[i].options;
	struct slice number = SLICE("smtp"), modifiers = { NULL, 0 };
	struct slice family, address = { NULL, 0 };
	struct slice name = SLICE("Daemon");
	struct port port = { .filters = sendmail->input_filters };

	(void)!sendmail_find_field(options, 'P', &number);
	(void)!sendmail_find_field(options, 'M', &modifiers);
	(void)!sendmail_find_field(options, 'N', &name);
	(void)!sendmail_find_field(options, 'A', &address);
	(void)!sendmail_find_field(options, 'I', &port.filters);
	port.name = name;
	port.number = number;
	port.passes = check_sendmail_has_word(port.filters, sendmail->name);
	port.wants_login = slice_has(modifiers, 'a');
	port.is_inet6 = sendmail_find_field(options, 'F', &family) &&
	    slice_eq_nocase(family, SLICE("inet6"));
	port.called = slice_format(c->found->mem,
	    "Sendmail: daemon %s (DAEMON_OPTIONS, sendmail.cf:%u)",
	    escape(c->found->mem, name, SHOWN_BYTES), sendmail->daemons[i].line)
			  .data;
	/* a: AUTH is required, A: it is not offered. */
	port.submits = check_sendmail_is_one_of(number, submission) ||
	    slice_has(modifiers, 'a');
	port.incoming = check_sendmail_is_one_of(number, incoming) &&
	    !slice_has(modifiers, 'a') &&
	    (address.len == 0 || !sendmail_is_this_host(address));
	port.logs_in = !slice_has(modifiers, 'A') && sendmail->trusts_auth;
	return port;
}

static void
check_port(const struct checked *c, const struct sendmail *sendmail,
    const struct port *port)
{
	struct findings *found = c->found;
	const char *ours = escape(found->mem, sendmail->name, SHOWN_BYTES);
	const char *filters = escape(found->mem, port->filters, SHOWN_BYTES);
	struct slice list = port->filters, item, behind = { NULL, 0 };
	const char *fix = slice_format(
	    found->mem, "InputFilters=%s in that DAEMON_OPTIONS", ours)
			      .data;
	bool passes = false;

	while (slice_next_item(&list, ",; \t", &item)) {
		if (slice_eq_nocase(item, sendmail->name))
			passes = true;
		else if (passes)
			behind = item;
	}
	if (!passes && port->submits)
		finding_add(found, FINDING_ERROR, fix,
		    "%s passes no mail to the milter: its filters are \"%s\"",
		    port->called, filters);
	else if (!passes && port->logs_in)
		finding_add(found, FINDING_ERROR, "M=A in that DAEMON_OPTIONS",
		    "%s lets users log in, and their mail does not pass the "
		    "milter: its filters are \"%s\"",
		    port->called, filters);
	if (behind.len > 0)
		finding_add(found, FINDING_WARNING, fix,
		    "%s: the filter \"%s\" comes after ours, and may change "
		    "what was signed",
		    port->called, escape(found->mem, behind, SHOWN_BYTES));
	if (passes && port->incoming &&
	    refuses_without_login_at(c->config, port->name, SLICE("25")))
		finding_add(found, FINDING_ERROR,
		    slice_format(found->mem,
			"MAIL_FILTER instead of INPUT_MAIL_FILTER, and "
			"InputFilters=%s in DAEMON_OPTIONS of port 587",
			ours)
			.data,
		    "%s: mail from other servers has no login and will be "
		    "refused with 530",
		    port->called);
}

static void
check_filter(
    const struct checked *c, const struct sendmail *sendmail, const char *file)
{
	struct findings *found = c->found;
	const char *ours = escape(found->mem, sendmail->name, SHOWN_BYTES);
	const char *name = slice_format(found->mem,
	    "Sendmail: filter \"%s\" (%s:%u)", ours, file, sendmail->line)
			       .data;
	long wait = wait_seconds(sendmail->times);
	const char *waits = wait < 0 ?
	    "10 seconds for an answer, its default," :
	    slice_format(found->mem, "%ld seconds for an answer,", wait).data;
	bool passes = sendmail->daemon_count == 0 &&
	    check_sendmail_has_word(sendmail->input_filters, sendmail->name);
	struct port *ports =
	    arena_array(found->mem, sendmail->daemon_count + 1, sizeof(*ports));

	if (!slice_has(sendmail->flags, 'T') &&
	    !slice_has(sendmail->flags, 'R') &&
	    !slice_has(sendmail->flags, '4'))
		finding_add(found, FINDING_ERROR,
		    slice_format(found->mem,
			"F=T in the MAIL_FILTER of %s in sendmail.mc", ours)
			.data,
		    "%s: while the milter is down mail goes out unchecked and "
		    "unsigned, because F= has neither T, R nor 4",
		    name);
	if (wait < WANTED_WAIT_SECONDS)
		finding_add(found, FINDING_WARNING,
		    "T=S:30s;R:60s;E:5m in its MAIL_FILTER in sendmail.mc",
		    "%s: Sendmail waits %s and refuses mail after that", name,
		    waits);
	for (size_t i = 0; i < sendmail->daemon_count; i++) {
		ports[i] = read_port(c, sendmail, i);
		passes = passes || ports[i].passes;
	}
	/* Each port by itself: its own filters replace the general ones. */
	for (size_t i = 0; passes && i < sendmail->daemon_count; i++)
		check_port(c, sendmail, &ports[i]);
	if (sendmail->daemon_count > 0)
		check_sendmail_local_mail(
		    c, file, ports, sendmail->daemon_count, ours);
	if (!passes)
		finding_add(found, FINDING_ERROR,
		    slice_format(found->mem,
			"InputFilters=%s in the DAEMON_OPTIONS of port 587 in "
			"sendmail.mc",
			ours)
			.data,
		    "%s is defined, but no mail passes it", name);
	else
		finding_add(found, FINDING_OK, NULL,
		    "%s passes mail to the milter", name);
}

void
check_sendmail(const struct checked *c, const char *file)
{
	struct arena *mem = c->found->mem;
	const char *directory = slice_cstr(mem, path_directory(c->socket_path));
	struct sendmail sendmail = { .line = 0 };
	struct slice text;
	struct stat st;
	struct err err;

	if (text_file_read(file, mem, &text, &err) != 0) {
		finding_add(c->found,
		    err.kind == ERR_TEMP ? FINDING_LATER : FINDING_ERROR, NULL,
		    "Sendmail: %s", err.text);
		return;
	}
	read_filters(c, text, &sendmail);
	if (sendmail.name.len == 0) {
		finding_add(c->found, FINDING_ERROR,
		    slice_format(mem,
			"MAIL_FILTER(`submilter', `S=%.*s, F=T, "
			"T=S:30s;R:60s;E:5m')dnl in sendmail.mc, and "
			"InputFilters=submilter in its DAEMON_OPTIONS of port "
			"587",
			SLICE_ARGS(c->config->main.listen))
			.data,
		    "Sendmail: no filter in %s has the socket %.*s", file,
		    SLICE_ARGS(c->config->main.listen));
		return;
	}
	check_filter(c, &sendmail, file);
	check_sendmail_certificates(c, &sendmail.tls);
	check_sendmail_relaying(c, text);
	/* It connects as root, and is particular about the directory. */
	if (c->socket_path.len > 0 && stat(directory, &st) == 0 &&
	    (st.st_mode & S_IWOTH) != 0)
		finding_add(c->found, FINDING_ERROR,
		    "give the socket a directory of its own, mode 2750",
		    "Sendmail: will not use a socket in %s, which everybody "
		    "can write to (mode %04o)",
		    directory, (unsigned int)st.st_mode & 07777U);
	check_sendmail_sasl(c, text);
}
