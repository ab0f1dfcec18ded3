/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leads mail of a Postfix service past its milters: a list is no proof
 * that mail passes it. Measured with Postfix 3.7: each of these lets a forged
 * From leave unsigned, without a word in the log.
 */
#include "check_postfix_priv.h"

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
	    postfix_seen_at(p, service, "smtpd_milter_maps"))
			 .data;
	path->fix = postfix_set(p, service, "smtpd_milter_maps", "");
}

struct milter_path
postfix_milter_path(
    const struct postfix_check *p, const struct postfix_service *service)
{
	struct arena *mem = p->c->found->mem;
	struct milter_path path = { .milters = postfix_seen(
					p, service, "smtpd_milters", ""),
		.option = "smtpd_milters" };
	struct slice receive =
	    postfix_seen(p, service, "receive_override_options", "");
	struct slice proxy = postfix_seen(p, service, "smtpd_proxy_filter", "");
	struct slice item;
	struct strbuf others; /* of receive, as a value of -o: "a,b" */
	bool no_milters = false;

	take_static_map(p, service, &path);
	path.relation = postfix_find_milter(
	    p, path.milters, service->chroot, &path.options);
	if (path.relation != OURS || path.past != NULL)
		return path;
	strbuf_init(&others, mem);
	strbuf_add_cstr(&others, "");
	while (postfix_next_item(&receive, ",", &item)) {
		if (slice_eq(item, SLICE("no_milters"))) {
			no_milters = true;
			continue;
		}
		strbuf_add_cstr(&others, others.len > 0 ? "," : "");
		strbuf_add(&others, item);
	}
	if (no_milters) {
		path.past = slice_format(mem,
		    "receive_override_options in %s has no_milters",
		    postfix_seen_at(p, service, "receive_override_options"))
				.data;
		path.fix = postfix_set(p, service, "receive_override_options",
		    slice_cstr(mem, strbuf_slice(&others)));
	} else if (proxy.len > 0) {
		/* The milter sees the envelope and an abort. */
		path.past = slice_format(mem,
		    "smtpd_proxy_filter = %s in %s takes every message past it",
		    postfix_shown(p, proxy),
		    postfix_seen_at(p, service, "smtpd_proxy_filter"))
				.data;
		path.fix = postfix_set(p, service, "smtpd_proxy_filter", "");
	}
	return path;
}

void
postfix_check_clients(
    const struct postfix_check *p, const struct postfix_service *service)
{
	struct findings *found = p->c->found;
	struct slice maps = postfix_seen(p, service, "smtpd_milter_maps", "");
	const char *name = postfix_called(p, service);
	const char *where = postfix_seen_at(p, service, "smtpd_milter_maps");
	const char *fix = postfix_set(p, service, "smtpd_milter_maps", "");
	bool has_users =
	    postfix_is_submission(service) || postfix_has_sasl(p, service);
	struct milter_options options = { .protocol = { NULL, 0 } };
	struct postfix_row *row;
	struct slice table;
	size_t count;

	while (postfix_next_item(&maps, ",", &table)) {
		if (!postfix_table_rows(table, found->mem, &row, &count)) {
			finding_add(found, FINDING_WARNING, fix,
			    "%s: smtpd_milter_maps = %s in %s may take the "
			    "milter away from some clients, and cannot be read "
			    "here",
			    name, postfix_shown(p, table), where);
			continue;
		}
		/* An empty value leaves clients with smtpd_milters. */
		while (count > 0 &&
		    (row->value.len == 0 ||
			postfix_find_milter(p, row->value, service->chroot,
			    &options) == OURS)) {
			row++;
			count--;
		}
		if (count == 0)
			continue;
		finding_add(found, has_users ? FINDING_ERROR : FINDING_WARNING,
		    fix,
		    "%s: mail of client %s does not pass the milter: "
		    "smtpd_milter_maps = %s in %s says \"%s\"%s",
		    name, postfix_shown(p, row->key), postfix_shown(p, table),
		    where, postfix_shown(p, row->value),
		    row->line == 0 ?
			"" :
			slice_format(found->mem, " in line %u", row->line)
			    .data);
	}
}
