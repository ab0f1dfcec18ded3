/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes mail behind the milter in Postfix: filters, checks of what
 * milters add, the smtp client, the next hop. Before the milter and harmless
 * are canonical maps, masquerading and header_checks, but for mail that comes
 * back from a filter.
 */
#include "check_postfix_priv.h"

/* The cleanup(8) that works for a service; NULL: it is not in master.cf. */
static const struct postfix_service *
cleanup_of(const struct postfix_check *p, const struct postfix_service *service)
{
	return postfix_find_service(p->postfix,
	    postfix_seen(p, service, "cleanup_service_name", "cleanup"),
	    "unix");
}

/* "TRANSPORT:NEXTHOP" with the line of its transport. */
static const char *
filter_shown(const struct postfix_check *p, struct slice filter)
{
	const struct postfix_service *transport = postfix_find_service(
	    p->postfix, slice_sub(filter, 0, slice_find(filter, ':')), "unix");

	return transport == NULL ?
	    postfix_shown(p, filter) :
	    slice_format(p->c->found->mem, "%s (master.cf:%u)",
		postfix_shown(p, filter), transport->line)
		.data;
}

/*
 * Rows of a table whose action is FILTER, which replaces content_filter; place
 * is "SERVICE: OPTION in FILE:LINE".
 */
static void
check_filter_rows(
    struct postfix_check *p, struct slice table, const char *place)
{
	struct findings *found = p->c->found;
	struct postfix_row *rows;
	size_t count;

	if (!postfix_table_rows(table, found->mem, &rows, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		struct slice value = rows[i].value;

		if (!slice_starts_nocase(value, SLICE("FILTER")) ||
		    value.len < 7 || !char_is_wsp(value.data[6]))
			continue;
		p->filtered = true;
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem, "no FILTER for %s",
			postfix_shown(p, rows[i].key))
			.data,
		    "%s hands mail to %s after it was signed, which may change "
		    "it (FILTER in %s%s)",
		    place, filter_shown(p, slice_trim(slice_from(value, 6))),
		    postfix_shown(p, table),
		    rows[i].line == 0 ?
			"" :
			slice_format(found->mem, ", line %u", rows[i].line)
			    .data);
		return;
	}
}

static const char *
place_of(const struct postfix_check *p, const struct postfix_service *service,
    const struct postfix_service *where, const char *option)
{
	return slice_format(p->c->found->mem, "%s: %s in %s",
	    postfix_called(p, service), option,
	    postfix_seen_at(p, where, option))
	    .data;
}

/* A restriction list in which FILTER may stand. */
struct filter_list {
	struct postfix_check *p;
	const struct postfix_service *service;
	const char *option;
};

static void
check_filter_table(void *arg, struct slice restriction, struct slice table)
{
	const struct filter_list *list = arg;

	(void)restriction;
	check_filter_rows(list->p, table,
	    place_of(list->p, list->service, list->service, list->option));
}

void
check_postfix_behind(
    struct postfix_check *p, const struct postfix_service *service)
{
	/* They run before us; their FILTER counts after us. */
	static const char *const contents[] = { "header_checks",
		"mime_header_checks", "nested_header_checks", "body_checks",
		"milter_header_checks", NULL };
	struct findings *found = p->c->found;
	const struct postfix_service *cleanup = cleanup_of(p, service);
	struct slice filter = postfix_seen(p, service, "content_filter", "");
	struct slice receive =
	    postfix_seen(p, service, "receive_override_options", "");
	struct slice list =
	    postfix_seen(p, cleanup, "milter_header_checks", "");
	struct slice table;

	if (filter.len > 0) {
		p->filtered = true;
		finding_add(found, FINDING_WARNING,
		    postfix_set(p, service, "content_filter", ""),
		    "%s hands mail to %s after it was signed, and what that "
		    "changes breaks the signature",
		    place_of(p, service, service, "content_filter"),
		    filter_shown(p, filter));
	}
	if (list.len > 0)
		finding_add(found, FINDING_WARNING,
		    postfix_set(p, cleanup, "milter_header_checks", ""),
		    "%s: milter_header_checks = %s in %s may change or remove "
		    "the signature",
		    postfix_called(p, service), postfix_shown(p, list),
		    postfix_seen_at(p, cleanup, "milter_header_checks"));
	for (const char *const *option = postfix_restrictions; *option != NULL;
	     option++)
		postfix_each_table(p, service, *option, check_filter_table,
		    &(struct filter_list){ p, service, *option });
	if (slice_has_text_nocase(receive, SLICE("no_header_body_checks")))
		return;
	for (const char *const *option = contents; *option != NULL; option++) {
		list = postfix_seen(p, cleanup, *option, "");
		while (postfix_next_item(&list, ",", &table))
			check_filter_rows(
			    p, table, place_of(p, service, cleanup, *option));
	}
}

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
};

static void
check_client(
    const struct postfix_check *p, const struct postfix_service *service)
{
	const struct checked *c = p->c;
	struct findings *found = c->found;
	const char *name = postfix_called(p, service);
	unsigned long limit;

	for (size_t i = 0; i < sizeof(rewriting) / sizeof(rewriting[0]); i++) {
		const char *option = rewriting[i].name;
		struct slice value = postfix_seen(p, service, option, "");

		if (value.len > 0)
			finding_add(found, FINDING_WARNING,
			    postfix_set(p, service, option, ""),
			    "%s: %s = %s in %s %s after it was signed", name,
			    option, postfix_shown(p, value),
			    postfix_seen_at(p, service, option),
			    rewriting[i].what);
	}
	if (slice_number(
		postfix_seen(p, service, "smtp_line_length_limit", "998"),
		1000000, &limit) &&
	    limit > 0 && limit < c->config->repair.line_length)
		finding_add(found, FINDING_WARNING,
		    slice_format(found->mem,
			"repair { line-length = %lu } here, or "
			"smtp_line_length_limit = %lu",
			limit, c->config->repair.line_length)
			.data,
		    "%s: lines over %lu octets are broken after they were "
		    "signed (smtp_line_length_limit)",
		    name, limit);
	if (c->config->repair.body != BODY_ALL &&
	    !slice_eq_nocase(postfix_seen(p, service,
				 "disable_mime_output_conversion", "no"),
		SLICE("yes")))
		finding_add(found, FINDING_WARNING, "repair { body = all }",
		    "%s: 8-bit content is converted after it was signed where "
		    "the next host lacks 8BITMIME",
		    name);
}

/*
 * A service that takes mail back from a filter: what Postfix does before a
 * milter, it does there after ours.
 */
static void
check_returned(
    const struct postfix_check *p, const struct postfix_service *service)
{
	static const struct {
		const char *name;
		const char *unless; /* in receive_override_options */
	} again[] = {
		{ "canonical_maps", "no_address_mappings" },
		{ "sender_canonical_maps", "no_address_mappings" },
		{ "recipient_canonical_maps", "no_address_mappings" },
		{ "masquerade_domains", "no_address_mappings" },
		{ "header_checks", "no_header_body_checks" },
		{ "mime_header_checks", "no_header_body_checks" },
		{ "nested_header_checks", "no_header_body_checks" },
		{ "body_checks", "no_header_body_checks" },
	};
	const struct postfix_service *cleanup = cleanup_of(p, service);
	struct slice receive =
	    postfix_seen(p, service, "receive_override_options", "");

	if (postfix_is_submission(service) || postfix_is_port_25(service) ||
	    postfix_has_sasl(p, service))
		return;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		struct slice value =
		    postfix_seen(p, cleanup, again[i].name, "");

		if (value.len == 0 ||
		    slice_has_text_nocase(receive, slice_of(again[i].unless)))
			continue;
		finding_add(p->c->found, FINDING_WARNING,
		    postfix_set(p, service, "receive_override_options",
			"no_address_mappings,no_header_body_checks,"
			"no_milters"),
		    "%s: %s = %s in %s may "
		    "change mail that was signed, when it comes back from a "
		    "filter",
		    postfix_called(p, service), again[i].name,
		    postfix_shown(p, value),
		    postfix_seen_at(p, cleanup, again[i].name));
	}
}

void
check_postfix_rewriting(const struct postfix_check *p)
{
	static const char *const relays[] = { "relayhost",
		"sender_dependent_relayhost_maps" };
	struct slice value = { NULL, 0 };

	for (size_t i = 0; i < p->postfix->service_count; i++) {
		const struct postfix_service *service =
		    &p->postfix->services[i];

		if (slice_eq(service->command, SLICE("smtp")) &&
		    slice_eq(service->type, SLICE("unix")))
			check_client(p, service);
		else if (p->filtered &&
		    slice_eq(service->command, SLICE("smtpd")))
			check_returned(p, service);
	}
	if (p->c->config->main.mta == MTA_SENDMAIL)
		return;
	/* Mail is sent on to a host that may run another MTA. */
	for (size_t i = 0; i < 2 && value.len == 0; i++) {
		value = postfix_seen(p, NULL, relays[i], "");
		if (value.len > 0)
			finding_add(p->c->found, FINDING_WARNING,
			    "mta = sendmail in the milter's configuration",
			    "Postfix: %s = %s in %s: if that host runs "
			    "Sendmail, it rewrites address fields that were "
			    "signed here",
			    relays[i], postfix_shown(p, value),
			    postfix_seen_at(p, NULL, relays[i]));
	}
}
