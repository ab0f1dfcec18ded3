/* SPDX-License-Identifier: BSD-2-Clause */
/* How mail programs find submission and mail access: RFC 6186, RFC 8314. */
#include "base/clock.h"
#include "dns/record.h"
#include "domain_priv.h"

enum { WARN_DAYS = 14, DAY_SECONDS = 86400 };

struct service {
	const char *label;
	unsigned int port;
	bool implicit_tls;
};

static const struct service services[SERVICE_KINDS] = {
	[SERVICE_SUBMISSION] = { "_submission._tcp", 587, false },
	[SERVICE_SUBMISSIONS] = { "_submissions._tcp", 465, true },
	[SERVICE_IMAP] = { "_imap._tcp", 143, false },
	[SERVICE_IMAPS] = { "_imaps._tcp", 993, true },
	[SERVICE_POP3] = { "_pop3._tcp", 110, false },
	[SERVICE_POP3S] = { "_pop3s._tcp", 995, true },
};

struct slice
service_label(enum service_kind kind)
{
	return slice_of(services[kind].label);
}

/* One target of a SRV record. */
struct target {
	const struct service *service;
	enum service_kind kind;
	struct dns_srv srv;
	const char *text;	/* "mail.example.org:587" */
	struct slice item;	/* "_submission._tcp mail.example.org:587" */
};

static void
report(const struct inquiry *q, const struct target *t,
    enum domain_level level, const char *says, const char *text)
{
	domain_report_add(q->report, level, "service", t->item, says, nothing,
	    "%s: %s %s", t->service->label, t->text, text);
}

static void
report_expiry(const struct inquiry *q, const struct target *t, time_t expires)
{
	time_t now = clock_now();

	if (expires <= now)
		report(q, t, DOMAIN_ERROR, "expired", "has a certificate that "
		    "has expired");
	else if (expires - now < WARN_DAYS * DAY_SECONDS)
		report(q, t, DOMAIN_WARNING, "expires", slice_format(q->mem,
		    "has a certificate that expires within %d days",
		    (int)((expires - now) / DAY_SECONDS) + 1).data);
}

static void
report_certificate(const struct inquiry *q, const struct target *t,
    const struct service_seen *seen)
{
	if (!seen->name_matches)
		report(q, t, DOMAIN_ERROR, "name", "has a certificate of "
		    "another name");
	else if (!seen->trusted && seen->expires > clock_now())
		report(q, t, DOMAIN_WARNING, "untrusted", "has a certificate "
		    "that no authority known here vouches for");
	else if (seen->expires > clock_now())
		report(q, t, DOMAIN_OK, "tls", "answers over TLS with its "
		    "certificate");
	report_expiry(q, t, seen->expires);
}

static void
report_seen(const struct inquiry *q, const struct target *t,
    const struct service_seen *seen)
{
	const char *why = slice_format(q->mem, "%.*s",
	    SLICE_ARGS(seen->why)).data;

	switch (seen->state) {
	case SERVICE_DOWN:
		report(q, t, DOMAIN_ERROR, "down", slice_format(q->mem,
		    "cannot be connected to: %s", why).data);
		break;
	case SERVICE_SILENT:
		report(q, t, DOMAIN_ERROR, "silent", slice_format(q->mem,
		    "does not speak its protocol: %s", why).data);
		break;
	case SERVICE_PLAIN:
		report(q, t, DOMAIN_ERROR, "plain", "does not offer STARTTLS");
		break;
	case SERVICE_NO_TLS:
		report(q, t, DOMAIN_ERROR, "no-tls", slice_format(q->mem,
		    "fails at TLS: %s", why).data);
		break;
	case SERVICE_TLS:
		report_certificate(q, t, seen);
		break;
	}
}

/* The time that it takes is not that of DNS. */
static void
probe(struct inquiry *q, const struct target *t,
    const struct host_addresses *host, struct service_seen *ret_seen)
{
	uint64_t began_us = clock_monotonic_us();

	q->facts->probe(q->facts->probe_arg, t->kind, t->srv.target,
	    host->items, host->count < DOMAIN_PROBED ? host->count
	    : DOMAIN_PROBED, t->srv.port, q->mem, ret_seen);
	q->deadline_us += clock_monotonic_us() - began_us;
}

static void
inquire_target(struct inquiry *q, const struct target *t)
{
	struct host_addresses host;
	struct service_seen seen;

	inquiry_addresses(q, t->srv.target, &host);
	if (host.outcome == DNS_FAILED) {
		report(q, t, DOMAIN_LATER, "unknown", host.err.text);
		return;
	}
	if (host.count == 0) {
		report(q, t, DOMAIN_ERROR, "no-address", "has no address");
		return;
	}
	if (host.alias)
		report(q, t, DOMAIN_WARNING, "alias", "is a CNAME, which "
		    "RFC 2782 forbids");
	if (q->facts->probe == NULL) {
		report(q, t, DOMAIN_NOTE, "unprobed", "has an address; it was "
		    "not connected to");
		return;
	}
	probe(q, t, &host, &seen);
	report_seen(q, t, &seen);
}

static void
read_target(struct inquiry *q, enum service_kind kind,
    struct slice rdata, size_t records)
{
	struct target t = { .service = &services[kind], .kind = kind };

	if (!dns_srv_read(rdata, q->mem, &t.srv))
		return;
	if (t.srv.target.len == 0) {
		/* RFC 2782: "." says that there is no such service. */
		domain_report_add(q->report, records == 1 ? DOMAIN_OK
		    : DOMAIN_ERROR, "service", service_label(kind), "refused",
		    nothing, "%s: the domain says that it does not offer "
		    "this%s", t.service->label, records == 1 ? ""
		    : ", and names servers beside that");
		return;
	}
	t.text = slice_format(q->mem, "%.*s:%u", SLICE_ARGS(t.srv.target),
	    t.srv.port).data;
	t.item = slice_format(q->mem, "%s %s", t.service->label, t.text);
	if (t.srv.port != t.service->port)
		report(q, &t, DOMAIN_NOTE, "port", slice_format(q->mem, "is not "
		    "at the usual port, %u", t.service->port).data);
	inquire_target(q, &t);
}

/* False: no such record. */
static bool
inquire_service(struct inquiry *q, enum service_kind kind)
{
	struct slice name = slice_format(q->mem, "%s.%.*s",
	    services[kind].label, SLICE_ARGS(q->domain));
	struct dns_answer answer;
	struct err err;

	switch (inquiry_lookup(q, name, DNS_SRV, &answer, &err)) {
	case DNS_FOUND:
		break;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		return false;
	case DNS_FAILED:
		domain_report_add(q->report, DOMAIN_LATER, "service",
		    service_label(kind), "unknown", nothing, "%s: %s",
		    services[kind].label, err.text);
		return true;
	}
	for (size_t i = 0; i < answer.count && i < DOMAIN_TARGETS; i++)
		read_target(q, kind, answer.records[i], answer.count);
	return true;
}

void
domain_services_inquire(struct inquiry *q)
{
	struct slice helo = q->facts->helo;
	bool submission = false;

	for (int kind = 0; kind < SERVICE_KINDS; kind++) {
		bool found = inquire_service(q, (enum service_kind)kind);

		submission = submission || (found && kind <=
		    SERVICE_SUBMISSIONS);
	}
	if (submission || q->sends_nothing)
		return;
	domain_report_add(q->report, DOMAIN_NOTE, "service",
	    SLICE("submission"), "none", helo.len == 0 ? nothing
	    : slice_format(q->mem, "_submissions._tcp.%.*s. IN SRV 0 1 465 "
	    "%.*s.", SLICE_ARGS(q->domain), SLICE_ARGS(helo)),
	    "neither _submissions._tcp nor _submission._tcp: mail programs "
	    "have to be told the server (RFC 6186, RFC 8314)");
}
