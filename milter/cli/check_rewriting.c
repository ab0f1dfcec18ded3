/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings of the MTA by which it changes messages after the milter has signed
 * them.
 */
#include "check_priv.h"
#include "postfix_config_priv.h"

enum { SHOWN_BYTES = 120 };

/* Parameters of Postfix that rewrite what was signed; empty is harmless. */
static const struct {
	const char *name;
	const char *what;
} rewriting[] = {
	{ "smtp_generic_maps", "rewrites addresses in the header" },
	{ "smtp_header_checks", "may change the header" },
	{ "smtp_mime_header_checks", "may change headers of parts" },
	{ "smtp_nested_header_checks", "may change headers of attached mail" },
	{ "smtp_body_checks", "may change the body" },
	{ "milter_header_checks", "may change or remove the signature" },
	{ "content_filter", "passes mail on to another program, which may "
	    "change it and send it back through the milter" },
};

static void
check_client(const struct checked *c, const struct postfix *postfix,
    const struct postfix_service *service)
{
	struct findings *found = c->found;
	const char *name = slice_format(found->mem, "Postfix: service %.*s",
	    SLICE_ARGS(service->name)).data;
	unsigned long limit;

	for (size_t i = 0; i < sizeof(rewriting) / sizeof(rewriting[0]); i++) {
		struct slice value = postfix_value(postfix, service,
		    rewriting[i].name, "", found->mem);

		if (value.len > 0)
			finding_add(found, FINDING_WARNING,
			    slice_format(found->mem, "%s =",
				rewriting[i].name).data,
			    "%s: %s = %s %s after it was signed", name,
			    rewriting[i].name, escape(found->mem, value,
				SHOWN_BYTES), rewriting[i].what);
	}
	if (slice_number(postfix_value(postfix, service,
	    "smtp_line_length_limit", "998", found->mem), 1000000, &limit) &&
	    limit > 0 && limit < c->config->repair.line_length)
		finding_add(found, FINDING_WARNING, slice_format(found->mem,
		    "repair { line-length = %lu } here, or "
		    "smtp_line_length_limit = %lu", limit,
		    c->config->repair.line_length).data,
		    "%s: lines over %lu octets are broken after they were "
		    "signed (smtp_line_length_limit)", name, limit);
	if (c->config->repair.body != BODY_ALL && !slice_eq_nocase(
	    postfix_value(postfix, service, "disable_mime_output_conversion",
		"no", found->mem), SLICE("yes")))
		finding_add(found, FINDING_WARNING, "repair { body = all }",
		    "%s: 8-bit content is converted after it was signed where "
		    "the next host lacks 8BITMIME", name);
}

void
check_postfix_rewriting(const struct checked *c, const struct postfix *postfix)
{
	for (size_t i = 0; i < postfix->service_count; i++) {
		const struct postfix_service *service = &postfix->services[i];

		if (slice_eq(service->command, SLICE("smtp")) &&
		    slice_eq(service->type, SLICE("unix")))
			check_client(c, postfix, service);
	}
}

/* L= of a mailer: the longest line it sends as it is. */
static void
check_mailer(const struct checked *c, struct slice line)
{
	struct slice rest = slice_from(line, 1), item, name;
	unsigned long limit;

	name = slice_trim(slice_sub(rest, 0, slice_find(rest, ',')));
	if (!slice_eq(name, SLICE("smtp")) && !slice_eq(name, SLICE("esmtp")) &&
	    !slice_eq(name, SLICE("relay")))
		return;
	while (slice_next_item(&rest, ",", &item)) {
		item = slice_trim(item);
		if (!slice_starts(item, SLICE("L=")) ||
		    !slice_number(slice_from(item, 2), 1000000, &limit) ||
		    limit == 0 || limit >= c->config->repair.line_length ||
		    limit >= SENDMAIL_LINE_OCTETS)
			continue;
		finding_add(c->found, FINDING_WARNING, slice_format(
		    c->found->mem, "repair { line-length = %lu } here",
		    limit).data, "Sendmail: mailer %.*s breaks lines over %lu "
		    "octets after they were signed", SLICE_ARGS(name), limit);
	}
}

void
check_sendmail_line(const struct checked *c, struct slice line)
{
	if (slice_starts(line, SLICE("DM")) && line.len > 2)
		finding_add(c->found, FINDING_WARNING,
		    "no MASQUERADE_AS in sendmail.mc", "Sendmail: masquerading "
		    "as %s rewrites addresses in the header after it was "
		    "signed", escape(c->found->mem, slice_from(line, 2),
			SHOWN_BYTES));
	else if (slice_starts(line, SLICE("Kgenerics")))
		finding_add(c->found, FINDING_WARNING,
		    "no FEATURE(genericstable) in sendmail.mc", "Sendmail: "
		    "genericstable rewrites addresses in the header after it "
		    "was signed");
	else if (slice_starts(line, SLICE("O EightBitMode=")) &&
	    !slice_has(slice_from(line, 15), 'p') &&
	    c->config->repair.body != BODY_ALL)
		finding_add(c->found, FINDING_WARNING, "repair { body = all }",
		    "Sendmail: 8-bit content is converted after it was signed "
		    "where the next host lacks 8BITMIME");
	else if (slice_starts(line, SLICE("M")))
		check_mailer(c, line);
}
