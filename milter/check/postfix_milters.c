/* SPDX-License-Identifier: BSD-2-Clause */
/* Our socket in Postfix's words, and our place in its lists of milters. */
#include "check_postfix_priv.h"

/* Whether our socket lies below the queue directory. */
bool
socket_is_below(const struct checked *c, struct slice queue)
{
	return slice_starts(c->socket_path, queue) &&
	    slice_starts(slice_from(c->socket_path, queue.len), SLICE("/"));
}

const char *
postfix_wanted_milter(const struct checked *c, struct slice queue)
{
	struct arena *mem = c->found->mem;
	struct slice listen = c->config->main.listen;
	size_t colon = slice_find(listen, ':'), at = slice_find(listen, '@');
	struct slice host = slice_from(listen, at + 1);
	struct slice port = slice_sub(listen, colon + 1, at - colon - 1);
	bool bare6 = slice_has(host, ':') && !slice_starts(host, SLICE("["));

	if (c->socket_path.len == 0)
		return slice_format(mem, "inet:%s%.*s%s:%.*s", bare6 ? "[" : "",
		    SLICE_ARGS(host), bare6 ? "]" : "", SLICE_ARGS(port))
		    .data;
	if (socket_is_below(c, queue))
		return slice_format(mem, "unix:%.*s",
		    SLICE_ARGS(slice_from(c->socket_path, queue.len + 1)))
		    .data;
	return slice_format(mem, "unix:%.*s", SLICE_ARGS(c->socket_path)).data;
}

/*
 * "unix:PATH", or "inet:HOST:PORT", also for IPv6. With Sendmail's
 * "inet:PORT@HOST" Postfix's smtpd does not even start, and with "inet6:" it
 * answers 451 to all mail.
 */
static enum relation
relate(const struct postfix_check *p, struct slice spec, bool chroot)
{
	struct arena *mem = p->c->found->mem;
	size_t first = slice_find(spec, ':');
	struct slice kind = slice_sub(spec, 0, first);
	struct slice rest = slice_from(spec, first + 1);
	size_t at = slice_find(rest, '@'), colon = slice_find_last(rest, ':');
	struct slice host = slice_sub(rest, 0, colon);
	struct slice port = slice_from(rest, colon + 1);
	bool absolute = slice_starts(rest, SLICE("/"));

	if (slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local"))) {
		struct slice outside = path_clean(mem, rest);
		struct slice inside = path_clean(mem,
		    slice_format(mem, "%.*s/%.*s", SLICE_ARGS(p->queue),
			SLICE_ARGS(rest)));

		if (slice_eq(absolute && !chroot ? outside : inside,
			p->c->socket_path))
			return OURS;
		return absolute && slice_eq(outside, p->c->socket_path) ?
		    OURS_BUT_CHROOT :
		    NOT_OURS;
	}
	if (!slice_eq(kind, SLICE("inet")) && !slice_eq(kind, SLICE("inet6")))
		return NOT_OURS;
	if (at < rest.len) {
		host = slice_from(rest, at + 1);
		port = slice_sub(rest, 0, at);
	}
	if (!socket_is_inet(p->c->config, host, port))
		return NOT_OURS;
	return at < rest.len || !slice_eq(kind, SLICE("inet")) ? OURS_MISSPELT :
								 OURS;
}

enum relation
postfix_find_milter(const struct postfix_check *p, struct slice list,
    bool chroot, struct milter_options *options)
{
	enum relation best = NOT_OURS;
	struct slice item;

	while (postfix_next_item(&list, ",", &item)) {
		struct slice part, rest = item;
		enum relation relation;

		if (!postfix_next_item(&rest, ",", &part))
			continue;
		relation = relate(p, part, chroot);
		if (best == OURS) {
			if (relation != OURS)
				options->behind = part;
			continue;
		}
		if (relation != NOT_OURS)
			best = relation;
		/* "{ SPEC, name=value, ... }": options of our item alone. */
		while (
		    relation == OURS && postfix_next_item(&rest, ",", &part)) {
			size_t equals = slice_find(part, '=');
			struct slice name =
			    slice_trim(slice_sub(part, 0, equals));
			struct slice value =
			    slice_trim(slice_from(part, equals + 1));

			if (slice_eq(name, SLICE("default_action")))
				options->default_action = value;
			else if (slice_eq(name, SLICE("protocol")))
				options->protocol = value;
		}
	}
	return best;
}
