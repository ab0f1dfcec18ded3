/* SPDX-License-Identifier: BSD-2-Clause */
/* Records: RFC 7208 section 12. */
#include <arpa/inet.h>
#include <string.h>

#include "base/suggest.h"
#include "preflight/spf_record.h"

struct parser {
	struct arena *mem;
	struct spf_directive *directives;
	size_t count;
	size_t cap;
	bool has_exp;
	struct slice redirect;
};

static const char *const mechanism_names[] = {
	[SPF_ALL] = "all",
	[SPF_INCLUDE] = "include",
	[SPF_A] = "a",
	[SPF_MX] = "mx",
	[SPF_PTR] = "ptr",
	[SPF_IP4] = "ip4",
	[SPF_IP6] = "ip6",
	[SPF_EXISTS] = "exists",
};

enum { MECHANISMS = sizeof(mechanism_names) / sizeof(mechanism_names[0]) };

bool
spf_is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (char_is_8bit(text.data[i]) || char_is_control(text.data[i]))
			return false;
	}
	return true;
}

enum spf_version
spf_version(
    struct slice text, struct slice *ret_scopes, struct slice *ret_terms)
{
	struct slice two = SLICE("spf2.0/");
	size_t end = slice_find(text, ' ');

	*ret_scopes = (struct slice){ NULL, 0 };
	*ret_terms = slice_from(text, end);
	if (slice_eq_nocase(slice_sub(text, 0, end), SLICE("v=spf1")))
		return SPF_VERSION_1;
	if (!slice_starts_nocase(text, two))
		return SPF_VERSION_NONE;
	*ret_scopes = slice_sub(text, two.len, end - two.len);
	return SPF_VERSION_2;
}

/* Every fault of a term begins with the term. */
static int
term_fault(const struct parser *parser, struct slice term, const char *fault,
    struct err *err)
{
	return err_set(
	    err, ERR_DATA, "\"%s\": %s", escape(parser->mem, term, 80), fault);
}

/*
 * Takes slashes and a number in digits, without leading zeros, off the end of
 * text. False for an invalid number; *ret_prefix stays when there is
 * none.
 */
static bool
take_prefix(struct slice *text, struct slice slashes, unsigned long max,
    unsigned int *ret_prefix)
{
	struct slice digits, before;
	size_t start = text->len;
	unsigned long prefix;

	while (start > 0 && char_is_digit(text->data[start - 1]))
		start--;
	before = slice_sub(*text, 0, start);
	digits = slice_from(*text, start);
	if (digits.len == 0 || !slice_ends_nocase(before, slashes))
		return true;
	if ((digits.len > 1 && digits.data[0] == '0') ||
	    !slice_number(digits, max, &prefix))
		return false;
	*ret_prefix = (unsigned int)prefix;
	text->len = start - slashes.len;
	return true;
}

/* [ ":" domain-spec ], all of rest. NULL, or why not. */
static const char *
spf_record_read_domain(
    struct slice rest, bool required, struct spf_directive *directive)
{
	const char *fault;

	if (rest.len == 0)
		return required ? "a domain name is missing" : NULL;
	if (rest.data[0] != ':')
		return "text behind the mechanism that does not belong there";
	rest = slice_from(rest, 1);
	fault = spf_domain_spec_fault(rest);
	directive->domain = rest;
	return fault;
}

/* ":" ip4-network [ ip4-cidr-length ], or the same for IPv6 */
static const char *
spf_record_read_network(
    struct slice rest, int family, struct spf_directive *directive)
{
	char text[INET6_ADDRSTRLEN];
	bool six = family == AF_INET6;
	unsigned int *prefix = six ? &directive->prefix6 : &directive->prefix4;

	if (rest.len == 0 || rest.data[0] != ':')
		return "an address is missing";
	rest = slice_from(rest, 1);
	if (!take_prefix(&rest, SLICE("/"), six ? 128 : 32, prefix))
		return "an invalid prefix length";
	if (rest.len < sizeof(text)) {
		memcpy(text, rest.len == 0 ? "" : rest.data, rest.len);
		text[rest.len] = '\0';
		if (inet_pton(family, text, directive->network) == 1)
			return NULL;
	}
	return six ? "not an IPv6 address or network" :
		     "not an IPv4 address or network";
}

static const char *
read_argument(struct slice rest, struct spf_directive *directive)
{
	struct net_addr addr;
	const char *fault;

	switch (directive->mechanism) {
	case SPF_ALL:
		return rest.len == 0 ? NULL : "text behind \"all\"";
	case SPF_A:
	case SPF_MX:
		/*
		 * [ ":" domain-spec ] [ dual-cidr-length ]: no domain-spec ends
		 * in a slash and digits.
		 */
		if (!take_prefix(
			&rest, SLICE("//"), 128, &directive->prefix6) ||
		    !take_prefix(&rest, SLICE("/"), 32, &directive->prefix4))
			return "an invalid prefix length";
		fault = spf_record_read_domain(rest, false, directive);
		/* A common mistake: "a:192.0.2.1". */
		if (fault != NULL && net_addr_parse(directive->domain, &addr))
			return "an address where a domain name must be: "
			       "\"ip4:\" and \"ip6:\" are for addresses";
		return fault;
	case SPF_PTR:
		return spf_record_read_domain(rest, false, directive);
	case SPF_INCLUDE:
	case SPF_EXISTS:
		return spf_record_read_domain(rest, true, directive);
	case SPF_IP4:
		return spf_record_read_network(rest, AF_INET, directive);
	case SPF_IP6:
		return spf_record_read_network(rest, AF_INET6, directive);
	}
	return NULL;
}

/* Names what may be meant: people make this mistake most often. */
static int
unknown_mechanism(const struct parser *parser, struct slice name,
    struct slice term, struct err *err)
{
	const char *meant = suggest(name, mechanism_names, MECHANISMS);
	struct net_addr addr;

	if (slice_eq_nocase(name, SLICE("redirect")) ||
	    slice_eq_nocase(name, SLICE("exp")))
		return term_fault(parser, term,
		    "a modifier, which has \"=\" behind its name", err);
	if (net_addr_parse(name, &addr) || net_addr_parse(term, &addr))
		return term_fault(parser, term,
		    "an address without \"ip4:\" or \"ip6:\" before it", err);
	return err_set(err, ERR_DATA, "unknown mechanism \"%s\"%s%s%s",
	    escape(parser->mem, name, 80), meant == NULL ? "" : " (is \"",
	    meant == NULL ? "" : meant, meant == NULL ? "" : "\" meant?)");
}

static int
spf_record_read_directive(
    struct parser *parser, struct slice term, struct err *err)
{
	struct spf_directive directive = {
		.text = term, .prefix4 = 32, .prefix6 = 128
	};
	struct slice rest = term, name;
	void *items = parser->directives;
	char qualifier = term.data[0];
	const char *fault;
	size_t i = 0;

	directive.result = qualifier == '-' ? SPF_FAIL :
	    qualifier == '?'		    ? SPF_NEUTRAL :
	    qualifier == '~'		    ? SPF_SOFTFAIL :
					      SPF_PASS;
	if (qualifier == '+' || directive.result != SPF_PASS)
		rest = slice_from(term, 1);
	name = slice_sub(rest, 0, slice_find(rest, ':'));
	name = slice_sub(name, 0, slice_find(name, '/'));
	while (i < MECHANISMS &&
	    !slice_eq_nocase(name, slice_of(mechanism_names[i])))
		i++;
	if (i == MECHANISMS)
		return unknown_mechanism(parser, name, term, err);
	directive.mechanism = (enum spf_mechanism)i;
	fault = read_argument(slice_from(rest, name.len), &directive);
	if (fault != NULL)
		return term_fault(parser, term, fault, err);
	arena_reserve_one(parser->mem, &items, &parser->cap, parser->count,
	    sizeof(directive));
	parser->directives = items;
	parser->directives[parser->count++] = directive;
	return 0;
}

/* "redirect" and "exp" stand once at most (section 6). */
static int
read_modifier(
    struct parser *parser, struct slice term, size_t name_len, struct err *err)
{
	struct slice name = slice_sub(term, 0, name_len);
	struct slice value = slice_from(term, name_len + 1);
	bool redirect = slice_eq_nocase(name, SLICE("redirect"));
	bool exp = slice_eq_nocase(name, SLICE("exp"));
	const char *fault = redirect || exp ? spf_domain_spec_fault(value) :
					      spf_macro_string_fault(value);

	if ((redirect && parser->redirect.len > 0) || (exp && parser->has_exp))
		fault = "a second one in the record";
	if (fault != NULL)
		return term_fault(parser, term, fault, err);
	if (redirect)
		parser->redirect = value;
	parser->has_exp |= exp;
	return 0;
}

int
spf_record_parse(struct slice text, struct arena *mem,
    struct spf_record *ret_record, struct err *err)
{
	struct parser parser = { .mem = mem };
	struct slice scopes, terms, term;
	int status = 0;

	if (spf_version(text, &scopes, &terms) == SPF_VERSION_NONE)
		return err_set(err, ERR_DATA,
		    "no \"v=spf1\" or \"spf2.0/\" "
		    "at the start of a record");
	if (text.len > SPF_MAX_OCTETS)
		return err_set(err, ERR_LIMIT,
		    "a record of more than %d octets", (int)SPF_MAX_OCTETS);
	if (!spf_is_printable(text))
		return err_set(err, ERR_DATA,
		    "a character in the record that is not printable ASCII");
	while (status == 0 && slice_next_item(&terms, " ", &term)) {
		size_t name = 0;

		while (name < term.len &&
		    (char_is_alpha(term.data[name]) ||
			(name > 0 && term.data[name] != '\0' &&
			    (char_is_digit(term.data[name]) ||
				strchr("-_.", term.data[name]) != NULL))))
			name++;
		status = name > 0 && name < term.len && term.data[name] == '=' ?
		    read_modifier(&parser, term, name, err) :
		    spf_record_read_directive(&parser, term, err);
	}
	if (status != 0)
		return -1;
	*ret_record = (struct spf_record){
		.text = text,
		.directives = parser.directives,
		.count = parser.count,
		.redirect = parser.redirect,
	};
	return 0;
}
