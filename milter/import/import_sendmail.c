/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail.cf, or the sendmail.mc that it is made of. */
#include "base/file.h"
#include "check/sendmail_config.h"
#include "import_priv.h"

enum { MAX_BYTES = 1 << 20, MAX_ARGUMENTS = 4 };

struct sendmail_import {
	struct import *im;
	struct slice path;
	bool has_submission;
};

static void
take_domain(struct sendmail_import *s, const struct import_place *place,
    struct slice domain, const char *by)
{
	struct slice name = slice_lower(s->im->mem, slice_trim(domain));
	struct slice quoted;

	if (name.len > 0 && import_quote(s->im, name, &quoted) &&
	    import_fits(s->im, "domain", quoted))
		import_set(s->im, "domain", quoted, place, "%s.", by);
	else
		import_unknown(s->im, place, slice_of(by));
}

/* "NAME, S=SOCKET, F=T": a filter. */
static void
take_filter(struct sendmail_import *s, const struct import_place *place,
    struct slice name, struct slice fields)
{
	const char *shown = import_shown(s->im, slice_trim(name));
	struct slice socket = { NULL, 0 };

	(void)!sendmail_find_field(fields, 'S', &socket);
	import_remark(s->im, IMPORT_DIFFERS, place,
	    "the filter %s at %s stays on other ports. The port of submission "
	    "passes its mail only to what InputFilters names: if this filter "
	    "does not sign, keep it there, as InputFilters=%s;submilter",
	    shown, import_shown(s->im, socket), shown);
}

/* DAEMON_OPTIONS, one port. */
static void
take_port(struct sendmail_import *s, const struct import_place *place,
    struct slice options)
{
	struct slice port = SLICE("smtp"), modifiers = { NULL, 0 };
	struct slice name = SLICE("Daemon"), filters = { NULL, 0 };
	const char *shown;

	(void)!sendmail_find_field(options, 'P', &port);
	(void)!sendmail_find_field(options, 'M', &modifiers);
	(void)!sendmail_find_field(options, 'N', &name);
	(void)!sendmail_find_field(options, 'I', &filters);
	shown = import_shown(s->im, name);
	if (!slice_has(modifiers, 'a') &&
	    !slice_eq_nocase(port, SLICE("submission")) &&
	    !slice_eq(port, SLICE("587")) && !slice_eq(port, SLICE("465")) &&
	    !slice_eq_nocase(port, SLICE("smtps")) &&
	    !slice_eq_nocase(port, SLICE("submissions"))) {
		import_remark(s->im, IMPORT_NEEDLESS, place,
		    "port %s (%s) is no port of submission; submilter is not "
		    "attached to it",
		    import_shown(s->im, port), shown);
		return;
	}
	s->has_submission = true;
	import_remark(s->im, IMPORT_DIFFERS, place,
	    "port %s (%s) is attached by InputFilters=%s%ssubmilter in its "
	    "DAEMON_OPTIONS; without that it passes no mail to submilter.",
	    import_shown(s->im, port), shown,
	    filters.len == 0 ? "" : import_shown(s->im, filters),
	    filters.len == 0 ? "" : ";");
}

static void
take_masquerade(struct sendmail_import *s, const struct import_place *place)
{
	import_remark(s->im, IMPORT_DIFFERS, place,
	    "masquerading rewrites addresses after submilter has signed, which "
	    "breaks the signature; \"submilter check\" names such settings.");
}

/* Line by line; most of it is rules and mailers. */
static void
read_cf(struct sendmail_import *s, struct slice text)
{
	struct line_reader reader = { .rest = text, .mem = s->im->mem };

	while (sendmail_next_line(&reader)) {
		struct slice line = reader.text, value;
		const struct import_place place = { s->path, reader.line };
		struct slice rest = slice_from(line, 1);
		size_t comma = slice_find(rest, ',');

		if (line.data[0] == 'X')
			take_filter(s, &place, slice_sub(rest, 0, comma),
			    slice_from(rest, comma + 1));
		else if (sendmail_is_option(
			     line, SLICE("DaemonPortOptions"), &value))
			take_port(s, &place, value);
		else if (slice_starts(line, SLICE("Dj")))
			take_domain(s, &place, slice_from(line, 2),
			    "Dj, the name of this host");
		else if (slice_starts(line, SLICE("DM")) && line.len > 2)
			take_masquerade(s, &place);
		else if (line.data[0] == 'O')
			import_other(s->im, &place,
			    slice_trim(
				slice_sub(rest, 0, slice_find(rest, '='))));
		else
			import_other(s->im, &place, (struct slice){ NULL, 0 });
	}
}

/* A call of a macro of m4, NAME(`argument', ...). */
struct macro_call {
	struct slice name;
	struct slice arguments[MAX_ARGUMENTS]; /* without their quotes */
};

/* Up to the quote that closes the one at *at; what is in between. */
static struct slice
take_quoted(struct slice text, size_t *at)
{
	size_t start = ++*at, depth = 1;

	for (; *at < text.len; (*at)++) {
		if (text.data[*at] == '`')
			depth++;
		else if (text.data[*at] == '\'' && --depth == 0)
			break;
	}
	return slice_sub(text, start, *at - start);
}

/*
 * A call that begins with text; returns how much of it that is. An argument in
 * which text and quotes alternate is not put together: its first quotes count.
 */
static size_t
read_call(struct slice text, struct macro_call *call)
{
	size_t at = 0, argument = 0, depth = 0;

	while (at < text.len &&
	    (char_is_alpha(text.data[at]) || char_is_digit(text.data[at]) ||
		text.data[at] == '_'))
		at++;
	*call = (struct macro_call){ .name = slice_sub(text, 0, at) };
	if (at == text.len || text.data[at] != '(')
		return at;
	for (; at < text.len; at++) {
		char c = text.data[at];
		struct slice quoted;

		if (c == '`') {
			quoted = take_quoted(text, &at);
			if (argument < MAX_ARGUMENTS &&
			    call->arguments[argument].len == 0)
				call->arguments[argument] = quoted;
		} else if (c == '(') {
			depth++;
		} else if (c == ',' && depth == 1) {
			argument++;
		} else if (c == ')' && --depth == 0) {
			return at + 1;
		}
	}
	return text.len;
}

static void
take_call(struct sendmail_import *s, const struct import_place *place,
    const struct macro_call *call)
{
	struct slice first = slice_trim(call->arguments[0]);
	bool defines = slice_eq(call->name, SLICE("define"));

	if (slice_eq(call->name, SLICE("MAIL_FILTER")) ||
	    slice_eq(call->name, SLICE("INPUT_MAIL_FILTER")))
		take_filter(s, place, first, call->arguments[1]);
	else if (slice_eq(call->name, SLICE("DAEMON_OPTIONS")))
		take_port(s, place, first);
	else if (slice_eq(call->name, SLICE("MASQUERADE_AS")))
		take_masquerade(s, place);
	else if (defines && slice_eq(first, SLICE("confDOMAIN_NAME")))
		take_domain(s, place, call->arguments[1], "confDOMAIN_NAME");
	else if (defines)
		import_other(s->im, place, first);
	else
		import_other(s->im, place, call->name);
}

/* A line that goes on while a quote is open belongs to the call. */
static void
read_mc(struct sendmail_import *s, struct slice text)
{
	unsigned int line = 1;
	bool dead = false; /* between divert(-1) and divert(0) */

	while (text.len > 0) {
		struct import_place place = { s->path, line };
		struct macro_call call;
		size_t taken, end;

		while (text.len > 1 &&
		    (text.data[0] == ' ' || text.data[0] == '\t'))
			text = slice_from(text, 1);
		taken = read_call(text, &call);
		if (slice_eq(call.name, SLICE("divert")))
			dead = slice_starts(text, SLICE("divert(-1)"));
		else if (!dead && call.name.len > 0 &&
		    !slice_eq(call.name, SLICE("dnl")))
			take_call(s, &place, &call);
		else if (!dead && call.name.len == 0 && text.data[0] != '\n' &&
		    text.data[0] != '#')
			import_other(s->im, &place, (struct slice){ NULL, 0 });
		end = taken + slice_find(slice_from(text, taken), '\n') + 1;
		if (end > text.len)
			end = text.len;
		for (size_t i = 0; i < end; i++)
			line += text.data[i] == '\n';
		text = slice_from(text, end);
	}
}

int
import_sendmail(struct import *im, const char *path, struct err *err)
{
	struct sendmail_import s = { .im = im, .path = slice_of(path) };
	struct slice text;

	if (file_read(&(struct file_request){ s.path, MAX_BYTES, im->mem },
		&text, err) != 0)
		return err_wrap(err, "%s", import_shown(im, s.path));
	im->was_mta = true;
	import_set(im, "mta", SLICE("sendmail"),
	    &(struct import_place){ s.path, 0 },
	    "Sendmail changes other things after the signature than Postfix.");
	if (slice_ends_nocase(s.path, SLICE(".mc")))
		read_mc(&s, text);
	else
		read_cf(&s, text);
	if (!s.has_submission)
		import_remark(im, IMPORT_DIFFERS, NULL,
		    "Sendmail has no port of submission (587, or M=a): "
		    "submilter is attached to one, because it refuses mail "
		    "without a login.");
	import_command(im, "# in sendmail.mc, then make -C /etc/mail:");
	import_command(im,
	    "MAIL_FILTER(`submilter', "
	    "`S=unix:/var/spool/postfix/submilter/submilter.sock, F=T, "
	    "T=C:10s;S:30s;R:30s;E:2m')");
	import_way_back(im,
	    "# take these lines out of sendmail.mc, then make -C /etc/mail");
	return 0;
}
