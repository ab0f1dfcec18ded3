/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a value in a table of rights: who may use the address. */
#include <time.h>

#include "base/clock.h"
#include "rights_priv.h"

/* "until=2027-01-31": whether that day is over, in UTC. */
static bool
parse_until(struct slice text, bool *ret_expired)
{
	struct slice date = slice_from(text, sizeof("until=") - 1);
	unsigned long year, month, day;
	struct tm tm = { 0 };
	time_t begin;

	if (date.len != 10 || date.data[4] != '-' || date.data[7] != '-' ||
	    !slice_number(slice_sub(date, 0, 4), 9999, &year) ||
	    !slice_number(slice_sub(date, 5, 2), 12, &month) ||
	    !slice_number(slice_sub(date, 8, 2), 31, &day) || year < 1970 ||
	    month == 0 || day == 0)
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	begin = timegm(&tm);
	/* 31 February would become another day. */
	if (tm.tm_mday != (int)day)
		return false;
	*ret_expired = clock_now() >= begin + 86400;
	return true;
}

/* What may stand behind a name: ";behalf", ";until=2027-01-31". */
static bool
parse_flags(struct slice rest, struct row_grant *grant, bool *ret_bad_date)
{
	struct slice flag;
	bool dated = false;

	for (; rest.len > 0; rest = slice_from(rest, flag.len)) {
		rest = slice_from(rest, 1);
		flag = slice_sub(rest, 0, slice_find(rest, ';'));
		if (slice_eq_nocase(flag, SLICE("behalf")) && !grant->denied &&
		    !grant->behalf) {
			grant->behalf = true;
			continue;
		}
		if (dated || !slice_starts_nocase(flag, SLICE("until=")))
			return false;
		*ret_bad_date = !parse_until(flag, &grant->expired);
		if (*ret_bad_date)
			return false;
		dated = true;
		grant->until = slice_from(flag, sizeof("until=") - 1);
	}
	return true;
}

static int
grant_fault(struct slice word, bool bad_date, const char *form,
    struct arena *mem, struct err *err)
{
	if (bad_date)
		return err_set(err, ERR_CONFIG,
		    "%s: write the last day as "
		    "until=YYYY-MM-DD, like until=2027-01-31",
		    escape(mem, word, 64));
	return err_set(
	    err, ERR_CONFIG, "%s is %s", escape(mem, word, 64), form);
}

int
grant_parse(struct slice word, struct arena *mem, struct grant *ret_grant,
    struct err *err)
{
	struct grant grant = { .of.denied = word.data[0] == '!' };
	struct slice rest = grant.of.denied ? slice_from(word, 1) : word;
	size_t end = slice_find(rest, ';');
	bool bad_date = false;

	grant.login = slice_sub(rest, 0, end);
	/* "alice; behalf" with a blank is two words: neither is a login. */
	if (grant.login.len == 0 || slice_has(grant.login, '!') ||
	    slice_starts_nocase(grant.login, SLICE("until=")) ||
	    slice_eq_nocase(grant.login, SLICE("behalf")) ||
	    !parse_flags(slice_from(rest, end), &grant.of, &bad_date))
		return grant_fault(word, bad_date,
		    "not a login: write LOGIN, !LOGIN, LOGIN;behalf or "
		    "LOGIN;until=YYYY-MM-DD",
		    mem, err);
	*ret_grant = grant;
	return 0;
}

/* Length of "smtp:" or "X500:" before an address; 0: there is no prefix. */
static size_t
prefix_length(struct slice text)
{
	size_t i = 0;

	while (i < text.len &&
	    (char_is_alpha(text.data[i]) || char_is_digit(text.data[i]) ||
		text.data[i] == '-'))
		i++;
	return i > 0 && i < text.len && text.data[i] == ':' ? i + 1 : 0;
}

static bool
is_separator(char c)
{
	return c == ',' || char_is_wsp(c) || c == '\r' || c == '\n';
}

/* Where the word ends: at a comma or blank that does not stand in quotes. */
static size_t
word_length(struct slice text)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted)
			i++;
		else if (!quoted && is_separator(c))
			break;
	}
	return i < text.len ? i : text.len;
}

/* "user@domain" or "@domain", as addresses are compared. */
static bool
parse_grant_address(
    struct slice text, struct arena *mem, struct address *ret_address)
{
	if (text.len == 0 || text.data[0] != '@')
		return slice_has(text, '@') &&
		    rights_login_address(text, mem, ret_address);
	/* By the rules of a whole address. */
	if (!rights_login_address(
		slice_format(mem, "x%.*s", SLICE_ARGS(text)), mem, ret_address))
		return false;
	ret_address->local.len = 0;
	ret_address->text = slice_from(ret_address->text, 1);
	return true;
}

int
grant_next_address(struct slice *rest, struct arena *mem,
    struct login_grant *ret_grant, struct err *err)
{
	struct login_grant grant = { .grant.denied = false };
	struct slice word, address;
	bool bad_date = false;
	size_t begin, prefix, end;

	for (;;) {
		while (rest->len > 0 && is_separator(rest->data[0]))
			*rest = slice_from(*rest, 1);
		if (rest->len == 0)
			return 0;
		begin = rest->data[0] == '!';
		prefix = prefix_length(slice_from(*rest, begin));
		if (prefix == 0 ||
		    slice_eq_nocase(
			slice_sub(*rest, begin, prefix), SLICE("smtp:")))
			break;
		/* Exchange's X500 and X400 names have blanks in them. */
		*rest = slice_from(*rest, slice_find(*rest, ','));
	}
	word = slice_sub(*rest, 0, word_length(*rest));
	*rest = slice_from(*rest, word.len);
	grant.grant.denied = begin > 0;
	address = slice_from(word, begin + prefix);
	end = slice_find_last(address, '@');
	end += slice_find(slice_from(address, end), ';');
	if (!parse_flags(slice_from(address, end), &grant.grant, &bad_date) ||
	    !parse_grant_address(
		slice_sub(address, 0, end), mem, &grant.address))
		return grant_fault(word, bad_date,
		    "not an address: write USER@DOMAIN, @DOMAIN, !USER@DOMAIN, "
		    "USER@DOMAIN;behalf or USER@DOMAIN;until=YYYY-MM-DD",
		    mem, err);
	*ret_grant = grant;
	return 1;
}

bool
rights_next_grant(
    struct grant_walk *walk, struct arena *mem, struct row_grant *ret_grant)
{
	struct slice word;

	while (slice_next_item(&walk->rest, ", \t\r\n", &word)) {
		struct grant grant;
		struct err err;

		if (grant_parse(word, mem, &grant, &err) != 0) {
			walk->is_faulty = true;
			continue;
		}
		if (!slice_eq(login_normalise(mem, grant.login, walk->realm),
			walk->login))
			continue;
		*ret_grant = grant.of;
		return true;
	}
	return false;
}

bool
grant_to_somebody(struct slice value, struct arena *mem)
{
	struct slice word;
	struct grant grant = { .of.denied = true };
	struct err err;

	while (slice_next_item(&value, ", \t\r\n", &word)) {
		if (grant_parse(word, mem, &grant, &err) == 0 &&
		    !grant.of.denied && !grant.of.expired)
			return true;
	}
	return false;
}
