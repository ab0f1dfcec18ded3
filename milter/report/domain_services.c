/* SPDX-License-Identifier: BSD-2-Clause */
/* How mail programs find submission and mail access: RFC 6186, RFC 8314. */
#include "base/clock.h"
#include "dns/record.h"
#include "domain_priv.h"

enum { DAY_SECONDS = 86400, WARN_SECONDS = 14 * DAY_SECONDS };

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
	struct inquiry *q;
	const struct service *service;
	enum service_kind kind;
	struct dns_srv srv;
	const char *text;  /* "mail.example.org:587" */
	struct slice item; /* "_submission._tcp mail.example.org:587" */
};

static void
domain_services_report(const struct target *t, enum domain_level level,
    const char *says, const char *text)
{
	domain_report_add(t->q->report, level, "service", t->item, says,
	    nothing, "%s: %s %s", t->service->label, t->text, text);
}

static void
report_seen(const struct target *t, const struct service_seen *seen)
{
	static const struct {
		const char *says;
		const char *text; /* before why */
	} faults[] = {
		[SERVICE_DOWN] = { "down", "cannot be connected to: " },
		[SERVICE_SILENT] = { "silent",
		    "does not speak its protocol: " },
		[SERVICE_PLAIN] = { "plain", "does not offer STARTTLS" },
		[SERVICE_NO_TLS] = { "no-tls", "fails at TLS: " },
	};
	time_t now = clock_now();
	bool expired = seen->expires <= now;

	if (seen->state != SERVICE_TLS) {
		struct slice why =
		    seen->state == SERVICE_PLAIN ? nothing : seen->why;

		domain_services_report(t, DOMAIN_ERROR,
		    faults[seen->state].says,
		    slice_format(t->q->mem, "%s%.*s", faults[seen->state].text,
			SLICE_ARGS(why))
			.data);
		return;
	}
	if (!seen->name_matches)
		domain_services_report(t, DOMAIN_ERROR, "name",
		    "has a certificate of another name");
	else if (!seen->trusted && !expired)
		domain_services_report(t, DOMAIN_WARNING, "untrusted",
		    "has a certificate "
		    "that no authority known here vouches for");
	else if (!expired)
		domain_services_report(t, DOMAIN_OK, "tls",
		    "answers over TLS with its certificate");
	if (expired)
		domain_services_report(t, DOMAIN_ERROR, "expired",
		    "has a certificate that has expired");
	else if (seen->expires - now < WARN_SECONDS)
		domain_services_report(t, DOMAIN_WARNING, "expires",
		    slice_format(t->q->mem,
			"has a certificate that expires within %d days",
			(int)((seen->expires - now) / DAY_SECONDS) + 1)
			.data);
}

static void
inquire_target(const struct target *t)
{
	const struct domain_facts *facts = t->q->facts;
	struct service_place place = { t->kind, t->srv.target, NULL, 0,
		t->srv.port };
	struct host_addresses host;
	struct service_seen seen;
	uint64_t began_us;

	inquiry_addresses(t->q, t->srv.target, &host);
	if (host.outcome == DNS_FAILED) {
		domain_services_report(
		    t, DOMAIN_LATER, "unknown", host.err.text);
		return;
	}
	if (host.count == 0) {
		domain_services_report(
		    t, DOMAIN_ERROR, "no-address", "has no address");
		return;
	}
	if (host.alias)
		domain_services_report(t, DOMAIN_WARNING, "alias",
		    "is a CNAME, which RFC 2782 forbids");
	if (facts->probe == NULL) {
		domain_services_report(t, DOMAIN_NOTE, "unprobed",
		    "has an address; it was not connected to");
		return;
	}
	place.addresses = host.items;
	place.count = host.count < DOMAIN_PROBED ? host.count : DOMAIN_PROBED;
	/* The time that this takes is not that of DNS. */
	began_us = clock_monotonic_us();
	facts->probe(facts->probe_arg, &place, t->q->mem, &seen);
	t->q->dns.deadline_us += clock_monotonic_us() - began_us;
	report_seen(t, &seen);
}

/* One of `records` SRV records. */
static void
read_target(struct inquiry *q, enum service_kind kind, struct slice rdata,
    size_t records)
{
	struct target t = { .q = q, .service = &services[kind], .kind = kind };

	if (!dns_srv_read(rdata, q->mem, &t.srv))
		return;
	if (t.srv.target.len == 0) {
		/* RFC 2782: "." says that there is no such service. */
		domain_report_add(q->report,
		    records == 1 ? DOMAIN_OK : DOMAIN_ERROR, "service",
		    service_label(kind), "refused", nothing,
		    "%s: the domain says that it does not offer "
		    "this%s",
		    t.service->label,
		    records == 1 ? "" : ", and names servers beside that");
		return;
	}
	t.text = slice_format(
	    q->mem, "%.*s:%u", SLICE_ARGS(t.srv.target), t.srv.port)
		     .data;
	t.item = slice_format(q->mem, "%s %s", t.service->label, t.text);
	if (t.srv.port != t.service->port)
		domain_services_report(&t, DOMAIN_NOTE, "port",
		    slice_format(
			q->mem, "is not at the usual port, %u", t.service->port)
			.data);
	inquire_target(&t);
}

void
domain_services_inquire(struct inquiry *q)
{
	struct slice helo = q->facts->helo;
	bool submission = false;

	for (int kind = 0; kind < SERVICE_KINDS; kind++) {
		struct slice label = service_label((enum service_kind)kind);
		struct slice name = slice_format(q->mem, "%.*s.%.*s",
		    SLICE_ARGS(label), SLICE_ARGS(q->domain));
		struct dns_answer answer;
		struct err err;
		enum dns_outcome outcome =
		    resolver_lookup(&q->dns, name, DNS_SRV, &answer, &err);

		if (outcome == DNS_FAILED)
			domain_report_add(q->report, DOMAIN_LATER, "service",
			    label, "unknown", nothing, "%s: %s", label.data,
			    err.text);
		if ((outcome == DNS_FOUND || outcome == DNS_FAILED) &&
		    kind <= SERVICE_SUBMISSIONS)
			submission = true;
		for (size_t i = 0; i < answer.count && i < DOMAIN_TARGETS; i++)
			read_target(q, (enum service_kind)kind,
			    answer.records[i], answer.count);
	}
	if (submission || q->sends_nothing)
		return;
	domain_report_add(q->report, DOMAIN_NOTE, "service",
	    SLICE("submission"), "none",
	    helo.len == 0 ? nothing :
			    slice_format(q->mem,
				"_submissions._tcp.%.*s. IN SRV 0 1 465 "
				"%.*s.",
				SLICE_ARGS(q->domain), SLICE_ARGS(helo)),
	    "neither _submissions._tcp nor _submission._tcp: mail programs "
	    "have to be told the server (RFC 6186, RFC 8314)");
}
