/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leads mail of a Postfix service past its milters: a list is no proof
 * that mail passes it. Measured with Postfix 3.7: each of these lets a forged
 * From leave unsigned, without a word in the log.
 */
#include "check_postfix_priv.h"

/* A list of words without one of them, as a value of -o: "a,b". */
static struct slice
without(struct slice list, struct slice word, struct arena *mem)
{
	struct strbuf out;
	struct slice item;

	strbuf_init(&out, mem);
	strbuf_add_cstr(&out, "");
	while (postfix_next_item(&list, ",", &item)) {
		if (slice_eq(item, word))
			continue;
		if (out.len > 0)
			strbuf_add_char(&out, ',');
		strbuf_add(&out, item);
	}
	return strbuf_slice(&out);
}

static bool
has_item(struct slice list, struct slice word)
{
	struct slice item;

	while (postfix_next_item(&list, ",", &item)) {
		if (slice_eq(item, word))
			return true;
	}
	return false;
}

/* smtpd_milter_maps with one answer for all clients: it counts. */
static void
take_static_map(const struct postfix_check *p,
    const struct postfix_service *service, struct milter_path *path)
{
	struct arena *mem = p->c->found->mem;
	struct slice maps = postfix_seen(p, service, "smtpd_milter_maps", "");
	struct postfix_row *rows;
	size_t count;

	if (!slice_starts(maps, SLICE("static:")) ||
	    !postfix_table_rows(maps, mem, &rows, &count) ||
	    rows[0].value.len == 0)
		return;
	if (!slice_eq_nocase(rows[0].value, SLICE("DISABLE"))) {
		path->milters = rows[0].value;
		path->option = "smtpd_milter_maps";
		return;
	}
	path->past = slice_format(mem, "smtpd_milter_maps in %s disables it",
	    postfix_seen_at(p, service, "smtpd_milter_maps")).data;
	path->fix = "-o smtpd_milter_maps=";
}

struct milter_path
postfix_milter_path(const struct postfix_check *p,
    const struct postfix_service *service)
{
	struct arena *mem = p->c->found->mem;
	struct milter_path path = { .milters = postfix_seen(p, service,
	    "smtpd_milters", ""), .option = "smtpd_milters" };
	struct slice receive = postfix_seen(p, service,
	    "receive_override_options", "");
	struct slice proxy = postfix_seen(p, service, "smtpd_proxy_filter",
	    "");

	take_static_map(p, service, &path);
	path.relation = postfix_find_milter(p, path.milters, service->chroot,
	    &path.options);
	if (path.relation != OURS || path.past != NULL)
		return path;
	if (has_item(receive, SLICE("no_milters"))) {
		path.past = slice_format(mem, "receive_override_options in %s "
		    "has no_milters", postfix_seen_at(p, service,
			"receive_override_options")).data;
		path.fix = slice_format(mem, "-o receive_override_options=%s",
		    without(receive, SLICE("no_milters"), mem).data).data;
	} else if (proxy.len > 0) {
		/* The milter sees the envelope and an abort. */
		path.past = slice_format(mem, "smtpd_proxy_filter = %s in %s "
		    "takes every message past it", postfix_shown(p, proxy),
		    postfix_seen_at(p, service, "smtpd_proxy_filter")).data;
		path.fix = "-o smtpd_proxy_filter=";
	}
	return path;
}

/* A row for some clients; an empty value leaves them with smtpd_milters. */
static bool
keeps_milter(const struct postfix_check *p,
    const struct postfix_service *service, const struct postfix_row *row)
{
	struct milter_options options = { .protocol = { NULL, 0 } };

	return row->value.len == 0 || postfix_find_milter(p, row->value,
	    service->chroot, &options) == OURS;
}

static void
check_client_table(const struct postfix_check *p,
    const struct postfix_service *service, struct slice table)
{
	struct findings *found = p->c->found;
	const char *name = postfix_called(p, service);
	const char *where = postfix_seen_at(p, service, "smtpd_milter_maps");
	bool has_users = postfix_is_submission(service) ||
	    postfix_has_sasl(p, service);
	struct postfix_row *rows;
	size_t count;

	if (!postfix_table_rows(table, found->mem, &rows, &count)) {
		finding_add(found, FINDING_WARNING, "-o smtpd_milter_maps=",
		    "%s: smtpd_milter_maps = %s in %s may take the milter away "
		    "from some clients, and cannot be read here", name,
		    postfix_shown(p, table), where);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (keeps_milter(p, service, &rows[i]))
			continue;
		finding_add(found, has_users ? FINDING_ERROR : FINDING_WARNING,
		    "-o smtpd_milter_maps=", "%s: mail of client %s does not "
		    "pass the milter: smtpd_milter_maps = %s in %s says "
		    "\"%s\"%s",
		    name, postfix_shown(p, rows[i].key),
		    postfix_shown(p, table), where,
		    postfix_shown(p, rows[i].value), rows[i].line == 0 ? "" :
		    slice_format(found->mem, " in line %u",
			rows[i].line).data);
		return;
	}
}

void
postfix_check_clients(const struct postfix_check *p,
    const struct postfix_service *service)
{
	struct slice maps = postfix_seen(p, service, "smtpd_milter_maps", "");
	struct slice table;

	while (postfix_next_item(&maps, ",", &table))
		check_client_table(p, service, table);
}
