/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sendmail changes the entries of an address field at delivery, behind all
 * filters: it cuts long ones, puts its own name for some domains, and leaves
 * some odd ones alone. Measured with Sendmail 8.17.1; see docs/mta-changes.md.
 */
#include "sendmail_priv.h"

#include "base/net.h"

enum {
	MAX_RECIPIENTS = 10000,
	MAX_MAILBOX_OCTETS = 256, /* with name, brackets and comment */
	MAX_ADDRESS_OCTETS = 254, /* alone */
	MAX_OTHER_OCTETS = 253,	  /* of a group, or a name beside <> */
};

bool
sendmail_facts(const struct config *config, const struct repair_facts *facts,
    struct arena *mem, struct sendmail *ret_sendmail)
{
	enum form_choice form = config->repair.address_form;
	enum canon_choice canon = config->sign.canonicalization;
	const struct mta_traits *certain = mta_certain_traits(facts->mta);
	struct slice name = facts->mta_name, canonical;
	struct slice listen = config->main.listen;
	struct slice host =
	    slice_from(listen, slice_find_last(listen, '@') + 1);
	struct err err;

	if (!mta_traits(facts->mta)->rewrites_address_fields &&
	    form != FORM_YES)
		return false;
	/* A text that is not a host name would be another fault. */
	if (domain_canonical(name, mem, &canonical, &err) != 0)
		name.len = 0;
	*ret_sendmail = (struct sendmail){
		.is_certain = form == FORM_YES ||
		    (form == FORM_AUTO && certain->rewrites_address_fields),
		.may_shorten = form != FORM_NO,
		.is_simple = canon == CANON_SIMPLE_SIMPLE ||
		    canon == CANON_SIMPLE_RELAXED,
		/* The MTA that connects to us is on this host. */
		.is_here = !slice_starts_nocase(listen, SLICE("inet")) ||
		    slice_starts(host, SLICE("127.")) ||
		    slice_eq(host, SLICE("::1")) ||
		    slice_eq(host, SLICE("[::1]")) ||
		    slice_eq_nocase(host, SLICE("localhost")),
		.writes_own_name = certain->writes_own_name,
		.name = name,
		.domain = facts->mta_domain,
		.address = facts->mta_address,
		.mem = mem,
	};
	return true;
}

/* Where an octet stands: the state of a walk through a list. */
struct walk {
	unsigned int depth; /* of comments */
	bool quoted;
};

/* Takes an octet, or two with a backslash; where the next one is. */
static size_t
walk_on(struct walk *walk, struct slice value, size_t at)
{
	char c = value.data[at];

	if (c == '\\' && (walk->quoted || walk->depth > 0))
		at++;
	else if (c == '"' && walk->depth == 0)
		walk->quoted = !walk->quoted;
	else if (!walk->quoted && c == '(')
		walk->depth++;
	else if (!walk->quoted && c == ')' && walk->depth > 0)
		walk->depth--;
	return at + 1 < value.len ? at + 1 : value.len;
}

bool
sendmail_next_entry(struct slice *rest, struct slice *ret_entry)
{
	struct walk walk = { 0 };
	size_t at = 0;
	bool more;

	while (at < rest->len &&
	    (rest->data[at] != ',' || walk.depth > 0 || walk.quoted))
		at = walk_on(&walk, *rest, at);
	more = at < rest->len;
	*ret_entry = slice_sub(*rest, 0, at);
	*rest = slice_from(*rest, at + 1);
	return more;
}

bool
sendmail_next_comment(
    struct slice entry, size_t from, size_t *ret_begin, size_t *ret_end)
{
	struct walk walk = { 0 };
	bool found = false;

	for (size_t at = from; at < entry.len;) {
		unsigned int depth = walk.depth;
		size_t here = at;

		at = walk_on(&walk, entry, at);
		if (depth == 0 && walk.depth == 1) {
			*ret_begin = here;
			found = true;
		} else if (found && depth == 1 && walk.depth == 0) {
			*ret_end = at;
			return true;
		}
	}
	return false;
}

bool
sendmail_quotes_group(struct slice value)
{
	struct walk walk = { 0 };
	bool has_dot = false, in_address = false;

	for (size_t at = 0; at < value.len; at = walk_on(&walk, value, at)) {
		char c = value.data[at];

		if (walk.quoted || walk.depth > 0)
			continue;
		if (c == '<' || c == '[')
			in_address = true;
		else if (c == '>' || c == ']')
			in_address = false;
		else if (c == '.')
			has_dot = true;
		else if (c == ':' && has_dot && !in_address)
			return true;
		else if (c == ',' || c == ';' || c == ':')
			has_dot = false;
	}
	return false;
}

bool
sendmail_cuts(struct slice value, bool plain)
{
	struct slice entry;
	bool more = true;

	while (more) {
		size_t max = MAX_OTHER_OCTETS;
		char last;

		more = sendmail_next_entry(&value, &entry);
		entry = slice_trim(entry);
		last = entry.len == 0 ? '\0' : entry.data[entry.len - 1];
		if (plain)
			max = last == '>' || last == ')' ? MAX_MAILBOX_OCTETS :
							   MAX_ADDRESS_OCTETS;
		if (address_octets(entry) > max)
			return true;
	}
	return false;
}

int
sendmail_shorten(const struct mailbox_list *list, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	struct slice value = mailbox_list_print_within(
	    list->items, list->count, MAX_MAILBOX_OCTETS, mem);

	if (list->count == 0 || sendmail_cuts(value, true))
		return err_set(err, ERR_DATA,
		    "an address or the name of a group is too long");
	*ret_value = value;
	return 0;
}

static bool
is_own_domain(const struct sendmail *sendmail, struct slice domain)
{
	struct slice name = sendmail->name, behind;
	struct net_addr addr, reached;
	size_t len = SLICE("localhost").len;

	if (!sendmail->writes_own_name || domain.len == 0)
		return sendmail->writes_own_name;
	if (domain.len > 1 && domain.data[domain.len - 1] == '.')
		domain.len--;
	if (slice_ends_nocase(domain, SLICE(".uucp")))
		return true;
	if (slice_starts_nocase(domain, SLICE("localhost"))) {
		behind = slice_from(domain, len + 1);
		return domain.len == len ||
		    (domain.data[len] == '.' && behind.len > 0 &&
			(slice_eq_nocase(behind, sendmail->domain) ||
			    slice_eq_nocase(behind,
				slice_from(name, slice_find(name, '.') + 1))));
	}
	/* "[192.0.2.1]", one of its addresses. Those of IPv6 it leaves alone. */
	if (domain.data[0] != '[' || !net_addr_parse(domain, &addr) ||
	    addr.bits != 32 || slice_has(domain, ':'))
		return false;
	if (slice_eq(domain, SLICE("[127.0.0.1]")))
		return true;
	if (net_addr_parse(sendmail->address, &reached) &&
	    net_addr_eq(&addr, &reached))
		return true;
	return sendmail->is_here && net_addr_is_local(&addr);
}

bool
repair_is_own_domain(const struct config *config,
    const struct repair_facts *facts, struct slice domain)
{
	CLEANUP(arena_done) struct arena scratch;
	struct sendmail sendmail;

	arena_init(&scratch);
	return sendmail_facts(config, facts, &scratch, &sendmail) &&
	    sendmail.is_certain && sendmail.name.len != 0 && domain.len != 0 &&
	    !slice_ends_nocase(domain, SLICE(".uucp")) &&
	    is_own_domain(&sendmail, domain);
}

bool
sendmail_has_own_name(
    const struct sendmail *sendmail, const struct mailbox_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (is_own_domain(sendmail, list->items[i].domain))
			return true;
	}
	return false;
}

int
sendmail_own_names(const struct sendmail *sendmail, struct slice *value,
    struct mailbox_list *list, struct err *err)
{
	struct strbuf buf;
	size_t copied = 0;

	if (!sendmail_has_own_name(sendmail, list))
		return 0;
	if (sendmail->name.len == 0)
		return err_set(err, ERR_DATA,
		    "an address without a domain or at localhost, and the "
		    "MTA's own name is not known");
	strbuf_init(&buf, sendmail->mem);
	for (size_t i = 0; i < list->count; i++) {
		const struct mailbox *mailbox = &list->items[i];
		size_t end = mailbox->offset + mailbox->len;

		if (!is_own_domain(sendmail, mailbox->domain))
			continue;
		/* Those become "host!alice". */
		if (slice_has_text_nocase(mailbox->domain, SLICE(".uucp")))
			return err_set(err, ERR_DATA, "an address in .uucp");
		if (!slice_ends_nocase(
			slice_sub(*value, 0, end), mailbox->domain))
			return err_set(err, ERR_DATA, "blanks in an address");
		strbuf_add(&buf,
		    slice_sub(
			*value, copied, end - mailbox->domain.len - copied));
		if (mailbox->domain.len == 0)
			strbuf_add_char(&buf, '@');
		strbuf_add(&buf, sendmail->name);
		copied = end;
	}
	strbuf_add(&buf, slice_from(*value, copied));
	*value = strbuf_slice(&buf);
	return mailbox_list_parse(
	    *value, MAX_RECIPIENTS, sendmail->mem, list, err);
}

struct slice
sendmail_readable(struct slice value, struct arena *mem)
{
	/* These end a word of an address. */
	static const struct slice ends = { " \t\n<>(),:;\"\\", 12 };
	struct walk walk = { 0 };
	struct strbuf buf;
	size_t at = 0;

	value = slice_trim(value);
	strbuf_init(&buf, mem);
	/* A comment, and nothing else: beside an address it can be read. */
	if (value.len > 1 && value.data[0] == '(' &&
	    value.data[value.len - 1] == ')')
		strbuf_add_cstr(&buf, "a@b.example ");
	while (at < value.len) {
		bool is_text = walk.quoted || walk.depth > 0;
		size_t end = at;

		while (!is_text && end < value.len &&
		    !slice_has(ends, value.data[end]))
			end++;
		if (end > at) {
			struct slice word = slice_sub(value, at, end - at);
			size_t sign = slice_find_last(word, '@');
			size_t local = sign == word.len ? 0 : sign;
			char last = '.';

			/* Without the dots that no local part may have. */
			for (size_t i = 0; i < local; i++) {
				char c = word.data[i];
				char next =
				    i + 1 < local ? word.data[i + 1] : '.';

				if (c == '.' && (last == '.' || next == '.'))
					continue;
				last = c;
				strbuf_add_char(&buf, c);
			}
			strbuf_add(&buf, slice_from(word, local));
			at = end;
			continue;
		}
		end = walk_on(&walk, value, at);
		strbuf_add(&buf, slice_sub(value, at, end - at));
		if (!is_text && value.data[at] == '<' && end < value.len &&
		    value.data[end] == '>')
			strbuf_add_cstr(&buf, "a@b.example");
		at = end;
	}
	return strbuf_slice(&buf);
}
